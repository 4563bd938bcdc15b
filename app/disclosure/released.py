"""Is the difference of two cells a number that was released itself? Then the pair of them tells nothing new."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.disclosure.history import History
from app.disclosure.segment import BUCKETS, Segment

MAX_NOTED = 100_000
"""Differences that are looked up; pairs beyond these are not excused."""


def _weights() -> NDArray[np.uint64]:
    """Two odd random numbers per bucket: a linear mark of a fingerprint, the same for one process only."""
    drawn = np.frombuffer(secrets.token_bytes(2 * BUCKETS * 8), dtype=np.uint64)
    return (drawn | np.uint64(1)).reshape(2, BUCKETS)


@dataclass(kw_only=True)
class Differences:
    """Differences of near pairs, in the order noted, until they are looked up among what was released."""

    _weights: NDArray[np.uint64] = field(default_factory=_weights)
    _presence: list[NDArray[np.uint64]] = field(default_factory=list)
    _content: list[NDArray[np.uint64]] = field(default_factory=list)
    _group: list[NDArray[np.str_]] = field(default_factory=list)
    _k: list[NDArray[np.int64]] = field(default_factory=list)
    _noted: int = 0

    def note(self, left: Segment, i: NDArray[np.int64], right: Segment, j: NDArray[np.int64]) -> None:
        """Note left[i] - right[j] for every pair."""
        room = max(0, MAX_NOTED - self._noted)
        i, j = i[:room], j[:room]
        self._noted += len(i)
        self._presence.append(left.presence[i] - right.presence[j])
        self._content.append(left.content[i] - right.content[j])
        self._group.append(left.group[i])
        self._k.append(np.maximum(left.k[i], right.k[j]))

    def released(self, new: Segment, history: History) -> frozenset[int]:
        """Numbers of the noted differences that are, up to their sign, a cell or sum of `new` or of the history.

        The same group, all 64 bits of all buckets of presence and content, and at least the same k.
        """
        if not self._noted:
            return frozenset()
        wanted = _Wanted(
            presence=np.concatenate(self._presence),
            content=np.concatenate(self._content),
            group=np.concatenate(self._group),
            k=np.concatenate(self._k),
        )
        found: set[int] = set()
        for _, segment in (("", new), *history.segments()):
            found |= self._found(wanted, segment) | self._found(wanted.negated(), segment)
        return frozenset(found)

    def _found(self, wanted: _Wanted, segment: Segment) -> set[int]:
        """Numbers of the differences that stand in `segment`: the marks agree, and then all bits do."""
        marks = self._marks(segment.presence, segment.content)
        order = np.argsort(marks)
        own = self._marks(wanted.presence, wanted.content)
        first = np.searchsorted(marks[order], own, side="left")
        last = np.searchsorted(marks[order], own, side="right")
        return {
            number
            for number in np.flatnonzero(last > first).tolist()
            if any(wanted.equals(number, segment, at) for at in order[first[number] : last[number]].tolist())
        }

    def _marks(self, presence: NDArray[np.uint64], content: NDArray[np.uint64]) -> NDArray[np.uint64]:
        found: NDArray[np.uint64] = presence @ self._weights[0] + content @ self._weights[1]
        return found


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """Differences as arrays of one length, with the group and the k of their pairs."""

    presence: NDArray[np.uint64]
    content: NDArray[np.uint64]
    group: NDArray[np.str_]
    k: NDArray[np.int64]

    def negated(self) -> _Wanted:
        return _Wanted(presence=-self.presence, content=-self.content, group=self.group, k=self.k)

    def equals(self, number: int, segment: Segment, at: int) -> bool:
        """Whether difference `number` is the entry `at` of `segment`, bit by bit."""
        return bool(
            self.group[number] == segment.group[at]
            and self.k[number] <= segment.k[at]
            and np.array_equal(self.presence[number], segment.presence[at])
            and np.array_equal(self.content[number], segment.content[at])
        )
