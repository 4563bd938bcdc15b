"""What proves a cell safe without counting its units? Bounds on contributors and on the largest shares, in one scan.

Four kinds of scan prove less or more, and cost it (`Scan`). For the true contributions s_u of the units of a cell,
whichever they are:
  COUNTS   of a table of which no unit has more than `most` rows (counted when it was mounted): c rows are of at least
           c / most units. Nothing more is read than the operator asked for.
  MASKS    bit `u & 63` of every unit u: there are at least as many units as bits. Units whose rows may cancel out of
           a sum count only where all of its values have one sign.
  SAMPLE   the same of the first rows of a large table with few cells: units in some of the rows are units of all. Of
           signs, or of a condition that everybody meets, some rows say nothing.
  BUCKETS  the rows of a cell apart by buckets of units, by the last bits of their secret tags. Of a cell and a bucket
           are known Z = the sum of |x| and S = |the sum of x|, and which units, by masks or by sums of hashes:
             contributors  at least the bits or, with hashes, the buckets into which something went (bucket 0 is left
                           out then: rows of no unit are there too); of a sum, buckets whose S is not zero, for units
                           whose rows cancel put nothing into it
             all           sum |s_u| is at least the sum of S; the sum of Z is above it, but no lower bound of it
             largest n     at most the n largest Z: units in one bucket have no more together than its Z
The numbers are DOUBLE; a rule is certain only if it holds by more than `SLACK` of the sum of Z, far above what rounding
can do. What is not certain is left to the exact pass over the open cells. So decisions are the exact ones, whichever
scan it was.
Source of the rules: Willenborg & de Waal 2001, §6.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlglot import exp

from app.domain.rules import LevelRule
from app.query.contributions import NETS, changes, condition, content, contributes, total, value
from app.query.facts import UNKNOWN, Facts
from app.query.frontier import Measure, UnitExpression
from app.query.guarded import total_sql

BUCKETS = 64
"""Buckets of a fingerprint; each is a run of the rows of a mounted table."""
COARSE = 8
"""Buckets that do to bound the largest shares: most cells have them even enough."""
SLACK = 1e-6
"""Part of a gross sum by which a bound must be clear of its limit; sums of 10^9 numbers of one size err by 10^-7."""
NOTHING = 1e-9
"""Part of its gross sum below which a net sum is taken for zero."""
MARGIN = 20
"""How often the average cell must have the rows that prove it before counts are relied on: else many stay open."""


SAMPLED = 300_000
"""Rows of a sample."""
LARGER = 8
"""How many times larger a table has to be for a sample to be worth a scan of its own."""
SEEN = 50
"""How many rows of an average cell a sample must have for each unit that is to be found in them."""


class Scan(StrEnum):
    """How the rows of a frontier are read to bound its cells."""

    COUNTS = "counts"
    MASKS = "masks"
    SAMPLE = "sample"
    BUCKETS = "buckets"


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """SQL of what a scan holds and proves, for the measures of one frontier under one rule.

    With `hashes` there are 64 buckets with sums of hashes, of which fingerprints are made.
    """

    measures: tuple[Measure, ...]
    rule: LevelRule
    units: tuple[UnitExpression, ...]
    facts: Facts = UNKNOWN
    hashed: bool = True

    def scan(self, keys: Sequence[exp.Expr]) -> Scan:
        """The cheapest scan that can prove what the rule demands of most cells with these keys."""
        if self.hashed or self.dominated:
            return Scan.BUCKETS
        if self.nets:
            return Scan.MASKS
        known = [self.facts.rows_per_unit(u) for u in self.units]
        needed = [MARGIN * (self.rule.contributors * most + none) for most, none in filter(None, known)]
        if len(needed) == len(known) and (self.facts.rows_per_cell(keys) or -1) >= max(needed):
            return Scan.COUNTS
        cells = self.facts.cells(keys) if self.facts.rows_at_hand > LARGER * SAMPLED and not self.filtered else None
        few = cells is not None and cells * SEEN * self.rule.contributors <= SAMPLED
        return Scan.SAMPLE if few else Scan.MASKS

    @property
    def buckets(self) -> int:
        """How many buckets there are."""
        return BUCKETS if self.hashed else COARSE

    @property
    def dominated(self) -> list[int]:
        """The measures that single units must not dominate."""
        return [j for j, m in enumerate(self.measures) if m.is_sum] if limits(self.rule) else []

    @property
    def nets(self) -> list[int]:
        """The measures to which a unit whose rows may cancel does not contribute."""
        return [j for j, m in enumerate(self.measures) if m.function in NETS and not self._one_sign(m)]

    @property
    def own(self) -> list[int]:
        """The measures that not every row contributes to."""
        return [j for j, m in enumerate(self.measures) if self._contributes(j) != "TRUE" or j in self.nets]

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
        return [
            "p",
            *(f"p{j}" for j in self._apart),
            *(f"q{j}" for j, m in enumerate(self.measures) if content(m, "") is not None),
        ]

    @property
    def _apart(self) -> list[int]:
        """The measures whose presence is not that of the rows: of values that count once each, units count once too."""
        return sorted({*self.own, *(j for j, m in enumerate(self.measures) if m.distinct)})

    def presence(self, measure: int) -> str:
        """The column of hashes that tells who contributes to a measure."""
        return f"p{measure}" if measure in self._apart else "p"

    def content(self, measure: int) -> str:
        """The column of hashes that tells what is contributed to a measure."""
        return f"q{measure}" if f"q{measure}" in self.hashes else self.presence(measure)

    def _contributes(self, j: int) -> str:
        return contributes(self.measures[j], self.facts)

    def _one_sign(self, measure: Measure) -> bool:
        return measure.argument is not None and self.facts.nonnegative(measure.argument)

    def bucket(self, unit: int) -> str:
        """SQL of the bucket of a row. Fewer buckets are runs of the 64, so that each is a run of the table as well."""
        shift = (BUCKETS // self.buckets).bit_length() - 1
        tag = f"{self._tag(unit)} & {BUCKETS - 1}"
        return f"CAST({f'({tag}) >> {shift}' if shift else tag} AS UTINYINT)"

    def _tag(self, unit: int) -> str:
        return f"coalesce({total_sql(self.units[unit].tag_column())}, 0)"

    def bucket_columns(self, unit: int) -> list[str]:
        """Of a cell and a bucket: which units, as sums of hashes or masks; gross sums z and net sums s."""
        columns = self._hash_columns(self._tag(unit)) if self.hashed else self._mask_columns(unit)
        columns += [f"bool_and({condition(self.measures[j])}) AS e{j}" for j in self.filtered]
        for j in self.summed:
            columns.append(f"abs({total(self.measures[j], self.facts)}) AS s{j}")
            if not self._one_sign(self.measures[j]):
                columns.append(f"sum(abs({value(self.measures[j], self.facts)})) AS z{j}")
        return columns

    def _hash_columns(self, tag: str) -> list[str]:
        columns = [f"sum(hash({tag})) AS p"]
        for j, measure in enumerate(self.measures):
            if j in self._apart:
                columns.append(f"{where(f'hash({tag})', self._contributes(j), once=measure.distinct)} AS p{j}")
            if (what := content(measure, tag)) is not None:
                columns.append(f"{where(what, changes(measure, self.facts), once=measure.distinct)} AS q{j}")
        return columns

    def _mask_columns(self, unit: int) -> list[str]:
        """Masks of the units in a bucket by the next six bits of their tags; NULL leaves no mark."""
        bit = f"1::UBIGINT << (({total_sql(self.units[unit].tag_column())} >> {BUCKETS.bit_length() - 1}) & 63)"
        columns = [f"bit_or({bit}) AS m"]
        columns += [f"bit_or(CASE WHEN {self._contributes(j)} THEN {bit} END) AS m{j}" for j in self.own]
        for j in self.nets:
            columns.append(f"{self._of_one_sign(j)} AS o{j}")
        return columns

    def _of_one_sign(self, j: int) -> str:
        """SQL: do all values of a sum have one sign, so that nobody's cancel?"""
        added = value(self.measures[j], self.facts)
        return f"(min({added}) >= 0 OR max({added}) <= 0)"

    def _gross(self, j: int) -> str:
        return f"s{j}" if self._one_sign(self.measures[j]) else f"z{j}"

    def bounds(self, scan: Scan, unit: int) -> dict[str, str]:
        """Of a cell: bounds n of contributors, w of the whole of a sum, t of its largest parts, e of who is in it.

        SQL of aggregates, over the buckets of the cell or, where there are none, over its rows.
        """
        if scan is not Scan.BUCKETS:
            return self._rows_bounds(scan, unit)
        found = {"n": "count(*) FILTER (WHERE b <> 0)" if self.hashed else _bits("m")}
        for j in self.own:
            if self.hashed:
                left = f" AND s{j} > {NOTHING} * {self._gross(j)}" if j in self.nets else ""
                found[f"n{j}"] = f"count(*) FILTER (WHERE b <> 0 AND p{j} <> 0{left})"
            else:
                found[f"n{j}"] = _bits(f"CASE WHEN o{j} THEN m{j} END" if j in self.nets else f"m{j}")
        found |= {f"e{j}": f"bool_and(e{j})" for j in self.filtered}
        for j in self.dominated:
            gross = self._gross(j)
            found |= {f"w{j}": f"sum(s{j})", f"y{j}": f"sum({gross})"}
            found |= {f"t{j}_{n}": largest(gross, n) for n in tops(self.rule)}
        return found

    def _rows_bounds(self, scan: Scan, unit: int) -> dict[str, str]:
        conditions = {"n": "TRUE"} | {f"n{j}": self._contributes(j) for j in self.own}
        known = self.facts.rows_per_unit(self.units[unit])
        if scan is Scan.COUNTS and known is not None:
            most, nulls = known
            found = {n: f"(greatest({_count(c)} - {nulls}, 0) + {most - 1}) // {most}" for n, c in conditions.items()}
        else:
            bit = f"1::UBIGINT << ({total_sql(self.units[unit].column())} & 63)"
            marks = {n: bit if c == "TRUE" else f"CASE WHEN {c} THEN {bit} END" for n, c in conditions.items()}
            found = {n: f"CAST(coalesce(bit_count(bit_or({mark})), 0) AS BIGINT)" for n, mark in marks.items()}
            for j in self.nets:
                found[f"n{j}"] = f"CASE WHEN {self._of_one_sign(j)} THEN {found[f'n{j}']} ELSE 0 END"
        return found | {f"e{j}": f"bool_and({condition(self.measures[j])})" for j in self.filtered}

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


def where(hashed: str, condition: str, *, once: bool) -> str:
    """SQL of the sum of hashes over the rows that meet a condition, of each hash `once` or as often as it is there."""
    added = hashed if condition == "TRUE" else f"CASE WHEN {condition} THEN {hashed} END"
    return f"sum({'DISTINCT ' if once else ''}{added})"


def _bits(masks: str) -> str:
    return f"CAST(coalesce(sum(bit_count({masks})), 0) AS BIGINT)"


def _count(condition: str) -> str:
    return "count(*)" if condition == "TRUE" else f"count(CASE WHEN {condition} THEN 1 END)"


def net(total: str, gross: str) -> str:
    """SQL: the size of a unit's sum, zero when nothing but the rounding of rows that cancel is left of it."""
    return f"CASE WHEN isfinite({gross}) AND abs({total}) <= {NOTHING} * {gross} THEN 0 ELSE abs({total}) END"


def largest(column: str, n: int) -> str:
    """SQL: the sum of the `n` largest values of a column."""
    return f"max({column})" if n == 1 else f"list_sum(max({column}, {n}))"
