"""How much noise does differential privacy ask for, and what does it cost? The numbers of a private run, frozen.

Epsilon and delta are exact decimals. A `NoiseColumn` is one number per cell that gets noise; whoever takes one unit
away changes the numbers of all cells together by at most its `sensitivity` (L1, in steps of its grid).
Source of the noise: the discrete Laplace distribution, P(x) in proportion to exp(-|x| / scale) (Ghosh, Roughgarden &
Sundararajan 2012; Canonne, Kamath & Steinke 2020).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, exp, inf, log, nextafter

CONTRIBUTORS, CELLS, COUNT, SUM = "contributors", "cells", "count", "sum"
INTERVAL = 0.05
"""Noise lies beyond the half-width that a report tells with this probability."""


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """The numbers of `[dp]`: what one job costs and a data set grants, and how much one unit may contribute.

    A unit counts in at most `cells_per_unit` cells of an aggregation, in each with at most `rows_per_unit` rows. There
    is noise for `cells` cells; an aggregation with more of them yields none.
    """

    epsilon: Decimal
    delta: Decimal
    budget: Decimal
    rows_per_unit: int
    cells_per_unit: int
    cells: int


@dataclass(frozen=True, kw_only=True)
class NoiseColumn:
    """One number per cell that gets noise: `what` it counts (of this module's constants), of which measure if any."""

    what: str
    measure: int | None
    sensitivity: int
    epsilon: Fraction

    @property
    def scale(self) -> float:
        """The scale of the noise, rounded up so that it never costs more than `epsilon`."""
        return nextafter(float(self.sensitivity / self.epsilon), inf)


@dataclass(frozen=True, kw_only=True)
class PrivateFrontier:
    """What the check needs to know of a frontier with noise.

    `columns` are its columns of noise, `first` the number of the first of them in the plan. A cell leaves when its
    noised contributors are `threshold` or more, and the noised number of all its cells is `most_cells` at most.
    `steps` are the width of the grid of each measure.
    """

    number: int
    unit: str
    measures: tuple[str, ...]
    columns: tuple[NoiseColumn, ...]
    first: int
    threshold: int
    most_cells: int
    steps: tuple[Decimal, ...]


@dataclass(frozen=True, kw_only=True)
class PrivateRun:
    """A plan's noise: what the run costs every data set in `datasets`, and the frontiers that share it."""

    epsilon: Decimal
    delta: Decimal
    cells: int
    datasets: tuple[str, ...]
    frontiers: tuple[PrivateFrontier, ...]

    @property
    def columns(self) -> tuple[NoiseColumn, ...]:
        """Every column of noise, in order: n0, n1 …."""
        return tuple(column for frontier in self.frontiers for column in frontier.columns)

    def body(self) -> bytes:
        """What noise the run has, as canonical text: part of what the hash of a plan covers."""
        told = [str(self.epsilon), str(self.delta), self.cells]
        columns = [[c.what, c.measure, c.sensitivity, str(c.epsilon)] for c in self.columns]
        return json.dumps([told, columns], separators=(",", ":")).encode()


@dataclass(frozen=True, kw_only=True)
class NoisedMeasure:
    """What a report says of one noised number: of which aggregation, its price, and how far off it may be.

    With a probability of 95 % the noise lies within `half_width` of zero, in units of the measure; both numbers are
    decimals as text. An average tells the half-widths of the sum, less the middle of its bounds for each row, and of
    the count that it is made of.
    """

    frontier: int
    measure: str
    what: str
    epsilon: str
    half_width: str


@dataclass(frozen=True, kw_only=True)
class PrivacyReport:
    """That an output carries noise: the price, and how much noise there is in which number."""

    epsilon: str
    delta: str
    datasets: tuple[str, ...]
    measures: tuple[NoisedMeasure, ...]


def tail(scale: float, probability: float) -> int:
    """The least t of at least 1 such that noise of this scale is t or more with at most this probability.

    P(X >= t) = q^t / (1 + q) with q = exp(-1 / scale).
    """
    return max(1, ceil(scale * -log(probability * (1 + exp(-1 / scale)))))
