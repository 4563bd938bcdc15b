"""Does an output differ from another by fewer than k contributors? Exact pairwise comparison of fingerprints.

Every new cell and every sum of new cells is held against every cell and sum of every earlier or pending release of any
operator, and against one another. Two of them are *near* when 0 < d < k buckets of presence differ, or when none does but
0 < d < k buckets of content do: their difference would be about fewer than k units. d = 0 in both is the same number again.
Fewer than k differing units always leave fewer than k differing buckets, so nothing near is missed; collisions of units in
one bucket can only stop a little more (disclosure.md B.1).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.disclosure.fingerprint import Segment
from app.disclosure.history import History

THIS = "this release"
_BLOCK = 1 << 24
"""Comparisons held in memory at once (cells × cells × buckets)."""


@dataclass(frozen=True, kw_only=True)
class Near:
    """A new cell that comes too near: which, to what, and in how many buckets the two differ."""

    frontier: int
    measure: int
    key: int
    release: str
    distance: int
    rollup: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything near that was found, in a stable order."""

    near: tuple[Near, ...]

    @property
    def stopped(self) -> dict[int, dict[int | None, frozenset[int]]]:
        """Frontier → measure (None: the row) → key hashes of the cells to take out."""
        found: dict[int, dict[int | None, frozenset[int]]] = {}
        for n in self.near:
            measures = found.setdefault(n.frontier, {})
            measure = None if n.measure < 0 else n.measure
            measures[measure] = measures.get(measure, frozenset()) | {n.key}
        return found

    def releases(self) -> tuple[tuple[str, int], ...]:
        """The releases that are too near, each with the number of cells."""
        return tuple(sorted(Counter(n.release for n in self.near).items()))


def compare(new: Segment, history: History) -> Comparison:
    """Hold `new` against the history and against itself."""
    found: list[Near] = []
    for name, old in history.segments():
        for i, _j, distance in _pairs(new, old):
            found.append(_near(new, i, name, distance))
    found += _within(new, {(n.frontier, n.measure, n.key) for n in found})
    unique = {(n.frontier, n.measure, n.key): n for n in reversed(found)}
    return Comparison(near=tuple(unique[key] for key in sorted(unique)))


def _within(new: Segment, gone: set[tuple[int, int, int]]) -> list[Near]:
    """Near pairs inside one release: of each pair the later cell goes, unless one of the two is gone already."""
    found: list[Near] = []
    for i, j, distance in sorted(_pairs(new, new), key=lambda p: (max(p[0], p[1]), min(p[0], p[1]))):
        if i >= j or new.member[i] == new.member[j]:
            continue
        earlier, later = _near(new, i, THIS, distance), _near(new, j, THIS, distance)
        if any((n.frontier, n.measure, n.key) in gone for n in (earlier, later)):
            continue
        gone.add((later.frontier, later.measure, later.key))
        found.append(later)
    return found


def _near(new: Segment, index: int, release: str, distance: int) -> Near:
    """The finding about a cell; about a rollup it names the rollup's smallest cell, without which there is no sum."""
    member = int(new.member[index])
    return Near(
        frontier=int(new.frontier[member]),
        measure=int(new.measure[member]),
        key=int(new.key[member]),
        release=release,
        distance=distance,
        rollup=bool(new.rollup[index]),
    )


def _pairs(new: Segment, old: Segment) -> list[tuple[int, int, int]]:
    """(index in new, index in old, distance) of every near pair of one group."""
    found = []
    for group in np.intersect1d(new.group, old.group):
        ours, theirs = np.flatnonzero(new.group == group), np.flatnonzero(old.group == group)
        step = max(1, _BLOCK // (len(theirs) * new.presence.shape[1]))
        for start in range(0, len(ours), step):
            found += _block(new, old, ours[start : start + step], theirs)
    return found


def _block(
    new: Segment, old: Segment, ours: NDArray[np.int64], theirs: NDArray[np.int64]
) -> list[tuple[int, int, int]]:
    k = np.maximum(new.k[ours][:, None], old.k[theirs][None, :])
    presence = _distances(new.presence[ours], old.presence[theirs])
    found = []
    for a, b in np.argwhere(presence < k):
        i, j = int(ours[a]), int(theirs[b])
        distance = int((new.presence[i] != old.presence[j]).sum())
        if distance == 0:
            distance = int((new.content[i] != old.content[j]).sum())
        if 0 < distance < k[a, b]:
            found.append((i, j, distance))
    return found


def _distances(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Differing buckets of every pair by their low 16 bits: never more than the true number, so nothing is lost."""
    left, right = a.astype(np.uint16), b.astype(np.uint16)
    return np.count_nonzero(left[:, None, :] != right[None, :, :], axis=2)
