"""A mounted world to ask queries of, each with an empty release history, and the same tables in plain DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any

import duckdb
import pyarrow.parquet as pq

from app import config
from app.catalog.manifest import read_catalog
from app.catalog.mounting import mount_catalog, mount_enterprise
from app.disclosure.history import folder_history
from app.domain.errors import SluiceError
from app.domain.values import Dataset
from app.engine import Engine
from app.policy.conditions import Context
from app.policy.decision import TRIAL, standing_uses
from app.policy.snapshot import snapshot
from app.workflow import Question, evaluate
from sandbox.launcher import Launcher

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the operator gets: the decision, the codes of every reason, and the rows if they may leave."""

    decision: str
    codes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    suppressed: int = 0


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One mounted catalog with all standing rights; `ask` evaluates one query."""

    engine: Engine
    datasets: tuple[Dataset, ...]
    home: Path

    def question(self, sql: str, *, reproducible: bool = False) -> Question:
        """The question of an operator who holds every right that the standing rules do not deny."""
        context = Context(now=NOW)
        held = standing_uses(self.engine.standing, self.datasets, context)
        policy = snapshot(self.engine.standing, {TRIAL: held}, self.datasets)
        return Question(
            sql=sql,
            datasets=self.datasets,
            policy=policy,
            authorization=TRIAL,
            context=context,
            reproducible=reproducible,
        )

    def ask(self, sql: str, *, reproducible: bool = False, kept: bool = True) -> Seen:
        """Evaluate `sql`; a SluiceError is an answer, any other exception a defect."""
        folder = self.home / "run"
        rmtree(folder, ignore_errors=True)
        try:
            question = replace(self.question(sql, reproducible=reproducible), kept=kept)
            found = evaluate(self.engine, question, folder_history(self.home / "none"), folder)
        except SluiceError as error:
            return Seen(decision="refused", codes=tuple(f.code for f in error.findings))
        table = pq.read_table(folder / found.report.table)
        return Seen(
            decision=found.report.decision.value,
            codes=tuple(f.code for f in found.report.reasons),
            columns=tuple(table.schema.names),
            rows=list(zip(*(c.to_pylist() for c in table.columns), strict=True)),
            suppressed=found.report.suppressed + found.report.stopped_by_firewall,
        )


@contextmanager
def desk(folder: Path, own: dict[str, Path] | None = None) -> Iterator[Desk]:
    """Mount the catalog in `folder` and the operator's own files; the sandbox stops at the end."""
    home = (folder / "home").resolve()
    with Launcher() as launcher:
        engine = Engine.load(config.read().policies, launcher, require_isolation=True)
        mounter = partial(launcher.run, require_isolation=True)
        datasets = mount_catalog(read_catalog(folder), home / "vault", home / "scratch", mounter)
        brought = [
            mount_enterprise(n, f, None, home / "vault", home / "scratch", mounter, operator="operator").dataset
            for n, f in (own or {}).items()
        ]
        yield Desk(engine=engine, datasets=(*datasets, *brought), home=home)


def raw(folder: Path) -> duckdb.DuckDBPyConnection:
    """The source files of `folder` as views of plain DuckDB, by file name."""
    connection = duckdb.connect()
    for file in sorted(folder.glob("*.parquet")):
        connection.sql(f"CREATE VIEW {file.stem} AS FROM '{file}'")
    return connection
