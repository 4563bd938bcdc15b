"""How wide must an attacker's interval be? The protection of each unsafe cell under a rule, for counts, sums and means.

Counts: the cell must seem able to have had k contributors, and half of what it has (disclosure.md, C.2); where k
contributors are there but the cell comes too near to another, k more and k fewer. Sums: p percent of the largest
contribution, which is at least the p%-rule's p/100 x1 - (a - x1 - x2) (Hundepool et al. 2012, §4.2), and what the share
of the largest would need to be allowed. Means are sums to whoever knows the counts: any two values will do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.rules import LevelRule

P_PERCENT = 10.0
"""The p of sums under a rule without a p%-rule of its own: that of the levels which have one."""
_FLOOR = 1e-6
"""The least protection of a sum, as a share of the largest cell of its table: a sum of nothing is told as well."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Protection:
    """Per cell: how far its interval must reach `down` and `up`, and the least and most that anybody knows before."""

    down: NDArray[np.float64]
    up: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def protection(
    kind: str,
    rule: LevelRule,
    *,
    value: NDArray[np.float64],
    contributors: NDArray[np.int64],
    share: NDArray[np.float64],
    keys: int,
) -> Protection:
    """What each cell of a table of `keys` keys needs, were it unsafe.

    A sum is known not to be negative beforehand if no cell of its table is. With three keys and more whole numbers may
    narrow an interval further than the programmes see, so that counts need one more on both sides.
    """
    nothing = np.zeros(len(value))
    if kind == "count":
        few = contributors < rule.contributors
        slack = 1.0 if keys > 2 else 0.0
        up = np.where(few, rule.contributors - contributors, rule.contributors) + slack
        down = np.where(few, value / 2, rule.contributors) + slack
        return Protection(down=np.minimum(value, down), up=up, lower=nothing, upper=nothing + np.inf)
    if kind == "sum":
        size = np.abs(value)
        largest = share * size
        need = (rule.p_percent or P_PERCENT) / 100 * largest
        if rule.largest_share is not None:
            need = np.maximum(need, largest / rule.largest_share - size)
        need = np.maximum(need, _FLOOR * float(size.max(initial=0.0)))
        need = np.where(need > 0, need, 1.0)
        negative = bool((value < 0).any())
        down = need if negative else np.minimum(value, need)
        return Protection(down=down, up=need, lower=nothing - np.inf if negative else nothing, upper=nothing + np.inf)
    return Protection(down=nothing + 1, up=nothing + 1, lower=nothing - np.inf, upper=nothing + np.inf)
