"""A small world with all that makes proofs go wrong: NULLs, zeros, negative values, duplicates, and a few heavy units.

Units are numbered from 0 and fewer than there are buckets of a fingerprint; the last six bits of a unit's tag are its
number, so that the buckets of a fingerprint that are not empty name its units.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb

from app.domain.values import Bilingual, Dataset, DatasetKind, Field, Level, Unit

UNITS = {"person": 40, "firm": 12, "customer": 40, "supplier": 14}
"""Type of unit → how many there are, numbered from 0."""
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: its columns as "name type level" or "name type level unit", and what makes its rows."""

    columns: str
    rows: Callable[[random.Random], Rows]
    units: tuple[str, ...] = ()
    kind: DatasetKind = DatasetKind.PUBLIC
    key: str = ""
    """The column in which no two rows are alike, if there is one."""

    @property
    def fields(self) -> list[list[str]]:
        """(name, type, level[, unit]) of each column."""
        return [column.split() for column in self.columns.split(", ")]

    @property
    def unit_columns(self) -> dict[str, str]:
        """Column of a protected unit → its type."""
        return {f[0]: f[3] for f in self.fields if len(f) == 4 and f[0] in self.units}


def _heavy(chance: random.Random, units: int) -> int:
    """A unit; every third time one of three heavy ones."""
    return chance.randrange(3) if chance.random() < 0.3 else chance.randrange(units)


def _maybe(chance: random.Random, value: Any, share: float = 0.12) -> Any:
    return None if chance.random() < share else value


def _amount(chance: random.Random) -> int | None:
    """NULL, zero, negative, one of a few frequent values, or skewed."""
    kind = chance.random()
    if kind < 0.1:
        return None
    if kind < 0.25:
        return 0
    if kind < 0.4:
        return -chance.randrange(1, 60)
    return chance.choice((10, 20, 50)) if kind < 0.6 else int(chance.paretovariate(0.9) * 10)


def _person(r: random.Random) -> Rows:
    return [
        (i, _maybe(r, r.randrange(4)), r.choice("mf"), r.randrange(3), _amount(r), r.randrange(-2, 3), r.random() < 0.4)
        for i in range(UNITS["person"])
    ]


def _visit(r: random.Random) -> Rows:
    rows = []
    for i in range(260):
        day = f"2026-0{r.randrange(1, 4)}-{r.randrange(1, 28):02d}"
        clinic = _maybe(r, "rare" if r.random() < 0.02 else f"c{r.randrange(4)}")
        rows.append((i, _heavy(r, UNITS["person"]), clinic, day, _amount(r), round(r.uniform(-5, 90), 2)))
    return rows


def _job(r: random.Random) -> Rows:
    return [
        (_heavy(r, UNITS["person"]), r.randrange(UNITS["firm"]), f"t{r.randrange(4)}", _amount(r)) for _ in range(110)
    ]


def _supply(r: random.Random) -> Rows:
    return [(_heavy(r, UNITS["firm"]), f"part{r.randrange(3)}", r.randrange(0, 9), _amount(r)) for _ in range(70)]


def _orders(r: random.Random) -> Rows:
    return [
        (
            i,
            _heavy(r, UNITS["customer"]),
            r.choice("FOP"),
            f"199{r.randrange(5, 8)}-{r.randrange(1, 13):02d}-{r.randrange(1, 28):02d}",
            f"{r.randrange(1, 4)}-P",
            round(r.paretovariate(1.1) * 100, 2),
        )
        for i in range(120)
    ]


def _lineitem(r: random.Random) -> Rows:
    customers = {o[0]: o[1] for o in _orders(random.Random(SEED + "orders"))}
    rows = []
    for _ in range(320):
        order = r.randrange(120)
        ship = f"199{r.randrange(5, 8)}-{r.randrange(1, 13):02d}-{r.randrange(1, 28):02d}"
        sold = (r.randrange(8), r.randrange(50), round(r.paretovariate(1.2) * 50, 2), r.choice((0, 0.05, 0.1)))
        sent = (r.choice("ANR"), r.choice("FO"), ship, r.choice(("AIR", "MAIL", "SHIP")))
        rows.append((order, customers[order], _heavy(r, UNITS["supplier"]), *sold, *sent))
    return rows


