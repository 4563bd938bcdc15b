"""What does an attacker know of a suppressed cell? The narrowest interval that follows from everything published.

Two linear programmes per cell, on the suppressed cells only: how far down and how far up it can be with all sums kept
(Fischetti & Salazar 2001, the attacker's problems). Whoever is the only contributor of a suppressed cell knows that
cell too, so that the intervals must be wide enough with each such cell known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.disclosure.suppression.graph import determined
from app.disclosure.suppression.solver import Programme
from app.disclosure.suppression.table import Table, matrix
from app.domain.errors import Broken

TOLERANCE = 1e-6
"""By this share of what is needed a move may fall short, and moves smaller than this count as none: arithmetic."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """What an attacker knows of a suppressed cell: its value lies between `lower` and `upper`."""

    cell: int
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Need:
    """A protection: `cell` must be able to be `distance` higher or lower."""

    cell: int
    upward: bool
    distance: float


@dataclass(frozen=True, kw_only=True)
class Open:
    """A protection that does not hold; `known` is the cell that its sole contributor knows, None: against anybody."""

    need: Need
    known: int | None


def needs(table: Table) -> list[Need]:
    """Every protection that is needed, largest cells first."""
    order = table.primary[np.argsort(-table.value[table.primary], kind="stable")].tolist()
    both = [
        Need(cell=c, upward=upward, distance=float(wanted[c]))
        for c in order
        for upward, wanted in ((True, table.up), (False, table.down))
    ]
    return [need for need in both if need.distance > 0]


class Proofs:
    """Which protections are proved, against whom. A proof is a move: other values of the cells, with all sums kept.

    A move proves every protection that it reaches, against anybody, and against those who know a cell that it leaves.
    """

    def __init__(self, table: Table) -> None:
        """Nothing is proved, except that who knows a cell needs no protection from it."""
        self.needs = needs(table)
        self.knowers: list[int | None] = [None, *np.flatnonzero(table.single & (table.value != 0)).tolist()]
        self._cells = np.array([n.cell for n in self.needs], dtype=np.int64)
        self._signs = np.array([1.0 if n.upward else -1.0 for n in self.needs])
        self._enough = np.array([n.distance for n in self.needs]) * (1 - TOLERANCE)
        self._singles = np.array(self.knowers[1:], dtype=np.int64)
        self._proved = np.zeros((len(self.needs), len(self.knowers)), dtype=np.bool_)
        self._proved[:, 1:] = self._cells[:, None] == self._singles[None, :]
        self._row = {need: i for i, need in enumerate(self.needs)}
        self._column = {known: j for j, known in enumerate(self.knowers)}

    def add(self, move: NDArray[np.float64]) -> None:
        """Count a move of all cells."""
        reached = self._signs * move[self._cells] >= self._enough
        left = np.concatenate([[True], move[self._singles] == 0])
        self._proved[reached] |= left

    def missing(self, *, alone: bool) -> list[Open]:
        """The protections without proof against anybody; or, not `alone`, against sole contributors as well."""
        wide = 1 if alone else len(self.knowers)
        rows, columns = np.nonzero(~self._proved[:, :wide])
        return [Open(need=self.needs[i], known=self.knowers[j]) for i, j in zip(rows, columns, strict=True)]

    def proved(self, claim: Open) -> bool:
        """Whether a protection is proved."""
        return bool(self._proved[self._row[claim.need], self._column[claim.known]])


class Attacker:
    """The attacker's problems on the suppressed cells of a table, in moves away from their true values."""

    def __init__(self, table: Table, *, until: float) -> None:
        """`until` is the moment (monotonic seconds) at which it is given up."""
        self._table, self._cells = table, table.hidden
        self._unit, self._radius = table.unit(), table.radius()
        self._place = {int(c): i for i, c in enumerate(self._cells)}
        low, high = table.room(self._cells, self._radius)
        self._low, self._high = low / self._unit, high / self._unit
        exact = determined(table)
        self._exact = frozenset() if exact is None else frozenset(exact.tolist())
        self._programme = Programme(
            lower=self._low,
            upper=self._high,
            cost=np.zeros(len(self._cells)),
            rows=matrix(table.lines, self._cells, len(table.value)),
            until=until,
        )

    @property
    def solved(self) -> int:
        """How many linear programmes that took so far."""
        return self._programme.solved

    def move(self, cell: int, *, upward: bool, known: int | None = None) -> NDArray[np.float64]:
        """The move that takes `cell` furthest, for one who knows the cell `known`: one number per cell of the table."""
        found = np.zeros(len(self._table.value))
        if cell in self._exact:
            return found
        at, held = self._place[cell], -1 if known is None else self._place[known]
        if held >= 0:
            self._programme.bounds(held, 0.0, 0.0)
        self._programme.cost(at, -1.0 if upward else 1.0)
        solution = self._programme.solve()
        self._programme.cost(at, 0.0)
        if held >= 0:
            self._programme.bounds(held, float(self._low[held]), float(self._high[held]))
        if solution is None:  # the true values always are one
            raise Broken("suppression-unsolved")
        found[self._cells] = np.where(np.abs(solution) > TOLERANCE, solution, 0.0) * self._unit
        return found

    def interval(self, cell: int) -> Interval:
        """The interval of a suppressed cell. Beyond the table's radius nothing is looked at: there it is unbounded."""
        down, up = (float(self.move(cell, upward=u)[cell]) for u in (False, True))
        value, far = float(self._table.value[cell]), self._radius * (1 - TOLERANCE)
        return Interval(
            cell=cell,
            lower=float(self._table.lower[cell]) if -down >= far else value + down,
            upper=float(self._table.upper[cell]) if up >= far else value + up,
        )


def audit(table: Table, *, until: float, proofs: Proofs | None = None) -> list[Open]:
    """The protections that do not hold on `table`, against anybody and against each sole contributor.

    `proofs` are those that are known already, found on a table with the same or fewer suppressed cells; what this audit
    finds is added. Raises what `Programme.solve` raises.
    """
    known = proofs or Proofs(table)
    attacker = Attacker(table, until=until)
    found: dict[Open, None] = {}
    for alone in (True, False):
        for claim in known.missing(alone=alone):
            if known.proved(claim) or Open(need=claim.need, known=None) in found:
                continue
            known.add(attacker.move(claim.need.cell, upward=claim.need.upward, known=claim.known))
            if not known.proved(claim):
                found[claim] = None
    return list(found)


def intervals(table: Table, *, until: float) -> tuple[Interval, ...]:
    """The interval of every suppressed cell, in order. Raises what `Programme.solve` raises."""
    attacker = Attacker(table, until=until)
    return tuple(attacker.interval(c) for c in table.hidden.tolist())
