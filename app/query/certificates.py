"""What do 64 buckets of units prove of a cell? Bounds on contributors and on the largest shares, one scan for all.

A bucket holds the units whose secret tag ends in the same six bits (`tag & 63`). Of a cell and a bucket are known: how
many hashes went in, Z = the sum of |x| and S = |the sum of x|. For the true contributions s_u of the units, whichever
they are:
  contributors  at least the number of buckets into which something went (bucket 0 is left out: rows of no unit are
                there too); of a sum, buckets whose S is not zero, for units whose rows cancel put nothing into it
  all           sum |s_u| is at least the sum of S; the sum of Z is above it, but no lower bound of it
  largest n     at most the n largest Z: units in one bucket have no more together than its Z
The numbers are DOUBLE; a rule is certain only if it holds by more than `SLACK` of the sum of Z, far above what rounding
can do. What is not certain is left to the exact pass over the open cells. So decisions are the exact ones.
Source of the rules: Willenborg & de Waal 2001, §6.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.rules import LevelRule
from app.query.contributions import NETS, changes, condition, content, contributes, value
from app.query.frontier import Measure

BUCKETS = 64
SLACK = 1e-6
"""Part of a gross sum by which a bound must be clear of its limit; sums of 10^9 numbers of one size err by 10^-7."""
NOTHING = 1e-9
"""Part of its gross sum below which a net sum is taken for zero."""


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """SQL of what the buckets hold and prove, for the measures of one frontier under one rule."""

    measures: tuple[Measure, ...]
    rule: LevelRule

    @property
    def dominated(self) -> list[int]:
        """The measures that single units must not dominate."""
        return [j for j, m in enumerate(self.measures) if m.is_sum] if limits(self.rule) else []

    @property
    def nets(self) -> list[int]:
        """The measures to which a unit whose rows cancel does not contribute."""
        return [j for j, m in enumerate(self.measures) if m.function in NETS]

    @property
    def own(self) -> list[int]:
        """The measures that not every row contributes to."""
        return [j for j, m in enumerate(self.measures) if contributes(m) != "TRUE"]

    @property
    def filtered(self) -> list[int]:
        """The measures that must not be about everyone in their group."""
        return [j for j, m in enumerate(self.measures) if condition(m) is not None] if not self.rule.all_same else []

    @property
    def summed(self) -> list[int]:
        """The measures of which net sums per unit matter."""
        return sorted({*self.dominated, *self.nets})

    @property
    def hashes(self) -> list[str]:
        """The columns of a bucket that are sums of hashes: p of units, q of contents, where a measure needs its own."""
        presence = [f"p{j}" for j in self.own]
        return ["p", *presence, *(f"q{j}" for j, m in enumerate(self.measures) if content(m, "") is not None)]

    def bucket_columns(self, tag: str) -> list[str]:
        """Of a cell and a bucket: sums of hashes, gross sums z and net sums s; `tag` is SQL, never NULL."""
        columns = [f"sum(hash({tag})) AS p"]
        for j, measure in enumerate(self.measures):
            counts, what = contributes(measure), content(measure, tag)
            if j in self.own:
                columns.append(f"sum(CASE WHEN {counts} THEN hash({tag}) END) AS p{j}")
            if what is not None:
                entered = f"CASE WHEN {changes(measure)} THEN {what} END" if j in self.own else what
                columns.append(f"sum({entered}) AS q{j}")
            if j in self.filtered:
                columns.append(f"bool_and({condition(measure)}) AS e{j}")
            if j in self.summed:
                columns += [f"sum(abs({value(measure)})) AS z{j}", f"abs(sum({value(measure)})) AS s{j}"]
        return columns

    def bounds(self) -> dict[str, str]:
        """Of a cell, over its buckets: bounds n of contributors, w of the whole of a sum, t of its largest parts."""
        found = {"n": "count(*) FILTER (WHERE b <> 0)"}
        for j in self.own:
            left = f" AND s{j} > {NOTHING} * z{j}" if j in self.nets else ""
            found[f"n{j}"] = f"count(*) FILTER (WHERE b <> 0 AND p{j} <> 0{left})"
        found |= {f"e{j}": f"bool_and(e{j})" for j in self.filtered}
        for j in self.dominated:
            found |= {f"w{j}": f"sum(s{j})", f"y{j}": f"sum(z{j})"}
            found |= {f"t{j}_{n}": largest(f"z{j}", n) for n in tops(self.rule)}
        return found

    def numbers(self, total: Total) -> dict[str, str]:
        """The same, exact, of a cell over its units: u, and per measure whether it contributes c, and its net sum s."""
        found = {"n": "count(u)"}
        found |= {
            f"n{j}": f"count(u) FILTER (WHERE c{j}{f' AND s{j} > 0' if j in self.nets else ''})" for j in self.own
        }
        for j in self.dominated:
            found[f"w{j}"] = total(f"s{j}")
            found |= {f"t{j}_{n}": largest(f"s{j}", n) for n in tops(self.rule)}
        return found

    def certain(self, alias: str) -> str:
        """SQL: do the bounds in `alias` prove all that the rule demands of every measure of the cell?"""
        proved = [f"{alias}.{n} >= {self.rule.contributors}" for n in ("n", *(f"n{j}" for j in self.own))]
        for j in self.dominated:
            proved.append(f"isfinite({alias}.y{j})")
            proved += [f"{limit.room(alias, j)} > {SLACK} * {alias}.y{j}" for limit in limits(self.rule)]
        return f"coalesce({' AND '.join(proved)}, FALSE)"


Total = Callable[[str], str]
"""SQL of the sum of a column."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A rule on sums: the `n` largest contributions t, the largest t1 and the whole w, as SQL.

    `verdict` is that on a cell that breaks it; `exact` says whether it holds; `slackness` is not negative if it does,
    and the larger the clearer it holds.
    """

    verdict: str
    n: int
    exact: str
    slackness: str

    def holds(self, alias: str, j: int) -> str:
        """SQL of whether measure `j` keeps the rule, by the exact numbers in `alias`."""
        return self._fill(self.exact, alias, j)

    def room(self, alias: str, j: int) -> str:
        """SQL of by how much measure `j` keeps the rule, by the bounds in `alias`."""
        return self._fill(self.slackness, alias, j)

    def _fill(self, text: str, alias: str, j: int) -> str:
        return text.format(w=f"{alias}.w{j}", t=f"{alias}.t{j}_{self.n}", t1=f"{alias}.t{j}_1")


def limits(rule: LevelRule) -> list[Limit]:
    """The rules on sums of a level."""
    found = []
    if rule.largest_share is not None:
        found.append(_within("dominated", 1, rule.largest_share))
    found += [_within("dominated-by-few", n, share) for n, share in rule.top_shares]
    if rule.p_percent is not None:
        rest = f"{{w}} - {{t}} - {rule.p_percent / 100} * {{t1}}"
        exact = f"{{w}} > 0 AND {{w}} - {{t}} >= {rule.p_percent / 100} * {{t1}}"
        found.append(Limit(verdict="estimable", n=2, exact=exact, slackness=rest))
    return found


def _within(verdict: str, n: int, share: float) -> Limit:
    """The `n` largest have no more than `share` of the whole."""
    exact = f"{{w}} > 0 AND {{t}} / {{w}} <= {share}"
    return Limit(verdict=verdict, n=n, exact=exact, slackness=f"{share} * {{w}} - {{t}}")


def tops(rule: LevelRule) -> list[int]:
    """How many of the largest contributions the rules of a level add up."""
    return sorted({1, *(limit.n for limit in limits(rule))})


def net(total: str, gross: str) -> str:
    """SQL: the size of a unit's sum, zero when nothing but the rounding of rows that cancel is left of it."""
    return f"CASE WHEN isfinite({gross}) AND abs({total}) <= {NOTHING} * {gross} THEN 0 ELSE abs({total}) END"


def largest(column: str, n: int) -> str:
    """SQL: the sum of the `n` largest values of a column."""
    return f"max({column})" if n == 1 else f"list_sum(max({column}, {n}))"
