"""Which of two lists of fingerprints differ in fewer than k buckets? Exact, pairwise, in blocks of bounded memory.

Early out, and why it is exact: the low 16 bits of two buckets are never unequal when the buckets are equal, and the
number of unequal buckets among the first few is never more than among all. So a pair that has k unequal ones so far is
not near; every other pair is decided on all 64 bits of all 64 buckets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.disclosure.segment import BUCKETS

_BLOCK = 1 << 20
"""Pairs screened at once; one byte each."""
_EXACT = 1 << 15
"""Pairs decided at once; one kilobyte each."""
_STEP = 8
_FEW = 64
"""Screening stops when no more than one pair in this many is left."""


class Comparable(Protocol):
    """Cells with fingerprints: arrays of one length, presence and content of shape (n, 64)."""

    @property
    def group(self) -> NDArray[Any]:
        """What may be compared with one another."""

    @property
    def k(self) -> NDArray[np.int64]:
        """The contributors each needs."""

    @property
    def aspect(self) -> NDArray[np.uint8]:
        """Of whom each is: bits, of which two must have one in common to be compared."""

    @property
    def presence(self) -> NDArray[np.uint64]:
        """Which rows count."""

    @property
    def content(self) -> NDArray[np.uint64]:
        """What they contribute."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Near pairs: indices into the two segments and the number of buckets in which they differ."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    distance: NDArray[np.int64]


def near_pairs(left: Comparable, right: Comparable) -> Iterator[Pairs]:
    """Every pair of one group with 0 < d < k, k the larger of the two.

    d is the number of unequal buckets of presence or, when there is none, of content.
    """
    for group in np.intersect1d(left.group, right.group):
        ours, theirs = np.flatnonzero(left.group == group), np.flatnonzero(right.group == group)
        width = min(len(theirs), _BLOCK)
        height = max(1, _BLOCK // width)
        for start in range(0, len(theirs), width):
            columns = theirs[start : start + width]
            for top in range(0, len(ours), height):
                yield from _block(left, right, ours[top : top + height], columns)


def decided(left: Comparable, right: Comparable, i: NDArray[np.int64], j: NDArray[np.int64]) -> Iterator[Pairs]:
    """The near ones among the pairs left[i], right[j] of one group, decided on all bits."""
    for start in range(0, len(i), _EXACT):
        a, b = i[start : start + _EXACT], j[start : start + _EXACT]
        distance = np.count_nonzero(left.presence[a] != right.presence[b], axis=1)
        same = distance == 0
        distance[same] = np.count_nonzero(left.content[a[same]] != right.content[b[same]], axis=1)
        near = (distance > 0) & (distance < np.maximum(left.k[a], right.k[b]))
        if near.any():
            yield Pairs(left=a[near], right=b[near], distance=distance[near].astype(np.int64))


def alike(left: Comparable, right: Comparable, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the pairs left[i], right[j] may be compared."""
    found: NDArray[np.bool_] = (left.group[i] == right.group[j]) & ((left.aspect[i] & right.aspect[j]) != 0)
    return found


def _block(left: Comparable, right: Comparable, ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> Iterator[Pairs]:
    """The near pairs of a block: screen all, decide what is left."""
    limit = _limit(left.k[ours], right.k[theirs])
    rows, columns = _screen(left.presence[ours], right.presence[theirs], limit)
    i, j = ours[rows], theirs[columns]
    same = alike(left, right, i, j)
    yield from decided(left, right, i[same], j[same])


def _limit(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.uint8]:
    """K of every pair, at most 255; a single number where it is the same for all."""
    if len(np.unique(left)) == 1 and len(np.unique(right)) == 1:
        return np.array([[min(max(int(left[0]), int(right[0])), 255)]], dtype=np.uint8)
    return np.maximum(left[:, None], right[None, :]).clip(0, 255).astype(np.uint8)


def _screen(
    left: NDArray[np.uint64], right: NDArray[np.uint64], limit: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(rows, columns) of the pairs that have fewer than `limit` unequal buckets as far as was looked."""
    a = np.ascontiguousarray(left.astype(np.uint16).T)
    b = np.ascontiguousarray(right.astype(np.uint16).T)
    counts = np.zeros((len(left), len(right)), dtype=np.uint8)
    unequal = np.empty(counts.shape, dtype=np.bool_)
    left_over = counts < limit
    for bucket in range(BUCKETS):
        np.not_equal(a[bucket][:, None], b[bucket][None, :], out=unequal)
        np.add(counts, unequal.view(np.uint8), out=counts)
        last = bucket == BUCKETS - 1
        if last or (bucket + 1) % _STEP == 0:
            left_over = counts < limit
            if last or np.count_nonzero(left_over) * _FEW <= counts.size:
                break
    rows, columns = np.nonzero(left_over)
    return rows.astype(np.int64), columns.astype(np.int64)
