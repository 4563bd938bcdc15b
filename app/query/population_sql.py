"""How is a population counted? The steps of a frontier that ask of whom its cells tell; see `app.query.population`.

The steps of frontier i:
  __d{i}_{u}  per population and bucket of units: sums of hashes of all in it, and per measure of those that may count
  __w{i}      per cell, whether everyone of its population is in it, and of measures with conditions of their own
  __e{i}      the populations of the safe cells
Fingerprints of populations are exported in the form of those of cells.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.query.certificates import BUCKETS, where
from app.query.frontier import Frontier, Population
from app.query.guarded import total_sql

_MODULUS = "18446744073709551616::HUGEINT"


@dataclass(frozen=True, kw_only=True)
class PopulationSql:
    """Generates the steps and exports of one population; `prefix` is the WITH clause that its trees need."""

    frontier: Frontier
    population: Population
    prefix: str
    cells: tuple[str, ...]
    """For each measure the column of hashes of a cell's buckets that tells who contributes."""

    def buckets(self) -> list[tuple[str, str]]:
        """(table, SELECT) of the populations in buckets, one per unit."""
        return [(f"__d{self._i}_{u}", self._buckets(u)) for u in range(len(self.frontier.units))]

    def everyone(self) -> tuple[str, str]:
        """(table, SELECT) of which cells have everyone in them: columns `cell`, `everyone`, `everyone{j}`."""
        i, keys = self._i, [f"k{j}" for j in self.population.keys]
        shown, own, all_ = ["f.cell", "c.p = d.p AS everyone"], ["sum(p) AS p"], ["sum(p) AS p"]
        for j in self._conditional:
            own.append(f"coalesce(sum({self.cells[j]}), 0) AS c{j}")
            all_.append(f"coalesce(sum({self._reached(j)}), 0) AS d{j}")
            shown.append(f"c.c{j} = d.d{j} AS everyone{j}")
        every = [f"k{j}" for j in range(len(self.frontier.keys))]
        cells = f"SELECT {', '.join([*every, *own])} FROM __g{i}_0{_grouped(every)}"
        whole = f"SELECT {', '.join([*keys, *all_])} FROM __d{i}_0{_grouped(keys)}"
        joined = (
            f"FROM __f{i} f JOIN ({cells}) c ON {_same('f', 'c', every)} JOIN ({whole}) d ON {_same('f', 'd', keys)}"
        )
        return f"__w{i}", f"SELECT {', '.join(shown)} {joined}"

    def populations(self) -> tuple[str, str]:
        """(table, SELECT) of the populations of safe cells: columns `cell`, `key` (hash), keys, `ok{j}`."""
        i, keys = self._i, [f"k{j}" for j in self.population.keys]
        oks = [f"bool_or(v.ok{j}) AS ok{j}" for j in range(len(self.frontier.measures))]
        shown = ", ".join([*keys, "count(*) AS cells", *oks])
        inner = f"SELECT {shown} FROM __s{i} s JOIN __v{i} v ON s.cell = v.cell{_grouped(keys)} HAVING count(*) > 0"
        return f"__e{i}", f"SELECT row_number() OVER () AS cell, {self.key()} AS key, * FROM ({inner})"

    def key(self, alias: str = "") -> str:
        """SQL of the hash that names the population of a cell."""
        dot = f"{alias}." if alias else ""
        keys = [f"{dot}k{j}" for j in self.population.keys]
        return f"hash({', '.join(keys)})" if keys else "0::UBIGINT"

    def exports(self) -> list[tuple[str, str]]:
        """(file, SELECT): fingerprints, a row per population, unit and bucket; and the hashes of each key."""
        i = self._i
        listed = ["cell", "key", *(f"hash(k{j}) AS h{n}" for n, j in enumerate(self.population.keys))]
        listed += [f"ok{j}" for j in range(len(self.frontier.measures))]
        return [
            (f"population_{i}.parquet", " UNION ALL ".join(map(self._rows, range(len(self.frontier.units))))),
            (f"populations_{i}.parquet", f"SELECT {', '.join(listed)} FROM __e{i} ORDER BY cell"),
        ]

    def prints(self) -> tuple[str, ...]:
        """The columns of the fingerprints: of the rows, then of each measure."""
        return ("p", *map(self._reached, range(len(self.frontier.measures))))

    # -- pieces

    @property
    def _i(self) -> int:
        return self.frontier.number

    @property
    def _conditional(self) -> list[int]:
        return [j for j, own in enumerate(self.population.conditional) if own]

    def _reached(self, measure: int) -> str:
        """The column of hashes of those who may count in a measure."""
        own = self.population.reach[measure] is not None or self.frontier.measures[measure].distinct
        return f"p{measure}" if own else "p"

    def _buckets(self, unit: int) -> str:
        p, f = self.population, self.frontier
        tag = f"coalesce({total_sql(f.units[unit].tag_column())}, 0)"
        columns = [f"{total_sql(f.keys[j])} AS k{j}" for j in p.keys]
        columns.append(f"CAST({tag} & {BUCKETS - 1} AS UTINYINT) AS b")
        by = ", ".join(str(n + 1) for n in range(len(columns)))
        columns.append(f"sum(hash({tag})) AS p")
        for j, reach in enumerate(p.reach):
            if self._reached(j) != "p":
                condition = total_sql(reach) if reach is not None else "TRUE"
                columns.append(f"{where(f'hash({tag})', condition, once=f.measures[j].distinct)} AS p{j}")
        parts = [total_sql(t) for t in (p.from_, *p.joins, p.where) if t is not None]
        return f"{self.prefix}SELECT {', '.join(columns)} {' '.join(parts)} GROUP BY {by}"

    def _rows(self, unit: int) -> str:
        keys = [f"k{j}" for j in self.population.keys]
        sums = [f"CAST(coalesce(d.{c}, 0) % {_MODULUS} AS UBIGINT) AS {c}" for c in dict.fromkeys(self.prints())]
        shown = ["e.cell::BIGINT AS cell", f"{unit}::INTEGER AS lane", "d.b AS bucket", *sums]
        i = self._i
        return f"SELECT {', '.join(shown)} FROM __d{i}_{unit} d JOIN __e{i} e ON {_same('d', 'e', keys)}"


def _grouped(keys: list[str]) -> str:
    return f" GROUP BY {', '.join(keys)}" if keys else ""


def _same(left: str, right: str, keys: list[str]) -> str:
    return " AND ".join(f"{left}.{k} IS NOT DISTINCT FROM {right}.{k}" for k in keys) or "TRUE"
