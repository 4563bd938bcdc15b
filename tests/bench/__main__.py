"""What does governing a query cost? `make bench` prints it: BENCH_SF is the scale of TPC-H, BENCH_ROUNDS the rounds.

Raw and governed run on the same Parquet files with as many threads and no cache but the system's.
"""

from __future__ import annotations

import os
import sys

from tests.bench.data import CACHE, prepare
from tests.bench.governed import bench
from tests.bench.measure import HEADER, measure, summary, write
from tests.bench.queries import AGGREGATES, LARGE


def main() -> int:
    """Prepare, measure, print; 1 when an aggregate could not be measured."""
    scale, rounds = float(os.environ.get("BENCH_SF", "1")), int(os.environ.get("BENCH_ROUNDS", "5"))
    queries = AGGREGATES | LARGE if os.environ.get("BENCH_LARGE") == "1" else AGGREGATES
    print(f"TPC-H at scale {scale:g}: preparing", flush=True)
    catalog = prepare(scale)
    home = CACHE / f"sf{scale:g}" / "home"
    with bench(catalog, home) as prepared:
        print(f"\nmedians of {rounds} alternating rounds, milliseconds\n{HEADER}", flush=True)
        lines = measure(queries, raw=prepared.raw, governed=prepared.governed, rounds=rounds)
        around = prepared.around_one_job(4 * rounds)
    print(f"\n{summary(lines)}")
    print(f"a warm job around one small query (start, confine, open, guard, collect), median: {1000 * around:.0f} ms")
    write(lines, CACHE / f"sf{scale:g}" / "result.json")
    return 1 if any(line.problem for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
