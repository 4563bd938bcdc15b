"""How long does the firewall take against a large history? 10,000 new cells, half of them planted near a stored one.

The history is made by the program's own merges, a million cells at a time, and lies on disk; a search is the whole of
`compare`, the sums' pairs and the excuses included. Beside it stands what comparing all pairs would take, computed
from a part of it, and what reading every fingerprint once takes.
BENCH_FIREWALL_CELLS names other sizes of the history: "10000000" takes a quarter of an hour and 40 GB of disk.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from app.disclosure.distance import near_pairs
from app.disclosure.firewall import compare
from app.disclosure.history import Entry, History
from app.disclosure.index.blocks import blocks, merge
from app.disclosure.index.stock import owned_by
from app.disclosure.segment import Segment
from tests.disclosure.simulated import random_cells

SIZES = "100000 1000000"
NEW = 10_000
BYTES = 4000
"""Disk that a cell of the history may need while blocks are merged."""
_PER_SEGMENT = 100_000
_PER_MERGE = 10
_SAMPLE = (100, 20_000)
"""Cells of the part of all pairs that is compared."""


def firewall(_scale: float, rounds: int) -> bool:
    """Print a line for each size of the history; False when a planted pair was missed or a size had no room."""
    good = True
    print("   history   blocks  B/cell  build s   10,000 new s (median)  all pairs s (computed)   ratio   read once s")
    for size in map(int, os.environ.get("BENCH_FIREWALL_CELLS", SIZES).split()):
        with tempfile.TemporaryDirectory(prefix="sluice-bench-") as room:
            free = shutil.disk_usage(room).free
            if free < size * BYTES:
                print(f"{size:>10,}   no room: {size * BYTES >> 30} GB of disk are needed, {free >> 30} are free")
                good = False
                continue
            good = _measured(size, rounds, Path(room)) and good
    return good


def _measured(size: int, rounds: int, index: Path) -> bool:
    rng = np.random.default_rng(size)
    begun = perf_counter()
    past, known = _history(rng, size, index)
    build = perf_counter() - begun
    new = _planted(rng, known)
    times, missed = [], 0
    compare(new, past)  # the first search of a process also reads every file, to see that none is damaged
    for _ in range(rounds):
        begun = perf_counter()
        found = compare(new, past)
        times.append(perf_counter() - begun)
        missed += len({n.key for n in found.near} ^ set(range(NEW // 2)))
    search, pairs, read = median(times), _all_pairs(new, known, size), _read(index)
    total = sum(f.stat().st_size for f in index.rglob("*.npy"))
    print(
        f"{size:>10,} {len(blocks(index)):>8} {total / size:>7.0f} {build:>8.0f} {search:>23.2f} {pairs:>23.0f} "
        f"{pairs / search:>7.0f} {read:>13.1f}" + (f"   {missed} wrong" if missed else ""),
        flush=True,
    )
    return missed == 0


def _history(rng: np.random.Generator, size: int, index: Path) -> tuple[History, Segment]:
    """A history of `size` cells in `index`, and its first segment."""
    first: Segment | None = None
    entries, waiting = [], []
    for number in range(max(1, size // _PER_SEGMENT)):
        segment = random_cells(rng, min(size, _PER_SEGMENT))
        first = first or segment
        name = f"r{number:04d}"
        entries.append(Entry(name=name, file=index / name, digest=name, cells=len(segment.key)))
        waiting.append(owned_by(segment, name))
        if len(waiting) == _PER_MERGE:
            merge(index, waiting, frozenset())
            waiting = []
    if waiting:
        merge(index, waiting, frozenset())
    if first is None:
        raise ValueError(size)
    return History(entries=tuple(entries), index=index), first


def _planted(rng: np.random.Generator, known: Segment) -> Segment:
    """New cells, the first half of them with one bucket other than a stored cell."""
    new, half = random_cells(rng, NEW), NEW // 2
    presence, content = new.presence.copy(), new.content.copy()
    presence[:half], content[:half] = known.presence[:half], known.content[:half]
    full = np.argmax(presence[:half] != 0, axis=1)
    presence[np.arange(half), full] += np.uint64(1)
    content[np.arange(half), full] += np.uint64(1)
    return replace(new, presence=presence, content=content)


def _all_pairs(new: Segment, known: Segment, size: int) -> float:
    """Seconds that comparing every pair would take."""
    ours, theirs = _SAMPLE
    a, b = new.take(np.arange(NEW // 2, NEW // 2 + ours)), known.take(np.arange(theirs))
    begun = perf_counter()
    for _ in near_pairs(a, b):
        pass
    return (perf_counter() - begun) * (NEW / ours) * (size / theirs)


def _read(index: Path) -> float:
    """Seconds that reading every fingerprint once takes."""
    begun = perf_counter()
    for block in blocks(index):
        for start in range(0, len(block.stock.index.cells), 1 << 16):
            block.stock.index.cells.presence[start : start + (1 << 16)].sum()
    return perf_counter() - begun
