"""How much longer do aggregates take through the whole of Sluice? Analysed, decided, run apart, every cell checked.

Raw and governed run on the same mounted files, mounted once, everything warm.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

import duckdb

from app import config
from app.catalog.manifest import read_catalog
from app.catalog.mounting import mount_catalog
from app.disclosure.evidence import judge
from app.disclosure.history import History
from app.domain.rules import LevelRule
from app.domain.values import Dataset, Decision
from app.engine import Engine
from app.policy.conditions import Context
from app.policy.decision import TRIAL
from app.policy.snapshot import snapshot
from app.policy.uses_file import load_uses
from app.query.plan import make_plan
from app.workflow import Question, authorize, evaluate, sandbox_error
from sandbox.launcher import Launcher
from sandbox.protocol import Export, Limits, QueryTask, View
from tests.bench.data import CACHE, prepare, prepare_skewed
from tests.bench.measure import HEADER, GovernedRun, Line, mean_ratios, measure, summary, write
from tests.bench.peer import acro_crosstab
from tests.bench.queries import AGGREGATES, LARGE, SKEWED, USES
from tests.bench.sides import RESULT, open_plain, run_plain, statement_seconds, usual_threads


def governed(scale: float, rounds: int) -> bool:
    """Print a line per aggregate and the mean, for each kind of plan; False when one could not be measured."""
    queries = AGGREGATES | LARGE if os.environ.get("BENCH_LARGE") == "1" else AGGREGATES
    good = _measured(f"sf{scale:g}", prepare(scale), queries, rounds)
    if os.environ.get("BENCH_SKEWED", "1") == "1":
        good = _measured("skewed", prepare_skewed(), SKEWED, rounds) and good
        print(acro_crosstab(prepare_skewed() / "visit.parquet"))
    return good


def _measured(name: str, catalog: Path, queries: Mapping[str, str], rounds: int) -> bool:
    """Measure the queries by each kind of plan."""
    good, home, found = True, CACHE / name / "home", dict[str, list[Line]]()
    with bench(catalog, home) as prepared:
        for kind, (rule, way) in KINDS.items():
            print(f"\n{name}, {kind}: medians of {rounds} alternating rounds, milliseconds\n{HEADER}", flush=True)
            ruled = replace(prepared, engine=_under(prepared.engine, rule))
            lines = measure(queries, raw=ruled.raw, governed=partial(way, ruled), rounds=rounds)
            print(summary(lines))
            good, found = good and not any(line.problem for line in lines), found | {kind: lines}
    print(f"\n{name + ', governed / raw, geometric means':60}{'time':>8}{'cpu':>8}")
    for kind, lines in found.items():
        print(f"{kind:60}" + "".join(f"{ratio:8.2f}" for ratio in mean_ratios(lines)))
    write(found, CACHE / name / "result.json")
    return good


def _under(engine: Engine, of: Callable[[LevelRule], LevelRule]) -> Engine:
    """The engine with other numbers for every level."""
    levels = {level: of(rule) for level, rule in engine.rules.levels.items()}
    return replace(engine, rules=replace(engine.rules, levels=levels))


_LEAST = 1e-3
"""Seconds that stand for no processor time at all."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A mounted catalog with an engine, a policy and a folder to run in."""

    engine: Engine
    question: Question
    datasets: tuple[Dataset, ...]
    folder: Path
    raw_connection: duckdb.DuckDBPyConnection
    numbers: Iterator[int]
    idle: float = 0.0
    """Processor seconds of a job whose statement does nothing."""

    def raw(self, sql: str) -> None:
        """Run the operator's text on the very files that the governed query reads, with as many threads."""
        room = self._room()
        run_plain(self.raw_connection, sql, room)
        shutil.rmtree(room)

    def governed(self, sql: str) -> GovernedRun:
        """Run the text through Sluice against an empty history."""
        room = self._room()
        begun = time.perf_counter()
        done = evaluate(self.engine, replace(self.question, sql=sql), History(), room)
        total = time.perf_counter() - begun
        shutil.rmtree(room)
        engine, job, decide = statement_seconds(done.timings), done.timings["sandbox"], done.timings["decide"]
        return GovernedRun(
            decide=decide,
            engine=engine,
            job=job,
            check=total - job - decide,
            total=total,
            cpu=max(done.result.usage["cpu_seconds"] - self.idle, _LEAST),
            decision=done.report.decision.value,
            suppressed=done.report.suppressed,
        )

    def proved(self, sql: str) -> GovernedRun:
        """Run the text by a plan that proves its cells and makes no fingerprints; nothing of it may be released."""
        room, begun = self._room(), time.perf_counter()
        grant = authorize(self.engine, replace(self.question, sql=sql))
        rule, limits = self.engine.rules.levels[grant.analysis.level], self.engine.limits["query"]
        plan = make_plan(grant, rule, self.engine.callable_functions(), limits, fingerprints=False)
        decide = time.perf_counter() - begun
        answer = self.engine.launcher.run(plan.task, room, require_isolation=self.engine.require_isolation)
        if answer.status != "ok":
            raise sandbox_error(answer)
        judged = judge(plan, room, {})
        total, job = time.perf_counter() - begun, answer.usage.wall_seconds
        shutil.rmtree(room)
        return GovernedRun(
            decide=decide,
            engine=statement_seconds(answer.usage.stages),
            job=job,
            check=total - job - decide,
            total=total,
            cpu=max(answer.usage.cpu_seconds - self.idle, _LEAST),
            decision=(Decision.REVIEW if grant.analysis.reasons else Decision.CHECKED).value,
            suppressed=judged.suppressed,
        )

    def measured_idle(self) -> float:
        """Processor seconds of a job over the same tables that reads none of them."""
        views = tuple(
            View(name=d.name, path=d.path, columns=tuple(f.name for f in d.fields)) for d in self.question.datasets
        )
        export = Export(file=RESULT, sql="SELECT 1 AS a")
        task = QueryTask(views=views, steps=(), exports=(export,), functions=(), limits=self.engine.limits["query"])
        return median(self._cpu(task) for _ in range(5))

    def _cpu(self, task: QueryTask) -> float:
        room = self._room()
        answer = self.engine.launcher.run(task, room, require_isolation=self.engine.require_isolation)
        shutil.rmtree(room)
        return answer.usage.cpu_seconds

    def _room(self) -> Path:
        room = self.folder / f"run-{next(self.numbers)}"
        room.mkdir()
        return room


