"""By which marks are two cells that differ in fewer than k buckets found, without comparing all pairs?

The 64 buckets are cut into bands; a mark is a hash of one band that is not empty (not zero in all its buckets). Each
cell is marked in its first k such bands. Two cells that differ in fewer than k buckets, of which at least one has k
bands that are not empty, share a mark. Proof: let p be the place of the k-th such band of a cell (infinite when there
are fewer), and A the cell with the smaller p. Of the k bands of A up to p fewer than k hold an unequal bucket, so one
is equal in B; there it is not empty either, and as p is not beyond B's own it is among the first k of B.

Empty bands have no mark: all small cells share them. What is left is pairs of two small cells. They are marked by
narrower bands again, down to single buckets; and when both have fewer than k buckets that are not empty and share
none, they differ in all of these, so that the buckets' places alone tell whether there are fewer than k.

A hash that collides makes a candidate more; it never hides one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.disclosure.index.cells import Cells
from app.disclosure.segment import BUCKETS

REACH = 20
"""The largest k that marks serve: the largest of policies/disclosure.toml. Beyond it all pairs are compared."""

_SHIFT = np.uint64(32)
_BANDS = np.arange(1, BUCKETS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Into how many bands the buckets are cut."""

    bands: int

    @property
    def width(self) -> int:
        """Buckets in a band."""
        return BUCKETS // self.bands

    def full(self, presence: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which bands of (n, 64) are not empty: (n, bands)."""
        found: NDArray[np.bool_] = (presence != 0).reshape(len(presence), self.bands, self.width).any(axis=2)
        return found

    def marks(self, cells: Cells, first: NDArray[np.int64] | int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """(cell, mark) of the `first` bands of each cell that are not empty; marks of 32 bits in 64."""
        full = self.full(cells.presence)
        chosen = full & (np.cumsum(full, axis=1, dtype=np.int64) <= np.reshape(first, (-1, 1)))
        row, band = np.nonzero(chosen)
        banded = cells.presence.reshape(len(cells), self.bands, self.width)
        mark = cells.group[row] ^ _BANDS[band]
        for bucket in range(self.width):
            mark = mixed(mark + banded[row, band, bucket])
        return row, mark >> _SHIFT


WIDE = Layout(bands=32)
NARROW = Layout(bands=64)


def mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A permutation of 64-bit words that spreads every bit (SplitMix64, Steele, Lea & Flood 2014)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


_PRESENCE = mixed(np.arange(1, BUCKETS + 1, dtype=np.uint64)) | np.uint64(1)
_CONTENT = mixed(np.arange(BUCKETS + 1, 2 * BUCKETS + 1, dtype=np.uint64)) | np.uint64(1)


def whole(cells: Cells) -> NDArray[np.uint64]:
    """A hash of 64 bits of everything in a cell but its k; linear inside, which is quick and enough to search by."""
    found: NDArray[np.uint64] = mixed(cells.presence @ _PRESENCE + cells.content @ _CONTENT + cells.group)
    return found


def places(presence: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Which buckets are not empty, as 64 bits per cell."""
    bits = np.packbits(presence != 0, axis=1, bitorder="little")
    return np.ascontiguousarray(bits).view("<u8").reshape(-1).astype(np.uint64)
