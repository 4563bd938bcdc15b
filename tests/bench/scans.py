"""What do secure views cost a scan? The statement in the locked engine against the same on `read_parquet`."""

from __future__ import annotations

from statistics import geometric_mean, median

from sandbox.protocol import Limits
from tests.bench.data import CACHE, tpch
from tests.bench.sides import Sides, both_sides, statement_seconds

TARGET = 1.1
"""Geometric mean of the ratios, from issue 3."""

SCANS = {
    "filtered sum (Q6)": """
        SELECT sum(l_extendedprice * l_discount) AS revenue FROM lineitem
        WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'
          AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24""",
    "few groups (Q1)": """
        SELECT l_returnflag, l_linestatus, sum(l_quantity) AS quantity, sum(l_extendedprice) AS price,
               avg(l_discount) AS discount, count(*) AS n
        FROM lineitem WHERE l_shipdate <= DATE '1998-09-02' GROUP BY l_returnflag, l_linestatus""",
    "rows of a month": """
        SELECT l_orderkey, l_partkey, l_extendedprice, l_shipmode FROM lineitem
        WHERE l_shipdate >= DATE '1995-03-01' AND l_shipdate < DATE '1995-04-01'""",
    "half a million rows": "SELECT l_orderkey, l_extendedprice, l_shipdate FROM lineitem WHERE l_discount = 0.05",
    "filter by text": "SELECT count(*) AS n FROM lineitem WHERE l_comment LIKE '%special%'",
    "by supplier": "SELECT l_suppkey, count(*) AS n, sum(l_extendedprice) AS price FROM lineitem GROUP BY l_suppkey",
    "by part": "SELECT l_partkey, count(*) AS n, sum(l_quantity) AS quantity FROM lineitem GROUP BY l_partkey",
    "count distinct": "SELECT l_shipmode, count(DISTINCT l_suppkey) AS n FROM lineitem GROUP BY l_shipmode",
    "join by priority": """
        SELECT o.o_orderpriority, count(*) AS n, sum(l.l_extendedprice) AS price
        FROM lineitem l JOIN orders o ON l.l_orderkey = o.o_orderkey GROUP BY o.o_orderpriority""",
    "first hundred": """
        SELECT l_orderkey, l_linenumber, l_extendedprice FROM lineitem
        ORDER BY l_extendedprice DESC, l_orderkey, l_linenumber LIMIT 100""",
}
"""Name → the text, the same on both sides."""


def scans(scale: float, rounds: int) -> bool:
    """Print the medians of `rounds` alternating rounds per text and the geometric mean of their ratios."""
    ratios = []
    print(f"{'scan or aggregate':26}{'raw ms':>9}{'sandbox':>9}{'ratio':>8}")
    with both_sides(tpch(scale), CACHE / "scans") as sides:
        for name, sql in SCANS.items():
            raw, sandboxed = _measure(sides, sql, rounds)
            ratios.append(sandboxed / raw)
            print(f"{name:26}{1000 * raw:9.1f}{1000 * sandboxed:9.1f}{ratios[-1]:8.2f}", flush=True)
    print(f"sandbox / raw, geometric mean of {len(ratios)}: {geometric_mean(ratios):.2f} (target ≤ {TARGET})")
    return True


def _measure(sides: Sides, sql: str, rounds: int) -> tuple[float, float]:
    """Median seconds of the statement raw and in the sandbox, after one of each to warm the files."""
    task = sides.task(sql, Limits())

    def sandboxed() -> float:
        return statement_seconds(sides.sandboxed(task).usage.stages)

    sides.raw(sql)
    sandboxed()
    raws, others = [], []
    for number in range(rounds):
        if number % 2:
            others.append(sandboxed())
            raws.append(sides.raw(sql))
        else:
            raws.append(sides.raw(sql))
            others.append(sandboxed())
    return median(raws), median(others)
