"""How is a frontier proved safe inside the sandbox? Frontier + rule → steps that compute, check and clean cells.

The steps of frontier i, each a temporary table; u counts the units of its rows:
  __g{i}_{u}  if the scan is one by buckets: per cell and bucket of units what `app.query.certificates` needs of it,
              and for the first unit the parts of the answers where an answer has parts
  __f{i}      the cells: keys k*, values a*; made of __g{i}_0 if every measure has parts, else in a scan of its own;
              where it is the scan that bounds, the bounds stand in it
  __b{i}_{u}  else per cell a lower bound of its contributors, bounds of the largest shares, whether they are certain
  __x{i}_{u}  the exact numbers of those cells whose bounds leave anything open, in a second pass over their rows
  __v{i}      the verdicts, with no value of any cell
  __s{i}      the safe cells, all that the query above the frontier ever reads
What is exported tells nothing of values: the verdicts, the hashes of keys and, for all that may be released or held
against what was, the contribution fingerprints of the safe cells: per bucket of units the sums of keyed hashes, modulo
2^64. One scan yields answers, bounds and fingerprints; without fingerprints a cheaper one does.
Who contributes: units whose value really enters the measure, so not NULL, for sums not zero, FILTER honoured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from app.domain.repairs import Noise
from app.domain.rules import PLACES, LevelRule
from app.query import certificates
from app.query.certificates import Certificates, Scan, limits, net
from app.query.contributions import COUNTS, contributes, parts, value
from app.query.facts import UNKNOWN, Facts
from app.query.frontier import Frontier
from app.query.guarded import total_sql
from app.query.population_sql import PopulationSql

_MODULO = "& 18446744073709551615::HUGEINT"
ROUNDED = frozenset({"count", "count_if", "countif", "sum"})

Prefix = Callable[[list[exp.Expr]], str]
"""The WITH clause that the given trees need, or an empty text."""


@dataclass(frozen=True, kw_only=True)
class Stops:
    """Cells that the firewall stops: per measure (None: the whole row) the hashes of their keys."""

    keys: dict[int | None, tuple[int, ...]]
    populations: dict[int | None, tuple[int, ...]] = field(default_factory=dict)
    """The same of populations: every cell of one is stopped."""


NO_STOPS = Stops(keys={})


@dataclass(frozen=True, kw_only=True)
class FrontierSql:
    """Generates the steps and exports of one frontier under one rule.

    With `in_order` neither the order of the source's rows nor the units' tags change anything but fingerprints: answers
    have a scan of their own, and every cell is counted exactly. See `app.query.ordering`.
    """

    frontier: Frontier
    rule: LevelRule
    prefix: Prefix
    stops: Stops = NO_STOPS
    in_order: bool = False
    noise: Noise | None = None
    """Added to the counts of safe cells, by the key of each: the sum of the hashes of who contributes."""
    facts: Facts = UNKNOWN
    fingerprints: bool = True
    """Whether there are any; without them no scan is longer than its proofs need."""

    def steps(self) -> list[tuple[str, str]]:
        """(table, SELECT) in the order in which they run."""
        i, units = self.frontier.number, range(len(self.frontier.units))
        by_bucket = units if self._scan is Scan.BUCKETS else ()
        found = [(f"__g{i}_{u}", self._buckets(u)) for u in by_bucket]
        found.append((f"__f{i}", self._cells()))
        found += [(f"__b{i}_{u}", self._bounds(u)) for u in units if not self._bounded_at_once]
        found += [(f"__x{i}_{u}", self._exact(u)) for u in units]
        population = self._population
        found += [*population.buckets(), population.everyone()] if population is not None else []
        found += [(f"__v{i}", self._verdicts()), (f"__s{i}", self._safe())]
        return [*found, *([population.populations()] if population is not None else [])]

    def exports(self) -> list[tuple[str, str]]:
        """(file, SELECT): evidence and, of the safe cells, the hashes of each key and the fingerprints."""
        i = self.frontier.number
        evidence = (f"evidence_{i}.parquet", f"SELECT * FROM __v{i} ORDER BY cell")
        if not self._proof.hashed:
            return [evidence]
        keys = ", ".join(["cell", *(f"hash(k{j}) AS h{j}" for j in range(len(self.frontier.keys)))])
        listed = f"SELECT {keys} FROM __s{i}{' ORDER BY cell' if self.in_order else ''}"
        files = [evidence, (f"keys_{i}.parquet", listed), (f"fingerprint_{i}.parquet", self._fingerprints())]
        return [*files, *(self._population.exports() if self._population is not None else [])]

    def prints(self) -> tuple[tuple[str, str], ...]:
        """The columns of presence and of content in the fingerprints: of the rows, then of each measure."""
        proof = self._proof
        return (("p", "p"), *((proof.presence(j), proof.content(j)) for j in range(len(self.frontier.measures))))

    def population_prints(self) -> tuple[str, ...]:
        """The columns of the fingerprints of the populations, of the rows and then of each measure; none without."""
        return self._population.prints() if self._population is not None else ()

    # -- pieces

    @property
    def _population(self) -> PopulationSql | None:
        """The steps that ask of whom the cells tell."""
        f = self.frontier
        if f.population is None or not self._proof.hashed:
            return None
        return PopulationSql(
            frontier=f,
            population=f.population,
            prefix=self.prefix(f.population.trees()),
            cells=tuple(self._proof.presence(j) for j in range(len(f.measures))),
        )

    @property
    def _proof(self) -> Certificates:
        f = self.frontier
        hashed = self.fingerprints or self.noise is not None
        return Certificates(measures=f.measures, rule=self.rule, units=f.units, facts=self.facts, hashed=hashed)

    @property
    def _scan(self) -> Scan:
        return self._proof.scan(self.frontier.keys)

    @property
    def _bounded_at_once(self) -> bool:
        """Whether the bounds stand beside the answers."""
        if len(self.frontier.units) > 1 or self._scan is Scan.SAMPLE:
            return False
        return self._scan is not Scan.BUCKETS or self._parts() is not None

    def _bounds_of(self, unit: int) -> str:
        """The table of the bounds of each cell."""
        i = self.frontier.number
        return f"__f{i}" if self._bounded_at_once else f"__b{i}_{unit}"

    def _parts(self) -> list[tuple[list[str], str]] | None:
        """The parts and the total of each measure; None when one has none, or none of its sums may be regrouped."""
        found = [parts(m, f"a{j}") for j, m in enumerate(self.frontier.measures)]
        return None if self.in_order or None in found else [p for p in found if p is not None]

    def _tail(self) -> str:
        f = self.frontier
        parts = [total_sql(f.from_), *(total_sql(j) for j in f.joins)]
        parts += [total_sql(f.where)] if f.where is not None else []
        return " ".join(parts)

    def _with(self) -> str:
        return self.prefix(self.frontier.trees())

    def _key_list(self, alias: str = "") -> list[str]:
        dot = f"{alias}." if alias else ""
        return [f"{dot}k{j}" for j in range(len(self.frontier.keys))]

    def _keys(self) -> list[str]:
        return [f"{total_sql(k)} AS k{j}" for j, k in enumerate(self.frontier.keys)]

    def _on_keys(self, left: str, right: str) -> str:
        pairs = [f"{left}.k{j} IS NOT DISTINCT FROM {right}.k{j}" for j in range(len(self.frontier.keys))]
        return " AND ".join(pairs) or "TRUE"

    def _rows(self, columns: list[str], keys: int) -> str:
        """The SELECT over the rows of the frontier, grouped by its first columns."""
        return f"{self._with()}SELECT {', '.join(columns)} {self._tail()}{_by_position(keys)}"

    def _buckets(self, unit: int) -> str:
        of_parts = self._parts()
        columns = [*self._keys(), f"{self._proof.bucket(unit)} AS b"]
        by = len(columns)
        columns += [c for columns, _ in of_parts for c in columns] if of_parts is not None and unit == 0 else []
        return self._rows(columns + self._proof.bucket_columns(unit), by)

    def _cells(self) -> str:
        f, of_parts, keys = self.frontier, self._parts(), len(self.frontier.keys)
        whole = self._scan is not Scan.BUCKETS or of_parts is None
        if whole or of_parts is None:
            answers = [f"{total_sql(m.call)} AS a{j}" for j, m in enumerate(f.measures)]
            grouped = self._rows([*self._keys(), *answers, *self._bounds_beside()], keys)
        else:
            answers = [f"{total} AS a{j}" for j, (_, total) in enumerate(of_parts)]
            columns = [*self._key_list(), *answers, *self._bounds_beside()]
            grouped = f"SELECT {', '.join(columns)} FROM __g{f.number}_0{_by_position(keys)}"
        key = f"hash({', '.join(self._key_list())})" if f.keys else "0::UBIGINT"
        by = f"ORDER BY {', '.join(self._key_list())}" if f.keys and self.in_order else ""
        certain = f", {self._certain('c')} AS certain" if self._bounded_at_once else ""
        return f"SELECT row_number() OVER ({by}) AS cell, {key} AS key, *{certain} FROM ({grouped}) c"

    def _bounds_beside(self) -> list[str]:
        """The bounds that the scan of the answers gives as well: of one unit under their names, of more numbered."""
        if not self._bounded_at_once and self._scan in (Scan.BUCKETS, Scan.SAMPLE):
            return []
        named = [(u, n, sql) for u in range(len(self.frontier.units)) for n, sql in self._bounds_by(u).items()]
        return [f"{sql} AS {name if self._bounded_at_once else f'{name}_of_{u}'}" for u, name, sql in named]

    def _bounds_by(self, unit: int) -> dict[str, str]:
        return self._proof.bounds(self._scan, unit)

    def _certain(self, alias: str) -> str:
        return "FALSE" if self.in_order else self._proof.certain(alias)

    def _bounds(self, unit: int) -> str:
        i, bounds = self.frontier.number, self._bounds_by(unit)
        shown = ["f.cell", *self._key_list("f"), *(f"b.{name}" for name in bounds), f"{self._certain('b')} AS certain"]
        named = [f"{sql} AS {name}" for name, sql in bounds.items()]
        if self._scan is Scan.SAMPLE:
            shown[-1 - len(bounds) : -1] = [f"coalesce(b.{name}, 0) AS {name}" for name in bounds]
            inner = f"SELECT {', '.join([*self._keys(), *named])} {self._sampled()}"
            inner += _by_position(len(self.frontier.keys))
            return f"SELECT {', '.join(shown)} FROM __f{i} f LEFT JOIN ({inner}) b ON {self._on_keys('f', 'b')}"
        if self._scan is Scan.BUCKETS:
            columns = [*self._key_list(), *named]
            inner = f"SELECT {', '.join(columns)} FROM __g{i}_{unit}{_by_position(len(self.frontier.keys))}"
            return f"SELECT {', '.join(shown)} FROM __f{i} f JOIN ({inner}) b ON {self._on_keys('f', 'b')}"
        renamed = ", ".join(["cell", *(f"{name}_of_{unit} AS {name}" for name in bounds)])
        return f"SELECT {', '.join(shown)} FROM __f{i} f JOIN (SELECT {renamed} FROM __f{i}) b ON f.cell = b.cell"

    def _sampled(self) -> str:
        """FROM the first rows of the one table that there is."""
        table = self.frontier.from_.this
        alias = exp.to_identifier(table.alias_or_name, quoted=True).sql("duckdb")
        return f"FROM (SELECT * FROM {table.this.sql('duckdb')} LIMIT {certificates.SAMPLED}) AS {alias}"

    def _exact(self, unit: int) -> str:
        proof, measures = self._proof, self.frontier.measures
        needed = [*self._keys(), f"{total_sql(self.frontier.units[unit].column())} AS u"]
        needed += [f"({contributes(measures[j], self.facts)}) AS c{j}" for j in proof.own]
        needed += [f"{value(measures[j], self.facts)} AS x{j}" for j in proof.summed]
        rows = f"SELECT {', '.join(needed)} {self._tail()}"
        cells = ", ".join(["cell", *self._key_list()])
        open_cells = f"SELECT {cells} FROM {self._bounds_of(unit)} WHERE NOT certain"
        per_unit = ["c.cell", "s.u", *(f"bool_or(s.c{j}) AS c{j}" for j in proof.own)]
        per_unit += [f"{net(self._sum(f's.x{j}'), self._sum(f'abs(s.x{j})'))} AS s{j}" for j in proof.summed]
        units = (
            f"SELECT {', '.join(per_unit)} FROM ({rows}) s JOIN ({open_cells}) c ON {self._on_keys('s', 'c')} "
            "GROUP BY c.cell, s.u"
        )
        columns = ["cell", *(f"{sql} AS {name}" for name, sql in proof.numbers(self._sum).items())]
        return f"{self._with()}SELECT {', '.join(columns)} FROM ({units}) GROUP BY cell"

    def _sum(self, column: str) -> str:
        return f"sum({column} ORDER BY {column})" if self.in_order else f"sum({column})"

    def _verdicts(self) -> str:
        i, proof = self.frontier.number, self._proof
        units, measures = range(len(self.frontier.units)), range(len(self.frontier.measures))
        f = "b0" if self._bounded_at_once else "f"
        columns, joins = [f"{f}.cell", f"{f}.key"], [f"FROM __f{i} {f}"]
        for u in units:
            joins += [f"JOIN {self._bounds_of(u)} b{u} ON f.cell = b{u}.cell"] if f == "f" else []
            joins += [f"LEFT JOIN __x{i}_{u} x{u} ON {f}.cell = x{u}.cell"]
            columns.append(f"x{u}.cell IS NOT NULL AS exact{u}, coalesce(x{u}.n, b{u}.n) AS n{u}")
            columns += [f"coalesce(x{u}.n{j}, b{u}.n{j}) AS n{u}_{j}" for j in proof.own]
            for j in proof.dominated:
                b, x = f"b{u}.t{j}_1 / b{u}.w{j}", f"x{u}.t{j}_1 / x{u}.w{j}"
                columns.append(f"CASE WHEN b{u}.certain THEN {b} WHEN x{u}.w{j} > 0 THEN {x} END AS share{u}_{j}")
        if (population := self._population) is not None:
            joins.append(f"LEFT JOIN __w{i} w ON {f}.cell = w.cell")
            columns.append(f"{population.key(f)} AS population")
        columns += [f"{self._first(self._row_rules())} AS why"]
        columns += [f"{self._first(self._row_rules() + self._measure_rules(j))} AS why{j}" for j in measures]
        inner = f"SELECT {', '.join(columns)} {' '.join(joins)}"
        row = " AND ".join(["why = 0", *self._not_stopped(None)])
        oks = [" AND ".join([row, f"why{j} = 0", *self._not_stopped(j)]) for j in measures]
        found = [f"({ok}) AS ok{j}" for j, ok in enumerate(oks)]
        return f"SELECT {', '.join(['*', f'({row}) AS row_ok', *found])} FROM ({inner})"

    def _row_rules(self) -> list[tuple[str, str]]:
        """(verdict, SQL of whether the rule behind it is kept) of a row of the frontier."""
        found = [("few-contributors", self._enough(u, "")) for u in range(len(self.frontier.units))]
        if (population := self._population) and population.population.asked and not self.rule.all_same:
            found.append(("all-same", "NOT w.everyone"))
        return found

    def _measure_rules(self, j: int) -> list[tuple[str, str]]:
        """The same of measure `j`, whose row keeps its own rules."""
        proof, units = self._proof, range(len(self.frontier.units))
        found = [("few-contributors", self._enough(u, str(j))) for u in units if j in proof.own]
        found += [("all-same", f"NOT coalesce(b0.e{j}, FALSE)")] if j in proof.filtered else []
        if (population := self._population) and population.population.conditional[j] and not self.rule.all_same:
            found.append(("all-same", f"NOT w.everyone{j}"))
        for limit in limits(self.rule) if j in proof.dominated else ():
            found += [(limit.verdict, f"(b{u}.certain OR coalesce({limit.holds(f'x{u}', j)}, FALSE))") for u in units]
        return found

    def _enough(self, unit: int, measure: str) -> str:
        """SQL of whether enough units contribute; with zeros, also whether none at all does to a row or a count."""
        number = f"coalesce(x{unit}.n{measure}, b{unit}.n{measure})"
        enough = f"{number} >= {self.rule.contributors}"
        counted = not measure or self.frontier.measures[int(measure)].function in COUNTS
        return f"({enough} OR x{unit}.n{measure} = 0)" if self.rule.zeros and counted else f"({enough})"

    def _first(self, rules: list[tuple[str, str]]) -> str:
        """SQL: the place of the first rule that is not kept, 0 when all are."""
        broken = " ".join(f"WHEN NOT coalesce({kept}, FALSE) THEN {PLACES[verdict]}" for verdict, kept in rules)
        return f"CAST(CASE {broken} ELSE 0 END AS UTINYINT)"

    def _not_stopped(self, measure: int | None) -> list[str]:
        stopped = {"key": self.stops.keys, "population": self.stops.populations}
        return [
            f"{column} NOT IN ({', '.join(f'{h}::UBIGINT' for h in hashes)})"
            for column, by_measure in stopped.items()
            if (hashes := by_measure.get(measure, ()))
        ]

    def _safe(self) -> str:
        i, measures = self.frontier.number, self.frontier.measures
        columns = ["f.cell", *self._key_list("f")]
        for j, measure in enumerate(measures):
            value = f"f.a{j}" if self.noise is None else _perturbed(f"f.a{j}", f"h.h{j}", self.noise)
            if self.rule.rounding_base and measure.function in ROUNDED:
                value = f"round({value} / {self.rule.rounding_base}.0) * {self.rule.rounding_base}"
                value = f"CAST({value} AS BIGINT)" if measure.function != "sum" else value
            columns.append(f"CASE WHEN v.ok{j} THEN {value} END AS a{j}")
        some = " OR ".join(f"v.ok{j}" for j in range(len(measures)))
        leaves = f"v.row_ok AND ({some})" if some else "v.row_ok"
        keyed = f" JOIN ({self._cell_keys()}) h ON {self._on_keys('f', 'h')}" if self.noise is not None else ""
        return f"SELECT {', '.join(columns)} FROM __f{i} f JOIN __v{i} v ON f.cell = v.cell{keyed} WHERE {leaves}"

    def _cell_keys(self) -> str:
        """Per cell the key h* of each measure: all that its contributors' hashes add up to, modulo 2^64."""
        columns = self._key_list()
        for j in range(len(self.frontier.measures)):
            total = f"coalesce(sum(g.{self._proof.presence(j)}), 0) {_MODULO}"
            columns.append(f"CAST({total} AS UBIGINT) AS h{j}")
        return f"SELECT {', '.join(columns)} FROM __g{self.frontier.number}_0 g{_by_position(len(self.frontier.keys))}"

    def _fingerprints(self) -> str:
        """A row per safe cell, unit and bucket, with the columns of `prints`."""
        i = self.frontier.number
        sums = ", ".join(f"CAST(coalesce(g.{n}, 0) {_MODULO} AS UBIGINT) AS {n}" for n in self._proof.hashes)
        lanes = [
            f"SELECT c.cell::BIGINT AS cell, {u}::INTEGER AS lane, g.b AS bucket, {sums} "
            f"FROM __g{i}_{u} g JOIN __s{i} c ON {self._on_keys('g', 'c')}"
            for u in range(len(self.frontier.units))
        ]
        return " UNION ALL ".join(lanes) + (" ORDER BY cell, lane, bucket" if self.in_order else "")


def _perturbed(count: str, key: str, noise: Noise) -> str:
    """SQL of a count with the noise of its cell key, at least zero; see `app.disclosure.perturbation`."""
    steps = " + ".join(f"({key} >= {at}::UBIGINT)::BIGINT" for at in noise.thresholds)
    return f"greatest({count} + ({steps}) - {noise.largest}, 0)"


def _by_position(keys: int) -> str:
    """GROUP BY of the first columns, by position: a key that is a number would be read as one."""
    positions = ", ".join(str(j + 1) for j in range(keys))
    return f" GROUP BY {positions}" if positions else ""
