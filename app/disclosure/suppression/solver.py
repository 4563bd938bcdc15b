"""What is the best of all ways that keep the sums? Linear programmes, solved by HiGHS; nothing else here knows it.

Whatever is not a proved optimum refuses: no answer, no release. HiGHS keeps one thread pool per process and answers
with an empty solution when asked for another size, so that the number of threads is always one and the state of the
model is always read (Huangfu & Hall 2018, the dual simplex method that runs here).
"""

from __future__ import annotations

from time import monotonic

import highspy
import numpy as np
from numpy.typing import NDArray

from app.domain.errors import Broken, Refusal

_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "threads": 1,
    "solver": "simplex",
    "parallel": "off",
    "random_seed": 0,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
_GOOD = highspy.HighsModelStatus.kOptimal
_NONE = highspy.HighsModelStatus.kInfeasible
_LATE = highspy.HighsModelStatus.kTimeLimit


class Programme:
    """Minimise costs of n variables between bounds, with every row of a matrix adding up to zero.

    It is solved again and again under changed costs and bounds, each time from where it stood. `solved` counts.
    """

    def __init__(
        self,
        *,
        lower: NDArray[np.float64],
        upper: NDArray[np.float64],
        cost: NDArray[np.float64],
        rows: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
        until: float,
    ) -> None:
        """`rows` as `table.matrix` makes them; `until` is the moment (monotonic seconds) at which it is given up."""
        starts, columns, coefficients = rows
        self._until = until
        self._size = len(cost)
        self.solved = 0
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in _OPTIONS.items():
            _checked(self._highs.setOptionValue(name, value))
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(cost), len(starts) - 1
        model.col_cost_, model.col_lower_, model.col_upper_ = cost, lower, upper
        model.row_lower_ = model.row_upper_ = np.zeros(len(starts) - 1)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = starts, columns, coefficients
        _checked(self._highs.passModel(model))

    def cost(self, column: int, value: float) -> None:
        """Change what one unit of a variable costs."""
        _checked(self._highs.changeColCost(column, value))

    def bounds(self, column: int, lower: float, upper: float) -> None:
        """Change between which numbers a variable lies."""
        _checked(self._highs.changeColBounds(column, lower, upper))

    def solve(self) -> NDArray[np.float64] | None:
        """The cheapest variables, or None when nothing satisfies the bounds.

        Raises Refusal("suppression-time") when the time is over, Broken("suppression-unsolved") for any other answer.
        """
        left = self._until - monotonic()
        if left <= 0:
            raise Refusal("suppression-time")
        _checked(self._highs.setOptionValue("time_limit", self._highs.getRunTime() + left))
        self._highs.run()
        self.solved += 1
        status = self._highs.getModelStatus()
        if status == _NONE:
            return None
        if status == _LATE:
            raise Refusal("suppression-time")
        found = np.array(self._highs.getSolution().col_value)
        if status != _GOOD or len(found) != self._size or not np.isfinite(found).all():
            raise Broken("suppression-unsolved")
        return found


def _checked(status: highspy.HighsStatus) -> None:
    if status != highspy.HighsStatus.kOk:
        raise Broken("suppression-unsolved")
