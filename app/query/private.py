"""How is a frontier computed so that nobody can tell whether one unit is in the data? Noise in place of exact cells.

What holds, for any two databases that differ in all rows of one unit u, and for whatever leaves (epsilon, delta):
1. *Bounded contribution.* The rows of UNIT relations depend on their own unit only (`app.query.govern`), so u changes
   its own rows alone; rows without a unit are left out. `__f` has a row per (keys, unit), of each unit at most C of
   them (`cells_per_unit`), drawn by a hash of its secret tag and the keys, so by nothing of anyone else. In each a
   count is at most R (`rows_per_unit`), a sum within R times the bounds of a row. Bounds come from the catalog and the
   text, both public, and rows are clipped to them. So u changes the vector of a column of `__c` by at most its
   sensitivity in L1. Values are whole numbers of steps of a grid from there on; noise is never added to a DOUBLE
   (Mironov 2012).
2. *Noise.* Each column gets discrete Laplace noise of scale sensitivity / epsilon of the column (Dwork & Roth 2014,
   Theorem 3.6); the epsilons of all columns of all frontiers add up to that of the job (Theorem 3.16). A frontier that
   reads the cells of an earlier one is an adaptive composition, and all above the frontiers (HAVING, windows, ORDER,
   LIMIT, averages of noised sums) is post-processing (Proposition 2.1).
3. *Which cells appear.* A cell leaves if its exact (bounded) contributors are k or more and its noised contributors
   reach `threshold` = k + t, P(noise >= t) <= delta / C. Taking u away can close the first gate only in cells in which
   k contributors became k - 1, C of them at most; each is (0, delta / C)-private, because where the gate is open it
   leaves with that probability at most, and their composition is (0, delta). In all other cells both databases have
   the same gate. For k = 1 this is the threshold for partitions of Wilson et al. 2020, and with it the k of the level
   holds of every cell that leaves. Bounded contributors are counted: those of all rows could move more than C gates.
4. *How many cells.* Noise is there for `cells` cells, and which ones were left without would tell about the others. So
   nothing leaves unless the noised number of cells is at most `most_cells`, which more than `cells` cells pass with a
   probability of delta * exp(-epsilon of that column) at most; u changes their number by C at most.
5. *Nothing else leaves.* The evidence has only cells that leave, with their noised contributors, numbered in the order
   of their keys; the result is ordered; the number of suppressed cells is told from the noised number of cells.

Dominance is not asked for: noise is as large as the largest contribution that any unit may have, so the largest
contributor is hidden in it like everybody else. For the same reason contributors of single measures (FILTER, NULL) need
not be k. Noised cells are no part of the firewall: their difference to any other number, released or known otherwise,
is as private as they are, and repeating them is paid for from the budget.

The steps of frontier i: __f{i} what each unit contributes to each cell, __c{i} the cells, __t{i} their noised number,
__v{i} the noised contributors and which cells leave, __s{i} those cells, all that the query above ever reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from app.domain.privacy import CELLS, CONTRIBUTORS, SUM, PrivateFrontier
from app.domain.rules import LevelRule
from app.query.frontier import Frontier, Measure
from app.query.guarded import total_sql

Prefix = Callable[[list[exp.Expr]], str]
"""The WITH clause that the given trees need, or an empty text."""

NOISE = "__noise"
"""The view with the noise: `cell` from 1, and a column n0, n1 … per column of noise of the plan."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a row gives to a measure, in steps of the grid: from `low` to `high`, less `middle` for an average.

    Counts give 1. `rows` bounds how many rows of a unit count in one cell.
    """

    rows: int
    low: int = 0
    high: int = 1
    middle: int = 0
    step: Decimal = Decimal(1)
    exact: bool = True
    """Whether the measure is a number of steps; else it is a DOUBLE, as its argument is."""

    @property
    def most(self) -> int:
        """The most that one unit moves one cell, either way."""
        return self.rows * max(abs(self.low - self.middle), abs(self.high - self.middle))


@dataclass(frozen=True, kw_only=True)
class PrivateSql:
    """Generates the steps and exports of one frontier with noise, as `app.query.evidence.FrontierSql` does without.

    `shares` are those of each measure; `outline` has the columns of noise.
    """

    frontier: Frontier
    outline: PrivateFrontier
    rule: LevelRule
    shares: tuple[Share, ...]
    cells_per_unit: int
    prefix: Prefix

    def steps(self) -> list[tuple[str, str]]:
        """(table, SELECT) in the order in which they run."""
        i = self.frontier.number
        return [
            (f"__f{i}", self._contributions()),
            (f"__c{i}", self._cells()),
            (f"__t{i}", self._number_of_cells()),
            (f"__v{i}", self._verdicts()),
            (f"__s{i}", self._safe()),
        ]

    def exports(self) -> list[tuple[str, str]]:
        """(file, SELECT): the cells that leave, with noised contributors, and the noised number of all cells."""
        i = self.frontier.number
        order = ", ".join(self._keys("c.")) or "c.cell"
        leaving = f"SELECT row_number() OVER (ORDER BY {order}) AS cell, v.contributors FROM __c{i} c"
        return [
            (f"private_{i}.parquet", f"{leaving} JOIN __v{i} v ON c.cell = v.cell WHERE v.ok ORDER BY 1"),
            (f"number_{i}.parquet", f"SELECT cells FROM __t{i}"),
        ]

    # -- pieces

    def _keys(self, before: str = "") -> list[str]:
        return [f"{before}k{j}" for j in range(len(self.frontier.keys))]

    def _noise(self, what: str, measure: int | None = None) -> str:
        """The column of noise for `what` of a measure."""
        for number, column in enumerate(self.outline.columns, start=self.outline.first):
            if (column.what, column.measure) == (what, measure):
                return f"n{number}"
        raise KeyError(what)

    def _columns_of(self, measure: int) -> list[str]:
        """What of a measure has noise of its own."""
        return [c.what for c in self.outline.columns if c.measure == measure]

    def _contributions(self) -> str:
        f = self.frontier
        keys = self._keys()
        unit = f.units[0]
        rows = [f"{total_sql(k)} AS k{j}" for j, k in enumerate(f.keys)]
        rows += [f"{total_sql(unit.column())} AS u", f"{total_sql(unit.tag_column())} AS t"]
        own = [j for j in range(len(f.measures)) if self._columns_of(j)]
        rows += [f"{_row(f.measures[j], self.shares[j])} AS v{j}" for j in own]
        tail = [total_sql(f.from_), *(total_sql(j) for j in f.joins)]
        tail += [total_sql(f.where)] if f.where is not None else []
        drawn_by = f"hash({', '.join(['max(t)', *keys])}) AS h"
        columns = [*keys, "u", drawn_by, *(part for j in own for part in self._of_unit(j))]
        by = ", ".join([*keys, "u"])
        per_unit = (
            f"SELECT {', '.join(columns)} "
            f"FROM (SELECT {', '.join(rows)} {' '.join(tail)}) WHERE u IS NOT NULL GROUP BY {by}"
        )
        order = ", ".join(["h", *keys])
        drawn = f"SELECT *, row_number() OVER (PARTITION BY u ORDER BY {order}) AS drawn FROM ({per_unit})"
        return f"{self.prefix(f.trees())}SELECT * FROM ({drawn}) WHERE drawn <= {self.cells_per_unit}"

    def _of_unit(self, measure: int) -> list[str]:
        """What a unit gives to a cell: rows that count, and the sum of their steps, both bounded."""
        share, found = self.shares[measure], []
        rows = f"least(count(v{measure}), {share.rows})"
        if "count" in self._columns_of(measure):
            found.append(f"{rows} AS c{measure}")
        if SUM in self._columns_of(measure):
            total = f"coalesce(sum(v{measure} - {share.middle}), 0)"
            if "count" in self._columns_of(measure):  # an average: of a unit with more rows, so many average ones
                total = f"round(CAST({total} AS DOUBLE) * {rows} / greatest(count(v{measure}), 1))"
            low, high = min(share.low - share.middle, 0), max(share.high - share.middle, 0)
            bounded = f"greatest({share.rows * low}, least({share.rows * high}, {total}))"
            found.append(f"coalesce(TRY_CAST({bounded} AS BIGINT), 0) AS s{measure}")
        return found

    def _cells(self) -> str:
        keys = self._keys()
        own = [(letter, j) for j in range(len(self.shares)) for letter in _letters(self._columns_of(j))]
        sums = [f"coalesce(sum({letter}{j}), 0) AS {letter}{j}" for letter, j in own]
        by = f" GROUP BY {', '.join(keys)}" if keys else ""
        cells = f"SELECT {', '.join([*keys, 'count(*) AS n', *sums])} FROM __f{self.frontier.number}{by}"
        return f"SELECT row_number() OVER () AS cell, * FROM ({cells})"

    def _number_of_cells(self) -> str:
        noise = f"(SELECT max({self._noise(CELLS)}) FROM {NOISE} WHERE cell = 1)"
        return f"SELECT CAST(count(*) + {noise} AS BIGINT) AS cells FROM __c{self.frontier.number}"

    def _verdicts(self) -> str:
        i, outline = self.frontier.number, self.outline
        few = f"(SELECT max(cells) FROM __t{i}) <= {outline.most_cells}"
        noised = f"SELECT c.cell, c.n, CAST(c.n + z.{self._noise(CONTRIBUTORS)} AS BIGINT) AS contributors"
        joined = f"FROM __c{i} c JOIN {NOISE} z ON c.cell = z.cell"
        ok = f"n >= {self.rule.contributors} AND contributors >= {outline.threshold} AND coalesce({few}, FALSE)"
        return f"SELECT cell, contributors, ({ok}) AS ok FROM ({noised} {joined})"

    def _safe(self) -> str:
        i = self.frontier.number
        values = [f"{self._value(j)} AS a{j}" for j in range(len(self.shares))]
        columns = ", ".join(["c.cell", *self._keys("c."), *values])
        joined = f"JOIN __v{i} v ON c.cell = v.cell JOIN {NOISE} z ON c.cell = z.cell"
        return f"SELECT {columns} FROM __c{i} c {joined} WHERE v.ok"

    def _value(self, measure: int) -> str:
        """The noised value of a measure, in the numbers that its reader expects."""
        share, columns = self.shares[measure], self._columns_of(measure)
        count = f"CAST(c.c{measure} + z.{self._noise('count', measure)} AS BIGINT)" if "count" in columns else ""
        if SUM not in columns:
            return self._rounded(count or "v.contributors", "BIGINT")
        total = f"(c.s{measure} + z.{self._noise(SUM, measure)})"
        if not count:
            return self._rounded(_scaled(total, share.step), "") if share.exact else _double(total, share.step)
        average = f"{share.middle * share.step} + {_double(total, share.step)} / {count}"
        bounded = f"greatest({share.low * share.step}, least({share.high * share.step}, {average}))"
        return f"CASE WHEN {count} >= 1 THEN CAST({bounded} AS DOUBLE) END"

    def _rounded(self, value: str, kind: str) -> str:
        """A value to the base of the level, if it has one."""
        base = self.rule.rounding_base
        if not base:
            return value
        rounded = f"round({value} / {base}.0) * {base}"
        return f"CAST({rounded} AS {kind})" if kind else rounded


def contributes(measure: Measure) -> list[str]:
    """SQL conditions: does a row count in the measure? None when every row does."""
    conditions = [f"coalesce({total_sql(measure.condition)}, FALSE)"] if measure.condition is not None else []
    if measure.argument is None:
        return conditions
    argument = f"({total_sql(measure.argument)})"
    boolean = measure.function in ("count_if", "countif")
    return [*conditions, f"coalesce({argument}, FALSE)" if boolean else f"{argument} IS NOT NULL"]


def _row(measure: Measure, share: Share) -> str:
    """SQL: what a row gives, NULL when it gives nothing; of sums, its steps, clipped."""
    given = "1"
    if measure.function in SUMMED and measure.argument is not None:
        value = f"round(TRY_CAST(({total_sql(measure.argument)}) AS DOUBLE) / {share.step:e})"
        given = f"TRY_CAST(greatest({share.low}, least({share.high}, {value})) AS BIGINT)"
    when = " AND ".join(contributes(measure))
    return f"CASE WHEN {when} THEN {given} END" if when else given


SUMMED: Mapping[str, bool] = {"sum": False, "avg": True, "mean": True}
"""Functions that add values up, and whether they are averages."""


def _letters(columns: list[str]) -> list[str]:
    return [letter for letter, what in (("c", "count"), ("s", SUM)) if what in columns]


def _scaled(total: str, step: Decimal) -> str:
    """A number of steps as an exact number: DECIMAL with the digits of the step."""
    if step >= 1:
        return f"{total} * {int(step)}"
    return f"TRY_CAST({total} AS DECIMAL(28, 0)) * {step:f}"


def _double(total: str, step: Decimal) -> str:
    return f"(CAST({total} AS DOUBLE) * {step:e})"
