"""Which random texts end how? Runs batches on the real sandbox and halves them until it knows which one failed.

Whatever comes back must be clean: a code, no text of the engine, nothing in scratch, and a sandbox that goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.launcher import Launcher
from sandbox.protocol import CODES, Answer, Export, Limits, QueryTask, View
from tests.sandbox.fuzz.expressions import Speaker

LIMITS = Limits(
    wall_seconds=10, cpu_seconds=10, memory_bytes=256 << 20, threads=2, scratch_bytes=64 << 20, result_bytes=16 << 20
)
BATCH = 8
_ENGINE_WORDS = ("Error", "LINE 1", "Binder", "Exception", "std::", "row 1")
Shape = Callable[[list[str]], str]
SHAPES: dict[str, Shape] = {
    "scalar": lambda said: f"SELECT {_columns(said)} FROM v",
    "aggregate": lambda said: f"SELECT {_columns(said)} FROM v",
    "grouped": lambda said: f"SELECT g AS k, {_columns(said)} FROM v GROUP BY ALL",
    "window": lambda said: f"SELECT {_columns(said)} FROM v",
    "sorted": lambda said: f"SELECT i FROM v ORDER BY {', '.join(said)} LIMIT 3",
    "distinct": lambda said: f"SELECT DISTINCT {_columns(said)} FROM v",
    "filtered": lambda said: f"SELECT count(*) AS n FROM v WHERE {' OR '.join(f'({one}) IS NULL' for one in said)}",
    "joined": lambda said: (
        "SELECT count(*) AS n FROM v AS v JOIN (SELECT i AS j FROM v WHERE i < 20) AS w ON i = j AND "
        + " AND ".join(f"({one}) IS NOT DISTINCT FROM ({one})" for one in said)
    ),
}


def _columns(said: list[str]) -> str:
    return ", ".join(f"{one} AS c{number}" for number, one in enumerate(said))


@dataclass(kw_only=True)
class Fuzzing:
    """A run of the fuzzer: how many single expressions ended how, and the texts that killed their process."""

    launcher: Launcher
    table: Path
    folder: Path
    names: frozenset[str]
    endings: Counter[str] = field(default_factory=Counter)
    deadly: list[str] = field(default_factory=list)
    tasks: int = 0

    def round(self, speaker: Speaker, shape: str) -> None:
        """Say a batch of expressions in one shape."""
        say = {"aggregate": speaker.aggregate, "grouped": speaker.aggregate, "window": speaker.window}
        self.try_all([say.get(shape, speaker.scalar)() for _ in range(BATCH)], SHAPES[shape])

    def try_all(self, said: list[str], shape: Shape) -> None:
        """Find out how each of the expressions ends."""
        sql = shape(said)
        answer = self._run(sql)
        if answer.status == "ok":
            self.endings["ok"] += len(said)
        elif len(said) == 1:
            self.endings[str(answer.code)] += 1
            if answer.code == "child-died":
                self.deadly.append(sql)
        else:
            half = len(said) // 2
            self.try_all(said[:half], shape)
            self.try_all(said[half:], shape)

    def _run(self, sql: str) -> Answer:
        self.tasks += 1
        scratch = self.folder / f"fuzz-{self.tasks}"
        task = QueryTask(
            views=(View(name="v", path=str(self.table), columns=("i", "g", "s")),),
            steps=(),
            exports=(Export(file="out.parquet", sql=sql),),
            functions=tuple(sorted(self.names)),
            limits=LIMITS,
        )
        answer = self.launcher.run(task, scratch, require_isolation=True)
        left = sorted(path.name for path in scratch.iterdir())
        assert left == sorted(answer.files), (sql, left)
        assert (answer.status == "ok") == (answer.code is None), sql
        assert answer.code is None or answer.code in CODES, sql
        assert not [word for word in _ENGINE_WORDS if word in repr(answer)], (sql, answer)
        for name in left:
            (scratch / name).unlink()
        scratch.rmdir()
        return answer
