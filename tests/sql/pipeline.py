"""What text would run for an open query, and does it give the same as the operator's own? On plain DuckDB."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isclose
from pathlib import Path
from typing import Any

import duckdb

from app import config
from app.catalog.manifest import read_catalog
from app.domain.proofs import Plan
from app.domain.values import Bilingual, Dataset, DatasetKind, Field, Level
from app.engine import Engine
from app.policy.conditions import Context
from app.policy.decision import TRIAL, standing_uses
from app.policy.snapshot import snapshot
from app.query.plan import make_plan
from app.workflow import Question, authorize
from sandbox.gate import Gate
from sandbox.launcher import Launcher
from sandbox.protocol import QueryTask
from tests.sql.corpora import FOLDER
from tests.sql.tables import OPEN
from tests.sql.unplaced import unplaced

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ENGINE = Engine.load(config.read({}).policies, Launcher(), require_isolation=True)
INEXACT = ("DOUBLE", "FLOAT")


def small_world() -> duckdb.DuckDBPyConnection:
    """The tables of the small queries."""
    connection = _connection()
    for name, (_, _, select) in OPEN.items():
        connection.execute(f"CREATE TABLE {name} AS {select}")
    return connection


def tpch_world(folder: Path, scale: str = "0.01") -> duckdb.DuckDBPyConnection:
    """The tables of TPC-H, made in `folder` by the generator of its rows."""
    program = Path(sys.executable).with_name("tpchgen-cli")
    subprocess.run([program, "parquet", "-s", scale, "--output-dir", folder, "--quiet"], check=True)
    connection = _connection()
    for file in sorted(folder.glob("*.parquet")):
        connection.execute(f"CREATE TABLE {file.stem} AS FROM '{file}'")
    return connection


def tpcds_world() -> duckdb.DuckDBPyConnection:
    """Small tables with the schema of TPC-DS."""
    connection = _connection()
    connection.execute((FOLDER / "tpcds" / "data.sql").read_text(encoding="utf-8"))
    return connection


def sample_world(folder: Path, own: tuple[tuple[str, Path], ...]) -> duckdb.DuckDBPyConnection:
    """The files of a sample catalog as its types say, and an operator's own; identifiers as they are in the files."""
    connection = _connection()
    for entry in read_catalog(folder).public:
        columns = ", ".join(f'CAST("{f.name}" AS {f.type}) AS "{f.name}"' for f in entry.fields)
        read = f"read_csv('{entry.file}', all_varchar = true)" if entry.format == "csv" else f"'{entry.file}'"
        connection.execute(f'CREATE TABLE "{entry.name}" AS SELECT {columns} FROM {read}')
    for name, file in own:
        connection.execute(f"CREATE TABLE \"{name}\" AS FROM '{file}'")
    return connection


