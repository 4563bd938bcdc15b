"""Which totals follow from the cells of one output? Rollups over every proper subset of the keys, as fingerprints."""

from __future__ import annotations

from dataclasses import fields
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from app.disclosure.segment import Segment
from app.domain.errors import Refusal

MAX_ROLLUP_KEYS = 8
"""Rollups are made over every proper subset of the keys, 2^d - 1 of them; with more keys the output is refused."""


def with_rollups(cells: Segment, keys: NDArray[np.uint64]) -> Segment:
    """The cells, then the sums of two or more of them that share the values of some of their keys (columns of `keys`).

    A sum over the same cells as another is left out. `member` of a sum is its smallest cell, the last in the order of
    `cells`: without it there is no such sum. Raises Refusal("firewall-many-keys").
    """
    width = keys.shape[1]
    if width > MAX_ROLLUP_KEYS:
        raise Refusal("firewall-many-keys", keys=width, limit=MAX_ROLLUP_KEYS)
    if len(cells.key) < 2 or not width:
        return cells
    subsets = (s for size in range(width) for s in combinations(range(width), size))
    parts, known = [cells], set[bytes]()
    for subset in subsets:
        groups = _groups(keys[:, list(subset)])
        found = _rollup(cells, groups)
        fresh = [i for i in range(len(found.key)) if _remember(known, found.presence[i], found.content[i])]
        parts.append(found.take(np.array(fresh, dtype=np.int64)))
    return Segment(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Segment)})


def _groups(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The number of the group of each row, by equal keys; one group when there is no key."""
    if not keys.shape[1]:
        return np.zeros(len(keys), dtype=np.int64)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _remember(known: set[bytes], presence: NDArray[np.uint64], content: NDArray[np.uint64]) -> bool:
    """Whether this sum has not been seen yet."""
    mark = presence.tobytes() + content.tobytes()
    if mark in known:
        return False
    known.add(mark)
    return True


def _rollup(cells: Segment, groups: NDArray[np.int64]) -> Segment:
    """The sum of each group that has more than one cell."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    kept = np.flatnonzero(ends - starts > 1)
    smallest = order[ends - 1][kept]
    n = len(kept)
    return Segment(
        frontier=cells.frontier[smallest],
        key=np.zeros(n, dtype=np.uint64),
        measure=cells.measure[smallest],
        group=cells.group[smallest],
        k=cells.k[smallest],
        rollup=np.ones(n, dtype=np.bool_),
        member=smallest,
        aspect=cells.aspect[smallest],
        presence=np.add.reduceat(cells.presence[order], starts, axis=0)[kept],
        content=np.add.reduceat(cells.content[order], starts, axis=0)[kept],
    )
