"""How is an attack tried? On a ground of its own, behind the walls asked for, by a process of a warm zygote."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import sandbox.launcher as launcher_module
from sandbox.confine import DEADLINE, SECURE_VIEWS
from sandbox.launcher import Launcher
from sandbox.process import Zygote
from sandbox.protocol import Answer, Export, Filter, QueryTask, Step, View
from tests.sandbox.attacks.aftermath import Aftermath
from tests.sandbox.attacks.attack import SMALL, Attack, Ground, Sql
from tests.sandbox.attacks.intruder import BOOT, task_of
from tests.sandbox.attacks.surroundings import Surroundings

FUNCTIONS = ("count", "sum", "min", "max", "+", "-", "*", "/", "%", "||", "range", "upper", "list", "length")
COLUMNS = ("i", "g", "s")
_PATIENCE = 0.25


class TakenOver(Launcher):
    """Its processes act out attacks."""

    def _ready(self) -> Zygote:
        before, launcher_module._BOOT = launcher_module._BOOT, BOOT
        try:
            return super()._ready()
        finally:
            launcher_module._BOOT = before


class Borrowing(Launcher):
    """A launcher that leaves walls out and has its processes forked by the zygote of another one."""

    def __init__(self, lender: Launcher, walls: frozenset[str]) -> None:
        super().__init__(unsafe_without=walls)
        self._lender = lender

    def _ready(self) -> Zygote:
        return self._lender._ready()


class Stage:
    """One zygote of honest processes, one of processes that are taken over, and what lies around. Close it in the end.

    The zygotes serve every choice of walls, because each task says which walls it is to be without.
    """

    def __init__(self) -> None:
        self._around = Surroundings()
        self._honest, self._taken_over = Launcher(), TakenOver()
        self._borrowing: dict[tuple[bool, frozenset[str]], Borrowing] = {}

    def close(self) -> None:
        """End every process and remove everything."""
        for one in (*self._borrowing.values(), self._honest, self._taken_over):
            one.close()
        self._around.close()

    def walls(self) -> tuple[frozenset[str], dict[str, str]]:
        """The walls that stand on this machine, and why the others do not."""
        with self._around.ground(0) as ground:
            answer = self._run(plan(Sql(), ground), ground, honest=True, without=frozenset())
        return frozenset({*answer.walls, SECURE_VIEWS}), dict(answer.absent)  # with an engine, its views are secure

    def attempt(self, attack: Attack, without: frozenset[str]) -> Aftermath:
        """Try the attack behind all walls but those, and look at what is there afterwards."""
        honest = isinstance(attack.how, Sql)
        zygotes = {one._ready()._process.pid for one in (self._honest, self._taken_over)}
        with self._around.ground((self._honest if honest else self._taken_over)._ready()._process.pid) as ground:
            before = self._around.state(ground)
            texts = attack.how if isinstance(attack.how, Sql) else _named(attack, ground)
            task = plan(texts, ground, attack)
            answer = self._run(task, ground, honest=honest, without=without, patience=_patience(attack, without))
            word = None if honest or answer.code != "engine-error" else answer.step
            return Aftermath(
                answer=answer,
                ending=word or answer.code or "ok",
                ground=ground,
                changed=self._around.changed(ground, before, zygotes),
                shown=_shown(answer, ground),
                left=tuple(sorted(path.name for path in Path(ground.scratch).iterdir())),
            )

    def _run(
        self,
        task: QueryTask,
        ground: Ground,
        *,
        honest: bool,
        without: frozenset[str],
        patience: float = math.inf,
    ) -> Answer:
        launcher = self._borrowing.get((honest, without))
        if launcher is None:
            launcher = Borrowing(self._honest if honest else self._taken_over, without)
            self._borrowing[honest, without] = launcher
        late = time.monotonic() + patience
        scratch = Path(ground.scratch)
        return launcher.run(task, scratch, require_isolation=False, cancelled=lambda: time.monotonic() > late)


def _patience(attack: Attack, without: frozenset[str]) -> float:
    """How long to wait for an attack behind all walls but those."""
    if not without:
        return math.inf
    late = attack.limits.wall_seconds + _PATIENCE if DEADLINE in without else math.inf
    return late if attack.patience is None else attack.patience


def _named(attack: Attack, ground: Ground) -> Sql:
    """The texts that tell a process that is taken over which attack to act out."""
    export, step = task_of(attack.name, ground)
    return Sql(sql=export, steps=(step,))


def plan(texts: Sql, ground: Ground, attack: Attack | None = None) -> QueryTask:
    """The plan with these texts, over a view v of all rows and a view w of fewer."""
    hidden = (Filter(column="g", test="in", values=("0", "1", "2", "3", "4", "5")),)
    return QueryTask(
        views=(
            View(name="v", path=ground.source, columns=COLUMNS),
            View(name="w", path=ground.source, columns=COLUMNS, filters=hidden),
        ),
        steps=tuple(Step(table=f"t{n}", sql=ground.put_in(text)) for n, text in enumerate(texts.steps)),
        exports=(Export(file="out.parquet", sql=ground.put_in(texts.sql)),),
        functions=FUNCTIONS + texts.functions,
        limits=SMALL if attack is None else attack.limits,
    )


def _shown(answer: Answer, ground: Ground) -> str:
    """All that a reader of the result would see."""
    if answer.status != "ok":
        return ""
    path = str(Path(ground.scratch, "out.parquet"))
    try:
        return str(pq.read_table(path).to_pylist())
    except (OSError, pa.ArrowException) as error:
        return f"unreadable: {error}"
