"""A small world of persons with visits, in which a few have far more rows than others; and what a private plan does."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import duckdb

from app.domain.privacy import CELLS, CONTRIBUTORS, COUNT, NoiseColumn, Privacy
from app.domain.proofs import Plan
from app.domain.repairs import Repair
from app.domain.values import Bilingual, Dataset, DatasetKind, Field, Level, Unit
from app.query.plan import make_plan
from app.workflow import authorize
from tests.sql.pipeline import ENGINE, Pipeline

PERSONS, FIRMS = 14, 5
REAL = ENGINE.repairs["dp"]
assert REAL.privacy is not None
POLICY = REAL.privacy
SMALL = replace(POLICY, rows_per_unit=3, cells_per_unit=2, epsilon=Decimal(500))
"""So little per unit that the world passes every bound, and so much epsilon that its few persons pass a threshold."""

_NAME = Bilingual(zh="表", en="table")


def _field(name: str, kind: str, low: str | None = None, high: str | None = None, unit: str | None = None) -> Field:
    return Field(
        name=name,
        type=kind,
        level=Level.L3 if unit else Level.L2,
        label=_NAME,
        identifier=unit,
        minimum=low,
        maximum=high,
    )


def _dataset(name: str, *fields: Field, unit: str = "", kind: DatasetKind = DatasetKind.PUBLIC) -> Dataset:
    return Dataset(
        name=name,
        code="1/01/001/0001",
        kind=kind,
        provider="bureau",
        title=_NAME,
        fields=fields,
        units=(Unit(type=unit, column=unit, tag=f"__tag_{unit}"),) if unit else (),
        version="0" * 64,
        path=f"/vault/{name}",
        rows=1,
    )


DATASETS = (
    _dataset(
        "person",
        _field("person", "UINTEGER", unit="person"),
        _field("sex", "VARCHAR"),
        _field("age", "INTEGER", "0", "120"),
        unit="person",
    ),
    _dataset(
        "visit",
        _field("person", "UINTEGER", unit="person"),
        _field("clinic", "VARCHAR"),
        _field("month", "INTEGER", "1", "3"),
        _field("fee", "DECIMAL(9,2)", "0", "500"),
        _field("score", "INTEGER", "-20", "100"),
        _field("dose", "DOUBLE", "-0.5", "2.5"),
        _field("free", "INTEGER"),
        unit="person",
    ),
    _dataset("firm", _field("firm", "UINTEGER", unit="firm"), _field("clinic", "VARCHAR"), unit="firm"),
    _dataset("region", _field("clinic", "VARCHAR"), _field("area", "VARCHAR")),
    _dataset("mine", _field("clinic", "VARCHAR"), _field("weight", "INTEGER"), kind=DatasetKind.ENTERPRISE),
)


def _rows(r: random.Random) -> Iterator[tuple[str, tuple[Any, ...]]]:
    def some(value: Any, share: float = 0.1) -> Any:
        return None if r.random() < share else value

    for p in range(PERSONS):
        yield "person", (p, some(r.choice("mf")), some(r.randrange(0, 121)))
    for _ in range(110):
        who = some(r.randrange(2) if r.random() < 0.5 else r.randrange(PERSONS), 0.05)
        seen = (some(f"c{r.randrange(6)}"), r.randrange(1, 4), some(r.choice((0, 500, 12.34, 499.99))))
        yield "visit", (who, *seen, some(r.choice((-20, 100, 7))), some(r.uniform(-0.5, 2.5)), r.randrange(-999, 999))
    for f in range(9):
        yield "firm", (f % FIRMS, f"c{r.randrange(6)}")
    for c in range(6):
        yield "region", (f"c{c}", "nw"[c % 2])
    for c in range(3):
        yield "mine", (f"c{c}", c + 1)
        yield "mine", (f"c{c}", c + 2)


def world(seed: int) -> duckdb.DuckDBPyConnection:
    """The tables of a world, every tag among them."""
    connection = duckdb.connect(config={"threads": 1})
    for dataset in DATASETS:
        columns = ", ".join(f"{f.name} {f.type}" for f in dataset.fields)
        connection.execute(f"CREATE TABLE {dataset.name} ({columns})")
    for table, row in _rows(random.Random(seed)):
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)
    for dataset in DATASETS:
        for unit in dataset.units:
            connection.execute(f"ALTER TABLE {dataset.name} ADD COLUMN {unit.tag} UBIGINT")
            connection.execute(f"UPDATE {dataset.name} SET {unit.tag} = hash({unit.column}, 'tag')")
    return connection


def private_plan(sql: str, privacy: Privacy = SMALL, *, contributors: int = 1) -> Plan:
    """The plan of `sql` with noise, by an operator who may do everything that no standing rule forbids.

    `contributors` stands in for the k of the level.
    """
    pipeline = Pipeline(duckdb.connect(), DATASETS)
    grant = authorize(ENGINE, pipeline.question(sql))
    return make_plan(
        grant,
        replace(ENGINE.rules.levels[grant.analysis.level], contributors=contributors),
        ENGINE.callable_functions(),
        ENGINE.limits["query"],
        repair=Repair(kind="dp", privacy=privacy),
    )


HANGING = {
    "every second by fee": "SELECT clinic, count(*) FROM (SELECT clinic, rank() OVER (ORDER BY fee, free) AS r "
    "FROM visit) t WHERE r % 2 = 0 GROUP BY clinic",
    "the cheapest": "SELECT clinic, count(*) FROM (SELECT clinic FROM visit ORDER BY fee, free LIMIT 20) t "
    "GROUP BY clinic",
}
"""Which rows count hangs on all other rows: take one person away, and every row after its own changes its side."""

Vector = dict[tuple[Any, ...], int]
"""Keys of a cell → its number."""
Vectors = dict[tuple[int, int], Vector]
"""(number of the frontier, place of the column) → the number of each cell, before noise."""


@dataclass
class Measured:
    """One world, in which the numbers of a plan can be asked with all units or without one."""

    plan: Plan
    connection: duckdb.DuckDBPyConnection

    def __post_init__(self) -> None:
        """Fix what the frontiers let through: with all units, and noise of nothing."""
        run = self.plan.private
        assert run is not None
        self.frontiers = run.frontiers
        columns = ", ".join(f"0::BIGINT AS n{i}" for i in range(len(run.columns)))
        self.connection.execute(
            f"CREATE TABLE __noise AS SELECT i::BIGINT AS cell, {columns} FROM range(1, {run.cells + 1}) t(i)"
        )
        self._run(lambda _: True)

    def vectors(self) -> Vectors:
        """Every number of every cell as the data are now; what was let through before stays as it is."""
        self._run(lambda table: not table.startswith("__s"))
        found: Vectors = {}
        for frontier in self.frontiers:
            for place, column in enumerate(frontier.columns):
                found[frontier.number, place] = self._vector(frontier.number, column)
        return found

    def units(self, kind: str) -> list[int]:
        """Every unit of a type."""
        (table, column) = next((d.name, u.column) for d in DATASETS for u in d.units if u.type == kind)
        query = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1"
        return [unit for (unit,) in self.connection.execute(query).fetchall()]

    @contextmanager
    def without(self, kind: str, unit: int) -> Iterator[None]:
        """The world as if a unit had never been there."""
        self.connection.execute("BEGIN")
        for dataset in DATASETS:
            for each in dataset.units:
                if each.type == kind:
                    self.connection.execute(f"DELETE FROM {dataset.name} WHERE {each.column} = {unit}")
        yield
        self.connection.execute("ROLLBACK")

    def _run(self, wanted: Callable[[str], bool]) -> None:
        for step in self.plan.task.steps:
            if wanted(step.table):
                self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {step.table} AS {step.sql}")

    def _vector(self, number: int, column: NoiseColumn) -> Vector:
        if column.what == CELLS:
            (row,) = self.connection.execute(f"SELECT count(*) FROM __c{number}").fetchall()
            return {(): int(row[0])}
        name = "n" if column.what == CONTRIBUTORS else f"{'c' if column.what == COUNT else 's'}{column.measure}"
        names = [d[0] for d in self.connection.execute(f"SELECT * FROM __c{number} LIMIT 0").description or []]
        keys = [n for n in names if n.startswith("k")]
        rows = self.connection.execute(f"SELECT {', '.join([*keys, name])} FROM __c{number}").fetchall()
        return {tuple(row[:-1]): int(row[-1]) for row in rows}


def distance(a: Vector, b: Vector) -> int:
    """L1: a cell that is not there counts as nothing."""
    return sum(abs(a.get(key, 0) - b.get(key, 0)) for key in {*a, *b})
