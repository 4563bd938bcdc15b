"""Does an output differ from another by fewer than k contributors? Exact comparison of fingerprints, by an index.

Every new cell and every sum of new cells is held against every cell and sum of every earlier or pending release of any
operator, and against one another. Two of them are *near* when 0 < d < k buckets of presence differ, or when none does
but 0 < d < k buckets of content do: their difference would be about fewer than k units. d = 0 in both is the same
number again. Fewer than k differing units always leave fewer than k differing buckets, so nothing near is missed;
collisions of units in one bucket can only stop a little more.

One kind of near pair is let through: when the difference is, bucket by bucket, a number that was checked and released
itself (a total and all but one of its published parts), it tells nothing new.

Inside one release the later of two near cells goes, in the order of the segment: coarse frontiers first, large cells
before small ones. Of a sum its smallest cell goes, without which there is no such sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.disclosure.history import History
from app.disclosure.index.cells import cells_of
from app.disclosure.index.lookup import Index, indexed, near
from app.disclosure.index.past import UNWANTED, Past, opened
from app.disclosure.released import Differences
from app.disclosure.segment import POPULATION, WHOLE_ROWS, Segment

THIS = "this release"
Keys = dict[int, dict[int | None, frozenset[int]]]
"""Frontier → measure (None: the row) → hashes of keys."""


@dataclass(frozen=True, kw_only=True)
class Near:
    """A new cell that comes too near: which, to what, and in how many buckets the two differ.

    `rollup` says that not the cell itself does but a sum whose smallest part it is; `own` that the other release is of
    the same operator, or this one; `population` that `key` is that of the population of whom the cell tells.
    """

    frontier: int
    measure: int
    key: int
    release: str
    distance: int
    rollup: bool
    own: bool
    population: bool = False


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything near that was found, one finding per cell to take out, in a stable order."""

    near: tuple[Near, ...]

    @property
    def stopped(self) -> Keys:
        """The cells to take out."""
        return self._keys(population=False)

    @property
    def populations(self) -> Keys:
        """The populations of whose cells none may leave."""
        return self._keys(population=True)

    def _keys(self, *, population: bool) -> Keys:
        found: Keys = {}
        for n in (n for n in self.near if n.population is population):
            measures = found.setdefault(n.frontier, {})
            measure = None if n.measure < 0 else n.measure
            measures[measure] = measures.get(measure, frozenset()) | {n.key}
        return found

    def releases(self) -> tuple[tuple[str, int], ...]:
        """The releases that are too near, each with the number of cells."""
        return tuple(sorted(Counter(n.release for n in self.near).items()))


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """A near pair: indices of the new entry and, within this release, of the other one."""

    new: int
    other: int
    release: str
    distance: int


def compare(new: Segment, history: History) -> Comparison:
    """Hold `new` against the history and against itself."""
    past, own, differences = opened(history), indexed(cells_of(new)), Differences()
    rows: NDArray[np.bool_] = np.char.endswith(new.group.astype(np.str_), WHOLE_ROWS)
    pairs = list(_pairs(own, past, differences, rows))
    excused = differences.released(own, past)
    left = [p for number, p in enumerate(pairs) if number not in excused]
    old = [p for p in left if p.release != THIS]
    found = {int(new.member[p.new]): p for p in sorted(old, key=lambda p: (p.distance, p.release, p.new), reverse=True)}
    for pair in sorted((p for p in left if p.release == THIS), key=lambda p: (p.new, p.other)):
        member = int(new.member[pair.new])
        if member not in found and int(new.member[pair.other]) not in found:
            found[member] = pair
    own_names = history.own | {THIS}
    findings = [_finding(new, member, pair, own_names) for member, pair in found.items()]
    return Comparison(near=tuple(sorted(findings, key=lambda n: (n.frontier, n.measure, n.key))))


def _pairs(new: Index, past: Past, differences: Differences, rows: NDArray[np.bool_]) -> Iterator[_Pair]:
    """Every near pair; its difference is noted under the number of the pair. Of `rows` those of other releases only."""
    for stock, rank in past.stocks():
        for pairs in near(new.cells, stock.index):
            best = stock.best(pairs.right, rank)
            wanted = best != UNWANTED
            i, j = pairs.left[wanted], pairs.right[wanted]
            differences.note(new.cells, i, stock.index.cells, j)
            listed = zip(i.tolist(), j.tolist(), best[wanted].tolist(), pairs.distance[wanted].tolist(), strict=True)
            for a, b, name, d in listed:
                yield _Pair(new=a, other=b, release=past.names[name], distance=d)
    for pairs in near(new.cells, new):
        later = (pairs.left > pairs.right) & ~rows[pairs.left]
        i, j = pairs.left[later], pairs.right[later]
        differences.note(new.cells, i, new.cells, j)
        for a, b, d in zip(i.tolist(), j.tolist(), pairs.distance[later].tolist(), strict=True):
            yield _Pair(new=a, other=b, release=THIS, distance=d)


def _finding(new: Segment, member: int, pair: _Pair, own: frozenset[str]) -> Near:
    return Near(
        frontier=int(new.frontier[member]),
        measure=int(new.measure[member]),
        key=int(new.key[member]),
        release=pair.release,
        distance=pair.distance,
        rollup=bool(new.rollup[pair.new]),
        own=pair.release in own,
        population=bool(new.aspect[member] == POPULATION),
    )
