"""Which releases does an indexed cell stand in? The cells of many segments, equal ones once, each with its owners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.disclosure.index.bands import whole
from app.disclosure.index.cells import WORDS, Cells, cells_of
from app.disclosure.index.lookup import Index, indexed
from app.disclosure.segment import Segment

_CHUNK = 1 << 16
"""Cells copied or compared at once."""

Allocate = Callable[[str, np.dtype[Any], tuple[int, ...]], NDArray[Any]]
"""Makes room for an array of a name, in memory or in a file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Owned:
    """Cells and their owners: those of cell i are owner[start[i]:start[i + 1]], numbers of `digests`."""

    cells: Cells
    start: NDArray[np.int64]
    owner: NDArray[np.int64]
    digests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stock:
    """Indexed cells and their owners."""

    owned: Owned
    index: Index

    def best(self, numbers: NDArray[np.int64], rank: NDArray[np.int64]) -> NDArray[np.int64]:
        """The smallest rank among the owners of each cell of `numbers`; `rank` has one number per digest."""
        first = self.owned.start[numbers]
        counts = self.owned.start[numbers + 1] - first
        ends = np.cumsum(counts)
        at = np.arange(int(counts.sum()), dtype=np.int64) + np.repeat(first - (ends - counts), counts)
        if not len(numbers):
            return np.empty(0, dtype=np.int64)
        found: NDArray[np.int64] = np.minimum.reduceat(rank[self.owned.owner[at]], ends - counts)
        return found


def owned_by(segment: Segment, digest: str) -> Owned:
    """The cells of one segment."""
    n = len(segment.key)
    return Owned(
        cells=cells_of(segment),
        start=np.arange(n + 1, dtype=np.int64),
        owner=np.zeros(n, dtype=np.int64),
        digests=(digest,),
    )


def in_memory(_name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Room in memory."""
    return np.empty(shape, dtype=dtype)


def gathered(parts: Sequence[Owned], allocate: Allocate = in_memory) -> Stock:
    """The cells of all parts with their index. Cells that are equal in all bits and in k are kept once."""
    first, kept = _distinct(parts)
    number = np.cumsum(kept) - 1
    start, owner, digests = _owners(parts, number[first])
    owned = Owned(cells=_copied(parts, kept, allocate), start=start, owner=owner, digests=digests)
    return Stock(owned=owned, index=indexed(owned.cells))


def without(owned: Owned, unwanted: frozenset[str]) -> Owned:
    """The cells that have an owner beside those in `unwanted`, and these owners."""
    if not unwanted & set(owned.digests):
        return owned
    stays = np.array([d not in unwanted for d in owned.digests], dtype=np.bool_)
    keep = stays[owned.owner]
    counts = np.diff(np.concatenate([[0], np.cumsum(keep)])[owned.start])
    new = np.cumsum(stays) - 1
    return Owned(
        cells=owned.cells.take(np.flatnonzero(counts > 0)),
        start=np.concatenate([[0], np.cumsum(counts[counts > 0])]).astype(np.int64),
        owner=new[owned.owner[keep]],
        digests=tuple(d for d in owned.digests if d not in unwanted),
    )


# -- pieces


def _distinct(parts: Sequence[Owned]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each cell of all parts the first that equals it, and which are the first ones."""
    marks = [np.empty(0, dtype=np.uint64)]
    for part in parts:
        chunks = range(0, len(part.cells), _CHUNK)
        marks += [whole(part.cells.take(slice(at, at + _CHUNK))) for at in chunks]
    mark = np.concatenate(marks)
    order = np.argsort(mark, kind="stable")
    twin = np.flatnonzero(mark[order][1:] == mark[order][:-1]) + 1
    first = np.arange(len(mark), dtype=np.int64)
    bounds = np.cumsum([0, *(len(p.cells) for p in parts)])
    for at in range(0, len(twin), _CHUNK):
        later, earlier = order[twin[at : at + _CHUNK]], order[twin[at : at + _CHUNK] - 1]
        same = _equal(_picked(parts, bounds, later), _picked(parts, bounds, earlier))
        first[later[same]] = earlier[same]
    # a run of equals is a chain to its predecessor; the order is stable, so that doubling the steps ends at the first
    while (closer := first[first]).tobytes() != first.tobytes():
        first = closer
    return first, first == np.arange(len(first))


def _picked(parts: Sequence[Owned], bounds: NDArray[np.int64], numbers: NDArray[np.int64]) -> Cells:
    """Cells by their number over all parts."""
    part = np.searchsorted(bounds, numbers, side="right") - 1
    found = {n: np.empty((len(numbers), *shape), dtype=dtype) for n, (dtype, shape) in WORDS.items()}
    for at in np.unique(part).tolist():
        chosen = part == at
        for name, array in found.items():
            array[chosen] = getattr(parts[at].cells, name)[numbers[chosen] - bounds[at]]
    return Cells(**found)


def _equal(a: Cells, b: Cells) -> NDArray[np.bool_]:
    same = (a.group == b.group) & (a.k == b.k) & (a.aspect == b.aspect)
    found: NDArray[np.bool_] = same & (a.presence == b.presence).all(axis=1) & (a.content == b.content).all(axis=1)
    return found


def _owners(
    parts: Sequence[Owned], number: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[str, ...]]:
    """Start, owner and digests of the kept cells; `number` is the kept cell of each cell of all parts."""
    digests = tuple(dict.fromkeys(d for p in parts for d in p.digests))
    place = {d: i for i, d in enumerate(digests)}
    cell, owner, before = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)], 0
    for part in parts:
        cell.append(np.repeat(number[before : before + len(part.cells)], np.diff(part.start)))
        owner.append(np.array([place[d] for d in part.digests], dtype=np.int64)[part.owner])
        before += len(part.cells)
    width = max(len(digests), 1)
    packed = np.unique(np.concatenate(cell) * width + np.concatenate(owner))
    kept = int(number.max()) + 1 if len(number) else 0
    start = np.searchsorted(packed // width, np.arange(kept + 1))
    return start.astype(np.int64), packed % width, digests


def _copied(parts: Sequence[Owned], kept: NDArray[np.bool_], allocate: Allocate) -> Cells:
    """The kept cells of all parts, one after another."""
    total = int(kept.sum())
    arrays = {n: allocate(n, dtype, (total, *shape)) for n, (dtype, shape) in WORDS.items()}
    at = before = 0
    for part in parts:
        for start in range(0, len(part.cells), _CHUNK):
            chosen = kept[before + start : before + min(start + _CHUNK, len(part.cells))]
            count = int(chosen.sum())
            for name, array in arrays.items():
                array[at : at + count] = getattr(part.cells, name)[start : start + _CHUNK][chosen]
            at += count
        before += len(part.cells)
    return Cells(**arrays)
