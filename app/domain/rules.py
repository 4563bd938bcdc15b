"""What does a level of protection demand of an output? The numbers of `policies/disclosure.toml` as a frozen value."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.values import Bilingual, Level


@dataclass(frozen=True, kw_only=True)
class LevelRule:
    """The egress rule of one level.

    `contributors` is the least number of distinct units behind a cell (k); `largest_share` the largest part of a sum
    that one unit may have (0 to 1); `p_percent` the p of the p%-rule (Willenborg & de Waal 2001, §6.2);
    `rounding_base` what counts and sums are rounded to; `reviewers` how many must agree. None means no such demand.
    `top_shares` are pairs of n and the largest part of a sum that the n largest units may have together, the
    (n,k)-rule for n from 2 (ibid.). `all_same`: may a filtered figure leave that is about everyone in its group (group
    disclosure)? `zeros`: may a count leave that nobody at all stands behind?
    """

    level: Level
    contributors: int
    largest_share: float | None
    p_percent: float | None
    rounding_base: int | None
    reviewers: int
    top_shares: tuple[tuple[int, float], ...] = ()
    all_same: bool = True
    zeros: bool = False


@dataclass(frozen=True, kw_only=True)
class FirewallRule:
    """How much may follow from all releases together about units in small classes, which no cells tell apart.

    The rank of what follows about them alone is at most `max_rank_share` of their number. More than `max_entries` cells
    times classes are not audited but refused.
    """

    max_rank_share: float
    max_entries: int


@dataclass(frozen=True, kw_only=True)
class CellRule:
    """A rule on cells: the `verdict` on one that breaks it, the key of its number in the policy, and what it means."""

    verdict: str
    key: str
    text: Bilingual


SAFE = "safe"
CELL_RULES = (
    CellRule(
        verdict=SAFE,
        key="contributors",
        text=Bilingual(zh="可以出域", en="may leave"),
    ),
    CellRule(
        verdict="few-contributors",
        key="contributors",
        text=Bilingual(zh="贡献者过少", en="too few contributors stand behind it"),
    ),
    CellRule(
        verdict="all-same",
        key="all_same",
        text=Bilingual(zh="组内每一个都符合条件，数字说的是其中每一个", en="everyone in the group meets its condition"),
    ),
    CellRule(
        verdict="dominated",
        key="largest_share",
        text=Bilingual(zh="单一贡献者占比过高", en="one contributor makes up too much of it"),
    ),
    CellRule(
        verdict="dominated-by-few",
        key="top_shares",
        text=Bilingual(zh="少数几个贡献者合计占比过高", en="a few contributors together make up too much of it"),
    ),
    CellRule(
        verdict="estimable",
        key="p_percent",
        text=Bilingual(
            zh="第二大贡献者可据此过于准确地推算最大贡献者",
            en="the second largest contributor could work out the largest too closely from it",
        ),
    ),
)
"""Every rule on single cells in the order in which they are asked; the evidence names them by their place here."""
PLACES = {rule.verdict: place for place, rule in enumerate(CELL_RULES)}
TOLD_AS = {"all-same": "few-contributors"}
"""Verdicts that an operator is told as another: that everyone in a group has a property is what must not leave."""
TOLD_IN = 10
"""Operators are told in such steps how many cells are out: whether it is none or one may tell of one unit."""


def told_number(cells: int) -> int:
    """How many cells an operator is told are out, at least."""
    return cells - cells % TOLD_IN


def told_range(cells: int) -> str:
    """The same for people: that it is fewer than the first step, or at least so many."""
    return f"≥ {told_number(cells)}" if cells >= TOLD_IN else f"< {TOLD_IN}"