def _contributors(rule: LevelRule) -> LevelRule:
    """The rule with no demand but the number of contributors."""
    return replace(rule, largest_share=None, p_percent=None, top_shares=(), all_same=True)


def _dominance(rule: LevelRule) -> LevelRule:
    """The rule with shares and the p%-rule besides."""
    return replace(rule, p_percent=rule.p_percent or 10)


Way = Callable[[Bench, str], GovernedRun]
KINDS: dict[str, tuple[Callable[[LevelRule], LevelRule], Way]] = {
    "contributors": (_contributors, Bench.proved),
    "contributors and dominance": (_dominance, Bench.proved),
    "product: with dominance and fingerprints, as jobs run": (_dominance, Bench.governed),
}
"""What is proved, by which plan of one generator. Jobs and `sluice try` compare what they make: theirs is the last."""


@contextmanager
def bench(catalog: Path, home: Path) -> Iterator[Bench]:
    """The bench over the catalog folder; the vault is kept in `home` for the next time, all else is not."""
    runs = home / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    runs.mkdir(parents=True)
    settings = config.read()
    with Launcher() as launcher, open_plain({}, usual_threads(), Limits().memory_bytes) as connection:
        engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation)
        datasets = mount_catalog(read_catalog(catalog), home / "vault", home / "scratch", engine.mount)
        for dataset in datasets:
            fields = ", ".join(f.name for f in dataset.fields)
            connection.execute(f"CREATE VIEW {dataset.name} AS SELECT {fields} FROM read_parquet('{dataset.path}')")
        uses_file = home / "uses.json"
        held_here = {d.name: USES["uses"][d.name] for d in datasets}
        uses_file.write_text(json.dumps({**USES, "uses": held_here}), encoding="utf-8")
        held = load_uses(uses_file, datasets)
        question = Question(
            sql="",
            datasets=datasets,
            policy=snapshot(engine.standing, {TRIAL: held}, datasets),
            authorization=TRIAL,
            context=Context(now=datetime.now(UTC), purpose=held.purpose),
        )
        prepared = Bench(
            engine=engine,
            question=question,
            datasets=datasets,
            folder=runs.resolve(),
            raw_connection=connection,
            numbers=count(),
        )
        yield replace(prepared, idle=prepared.measured_idle())
    shutil.rmtree(runs, ignore_errors=True)
