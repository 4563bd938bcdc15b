"""Which of very many cells are near to new ones, and which are equal to one? Sorted marks, then the exact distance.

An entry is a mark in the upper 32 bits and the number of its cell in the lower; entries are sorted, so that a mark is
found by bisection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.disclosure.distance import Pairs, alike, decided, near_pairs
from app.disclosure.index.bands import NARROW, REACH, WIDE, Layout, places, whole
from app.disclosure.index.cells import Cells

_SHIFT = np.uint64(32)
_ROWS = 2048
"""New cells looked up at once."""
_MOST = 1 << 22
"""Candidates held at once, unless one cell alone has more; 16 bytes each."""
_CHUNK = 1 << 16
"""Cells marked at once when an index is made."""

Candidates = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Pairs to decide: rows of the new cells, numbers of the indexed ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """Cells with sorted entries, uint64: `wide` of all, `narrow` of those with few bands that are not empty, `equal`.

    `tiny` are the numbers of the cells with fewer than REACH buckets that are not empty, fewest first, `tiny_places`
    which buckets these are. `beyond` are the numbers of the cells whose k is more than REACH; they have no marks.
    `largest` is the largest k that marks have to serve.
    """

    cells: Cells
    wide: NDArray[np.uint64]
    narrow: NDArray[np.uint64]
    equal: NDArray[np.uint64]
    tiny: NDArray[np.int64]
    tiny_places: NDArray[np.uint64]
    beyond: NDArray[np.int64]
    largest: int


def indexed(cells: Cells) -> Index:
    """Make the index of `cells`; time and memory in proportion to their number."""
    wide, narrow, equal, tiny = [_NONE], [_NONE], [_NONE], [np.empty(0, dtype=np.int64)]
    for start in range(0, len(cells), _CHUNK):
        part = cells.take(slice(start, start + _CHUNK))
        numbers = np.arange(start, start + len(part), dtype=np.int64)
        equal.append(_entries(whole(part) >> _SHIFT, numbers))
        if (part.k > REACH).any():
            within = part.k <= REACH
            part, numbers = part.take(within), numbers[within]
        wide.append(_marked(part, numbers, WIDE))
        few = WIDE.full(part.presence).sum(axis=1) < REACH
        narrow.append(_marked(part.take(few), numbers[few], NARROW))
        tiny.append(numbers[np.count_nonzero(part.presence, axis=1) < REACH])
    found = np.concatenate(tiny)
    where = places(cells.presence[found])
    order = np.argsort(np.bitwise_count(where), kind="stable")
    return Index(
        cells=cells,
        wide=_sorted(wide),
        narrow=_sorted(narrow),
        equal=_sorted(equal),
        tiny=found[order],
        tiny_places=where[order],
        beyond=np.flatnonzero(cells.k > REACH),
        largest=int(np.max(cells.k, where=cells.k <= REACH, initial=1)),
    )


def near(new: Cells, index: Index) -> Iterator[Pairs]:
    """What `near_pairs(new, index.cells)` finds, each pair once, in another order."""
    marked, far = np.flatnonzero(new.k <= REACH), np.flatnonzero(new.k > REACH)
    if len(far) and len(index.cells):
        yield from _numbered(near_pairs(new.take(far), index.cells), far, None)
    if len(index.beyond) and len(marked):
        rest = near_pairs(new.take(marked), index.cells.take(index.beyond))
        yield from _numbered(rest, marked, index.beyond)
    for start in range(0, len(marked), _ROWS):
        yield from _near(new, marked[start : start + _ROWS], index)


def equals(new: Cells, index: Index) -> Candidates:
    """(row of `new`, number of an indexed cell) that are equal in all but k."""
    marks = whole(new) >> _SHIFT
    rows, cells = _expanded(np.arange(len(new)), *_spans(index.equal, marks), index.equal)
    same = alike(new, index.cells, rows, cells)
    rows, cells = rows[same], cells[same]
    same = (new.presence[rows] == index.cells.presence[cells]).all(axis=1)
    rows, cells = rows[same], cells[same]
    same = (new.content[rows] == index.cells.content[cells]).all(axis=1)
    return rows[same], cells[same]


# -- pieces

_NONE = np.empty(0, dtype=np.uint64)


def _entries(marks: NDArray[np.uint64], numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    return (marks << _SHIFT) | numbers.astype(np.uint64)


def _marked(cells: Cells, numbers: NDArray[np.int64], layout: Layout) -> NDArray[np.uint64]:
    row, marks = layout.marks(cells, REACH)
    return _entries(marks, numbers[row])


def _sorted(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    found = np.concatenate(parts)
    found.sort()
    return found


def _numbered(pairs: Iterator[Pairs], left: NDArray[np.int64], right: NDArray[np.int64] | None) -> Iterator[Pairs]:
    """Pairs of parts, with the numbers of the whole."""
    for p in pairs:
        yield Pairs(left=left[p.left], right=p.right if right is None else right[p.right], distance=p.distance)


def _near(new: Cells, rows: NDArray[np.int64], index: Index) -> Iterator[Pairs]:
    """The near pairs of some rows of `new`, in halves when there are too many candidates."""
    part = new.take(rows)
    limit = np.maximum(part.k, index.largest)
    few = np.flatnonzero(WIDE.full(part.presence).sum(axis=1) < limit)
    row, marks = WIDE.marks(part, limit)
    small, narrow = NARROW.marks(part.take(few), limit[few])
    spans = [
        (row, *_spans(index.wide, marks), index.wide),
        (few[small], *_spans(index.narrow, narrow), index.narrow),
    ]
    if len(rows) > 1 and sum(int((last - first).sum()) for _, first, last, _ in spans) > _MOST:
        middle = len(rows) // 2
        yield from _near(new, rows[:middle], index)
        yield from _near(new, rows[middle:], index)
        return
    found = [_expanded(*span) for span in spans]
    found += _tiny(part, few, limit, index)
    i, j = _once(found, len(index.cells))
    same = alike(part, index.cells, i, j)
    yield from _numbered(decided(part, index.cells, i[same], j[same]), rows, None)


def _spans(entries: NDArray[np.uint64], marks: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the entries of each mark begin and end; the marks are looked up in order, which spares the caches."""
    order = np.argsort(marks)
    first, last = np.empty(len(marks), dtype=np.int64), np.empty(len(marks), dtype=np.int64)
    first[order] = np.searchsorted(entries, marks[order] << _SHIFT, side="left")
    last[order] = np.searchsorted(entries, (marks[order] << _SHIFT) | np.uint64(0xFFFFFFFF), side="right")
    return first, last


def _expanded(
    rows: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64], entries: NDArray[np.uint64]
) -> Candidates:
    """Every row with every cell of its span."""
    counts = last - first
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    at = np.arange(total, dtype=np.int64) + np.repeat(first - (ends - counts), counts)
    return np.repeat(rows, counts), (entries[at] & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _tiny(part: Cells, few: NDArray[np.int64], limit: NDArray[np.int64], index: Index) -> Iterator[Candidates]:
    """Pairs of tiny cells whose buckets that are not empty are together fewer than k: they need not share any mark."""
    where = places(part.presence[few])
    sizes = np.bitwise_count(index.tiny_places)
    small = np.flatnonzero(np.bitwise_count(where) < limit[few])
    for at in small.tolist():
        most = int(limit[few[at]])
        others = index.tiny_places[: int(np.searchsorted(sizes, most))]
        hits = np.flatnonzero(np.bitwise_count(others | where[at]) < most)
        yield np.full(len(hits), few[at]), index.tiny[hits]


def _once(found: list[Candidates], cells: int) -> Candidates:
    """Every candidate once."""
    packed = np.unique(np.concatenate([rows * cells + numbers for rows, numbers in found]))
    return packed // max(cells, 1), packed % max(cells, 1)