def _partsupp(r: random.Random) -> Rows:
    return [(r.randrange(8), _heavy(r, UNITS["supplier"]), r.randrange(0, 100), _amount(r)) for _ in range(60)]


SEED = "oracle/"
TABLES = {
    "person": Table(
        key="person_id",
        columns="person_id UINTEGER L3 person, region INTEGER L2, sex VARCHAR L2, band INTEGER L2, income INTEGER L3, "
        "points INTEGER L2, sick BOOLEAN L3",
        units=("person_id",),
        rows=_person,
    ),
    "visit": Table(
        key="visit_id",
        columns="visit_id INTEGER L2, person_id UINTEGER L3 person, clinic VARCHAR L2, day DATE L2, cost INTEGER L3, "
        "fee DECIMAL(12,2) L3",
        units=("person_id",),
        rows=_visit,
    ),
    "job": Table(
        columns="person_id UINTEGER L3 person, firm_id UINTEGER L3 firm, trade VARCHAR L2, wage INTEGER L3",
        units=("person_id", "firm_id"),
        rows=_job,
    ),
    "supply": Table(
        columns="firm_id UINTEGER L3 firm, part VARCHAR L2, qty INTEGER L2, price INTEGER L3",
        units=("firm_id",),
        rows=_supply,
    ),
    "area": Table(
        key="region",
        columns="region INTEGER L1, label VARCHAR L1, big BOOLEAN L1",
        rows=lambda _: [(i, f"area {i % 3}", i > 1) for i in range(5)],
    ),
    "clinic_info": Table(
        columns="clinic VARCHAR L1, beds INTEGER L1",
        rows=lambda _: [(f"c{i}", 10 * i) for i in range(4)] + [("c1", 99), ("rare", 1)],
    ),
    "mine": Table(
        columns="person_id UINTEGER L3 person, tag INTEGER L1, weight INTEGER L1",
        rows=lambda _: [(i, i % 2, i % 5) for i in range(40)] + [(3, 1, 2), (7, 0, 2)],
        kind=DatasetKind.ENTERPRISE,
    ),
    "nation": Table(
        key="n_nationkey",
        columns="n_nationkey INTEGER L1, n_name VARCHAR L1, n_regionkey INTEGER L1",
        rows=lambda _: [(i, f"nation {i}", i % 2) for i in range(5)],
    ),
    "part": Table(
        key="p_partkey",
        columns="p_partkey INTEGER L1, p_brand VARCHAR L1, p_type VARCHAR L1, p_size INTEGER L1",
        rows=lambda _: [(i, f"b{i % 3}", ("PROMO TIN", "ECONOMY TIN")[i % 2], i) for i in range(8)],
    ),
    "customer": Table(
        key="c_custkey",
        columns="c_custkey UINTEGER L3 customer, c_nationkey INTEGER L2, c_acctbal DECIMAL(12,2) L3, "
        "c_mktsegment VARCHAR L2",
        units=("c_custkey",),
        rows=lambda r: [
            (i, r.randrange(5), round(r.gauss(300, 400), 2), r.choice(("AUTO", "BUILDING")))
            for i in range(UNITS["customer"])
        ],
    ),
    "supplier": Table(
        key="s_suppkey",
        columns="s_suppkey UINTEGER L3 supplier, s_nationkey INTEGER L2, s_acctbal DECIMAL(12,2) L3",
        units=("s_suppkey",),
        rows=lambda r: [(i, r.randrange(5), round(r.gauss(300, 400), 2)) for i in range(UNITS["supplier"])],
    ),
    "partsupp": Table(
        columns="ps_partkey INTEGER L1, ps_suppkey UINTEGER L3 supplier, ps_availqty INTEGER L2, "
        "ps_supplycost INTEGER L3",
        units=("ps_suppkey",),
        rows=_partsupp,
    ),
    "orders": Table(
        key="o_orderkey",
        columns="o_orderkey INTEGER L2, o_custkey UINTEGER L3 customer, o_orderstatus VARCHAR L2, o_orderdate DATE L2, "
        "o_orderpriority VARCHAR L2, o_totalprice DECIMAL(12,2) L3",
        units=("o_custkey",),
        rows=_orders,
    ),
    "lineitem": Table(
        columns="l_orderkey INTEGER L2, l_custkey UINTEGER L3 customer, l_suppkey UINTEGER L3 supplier, "
        "l_partkey INTEGER L1, l_quantity INTEGER L2, l_extendedprice DECIMAL(12,2) L3, l_discount DECIMAL(4,2) L2, "
        "l_returnflag VARCHAR L2, l_linestatus VARCHAR L2, l_shipdate DATE L2, l_shipmode VARCHAR L2",
        units=("l_custkey", "l_suppkey"),
        rows=_lineitem,
    ),
}


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return "'" + value + "'" if isinstance(value, str) else str(value)


