"""Which other cells must be taken out, so that no suppressed cell follows? The cheapest, one protection at a time.

For every protection that does not hold one linear programme finds the cheapest move of any cells that proves it; the
cells that move are suppressed and cost next to nothing from then on (Kelly, Golden & Assad 1992; Fischetti & Salazar
2001, §5). What a move proves besides is not asked again. The outcome is audited, sole contributors included, and mended
until nothing is open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.disclosure.suppression.audit import TOLERANCE, Open, Proofs, audit
from app.disclosure.suppression.solver import Programme
from app.disclosure.suppression.table import Status, Table, matrix
from app.domain.errors import Refusal

ROUNDS = 12
"""How often the audit may find something open before the table is refused."""
_FREE = 1e-3
"""What one unit of a cell costs that is suppressed anyway: not nothing, so that few of them move."""


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """A table that passed its audit, and how many linear programmes were solved for it."""

    table: Table
    solved: int

    @property
    def secondary(self) -> NDArray[np.int64]:
        """The cells that are out for the sake of others, in order."""
        return np.flatnonzero(self.table.status == Status.SECONDARY)


def repair(table: Table, *, until: float) -> Repaired:
    """Take out cells until every protection holds, against anybody and against each sole contributor.

    The same table always yields the same cells. `until` is the moment (monotonic seconds) at which it is given up.
    Raises Refusal("suppression-impossible") when no cells would do, because too many of them are known, and what
    `Programme.solve` raises.
    """
    proofs, chooser = Proofs(table), _Chooser(table, until=until)
    missing = proofs.missing(alone=True)
    for _ in range(ROUNDS):
        for claim in missing:
            if not proofs.proved(claim):
                proofs.add(chooser.protect(claim))
        missing = audit(chooser.table, until=until, proofs=proofs)
        if not missing:
            return Repaired(table=chooser.table, solved=chooser.solved)
    raise Refusal("suppression-impossible")


class _Chooser:
    """The cheapest moves over all cells that are not known; `table` has what they took out so far."""

    def __init__(self, table: Table, *, until: float) -> None:
        self.table = table
        self._cells = np.flatnonzero(table.status != Status.KNOWN)
        self._place = {int(c): i for i, c in enumerate(self._cells)}
        self._unit = table.unit()
        down, up = table.room(self._cells, table.radius())
        self._far = np.concatenate([up, -down]) / self._unit
        hidden = table.status[self._cells] >= Status.PRIMARY
        cost = np.where(hidden, _FREE, table.weight[self._cells])
        starts, columns, coefficients = matrix(table.lines, self._cells, len(table.value))
        size = len(self._cells)
        self._programme = Programme(
            lower=np.zeros(2 * size),
            upper=self._far,
            cost=np.concatenate([cost, cost]),
            rows=(
                2 * starts,
                np.stack([columns, columns + size], axis=1).ravel().astype(np.int32),
                np.stack([coefficients, -coefficients], axis=1).ravel(),
            ),
            until=until,
        )

    @property
    def solved(self) -> int:
        return self._programme.solved

    def protect(self, claim: Open) -> NDArray[np.float64]:
        """The cheapest move that proves a protection; its cells are taken out."""
        size, at = len(self._cells), self._place[claim.need.cell]
        there, back = (at, at + size) if claim.need.upward else (at + size, at)
        distance = claim.need.distance / self._unit
        held = {} if claim.known is None else {self._place[claim.known] + s: (0.0, 0.0) for s in (0, size)}
        solution = self._solved(held | {there: (distance, distance), back: (0.0, 0.0)})
        net = solution[:size] - solution[size:]
        moved = np.abs(net) > TOLERANCE
        self._take_out(self._cells[moved])
        move = np.zeros(len(self.table.value))
        move[self._cells] = np.where(moved, net, 0.0) * self._unit
        return move

    def _solved(self, bounds: dict[int, tuple[float, float]]) -> NDArray[np.float64]:
        """The cheapest solution with some variables between other bounds, just this once."""
        if any(low > self._far[v] for v, (low, _) in bounds.items()):
            raise Refusal("suppression-impossible")
        for variable, (low, high) in bounds.items():
            self._programme.bounds(variable, low, high)
        solution = self._programme.solve()
        for variable in bounds:
            self._programme.bounds(variable, 0.0, float(self._far[variable]))
        if solution is None:
            raise Refusal("suppression-impossible")
        return solution

    def _take_out(self, cells: NDArray[np.int64]) -> None:
        fresh = cells[self.table.status[cells] == Status.PUBLISHED]
        self.table = self.table.without(fresh)
        for at in (self._place[c] for c in fresh.tolist()):
            for variable in (at, at + len(self._cells)):
                self._programme.cost(variable, _FREE)
