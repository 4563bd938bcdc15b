"""What does a level of protection demand of an output? The numbers of `policies/disclosure.toml` as a frozen value."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.values import Level


@dataclass(frozen=True, kw_only=True)
class LevelRule:
    """The egress rule of one level.

    `contributors` is the least number of distinct units behind a cell (k); `largest_share` the largest part of a sum
    that one unit may have (0 to 1); `p_percent` the p of the p%-rule (Willenborg & de Waal 2001, §6.2);
    `rounding_base` what counts and sums are rounded to; `reviewers` how many must agree. None means no such demand.
    """

    level: Level
    contributors: int
    largest_share: float | None
    p_percent: float | None
    rounding_base: int | None
    reviewers: int
