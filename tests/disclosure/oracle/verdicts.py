"""Does the proof of a cell say what the oracle sees? Numbers of contributors, sets of units, shares, and decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.domain.rules import LevelRule
from tests.disclosure.oracle.governed import ROWS, Proved
from tests.disclosure.oracle.leave_one_out import Effect, Truth

NEARLY = 1e-9
"""Shares this close to a limit are left to the order in which doubles are added."""
OURS = frozenset({"few-contributors", "dominated", "estimable"})
"""Verdicts of the rules that the oracle knows; what other rules withhold it cannot say."""


CANCELLING = "unsafe cell passes, whose rows cancel"
"""A fault that is known: `HOLES` in tests/disclosure/test_oracle.py."""


@dataclass(kw_only=True)
class Tally:
    """Cells compared, how often in what way, and every difference in words.

    `cancelling` are cells of sums with more contributors proved than seen, by number of frontier and place.
    """

    seen: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    cancelling: set[tuple[int, tuple[int, int]]] = field(default_factory=set)

    @property
    def unknown(self) -> list[str]:
        """The faults, without those that are known."""
        return [f for f in self.faults if not f.startswith(CANCELLING)]

    def expect(self, what: str, holds: bool, where: str) -> None:
        """Count one comparison, and note where it fails."""
        self.seen[what] += 1
        if not holds:
            self.faults.append(f"{what}: {where}")


def compare_numbers(tally: Tally, proved: Proved, truth: Truth) -> None:
    """Contributors and largest share of every cell, under a rule that nothing passes, so that all are counted exactly.

    Only in a sum may more be counted than the oracle sees: those whose rows cancel. Whether a cell may leave is decided
    without them. Two columns of one type of unit count on each side alone, and the oracle takes a unit from both: not
    compared.
    """
    tally.expect("cells", {*proved.evidence} == {*truth.effects}, "the cells are others")
    if len({*proved.outline.units}) < len(proved.outline.units):
        return
    for place, effects in truth.effects.items():
        found = proved.evidence.get(place)
        if found is None:
            continue
        few = min(len(e.contributes) for e in effects.values())
        where = f"{_name(proved, place)}: {found.contributors}, left out {few}"
        if place[1] in truth.sums and found.contributors > few:
            tally.seen["contributors of a sum whose rows cancel"] += 1
            tally.cancelling.add((proved.outline.number, place))
        else:
            tally.expect("contributors", found.contributors == few, where)
        if place[1] in truth.sums and found.largest_share is not None:
            share = max((_share(e) for e in effects.values() if e.net), default=0.0)
            same = abs(found.largest_share - share) <= 1e-6
            tally.expect("largest share", same, f"{_name(proved, place)}: {found.largest_share}, left out {share}")


def compare_units(tally: Tally, proved: Proved, truth: Truth) -> None:
    """Who is in the fingerprint of a cell: those who contribute; and nobody outside the row's changes the number.

    In a sum also those whose rows cancel: they put nothing into it, and a unit of them more is one too many for a
    comparison with other cells but none too few.
    """
    for (key, j), effects in truth.effects.items():
        for kind, effect in effects.items():
            lanes = [lane for lane, unit in enumerate(proved.outline.units) if unit == kind]
            held = [proved.units[key, j, lane] for lane in lanes if (key, j, lane) in proved.units]
            rows = frozenset[int]().union(*(proved.units.get((key, ROWS, lane), frozenset()) for lane in lanes))
            if not held:
                continue
            where = f"{_name(proved, (key, j))}, {kind}"
            known = frozenset[int]().union(*held)
            more = rows if j in truth.sums else effect.contributes
            tally.expect("units", effect.contributes <= known <= more, f"{where}: {known} {effect.contributes}")
            tally.expect("dependence", effect.changes <= rows, f"{where}: {sorted(effect.changes - rows)}")


def compare_decisions(tally: Tally, proved: Proved, truth: Truth, rule: LevelRule) -> None:
    """Whether a cell may leave under `rule`: never one that is unsafe, and every one that no rule forbids."""
    alone = len({*proved.outline.units}) == len(proved.outline.units)
    for place, effects in truth.effects.items():
        found = proved.evidence.get(place)
        lanes = Counter(proved.outline.units)
        verdicts = {_verdict(e, rule, lanes[kind], is_sum=place[1] in truth.sums) for kind, e in effects.items()}
        verdicts |= {_verdict(e, rule, 1, is_sum=False) for e in truth.effects[place[0], ROWS].values()}
        if found is None or "close" in verdicts:
            continue
        where = f"{_name(proved, place)} under {rule.contributors}, {rule.largest_share}, {rule.p_percent}: {found}"
        if found.verdict == "safe":
            cancels = (proved.outline.number, place) in tally.cancelling
            tally.expect(CANCELLING if cancels else "unsafe cell passes", verdicts == {"safe"}, where)
        elif alone and found.verdict in OURS:
            tally.expect("safe cell withheld", verdicts != {"safe"}, where)


def _verdict(effect: Effect, rule: LevelRule, lanes: int, *, is_sum: bool) -> str:
    """What the rule says of what the oracle saw; every row counts for one unit in each of `lanes` columns."""
    if len(effect.contributes) < rule.contributors:
        return "few"
    if not is_sum:
        return "safe"
    limits = [
        margin
        for limit, margin in (
            (rule.largest_share, (rule.largest_share or 0) - _share(effect, lanes)),
            (rule.p_percent, _rest(effect, lanes) - (rule.p_percent or 0) / 100 * _largest(effect)[0]),
        )
        if limit is not None
    ]
    if any(abs(m) <= NEARLY * max(1.0, _largest(effect)[0]) for m in limits):
        return "close"
    return "dominated" if any(m < 0 for m in limits) else "safe"


def _largest(effect: Effect) -> list[float]:
    """The two largest contributions, zero where there is none."""
    return [*sorted((abs(x) for x in effect.net.values()), reverse=True), 0.0, 0.0][:2]


def _whole(effect: Effect, lanes: int) -> float:
    return sum(abs(x) for x in effect.net.values()) / lanes


def _share(effect: Effect, lanes: int = 1) -> float:
    whole = _whole(effect, lanes)
    return _largest(effect)[0] / whole if whole else 1.0


def _rest(effect: Effect, lanes: int) -> float:
    return _whole(effect, lanes) - sum(_largest(effect))


def _name(proved: Proved, place: tuple[int, int]) -> str:
    measure = "the row" if place[1] == ROWS else proved.outline.measures[place[1]]
    return f"frontier {proved.outline.number}, cell {place[0]}, {measure}"


def told(tally: Tally) -> Iterator[str]:
    """What was compared, a line each."""
    return (f"{what}: {count:,}" for what, count in sorted(tally.seen.items()))
