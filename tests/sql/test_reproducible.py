"""Does a reproducible job give the same bytes every time, on any number of threads, whatever the order of the rows?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree

import pytest

from app.disclosure.history import folder_history
from app.domain.proofs import CellEvidence
from app.workflow import evaluate
from tests.sql.ask import Desk, desk
from tests.sql.tables import write

ROWS = 130_000
"""More than one row group, so that two threads share them."""

HOMES = (
    "home",
    (
        ("home", "INTEGER", "L3", "home"),
        ("zone", "INTEGER", "L2", ""),
        ("kind", "VARCHAR", "L2", ""),
        ("heat", "DOUBLE", "L2", ""),
        ("used", "DOUBLE", "L3", ""),
        ("cost", "FLOAT", "L3", ""),
        ("paid", "DECIMAL(12,2)", "L3", ""),
    ),
    (
        "SELECT (i % 5000)::INTEGER AS home, (i % 7)::INTEGER AS zone, 'k' || i % 3 AS kind, "
        "(hash(i + 4) % 4001)::DOUBLE / 7 AS heat, "
        "((hash(i) % 1000003)::DOUBLE - 300000) * power(10, (hash(i + 1) % 13)::INTEGER - 6) AS used, "
        "((hash(i + 2) % 10007)::DOUBLE / 7)::FLOAT AS cost, ((hash(i + 3) % 99991) / 100)::DECIMAL(12,2) AS paid "
        f"FROM range({ROWS}) t(i)"
    ),
)
PRICES = (
    "",
    (("shop", "INTEGER", "L1", ""), ("item", "VARCHAR", "L1", ""), ("price", "DOUBLE", "L1", "")),
    (
        "SELECT (i % 11)::INTEGER AS shop, 'i' || i % 5 AS item, (hash(i) % 1000)::DOUBLE / 7 AS price "
        "FROM range(20000) t(i)"
    ),
)
QUERIES = {
    "sums": "select zone, sum(used) s, avg(used) a, sum(cost) c, avg(cost) d, sum(paid) p from meter group by zone",
    "spread": "select kind, stddev_samp(used) s, var_pop(cost) v, sem(cost) e, median(used) m from meter group by kind",
    "careful sums": "select kind, fsum(used) f, favg(used) g, mean(used) h, count(*) n from meter group by kind",
    "one cell": "select sum(used) filter (where cost > 100) s, avg(used * cost) p from meter",
    "per unit": "select zone, avg(s) a from (select home, zone, sum(used) s from meter group by 1, 2) group by zone",
    "ranks": (
        "select zone, kind, sum(heat) s, row_number() over (order by count(*) > 0) n, "
        "avg(count(*)) over (order by zone rows between 2 preceding and current row) r from meter group by zone, kind"
    ),
    "cut off": "select zone, kind, count(*) > 1 many, sum(used) s from meter group by zone, kind order by many limit 7",
    "open": (
        "select shop, sum(price) s, avg(price) a, mode(item) m, any_value(item) i, string_agg(item, '') t "
        "from price group by shop"
    ),
    "open rows": "select item, price from price order by price limit 100",
    "open windows": (
        "select item, price, sum(price) over (partition by shop) s, lag(price) over (partition by shop order by item) "
        "l, ntile(7) over (order by item) q from price limit 5000"
    ),
}
FLOATS = ("sums", "spread", "ranks")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a run gave: the hash of the result's bytes, and the evidence of its cells."""

    digest: str
    cells: tuple[CellEvidence, ...]


def run(asked: Desk, sql: str, *, threads: int = 2, reproducible: bool = True) -> Found:
    limits = {**asked.engine.limits, "query": replace(asked.engine.limits["query"], threads=threads)}
    folder = asked.home / "run"
    rmtree(folder, ignore_errors=True)
    found = evaluate(
        replace(asked.engine, limits=limits),
        asked.question(sql, reproducible=reproducible),
        folder_history(asked.home / "none"),
        folder,
    )
    digest = hashlib.sha256((folder / found.report.table).read_bytes()).hexdigest()
    return Found(digest=digest, cells=found.report.cells)


def mounted(folder: Path, order: str) -> Path:
    tables = {"meter": HOMES, "price": PRICES}
    return write(folder, {n: (u, f, f"SELECT * FROM ({s}) {order}") for n, (u, f, s) in tables.items()})


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Desk, Desk]]:
    """The same rows as they came, in reverse, and shuffled."""
    folder = tmp_path_factory.mktemp("worlds")
    orders = {"as-it-came": "", "reverse": "ORDER BY ALL DESC", "shuffled": "ORDER BY hash(COLUMNS(*))"}
    with (
        desk(mounted(folder / "as-it-came", orders["as-it-came"])) as one,
        desk(mounted(folder / "reverse", orders["reverse"])) as two,
        desk(mounted(folder / "shuffled", orders["shuffled"])) as three,
    ):
        yield one, two, three


def test_five_runs_on_one_and_two_threads_give_the_same_bytes(worlds: tuple[Desk, Desk, Desk]) -> None:
    found = [run(worlds[0], QUERIES["sums"], threads=threads) for threads in (1, 2, 2, 1, 2)]
    assert len({f.digest for f in found}) == 1


@pytest.mark.parametrize("name", QUERIES)
def test_neither_threads_nor_the_order_of_the_rows_change_a_byte_or_any_evidence(
    worlds: tuple[Desk, Desk, Desk], name: str
) -> None:
    found = [run(world, QUERIES[name], threads=threads) for world, threads in zip(worlds, (1, 2, 2), strict=True)]
    assert len({f.digest for f in found}) == 1
    assert all(f.cells == found[0].cells for f in found)


@pytest.mark.parametrize("name", FLOATS)
def test_without_it_the_order_of_the_rows_shows_in_the_last_digits(worlds: tuple[Desk, Desk, Desk], name: str) -> None:
    assert len({run(world, QUERIES[name], reproducible=False).digest for world in worlds}) > 1
