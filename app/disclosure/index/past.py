"""Where are the cells of a history? In sound blocks that cover its segments; the rest is indexed in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.disclosure.history import Entry, History
from app.disclosure.index.blocks import blocks, merge
from app.disclosure.index.stock import Owned, Stock, gathered, owned_by
from app.disclosure.segment import Segment

BATCH = 1 << 17
"""Cells of segments indexed in memory at once; a kilobyte each and as much again while they are gathered."""
FRESH = 50_000
"""Cells outside of blocks from which on they are worth a block."""
PORTION = 1 << 20
"""Cells of segments merged at once: an index that is lost is made again in pieces."""
UNWANTED = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Past:
    """The stocks of a history, each with the rank of the release that every digest stands for in `names`, sorted."""

    history: History
    names: tuple[str, ...]
    _rank: dict[str, int]
    _blocks: tuple[Stock, ...]
    _fresh: tuple[Entry, ...]
    _kept: list[Stock] = field(default_factory=list)

    def stocks(self) -> Iterator[tuple[Stock, NDArray[np.int64]]]:
        """(stock, rank of each of its digests, UNWANTED where it is not of this history); one batch in memory."""
        for stock in (*self._blocks, *(self._kept or self._batches())):
            rank = [self._rank.get(d, UNWANTED) for d in stock.owned.digests]
            yield stock, np.array(rank, dtype=np.int64)

    def _batches(self) -> Iterator[Stock]:
        """The segments outside of blocks; a single batch is kept for the next time."""
        batches = _batched(self._fresh)
        first = next(batches, None)
        if first is None:
            return
        second = next(batches, None)
        if second is None:
            self._kept.append(first)
            yield first
            return
        yield first
        yield second
        yield from batches


def opened(history: History) -> Past:
    """The history as it can be searched. Of equal segments the one with the first name counts."""
    names = tuple(sorted(e.name for e in history.entries))
    place = {name: i for i, name in enumerate(names)}
    entries = {e.mark: e for e in sorted(history.entries, key=lambda e: e.name, reverse=True)}
    chosen, left = list[Stock](), set(entries)
    for block in blocks(history.index) if history.index is not None else ():
        if left & set(block.stock.owned.digests):
            chosen.append(block.stock)
            left -= set(block.stock.owned.digests)
    return Past(
        history=history,
        names=names,
        _rank={mark: place[e.name] for mark, e in entries.items()},
        _blocks=tuple(chosen),
        _fresh=tuple(e for m, e in entries.items() if m in left),
    )


def tidy(history: History) -> None:
    """Put segments that are in no block into one, when they have many cells."""
    if history.index is None:
        return
    wanted = {e.mark: e for e in history.entries if e.digest is not None}
    sound = blocks(history.index)
    covered = {d for b in sound for d in b.stock.owned.digests}
    fresh = [e for mark, e in wanted.items() if mark not in covered]
    if sum(e.cells for e in fresh) < FRESH:
        return
    with suppress(OSError):  # a full disk must not keep a job from being compared without this block
        for parts in _portions(fresh, PORTION):
            merge(history.index, parts, frozenset(covered - set(wanted)))


def _batched(entries: tuple[Entry, ...]) -> Iterator[Stock]:
    for parts in _portions(entries, BATCH):
        yield gathered(parts)


def _portions(entries: Iterable[Entry], cells: int) -> Iterator[list[Owned]]:
    """The segments of `entries`, as many at once as reach a number of cells."""
    parts, size = list[Owned](), 0
    for entry in entries:
        parts.append(_read(entry))
        size += len(parts[-1].cells)
        if size >= cells:
            yield parts
            parts, size = [], 0
    if parts:
        yield parts


def _read(entry: Entry) -> Owned:
    return owned_by(Segment.load(entry.file, entry.digest), entry.mark)