def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def open_datasets(connection: duckdb.DuckDBPyConnection) -> tuple[Dataset, ...]:
    """The tables of `connection` as data sets whose every field is open."""
    names = [n for (n,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
    return tuple(_dataset(connection, name) for name in names)


def _dataset(connection: duckdb.DuckDBPyConnection, name: str) -> Dataset:
    columns = connection.execute(f'DESCRIBE "{name}"').fetchall()
    return Dataset(
        name=name,
        code="1/01/001/0001",
        kind=DatasetKind.PUBLIC,
        provider="bureau",
        title=Bilingual(zh=name, en=name),
        fields=tuple(
            Field(name=column, type=kind, level=Level.L1, label=Bilingual(zh=column, en=column))
            for column, kind, *_ in columns
        ),
        units=(),
        version="0" * 64,
        path=f"/vault/{name}",
        rows=1,
    )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What DuckDB answers: types and rows."""

    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Pipeline:
    """The way of a query over one world, from text to what would run, with a trial operator's rights."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, datasets: tuple[Dataset, ...] = ()) -> None:
        self.connection = connection
        self.datasets = datasets or open_datasets(connection)
        context = Context(now=NOW)
        self.held = standing_uses(ENGINE.standing, self.datasets, context)
        self.policy = snapshot(ENGINE.standing, {TRIAL: self.held}, self.datasets)
        self.context = context

    def question(self, sql: str) -> Question:
        """The question of an operator who may do everything with open data."""
        return Question(sql=sql, datasets=self.datasets, policy=self.policy, authorization=TRIAL, context=self.context)

    def plan(self, sql: str, *, reproducible: bool = False) -> Plan:
        """The plan of `sql`; raises what the analysis raises."""
        grant = authorize(ENGINE, self.question(sql))
        return make_plan(
            grant,
            ENGINE.rules.levels[grant.analysis.level],
            ENGINE.callable_functions(),
            ENGINE.limits["query"],
            reproducible=reproducible,
        )

    def generated(self, sql: str, *, reproducible: bool = False) -> str:
        """The one text that would run over open data; it has passed the sandbox's gate."""
        task = self.plan(sql, reproducible=reproducible).task
        (export,) = task.exports
        self.checked(task)
        return export.sql

    def checked(self, task: QueryTask) -> None:
        """Hold every text of a task against the gate, in the order in which they would run."""
        columns = [c for view in task.views for c in view.columns]
        gate = Gate(self._serialize, columns=columns, functions=task.functions, limits=task.limits)
        tables = [view.name for view in task.views]
        for step in task.steps:
            gate.check(step.sql, tables)
            tables.append(step.table)
        for export in task.exports:
            gate.check(export.sql, tables)

    def run(self, task: QueryTask) -> list[tuple[Any, ...]]:
        """Run every text of a task without a sandbox; answers the rows of its result."""
        task = unplaced(task)
        for step in task.steps:
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {step.table} AS {step.sql}")
        answers = [self.connection.execute(export.sql).fetchall() for export in task.exports]
        return answers[0]

    def _serialize(self, sql: str) -> str:
        (row,) = self.connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
        return str(row[0])

    def answer(self, sql: str) -> Answer:
        """DuckDB's answer to a text."""
        relation = self.connection.sql(sql)
        return Answer(types=tuple(str(t) for t in relation.types), rows=relation.fetchall())

    def difference(self, sql: str, *, ordered: bool, reproducible: bool = False) -> str:
        """How the answer of the generated text differs from that of `sql`; empty when it does not."""
        text = self.generated(sql, reproducible=reproducible)
        theirs, ours = self.answer(sql), self.answer(text)
        found = _types_differ(theirs.types, ours.types, text) or _rows_differ(theirs, ours, ordered=ordered)
        return f"{found}\n{text}" if found else ""


def _types_differ(theirs: tuple[str, ...], ours: tuple[str, ...], text: str) -> str:
    """Types must be equal, but for the digits of a DECIMAL, and a sum too wide for whole numbers."""
    for number, (a, b) in enumerate(zip(theirs, ours, strict=True)):
        widened = b == "DOUBLE" and a.startswith(("DECIMAL", "HUGEINT")) and "AS DOUBLE)" in text
        if re.sub(r"\(\d+,", "(", a) != re.sub(r"\(\d+,", "(", b) and not widened:
            return f"column {number}: {a} became {b}"
    return ""


def _rows_differ(theirs: Answer, ours: Answer, *, ordered: bool) -> str:
    inexact = [t in INEXACT for t in ours.types]
    left, right = theirs.rows, ours.rows
    if len(left) != len(right):
        return f"{len(left)} rows became {len(right)}"
    if not ordered and Counter(map(repr, left)) == Counter(map(repr, right)):
        return ""
    if not ordered:
        left, right = sorted(left, key=_rounded), sorted(right, key=_rounded)
    for number, (a, b) in enumerate(zip(left, right, strict=True)):
        if not all(_same(x, y, loose=i) for x, y, i in zip(a, b, inexact, strict=True)):
            return f"row {number}: {a} became {b}"
    return ""


def _same(a: Any, b: Any, *, loose: bool) -> bool:
    """Equal; sums of DOUBLE may differ in the last bits."""
    if loose and a is not None and b is not None:
        return isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-12) or repr(a) == repr(b)
    return bool(a == b) or repr(a) == repr(b)


def _rounded(row: tuple[Any, ...]) -> str:
    return repr([f"{v:.6g}" if isinstance(v, float) else v for v in row])
