"""What does keeping data safe cost? `make bench` prints it in sections, each against a baseline of the same run.

`python -m tests.bench [SECTION …]` runs only some. BENCH_SF is the scale of TPC-H, BENCH_ROUNDS the rounds;
BENCH_SKEWED=0 leaves out the aggregates over 10 million rows of skewed units.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from time import perf_counter

from tests.bench.analysis import analysis
from tests.bench.firewall import firewall
from tests.bench.governed import governed
from tests.bench.ledger import ledger
from tests.bench.overhead import overhead
from tests.bench.partition import partition
from tests.bench.policy import policy
from tests.bench.scans import scans
from tests.bench.spilling import spilling
from tests.bench.suppression import suppression
from tests.bench.throughput import throughput

Section = Callable[[float, int], bool]
"""Measures at a scale in a number of rounds and prints; False when something could not be measured."""

SECTIONS: dict[str, tuple[str, Section]] = {
    "governed": ("aggregates through the whole of Sluice", governed),
    "job": ("a job around its query", overhead),
    "scans": ("scans through secure views", scans),
    "clients": ("many clients at once", throughput),
    "policy": ("decisions of the use policy", policy),
    "analysis": ("knowing what a text does", analysis),
    "firewall": ("new cells against all that was released", firewall),
    "partition": ("classes of rows that no released cell tells apart", partition),
    "suppression": ("hiding suppressed cells behind their totals", suppression),
    "ledger": ("a million entries that nobody can change unnoticed", ledger),
    "spill": ("more data than memory", spilling),
}
USUAL = ("governed", "job", "scans", "clients", "policy", "analysis", "suppression", "firewall")
"""Those that run when none is named: the others take long."""


def main(arguments: list[str]) -> int:
    """Run the sections that are named; 1 when one could not be measured, 2 when a name is not known."""
    unknown = [name for name in arguments if name not in SECTIONS]
    if unknown:
        print(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    scale, rounds = float(os.environ.get("BENCH_SF", "1")), int(os.environ.get("BENCH_ROUNDS", "5"))
    print(_machine())
    good = True
    for name in arguments or USUAL:
        title, section = SECTIONS[name]
        print(f"\n== {name}: {title}", flush=True)
        begun = perf_counter()
        good = section(scale, rounds) and good
        print(f"({perf_counter() - begun:.0f} s)", flush=True)
    return 0 if good else 1


def _machine() -> str:
    """What the figures were taken on. Jobs give way to other programs, so that a busy machine makes them look slow."""
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    busy = "; others are at work: the figures of jobs are too high" if load > cores / 2 else ""
    return f"{cores} cores, load {load:.1f}{busy}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
