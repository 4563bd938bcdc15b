"""What do the firewall's tests compare? Cells of made-up units, fingerprinted in NumPy as the sandbox does in SQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.disclosure.history import Entry, History
from app.disclosure.segment import BUCKETS, IN_CELL, POPULATION, Segment, joined
from app.disclosure.sums import with_rollups

SECRET = np.uint64(0x9E3779B97F4A7C15)


def mixed(*parts: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A 64-bit hash of each row of `parts` (SplitMix64)."""
    state = np.full(len(parts[0]), SECRET)
    for part in parts:
        state = state ^ part
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return state


@dataclass(frozen=True)
class Rows:
    """The rows behind one cell: a unit's tag and a value each."""

    unit: NDArray[np.uint64]
    value: NDArray[np.uint64]

    def fingerprint(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Presence and content, 64 buckets each."""
        presence, content = np.zeros(BUCKETS, dtype=np.uint64), np.zeros(BUCKETS, dtype=np.uint64)
        bucket = (self.unit & np.uint64(BUCKETS - 1)).astype(np.int64)
        np.add.at(presence, bucket, mixed(self.unit))
        np.add.at(content, bucket, mixed(self.unit, self.value))
        return presence, content

    def contributions(self) -> dict[int, tuple[int, ...]]:
        """Unit → its values, sorted: what a fingerprint stands for."""
        found: dict[int, list[int]] = {}
        for unit, value in zip(self.unit.tolist(), self.value.tolist(), strict=True):
            found.setdefault(unit, []).append(value)
        return {unit: tuple(sorted(values)) for unit, values in found.items()}

    def plus(self, other: Rows) -> Rows:
        return Rows(np.concatenate([self.unit, other.unit]), np.concatenate([self.value, other.value]))


def differing(a: Rows, b: Rows) -> int:
    """The number of units whose contributions differ."""
    left, right = a.contributions(), b.contributions()
    return sum(left.get(u) != right.get(u) for u in left.keys() | right.keys())


def some_rows(rng: np.random.Generator, units: int, *, most: int = 1) -> Rows:
    """Rows of `units` new units, 1 to `most` rows each."""
    tags = rng.integers(1, 2**63, units, dtype=np.uint64)
    repeated = np.repeat(tags, rng.integers(1, most + 1, units))
    return Rows(repeated, rng.integers(1, 1000, len(repeated), dtype=np.uint64))


def cells(rows: list[Rows], *, k: int = 10, frontier: int = 1, measure: int = 0, group: str = "vehicle|") -> Segment:
    """A segment with one cell per entry of `rows`, whose key is its index."""
    prints = [r.fingerprint() for r in rows]
    n = len(rows)
    return Segment(
        frontier=np.full(n, frontier),
        key=np.arange(n, dtype=np.uint64),
        measure=np.full(n, measure),
        group=np.full(n, group),
        k=np.full(n, k),
        rollup=np.zeros(n, dtype=np.bool_),
        member=np.arange(n),
        aspect=np.full(n, IN_CELL | POPULATION, dtype=np.uint8),
        presence=np.array([p for p, _ in prints], dtype=np.uint64).reshape(n, BUCKETS),
        content=np.array([c for _, c in prints], dtype=np.uint64).reshape(n, BUCKETS),
    )


def random_cells(rng: np.random.Generator, n: int, *, k: int = 10) -> Segment:
    """Many cells of about 30 to 3,000 units each, without units: full buckets are random, others empty."""
    sizes = np.exp(rng.uniform(np.log(30), np.log(3000), n))
    full = rng.random((n, BUCKETS)) < 1 - (1 - 1 / BUCKETS) ** sizes[:, None]
    presence = np.where(full, rng.integers(1, 2**63, (n, BUCKETS), dtype=np.uint64), np.uint64(0))
    empty = cells([])
    return replace(
        empty,
        frontier=np.ones(n, dtype=np.int64),
        key=np.arange(n, dtype=np.uint64),
        measure=np.zeros(n, dtype=np.int64),
        group=np.full(n, "vehicle|"),
        k=np.full(n, k),
        rollup=np.zeros(n, dtype=np.bool_),
        member=np.arange(n),
        aspect=np.full(n, IN_CELL | POPULATION, dtype=np.uint8),
        presence=presence,
        content=presence * np.uint64(3),
    )


def analyst_load(rng: np.random.Generator, *, releases: int, persons: int) -> list[Segment]:
    """Tables of counts by one to three of six attributes, their sums included, half of them up to some late date."""
    tags = rng.integers(1, 2**63, persons, dtype=np.uint64)
    attributes = np.array([rng.integers(0, n, persons) for n in (2, 3, 4, 6, 9, 14)])
    date = rng.integers(0, 400, persons)
    made = []
    for _ in range(releases):
        chosen = attributes[rng.choice(6, int(rng.integers(1, 4)), replace=False)]
        inside = date < int(rng.integers(380, 400)) if rng.random() < 0.5 else np.ones(persons, dtype=bool)
        keys, label = np.unique(chosen, axis=1, return_inverse=True)
        found = [tags[(label.reshape(-1) == v) & inside] for v in range(keys.shape[1])]
        large = [v for v, units in enumerate(found) if len(units) >= 10]
        table = cells([Rows(found[v], np.ones(len(found[v]), dtype=np.uint64)) for v in large])
        made.append(with_rollups(table, keys.T[large].astype(np.uint64)))
    return made


def history(folder: Path, *segments: Segment) -> History:
    """A history of `segments`, named r0, r1 …"""
    entries = []
    for number, segment in enumerate(segments):
        file = folder / f"r{number}.npz"
        segment.save(file)
        entries.append(Entry(name=file.stem, file=file))
    return History(entries=tuple(entries))


__all__ = ["Rows", "analyst_load", "cells", "differing", "history", "joined", "mixed", "random_cells", "some_rows"]
