"""How long does a partition take? Rows refined by one more release through the sandbox, and its audit.

The stored partition has 40 classes of crossed groups; the new output crosses them with 25 more. Beside it stands what
the engine takes to group the same rows once, without a process of its own. BENCH_PARTITION_ROWS names other sizes.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import duckdb
import numpy as np

from app.disclosure.partition.classes import Counts, Standing, read_counts
from app.disclosure.partition.judge import judge
from app.disclosure.partition.state import refined
from app.domain.rules import FirewallRule
from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Limits, RefinePart, RefineTask

SIZES = "1000000 10000000"
LIMITS = Limits(wall_seconds=600, cpu_seconds=1200, scratch_bytes=16 << 30, result_bytes=1 << 30)
RULE = FirewallRule(max_rank_share=0.2, max_entries=1 << 21)
OLD, NEW, K = 40, 25, 10
_PER_UNIT = {"one row a unit": 1, "ten rows a unit": 10}


def partition(_scale: float, rounds: int) -> bool:
    """Print a line for each size; False when the sandbox could not do it."""
    good = True
    print("      rows   units              refine s   group once s   ratio   B/row   read and audit s")
    with Launcher() as launcher:
        for size in map(int, os.environ.get("BENCH_PARTITION_ROWS", SIZES).split()):
            for name, repeat in _PER_UNIT.items():
                with tempfile.TemporaryDirectory(prefix="sluice-bench-") as room:
                    good = _measured(launcher, size, repeat, name, min(rounds, 3), Path(room)) and good
    return good


def _measured(launcher: Launcher, size: int, repeat: int, name: str, rounds: int, room: Path) -> bool:
    with duckdb.connect() as connection:
        for file, classes in (("stored", OLD), ("members", NEW)):
            query = (
                f"SELECT i::UINTEGER AS row, (i // {repeat})::UINTEGER AS unit, "
                f"(hash(i * {classes}) % {classes} + 1)::UINTEGER AS class FROM range({size}) t(i)"
            )
            connection.execute(f"COPY ({query}) TO '{room / file}.parquet' (FORMAT parquet, COMPRESSION zstd)")
        times, raw = [], []
        part = RefinePart(stored=f"{room}/stored.parquet", members=f"{room}/members.parquet", contributors=(K,))
        answer = Answer(status="failed")
        for number in range(max(1, rounds)):
            begun = perf_counter()
            answer = launcher.run(RefineTask(parts=(part,), limits=LIMITS), room / str(number), require_isolation=True)
            times.append(perf_counter() - begun)
            if answer.status != "ok":
                print(f"{size:>10,}   {name}: {answer.code}")
                return False
            begun = perf_counter()
            connection.execute(f"SELECT class, count(*) FROM '{room}/stored.parquet' GROUP BY class").fetchall()
            raw.append(perf_counter() - begun)
    begun = perf_counter()
    verdict = _audited(room / "0", answer)
    audit, bytes_per_row = perf_counter() - begun, (room / "0" / "partition_0.parquet").stat().st_size / size
    print(
        f"{size:>10,}   {name} {median(times):>11.2f} {median(raw):>14.2f} {median(times) / median(raw):>7.0f} "
        f"{bytes_per_row:>7.1f} {audit:>18.3f}   {verdict or 'certified'}",
        flush=True,
    )
    return True


def _audited(folder: Path, answer: Answer) -> str | None:
    counts = read_counts(folder / "counts_0.parquet")
    single = bool(answer.statistics["partition_0"]["single"])
    small = {K: answer.statistics[f"partition_0_{K}"]["small_units"]}
    classes, cells = (np.arange(1, n + 1) for n in (OLD, NEW))
    before = refined(
        None,
        Standing(classes=classes, cells=classes - 1, count=OLD),
        _counts(OLD),
        release="old",
        k=K,
        single=single,
        small={K: 0},
    )
    new = Standing(classes=cells, cells=cells - 1, count=NEW)
    found = refined(before, new, counts, release="new", k=K, single=single, small=small)
    return judge(found, RULE, np.random.default_rng(1)).code


def _counts(classes: int) -> Counts:
    return Counts(old=np.zeros(classes, dtype=np.int64), local=np.arange(1, classes + 1), units=np.full(classes, K))
