"""How is a frontier proved safe inside the sandbox? Frontier + rule → steps that compute, check and clean cells.

The steps of frontier i, each a temporary table:
  __f{i}  the cells: keys k*, values a*, per unit a lower bound m* of the distinct contributors (bitmask certificate:
          bit_count of a bit_or over 64 buckets of units is never more than the number of units)
  __x{i}  the exact number of contributors of those cells that the certificate leaves open
  __d{i}_{u}  per sum the largest and second largest share of one unit, exact
  __v{i}  the verdicts, with no value of any cell
  __s{i}  the safe cells, all that the query above the frontier ever reads
  __p{i}_{u}  contribution fingerprints of the safe cells: per bucket of units the sum of keyed hashes, modulo 2^64
Who contributes: units whose value really enters the measure, so not NULL, for sums not zero, FILTER honoured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from app.domain.rules import LevelRule
from app.query.frontier import SUMS, Frontier, Measure
from app.query.guarded import total_sql

BUCKETS = 64
_MODULUS = "18446744073709551616::HUGEINT"
ROUNDED = frozenset({"count", "count_if", "countif", "sum"})

Prefix = Callable[[list[exp.Expr]], str]
"""The WITH clause that the given trees need, or an empty text."""


@dataclass(frozen=True, kw_only=True)
class Stops:
    """Cells that the firewall stops: per measure (None: the whole row) the hashes of their keys."""

    keys: dict[int | None, tuple[int, ...]]


NO_STOPS = Stops(keys={})


@dataclass(frozen=True, kw_only=True)
class FrontierSql:
    """Generates the steps and exports of one frontier under one rule.

    With `in_order` the order of the source's rows changes nothing in any of them; see `app.query.ordering`.
    """

    frontier: Frontier
    rule: LevelRule
    prefix: Prefix
    stops: Stops = NO_STOPS
    in_order: bool = False

    def steps(self) -> list[tuple[str, str]]:
        """(table, SELECT) in the order in which they run."""
        i = self.frontier.number
        found = [(f"__f{i}", self._cells()), (f"__x{i}", self._exact())]
        if self._sums():
            found += [(f"__d{i}_{u}", self._dominance(u)) for u in range(len(self.frontier.units))]
        found += [(f"__v{i}", self._verdicts()), (f"__s{i}", self._safe())]
        return found + [(f"__p{i}_{u}", self._fingerprint(u)) for u in range(len(self.frontier.units))]

    def exports(self) -> list[tuple[str, str]]:
        """(file, SELECT): evidence, fingerprints in long form, and the hashes of each key of the safe cells."""
        i = self.frontier.number
        keys = ", ".join(f"hash(k{j}) AS h{j}" for j in range(len(self.frontier.keys)))
        listed = f"SELECT cell{', ' + keys if keys else ''} FROM __s{i}{' ORDER BY cell' if self.in_order else ''}"
        return [
            (f"evidence_{i}.parquet", f"SELECT * FROM __v{i} ORDER BY cell"),
            (f"fingerprint_{i}.parquet", self._fingerprint_rows()),
            (f"keys_{i}.parquet", listed),
        ]

    # -- pieces

    def _sums(self) -> list[int]:
        if self.rule.largest_share is None and self.rule.p_percent is None:
            return []
        return [j for j, m in enumerate(self.frontier.measures) if m.is_sum]

    def _tail(self) -> str:
        f = self.frontier
        parts = [total_sql(f.from_), *(total_sql(j) for j in f.joins)]
        parts += [total_sql(f.where)] if f.where is not None else []
        return " ".join(parts)

    def _with(self, *trees: exp.Expr) -> str:
        return self.prefix([*self.frontier.trees(), *trees])

    def _key_list(self, alias: str = "") -> list[str]:
        dot = f"{alias}." if alias else ""
        return [f"{dot}k{j}" for j in range(len(self.frontier.keys))]

    def _group_by(self) -> str:
        """By position: a key that is a number would be read as one."""
        positions = ", ".join(str(j + 1) for j in range(len(self.frontier.keys)))
        return f" GROUP BY {positions}" if positions else ""

    def _cells(self) -> str:
        f = self.frontier
        columns = [f"{total_sql(k)} AS k{j}" for j, k in enumerate(f.keys)]
        columns += [f"{total_sql(m.call)} AS a{j}" for j, m in enumerate(f.measures)]
        for u, unit in enumerate(f.units):
            bit = f"(1::UBIGINT << ({total_sql(unit.column())} & {BUCKETS - 1})::UBIGINT)"
            columns.append(f"coalesce(bit_count(bit_or({bit})), 0) AS m{u}")
            for j, measure in enumerate(f.measures):
                contributes = _contributes(measure)
                if contributes != "TRUE":
                    columns.append(
                        f"coalesce(bit_count(bit_or(CASE WHEN {contributes} THEN {bit} END)), 0) AS m{u}_{j}"
                    )
        inner = f"{self._with()}SELECT {', '.join(columns)} {self._tail()}{self._group_by()}"
        key = f"hash({', '.join(self._key_list())})" if f.keys else "0::UBIGINT"
        by = f"ORDER BY {', '.join(self._key_list())}" if f.keys and self.in_order else ""
        return f"SELECT row_number() OVER ({by}) AS cell, {key} AS key, * FROM ({inner})"

    def _rows(self, columns: list[str]) -> str:
        """The rows behind the cells: keys, the unit, and what each measure takes from the row."""
        keys = [f"{total_sql(k)} AS k{j}" for j, k in enumerate(self.frontier.keys)]
        return f"SELECT {', '.join([*keys, *columns])} {self._tail()}"

    def _on_keys(self, left: str, right: str) -> str:
        pairs = [f"{left}.k{j} IS NOT DISTINCT FROM {right}.k{j}" for j in range(len(self.frontier.keys))]
        return " AND ".join(pairs) or "TRUE"

    def _bounds(self) -> list[tuple[int, int | None, str]]:
        """(unit, measure or None for the row, condition) of every number of contributors that a cell needs."""
        units = range(len(self.frontier.units))
        own = [(j, _contributes(m)) for j, m in enumerate(self.frontier.measures)]
        rows: list[tuple[int, int | None, str]] = [(u, None, "TRUE") for u in units]
        return rows + [(u, j, c) for u in units for j, c in own if c != "TRUE"]

    def _exact(self) -> str:
        open_cells = " OR ".join(f"m{_name(u, j)} < {self.rule.contributors}" for u, j, _ in self._bounds())
        needed = [f"{total_sql(u.column())} AS u{i}" for i, u in enumerate(self.frontier.units)]
        needed += [f"({_contributes(m)}) AS c{j}" for j, m in enumerate(self.frontier.measures)]
        counts = [
            f"count(DISTINCT {f's.u{u}' if j is None else f'CASE WHEN s.c{j} THEN s.u{u} END'}) AS n{_name(u, j)}"
            for u, j, _ in self._bounds()
        ]
        cells = f"SELECT {', '.join(['cell', *self._key_list()])} FROM __f{self.frontier.number} WHERE {open_cells}"
        return (
            f"{self._with()}SELECT c.cell, {', '.join(counts)} FROM ({self._rows(needed)}) s "
            f"JOIN ({cells}) c ON {self._on_keys('s', 'c')} GROUP BY c.cell"
        )

    def _dominance(self, unit: int) -> str:
        i, sums = self.frontier.number, self._sums()
        needed = [f"{total_sql(self.frontier.units[unit].column())} AS u"]
        needed += [f"{_value(self.frontier.measures[j])} AS x{j}" for j in sums]
        keys = self._key_list()
        sums_of = [f"abs({self._sum(f'x{j}')}) AS s{j}" for j in sums]
        per_unit = (
            f"SELECT {', '.join([*keys, 'u', *sums_of])} FROM ({self._rows(needed)}) GROUP BY {', '.join([*keys, 'u'])}"
        )
        tops = [f"max(s{j}) AS t{j}, coalesce(max(s{j}, 2)[2], 0) AS r{j}, {self._sum(f's{j}')} AS w{j}" for j in sums]
        by_keys = f" GROUP BY {', '.join(keys)}" if keys else ""
        grouped = f"SELECT {', '.join([*keys, *tops])} FROM ({per_unit}){by_keys}"
        picked = ", ".join(f"d.{c}{j}" for j in sums for c in "trw")
        found = f"SELECT c.cell, {picked} FROM __f{i} c JOIN ({grouped}) d ON {self._on_keys('c', 'd')}"
        return self._with() + found

    def _sum(self, column: str) -> str:
        return f"sum({column} ORDER BY {column})" if self.in_order else f"sum({column})"

    def _verdicts(self) -> str:
        i, k = self.frontier.number, self.rule.contributors
        columns = ["f.cell", "f.key", "x.cell IS NOT NULL AS exact"]
        joins = [f"FROM __f{i} f LEFT JOIN __x{i} x ON f.cell = x.cell"]
        columns += [f"coalesce(x.n{_name(u, j)}, f.m{_name(u, j)}) AS n{_name(u, j)}" for u, j, _ in self._bounds()]
        for u in range(len(self.frontier.units)) if self._sums() else ():
            joins.append(f"LEFT JOIN __d{i}_{u} d{u} ON f.cell = d{u}.cell")
            for j in self._sums():
                columns.append(f"CASE WHEN d{u}.w{j} > 0 THEN d{u}.t{j} / d{u}.w{j} END AS share{u}_{j}")
                columns.append(f"d{u}.w{j} - d{u}.t{j} - d{u}.r{j} AS rest{u}_{j}, d{u}.t{j} AS top{u}_{j}")
        inner = f"SELECT {', '.join(columns)} {' '.join(joins)}"
        units = range(len(self.frontier.units))
        row = " AND ".join([*(f"n{u} >= {k}" for u in units), *self._not_stopped(None)])
        oks = [f"({row} AND {self._measure_ok(j)}) AS ok{j}" for j in range(len(self.frontier.measures))]
        drop = [f"top{u}_{j}, rest{u}_{j}" for u in units for j in self._sums()]
        without = f" EXCLUDE ({', '.join(drop)})" if drop else ""
        return f"SELECT *{without}, ({row}) AS row_ok{''.join(', ' + o for o in oks)} FROM ({inner})"

    def _measure_ok(self, j: int) -> str:
        """What measure `j` of a cell needs beside a safe row."""
        checks = []
        for u in range(len(self.frontier.units)):
            if _contributes(self.frontier.measures[j]) != "TRUE":
                checks.append(f"n{u}_{j} >= {self.rule.contributors}")
            if j in self._sums():
                if self.rule.largest_share is not None:
                    checks.append(f"coalesce(share{u}_{j} <= {self.rule.largest_share}, FALSE)")
                if self.rule.p_percent is not None:
                    checks.append(f"coalesce(rest{u}_{j} >= {self.rule.p_percent / 100} * top{u}_{j}, FALSE)")
        return " AND ".join([*checks, *self._not_stopped(j)]) or "TRUE"

    def _not_stopped(self, measure: int | None) -> list[str]:
        keys = self.stops.keys.get(measure, ())
        return [f"key NOT IN ({', '.join(f'{h}::UBIGINT' for h in keys)})"] if keys else []

    def _safe(self) -> str:
        i, measures = self.frontier.number, self.frontier.measures
        columns = ["f.cell", *self._key_list("f")]
        for j, measure in enumerate(measures):
            value = f"f.a{j}"
            if self.rule.rounding_base and measure.function in ROUNDED:
                value = f"round({value} / {self.rule.rounding_base}.0) * {self.rule.rounding_base}"
                value = f"CAST({value} AS BIGINT)" if measure.function != "sum" else value
            columns.append(f"CASE WHEN v.ok{j} THEN {value} END AS a{j}")
        some = " OR ".join(f"v.ok{j}" for j in range(len(measures)))
        leaves = f"v.row_ok AND ({some})" if some else "v.row_ok"
        return f"SELECT {', '.join(columns)} FROM __f{i} f JOIN __v{i} v ON f.cell = v.cell WHERE {leaves}"

    def _fingerprint(self, unit: int) -> str:
        i = self.frontier.number
        tag = total_sql(self.frontier.units[unit].tag_column())
        needed = [f"coalesce({tag}, 0) AS t"]
        needed += [f"({_contributes(m)}) AS c{j}, {_content(m)} AS x{j}" for j, m in enumerate(self.frontier.measures)]
        sums = [f"CAST(sum(hash(s.t)) % {_MODULUS} AS UBIGINT) AS p"]
        for j, measure in enumerate(self.frontier.measures):
            sums.append(f"CAST(coalesce(sum(CASE WHEN s.c{j} THEN hash(s.t) END), 0) % {_MODULUS} AS UBIGINT) AS p{j}")
            content = (
                "hash(s.t, s.x{0})"
                if measure.family
                else "CASE WHEN s.x{0} = 1 THEN hash(s.t) ELSE hash(s.t, s.x{0}) END"
            )
            content = content.format(j)
            sums.append(f"CAST(coalesce(sum(CASE WHEN s.c{j} THEN {content} END), 0) % {_MODULUS} AS UBIGINT) AS q{j}")
        return (
            f"{self._with()}SELECT c.cell, (s.t & {BUCKETS - 1})::UTINYINT AS bucket, {', '.join(sums)} "
            f"FROM ({self._rows(needed)}) s JOIN __s{i} c ON {self._on_keys('s', 'c')} GROUP BY c.cell, bucket"
        )

    def _fingerprint_rows(self) -> str:
        """The fingerprints with one row per cell, measure, unit and bucket."""
        i, k = self.frontier.number, self.rule.contributors
        parts = []
        for u, unit in enumerate(self.frontier.units):
            head = f"SELECT {i}::INTEGER AS frontier, p.cell::BIGINT AS cell"
            tail = f"'{unit.type}' AS unit, {u}::INTEGER AS lane, {k}::INTEGER AS k, p.bucket AS bucket"
            parts.append(
                f"{head}, -1 AS measure, '' AS family, {tail}, p.p AS presence, p.p AS content FROM __p{i}_{u} p"
            )
            for j, measure in enumerate(self.frontier.measures):
                family = measure.family.replace("'", "''")
                parts.append(
                    f"{head}, {j} AS measure, '{family}' AS family, {tail}, p.p{j} AS presence, p.q{j} AS content "
                    f"FROM __p{i}_{u} p JOIN __v{i} v ON p.cell = v.cell WHERE v.ok{j}"
                )
        order = " ORDER BY cell, measure, lane, bucket" if parts and self.in_order else ""
        return " UNION ALL ".join(parts) + order


def _name(unit: int, measure: int | None) -> str:
    return str(unit) if measure is None else f"{unit}_{measure}"


def _contributes(measure: Measure) -> str:
    """SQL: does this row's unit contribute to the measure through it? "TRUE" when every row does."""
    conditions = [f"coalesce({total_sql(measure.condition)}, FALSE)"] if measure.condition is not None else []
    if measure.argument is not None:
        argument = f"({total_sql(measure.argument)})"
        if measure.function in ("count_if", "countif"):
            conditions.append(f"coalesce({argument}, FALSE)")
        else:
            conditions.append(f"{argument} IS NOT NULL")
            if measure.function in SUMS:
                conditions.append(f"{argument} <> 0")
    return " AND ".join(conditions) or "TRUE"


def _value(measure: Measure) -> str:
    """SQL: what this row adds to a sum, as DOUBLE; NULL when it adds nothing."""
    value = f"CAST(({total_sql(measure.argument)}) AS DOUBLE)" if measure.argument is not None else "1"
    return f"CASE WHEN {_contributes(measure)} THEN {value} END"


def _content(measure: Measure) -> str:
    """SQL: the value whose hash tells contributions apart; 1 for counts, so that equal counts look equal."""
    counted = measure.argument is None or (
        measure.function in ("count", "count_if", "countif") and not measure.distinct
    )
    return "1" if counted or measure.argument is None else f"({total_sql(measure.argument)})"
