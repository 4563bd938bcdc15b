"""Do queries that need far more memory than they may have end, and at what price? By spilling, against enough memory.

Heavy statements over TPC-H line items, each as a job with one gigabyte and as a job with sixteen.
"""

from __future__ import annotations

import os

from sandbox.protocol import Answer, Limits
from tests.bench.data import CACHE, fitting, tpch
from tests.bench.sides import Sides, both_sides, statement_seconds

SCALE = 10.0
_GIB = 1 << 30
_DISK_PER_SCALE = 2 * _GIB
"""Files of one scale factor, with what the heaviest of these statements spills and writes."""
_WALL_SECONDS, _CPU_SECONDS = 3600.0, 7200
TIGHT, AMPLE = _GIB, 16 * _GIB

HEAVY = {
    "group by order": """
        SELECT l_orderkey, sum(l_quantity) AS quantity, sum(l_extendedprice) AS price, count(*) AS n
        FROM lineitem GROUP BY l_orderkey""",
    "join on order": """
        SELECT o.o_custkey, sum(l.l_extendedprice) AS price, max(o.o_comment) AS last_comment, count(*) AS n
        FROM lineitem l JOIN orders o ON l.l_orderkey = o.o_orderkey GROUP BY o.o_custkey""",
    "full sort": """
        SELECT l_extendedprice, l_comment, l_orderkey, l_linenumber FROM lineitem
        ORDER BY l_extendedprice, l_comment, l_orderkey, l_linenumber""",
}


def spilling(scale: float, rounds: int) -> bool:
    """Print time, spilled bytes and peak memory with little memory and with enough; False when one did not end well.

    The scale is the one of BENCH_SPILL_SF, or what fits the disk; each statement runs once.
    """
    del scale, rounds
    wanted = float(os.environ.get("BENCH_SPILL_SF", SCALE))
    fit = fitting(wanted, _DISK_PER_SCALE)
    print(f"TPC-H at scale {fit:g}{'' if fit == wanted else f', the largest of {wanted:g}/2ⁿ that fits the disk'}")
    print(f"{'statement':18}{'memory':>9}{'seconds':>10}{'ratio':>8}{'spilled':>11}{'peak':>10}{'rows':>12}")
    with both_sides(tpch(fit), CACHE / "spill") as sides:
        ended = [_compare(sides, name, sql) for name, sql in HEAVY.items()]
    return all(ended)


def _compare(sides: Sides, name: str, sql: str) -> bool:
    """Run one statement with enough memory and with little, and print both with the memory that they were granted."""
    ample, tight = _run(sides, sql, AMPLE), _run(sides, sql, TIGHT)
    base = statement_seconds(ample.usage.stages)
    for answer in (ample, tight):
        print(f"{name:18}{answer.usage.memory_bytes / _GIB:5.1f} GiB{_figures(answer, base)}", flush=True)
    return ample.status == tight.status == "ok"


def _figures(answer: Answer, base: float) -> str:
    usage, seconds = answer.usage, statement_seconds(answer.usage.stages)
    if answer.status != "ok":
        return f"  not ended: {answer.code} after {usage.wall_seconds:.0f} s"
    spilled, peak = usage.spill_bytes / _GIB, usage.peak_memory_bytes / _GIB
    rows = sum(answer.rows.values())
    return f"{seconds:10.1f}{seconds / base:8.2f}{spilled:7.1f} GiB{peak:6.1f} GiB{rows:12,}"


def _run(sides: Sides, sql: str, memory_bytes: int) -> Answer:
    limits = Limits(
        wall_seconds=_WALL_SECONDS,
        cpu_seconds=_CPU_SECONDS,
        memory_bytes=memory_bytes,
        scratch_bytes=64 * _GIB,
        result_rows=1 << 30,
        result_bytes=32 * _GIB,
    )
    with sides.room() as room:
        return sides.launcher.run(sides.task(sql, limits), room, require_isolation=True)
