"""Which cells add up to which? A table with margins of any dimension, as cells and the sums that hold between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Status(IntEnum):
    """What an attacker sees of a cell, and whether that may change.

    PUBLISHED cells may still be taken out, KNOWN ones left earlier and cannot be taken back; PRIMARY cells are unsafe
    and need protection, SECONDARY ones are out for the sake of others.
    """

    PUBLISHED = 0
    KNOWN = 1
    PRIMARY = 2
    SECONDARY = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table with margins: arrays of one length n, one entry per cell, margins included.

    `value` is the cell's true value and `weight` what taking it out costs. Before the table an attacker knows no more
    than `lower` <= value <= `upper` (may be infinite): [0, inf) for counts and for sums that cannot be negative, all
    numbers else. After it the interval of a PRIMARY cell must reach from at most value - `down` to at least value +
    `up`. `single` cells have one contributor, who knows them. Each of `lines` are the parts of a sum, its total last.
    """

    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    status: NDArray[np.int8]
    single: NDArray[np.bool_]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    down: NDArray[np.float64]
    up: NDArray[np.float64]
    lines: tuple[NDArray[np.int64], ...]

    @property
    def hidden(self) -> NDArray[np.int64]:
        """The cells that are not published, in order."""
        return np.flatnonzero(self.status >= Status.PRIMARY)

    @property
    def primary(self) -> NDArray[np.int64]:
        """The cells that need protection, in order."""
        return np.flatnonzero(self.status == Status.PRIMARY)

    def without(self, cells: NDArray[np.int64]) -> Table:
        """The table with `cells` taken out as well."""
        status = self.status.copy()
        status[cells[status[cells] == Status.PUBLISHED]] = Status.SECONDARY
        return replace(self, status=status)

    def unit(self) -> float:
        """The smallest protection that any cell needs: what the solver reckons in."""
        wanted = np.concatenate([self.down[self.primary], self.up[self.primary]])
        wanted = wanted[wanted > 0]
        return float(wanted.min()) if len(wanted) else 1.0

    def radius(self) -> float:
        """How far any cell is moved at most: beyond what cells hold and need, nothing is looked at.

        Less room than an attacker has can only make intervals look narrower than they are.
        """
        held = np.abs(self.value[self.hidden]).max(initial=0.0)
        wanted = np.concatenate([self.down[self.primary], self.up[self.primary]]).max(initial=0.0)
        return 4.0 * float(held + wanted) or 1.0

    def room(self, cells: NDArray[np.int64], radius: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far down (not above 0) and how far up (not below 0) each of `cells` can move."""
        value = self.value[cells]
        down = np.clip(self.lower[cells] - value, -radius, 0.0)
        return down, np.clip(self.upper[cells] - value, 0.0, radius)


def matrix(
    lines: tuple[NDArray[np.int64], ...], cells: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """The sums among `cells` of a table of `size` cells, row by row: (starts, columns, coefficients).

    Columns are positions in `cells`; parts count 1, the total -1. Lines without any of the cells are left out.
    """
    place = np.full(size, -1, dtype=np.int64)
    place[cells] = np.arange(len(cells))
    starts, columns, coefficients = [0], [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for line in lines:
        sign = np.ones(len(line))
        sign[-1] = -1.0
        inside = place[line] >= 0
        if inside.any():
            columns.append(place[line[inside]])
            coefficients.append(sign[inside])
            starts.append(starts[-1] + int(inside.sum()))
    return (
        np.array(starts, dtype=np.int32),
        np.concatenate(columns).astype(np.int32),
        np.concatenate(coefficients),
    )