def _values(name: str, table: Table) -> str:
    """SELECT with the rows of a table, each column of its type."""
    rows = table.rows(random.Random(SEED + name))
    listed = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    names = ", ".join(f[0] for f in table.fields)
    typed = ", ".join(f"CAST({f[0]} AS {f[1]}) AS {f[0]}" for f in table.fields)
    return f"SELECT {typed} FROM (VALUES {listed}) v({names})"


def as_mounted() -> duckdb.DuckDBPyConnection:
    """The tables as mounting leaves them: with the tag of each protected unit beside it."""
    connection = duckdb.connect(config={"threads": 1})
    for name, table in TABLES.items():
        tags = "".join(f', ((hash({c}, 7) & 288230376151711743) << 6) | {c} AS "__tag_{c}"' for c in table.units)
        connection.execute(f"CREATE TABLE {name} AS SELECT *{tags} FROM ({_values(name, table)})")
    return connection


def without_one() -> duckdb.DuckDBPyConnection:
    """The tables as views that lack the rows of the unit in the variable `gone_TYPE`, of nobody while it is NULL."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("CREATE SCHEMA whole")
    for unit in UNITS:
        connection.execute(f"SET VARIABLE gone_{unit} = NULL::UINTEGER")
    for name, table in TABLES.items():
        connection.execute(f"CREATE TABLE whole.{name} AS {_values(name, table)}")
        there = [f"{c} IS DISTINCT FROM getvariable('gone_{unit}')" for c, unit in table.unit_columns.items()]
        connection.execute(f"CREATE VIEW {name} AS FROM whole.{name} WHERE {' AND '.join(there) or 'true'}")
    return connection


def datasets() -> tuple[Dataset, ...]:
    """The data sets of the tables, as mounting describes them."""
    return tuple(_dataset(name, table) for name, table in TABLES.items())


def _dataset(name: str, table: Table) -> Dataset:
    label = Bilingual(zh=name, en=name)
    fields = [
        Field(name=f[0], type=f[1], level=Level(f[2]), label=label, identifier=f[3] if len(f) == 4 else None)
        for f in table.fields
    ]
    return Dataset(
        name=name,
        code="1/01/001/0001",
        kind=table.kind,
        provider="bureau",
        title=label,
        fields=tuple(fields),
        units=tuple(Unit(type=t, column=c, tag=f"__tag_{c}") for c, t in table.unit_columns.items()),
        version="0" * 64,
        path=f"/vault/{name}",
        rows=1,
        keys=((table.key,),) if table.key else (),
    )
