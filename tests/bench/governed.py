"""How is one query of the bench run, through Sluice and without it? Mounted once, everything warm."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
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
from app.disclosure.history import History
from app.domain.values import Dataset
from app.engine import Engine
from app.policy.conditions import Context
from app.policy.decision import TRIAL
from app.policy.snapshot import snapshot
from app.policy.uses_file import load_uses
from app.workflow import Question, evaluate
from sandbox.launcher import Launcher
from sandbox.protocol import Export, Limits, QueryTask, View
from tests.bench.measure import GovernedRun
from tests.bench.queries import USES

THREADS = Limits().threads
STATEMENTS = ("step:", "export:")
"""Beginnings of the stages in which the engine runs statements of a plan; the other stages lie around the query."""


def _statements(stages: dict[str, float]) -> float:
    return sum(seconds for stage, seconds in stages.items() if stage.startswith(STATEMENTS))


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A mounted catalog with an engine, a policy and a folder to run in."""

    engine: Engine
    question: Question
    datasets: tuple[Dataset, ...]
    folder: Path
    raw_connection: duckdb.DuckDBPyConnection
    numbers: Iterator[int]

    def raw(self, sql: str) -> None:
        """Run the operator's text on the very files that the governed query reads, with as many threads."""
        target = self._room() / "raw.parquet"
        self.raw_connection.execute(f"COPY ({sql}) TO '{target}' (FORMAT parquet)")
        shutil.rmtree(target.parent)

    def governed(self, sql: str) -> GovernedRun:
        """Run the text through Sluice against an empty history."""
        room = self._room()
        begun = time.perf_counter()
        done = evaluate(self.engine, replace(self.question, sql=sql), History(), room)
        total = time.perf_counter() - begun
        shutil.rmtree(room)
        engine, job, decide = _statements(done.timings), done.timings["sandbox"], done.timings["decide"]
        return GovernedRun(
            decide=decide,
            engine=engine,
            job=job,
            check=total - job - decide,
            total=total,
            decision=done.report.decision.value,
            suppressed=done.report.suppressed,
        )

    def around_one_job(self, rounds: int) -> float:
        """Median seconds that a warm job adds around a query on one column: start, confine, open, guard, collect."""
        orders = next(d for d in self.datasets if d.name == "orders")
        task = QueryTask(
            views=(View(name="orders", path=orders.path, columns=("o_orderstatus",)),),
            steps=(),
            exports=(Export(file="n.parquet", sql="SELECT o_orderstatus FROM orders LIMIT 1"),),
            functions=(),
        )
        seconds = []
        for _ in range(rounds):
            room = self._room()
            answer = self.engine.launcher.run(task, room, require_isolation=self.engine.require_isolation)
            if answer.status != "ok":
                raise RuntimeError(f"the job around nothing failed: {answer.code}")
            seconds.append(answer.usage.wall_seconds - _statements(answer.usage.stages))
            shutil.rmtree(room)
        return median(seconds)

    def _room(self) -> Path:
        room = self.folder / f"run-{next(self.numbers)}"
        room.mkdir()
        return room


@contextmanager
def bench(catalog: Path, home: Path) -> Iterator[Bench]:
    """The bench over the catalog folder; the vault is kept in `home` for the next time, all else is not."""
    runs = home / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    runs.mkdir(parents=True)
    settings = config.read()
    with Launcher() as launcher, duckdb.connect(config={"threads": THREADS}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET enable_external_file_cache = false")  # as in the sandbox
        engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation)
        mounter = partial(launcher.run, require_isolation=settings.require_isolation)
        datasets = mount_catalog(read_catalog(catalog), home / "vault", home / "scratch", mounter)
        for dataset in datasets:
            fields = ", ".join(f.name for f in dataset.fields)
            connection.execute(f"CREATE VIEW {dataset.name} AS SELECT {fields} FROM read_parquet('{dataset.path}')")
        uses_file = home / "uses.json"
        uses_file.write_text(json.dumps(USES), encoding="utf-8")
        held = load_uses(uses_file, datasets)
        question = Question(
            sql="",
            datasets=datasets,
            policy=snapshot(engine.standing, {TRIAL: held}, datasets),
            authorization=TRIAL,
            context=Context(now=datetime.now(UTC), purpose=held.purpose),
        )
        yield Bench(
            engine=engine,
            question=question,
            datasets=datasets,
            folder=runs.resolve(),
            raw_connection=connection,
            numbers=count(),
        )
    shutil.rmtree(runs, ignore_errors=True)
