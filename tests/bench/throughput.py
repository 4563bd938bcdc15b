"""How many jobs a second do many clients get? Eight at one launcher, against the same queries on one connection.

Alone, the queries run one after another in one process, each with all threads: the most that a machine can do without
keeping jobs apart.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from time import perf_counter

from sandbox.protocol import Limits
from tests.bench.data import CACHE, tpch
from tests.bench.sides import Sides, both_sides

CLIENTS, JOBS = 8, 100
_YEARS = range(1993, 1998)
_MODES = ("AIR", "RAIL", "SHIP", "TRUCK", "MAIL")
_TEMPLATES = (
    "SELECT count(*) AS n, sum(o_totalprice) AS price FROM orders WHERE year(o_orderdate) = {year}",
    "SELECT o_orderpriority, count(*) AS n FROM orders WHERE year(o_orderdate) = {year} GROUP BY o_orderpriority",
    "SELECT o_orderkey, o_totalprice FROM orders WHERE year(o_orderdate) = {year} ORDER BY o_totalprice DESC LIMIT 50",
    "SELECT o_custkey, sum(o_totalprice) AS price FROM orders WHERE year(o_orderdate) = {year} GROUP BY o_custkey",
    "SELECT sum(l_extendedprice * l_discount) AS revenue FROM lineitem WHERE year(l_shipdate) = {year}",
    "SELECT l_shipinstruct, count(*) AS n FROM lineitem WHERE l_shipmode = '{mode}' GROUP BY l_shipinstruct",
    "SELECT l_suppkey, sum(l_quantity) AS quantity FROM lineitem WHERE l_shipmode = '{mode}' GROUP BY l_suppkey",
    "SELECT l_shipmode, avg(l_discount) AS discount FROM lineitem WHERE year(l_shipdate) = {year} GROUP BY l_shipmode",
    "SELECT count(DISTINCT l_suppkey) AS suppliers FROM lineitem WHERE year(l_shipdate) = {year}",
    "SELECT l_orderkey, l_extendedprice FROM lineitem WHERE l_shipmode = '{mode}' AND l_quantity = 50",
)


def mixed_queries() -> list[str]:
    """A hundred texts in an order that is always the same: ten shapes, each with five constants, twice."""
    pairs = list(zip(_YEARS, _MODES, strict=True))
    texts = [template.format(year=year, mode=mode) for template in _TEMPLATES for year, mode in pairs * 2]
    random.Random(0).shuffle(texts)  # a fixed order, so that any two runs are the same
    return texts[:JOBS]


def throughput(scale: float, rounds: int) -> bool:
    """Print jobs per second of both, medians of alternating rounds, and what a client waits for a job."""
    texts = mixed_queries()
    alone, together, latencies = [], [], []
    with both_sides(tpch(scale), CACHE / "clients") as sides:
        for sql in dict.fromkeys(texts):
            sides.raw(sql)
        for _ in range(max(1, rounds // 2)):
            alone.append(_timed(lambda: [sides.raw(sql) for sql in texts]))
            together.append(_timed(lambda: latencies.extend(_clients(sides, texts))))
        places = sides.launcher.places
    raw, sandboxed = len(texts) / median(alone), len(texts) / median(together)
    middle, late = median(latencies), quantiles(latencies, n=20)[-1]
    print(f"{len(texts)} queries, one connection, one after another: {raw:6.1f} jobs/s")
    print(f"{len(texts)} jobs of {CLIENTS} clients, {places} places:           {sandboxed:6.1f} jobs/s")
    print(f"jobs / queries per second: {sandboxed / raw:.2f}")
    print(f"a client waits for its job: median {1000 * middle:.0f} ms, 95 of 100 less than {1000 * late:.0f} ms")
    return True


def _clients(sides: Sides, texts: Sequence[str]) -> list[float]:
    """Run the texts as jobs of as many clients as there are; returns the seconds that each job's client waited."""

    def job(sql: str) -> float:
        task = sides.task(sql, Limits())
        return _timed(lambda: sides.sandboxed(task))

    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(job, texts))


def _timed(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun
