"""How are small values of a key merged? Ladders → steps that decide inside the sandbox, and keys that look up labels.

Global recoding (Hundepool et al. 2012, Statistical Disclosure Control, 3.3 and 4.3): what becomes of a value is one
function of it, the same in every cell and in all margins of an aggregation, so that totals stay totals. Values of a
hierarchy climb one by one, and those of a coarser value that climbed are shown together; bands hold for a whole column.
A value stays when its cells have enough units. Nothing but that decides, who is in which cell: no measure is looked at.

The steps of aggregations with the same rows; <b> is a hash of all that decides: the same question has the same names.
  __c_<b>          the cells of the largest set of keys: rows n; are there enough units for sure, by a mask of 64 bits
  __m_<b>          of those that are sure a row, of the others one for each unit: which units are in which cell
  __d_<b>_<j>_<s>  of each value of key j its level d after step s, what it is there (g), and what it is on each level
  __k_<b>_<j>      of each value its label l, its level d, and how many values n have that label
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from app.domain.errors import Finding, Refusal
from app.domain.repairs import Recoding
from app.domain.values import Dataset
from app.query.bounds import sources_of
from app.query.evidence import Prefix
from app.query.frontier import Frontier
from app.query.govern import Governed
from app.query.guarded import total_sql
from app.query.parse import position
from app.query.recoding import Ladder, Origins

OTHER, ALL = "其他/other", "全部/all"
"""Labels of what climbed: some of the values below a coarser one, or all of those that are there."""

Steps = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Merging:
    """A governed query whose keys are labels: frontier number → the steps before it, and what a report may tell."""

    governed: Governed
    steps: Mapping[int, Steps]
    exports: tuple[tuple[str, str], ...]
    recodings: tuple[Recoding, ...]


def merge(
    governed: Governed, contributors: int, passing: float, prefix: Prefix, datasets: Sequence[Dataset], sql: str
) -> Merging:
    """Merge the keys of every aggregation whose cells the query shows, until their cells have `contributors` each.

    Raises Refusal("merge-no-hierarchy") with the place of every key when no key has anything declared.
    """
    origins = Origins(datasets={d.name.lower(): d for d in datasets}, ctes=dict(governed.ctes))
    shown = [f for f in governed.frontiers if f.number in _shown(governed)]
    ladders = {f.number: {j: found for j, k in enumerate(f.keys) if (found := _ladder(origins, f, k))} for f in shown}
    if not any(ladders.values()):
        places = [position(k, sql) for f in governed.frontiers for k in f.keys] or [None]
        raise Refusal(*dict.fromkeys(Finding(code="merge-no-hierarchy", position=place) for place in places))
    deciding = _Deciding(shown=shown, ladders=ladders, contributors=contributors, passing=passing, prefix=prefix)
    frontiers = tuple(deciding.labelled(f) if ladders.get(f.number) else f for f in governed.frontiers)
    return Merging(
        governed=replace(governed, frontiers=frontiers),
        steps=deciding.steps,
        exports=(*deciding.exports(), *deciding.cells()),
        recodings=tuple(deciding.recodings.values()),
    )


def _ladder(origins: Origins, frontier: Frontier, key: exp.Expr) -> Ladder | None:
    select = exp.Select(from_=frontier.from_.copy(), joins=[j.copy() for j in frontier.joins])
    return origins.ladder(key, sources_of(select))


def _shown(governed: Governed) -> set[int]:
    """The frontiers whose cells are rows above them; those that only decide, as lists of IN do, keep their values."""
    bodies, shown, hidden = dict(governed.ctes), set[int](), set[int]()
    waiting: list[tuple[exp.Expr, bool]] = [(governed.tree, False)]
    seen = set[tuple[str, bool]]()
    while waiting:
        tree, inside = waiting.pop()
        for table in tree.find_all(exp.Table):
            decides = inside or _in_expression(table)
            if table.name.startswith("__s") and table.name[3:].isdigit():
                (hidden if decides else shown).add(int(table.name[3:]))
            elif table.name in bodies and (table.name, decides) not in seen:
                seen.add((table.name, decides))
                waiting.append((bodies[table.name], decides))
    return shown - hidden


def _in_expression(table: exp.Expr) -> bool:
    """Whether a query inside an expression reads `table`."""
    query = table.find_ancestor(exp.Query)
    while query is not None:
        if isinstance(query.parent, exp.In | exp.Exists):
            return True
        if isinstance(query, exp.Subquery) and not isinstance(query.parent, exp.From | exp.Join | exp.SetOperation):
            return query.parent is not None
        query = query.find_ancestor(exp.Query)
    return False


@dataclass(kw_only=True)
class _Deciding:
    """The recodings of one query: each key by the aggregation over the same rows that has the most keys."""

    shown: list[Frontier]
    ladders: dict[int, dict[int, Ladder]]
    contributors: int
    passing: float
    prefix: Prefix
    steps: dict[int, Steps] = field(default_factory=dict)
    recodings: dict[str, Recoding] = field(default_factory=dict)
    made: dict[int, _Recoder] = field(default_factory=dict)
    keyed: dict[int, list[tuple[int, str]]] = field(default_factory=dict)

    def labelled(self, frontier: Frontier) -> Frontier:
        """The frontier with labels in place of its keys' values."""
        keys = list(frontier.keys)
        for j in self.ladders[frontier.number]:
            decider = self._decider(frontier, frontier.keys[j])
            if decider.number not in self.made:
                self.made[decider.number] = _Recoder.of(self, decider)
                self.steps.setdefault(frontier.number, []).extend(self.made[decider.number].steps())
            place = [total_sql(k) for k in decider.keys].index(total_sql(frontier.keys[j]))
            table = self.made[decider.number].label_table(place)
            keys[j] = _lookup(table, frontier.keys[j])
            self.keyed.setdefault(frontier.number, []).append((j, table))
            self._note(table, frontier.number, self.ladders[frontier.number][j])
        return replace(frontier, keys=tuple(keys))

    def exports(self) -> list[tuple[str, str]]:
        """(file, SELECT) of each recoding: per level how many labels and values there are; no value is in it."""
        columns = "d AS level, count(DISTINCT l) AS labels, count(*) AS members, sum(n - 1)::BIGINT AS lost"
        return [(r.file, f"SELECT {columns} FROM {t} GROUP BY d ORDER BY d") for t, r in self.recodings.items()]

    def cells(self) -> list[tuple[str, str]]:
        """(file, SELECT) of each merged aggregation: per cell the level of each merged key and its number of values."""
        found = []
        for number, keys in sorted(self.keyed.items()):
            columns, joins = ["f.cell"], []
            for j, table in keys:
                labels = f"SELECT l, any_value(d) AS d, any_value(n) AS n FROM {table} GROUP BY l"
                joins.append(f"LEFT JOIN ({labels}) r{j} ON f.k{j} = r{j}.l")
                columns += [f"coalesce(r{j}.d, 0) AS level{j}", f"coalesce(r{j}.n, 1) AS members{j}"]
            sql = f"SELECT {', '.join(columns)} FROM __f{number} f {' '.join(joins)} ORDER BY f.cell"
            found.append((f"merged_{number}.parquet", sql))
        return found

    def _note(self, table: str, frontier: int, ladder: Ladder) -> None:
        known = self.recodings.get(table)
        cells = (*(known.cells if known else ()), (frontier, self.keyed[frontier][-1][0]))
        self.recodings[table] = Recoding(
            dataset=ladder.dataset,
            field=ladder.field.name,
            levels=ladder.names,
            file=known.file if known else f"recoding_{len(self.recodings)}.parquet",
            cells=cells,
        )

    def _decider(self, frontier: Frontier, key: exp.Expr) -> Frontier:
        rows, wanted = _rows(frontier), total_sql(key)
        alike = [f for f in self.shown if _rows(f) == rows and wanted in [total_sql(k) for k in f.keys]]
        return max(alike, key=lambda f: (len(f.keys), -f.number))


def _rows(frontier: Frontier) -> str:
    """The text of the rows that a frontier aggregates."""
    trees = (frontier.from_, *frontier.joins, *([frontier.where] if frontier.where is not None else []))
    return " ".join(total_sql(t) for t in trees)


def _lookup(table: str, key: exp.Expr) -> exp.Expr:
    """The label of a value of `key`; NULL for none."""
    column = exp.column("v", table="__label", quoted=True)
    source = exp.Table(
        this=exp.to_identifier(table, quoted=True), alias=exp.TableAlias(this=exp.to_identifier("__label", quoted=True))
    )
    query = exp.Select(
        expressions=[exp.column("l", table="__label", quoted=True)],
        from_=exp.From(this=source),
        where=exp.Where(this=exp.EQ(this=column, expression=key.copy())),
    )
    return exp.Subquery(this=query)


@dataclass(frozen=True, kw_only=True)
class _Recoder:
    """Decides about the keys of one frontier that have ladders; see the module for its tables."""

    frontier: Frontier
    ladders: dict[int, Ladder]
    contributors: int
    passing: float
    prefix: Prefix
    name: str

    @staticmethod
    def of(deciding: _Deciding, frontier: Frontier) -> _Recoder:
        ladders = deciding.ladders[frontier.number]
        keys = [total_sql(k) for k in frontier.keys]
        climbs = [(j, ladder.dataset, ladder.field.name, ladder.levels) for j, ladder in ladders.items()]
        units = [f"{u.alias}.{u.reference}" for u in frontier.units]
        source = deciding.prefix(frontier.trees()) + _rows(frontier)
        told = json.dumps([source, keys, units, climbs, deciding.contributors, deciding.passing])
        return _Recoder(
            frontier=frontier,
            ladders=ladders,
            contributors=deciding.contributors,
            passing=deciding.passing,
            prefix=deciding.prefix,
            name=hashlib.sha256(told.encode()).hexdigest()[:12],
        )

    def label_table(self, key: int) -> str:
        """The table with the labels of a key's values."""
        return f"__k_{self.name}_{key}"

    def steps(self) -> Steps:
        """(table, SELECT) in the order in which they run: keys climb in turns, one level each."""
        made = dict.fromkeys(self.ladders, 0)
        found = [(f"__c_{self.name}", self._cells()), (f"__m_{self.name}", self._members())]
        found += [(self._state(j, 0), self._begun(j)) for j in self.ladders]
        for level in range(max(len(ladder.names) for ladder in self.ladders.values())):
            for j, ladder in self.ladders.items():
                if level < len(ladder.names):
                    sql = self._climbed(j, level, made)
                    made[j] += 1
                    found.append((self._state(j, made[j]), sql))
        return found + [(self.label_table(j), self._labels(j, made[j])) for j in self.ladders]

    # -- pieces

    def _state(self, key: int, step: int) -> str:
        return f"__d_{self.name}_{key}_{step}"

    def _cells(self) -> str:
        """Where the units of a cell set as many bits as there must be units, there are enough of them."""
        bits = [f"bit_or(1::UBIGINT << ({total_sql(u.column())} & 63))" for u in self.frontier.units]
        sure = " AND ".join(f"coalesce(bit_count({bit}), 0) >= {self.contributors}" for bit in bits)
        columns = ", ".join([*self._keys(), "count(*) AS n", f"({sure}) AS sure"])
        return f"{self._with()}SELECT {columns} {_rows(self.frontier)}{self._by()}"

    def _members(self) -> str:
        units = [f"u{i}" for i in range(len(self.frontier.units))]
        keys = [f"k{j}" for j in range(len(self.frontier.keys))]
        told = [f"{total_sql(u.column())} AS u{i}" for i, u in enumerate(self.frontier.units)]
        rows = f"SELECT {', '.join([*self._keys(), *told])} {_rows(self.frontier)}"
        on = " AND ".join(f"s.{k} IS NOT DISTINCT FROM c.{k}" for k in keys)
        by = ", ".join(f"s.{name}" for name in (*keys, *units))
        open_cells = f"SELECT {', '.join(keys)} FROM __c_{self.name} WHERE NOT sure"
        nobody = ", ".join(f"NULL AS {u}" for u in units)
        return (
            f"{self._with()}SELECT {by}, count(*) AS n, FALSE AS sure FROM ({rows}) s JOIN ({open_cells}) c ON {on} "
            f"GROUP BY {by} UNION ALL SELECT {', '.join(keys)}, {nobody}, n, sure FROM __c_{self.name} WHERE sure"
        )

    def _with(self) -> str:
        return self.prefix(self.frontier.trees())

    def _keys(self) -> list[str]:
        return [f"{total_sql(k)} AS k{j}" for j, k in enumerate(self.frontier.keys)]

    def _by(self) -> str:
        """GROUP BY of the keys, by position: a key that is a number would be read as one."""
        return f" GROUP BY {', '.join(str(j + 1) for j in range(len(self.frontier.keys)))}"

    def _begun(self, key: int) -> str:
        """Every value of a key as it is, with what it is on each level."""
        ladder, members = self.ladders[key], f"SELECT k{key} FROM __m_{self.name} WHERE k{key} IS NOT NULL"
        if ladder.by_value:
            value = _quoted(ladder.field.name)
            levels = "".join(f", min({_quoted(level)}) AS l{i}" for i, (level,) in enumerate(ladder.levels, 1))
            source = f"FROM {_quoted(ladder.dataset)} WHERE {value} IN ({members}) GROUP BY {value}"
            return f"SELECT {value} AS v, 0 AS d, {value} AS g{levels}, '' AS l{len(ladder.names)} {source}"
        levels = "".join(f", {_band(ladder.field.type, level)} AS l{i}" for i, level in enumerate(ladder.levels, 1))
        return f"SELECT v, 0 AS d, v AS g{levels} FROM (SELECT DISTINCT k{key} AS v FROM ({members}))"

    def _climbed(self, key: int, level: int, made: dict[int, int]) -> str:
        """The values of a key after those at `level` that may not stay there went up by one."""
        ladder, others = self.ladders[key], [j for j in range(len(self.frontier.keys)) if j != key]
        seen = [part for j in others for part in ([f"s{j}.d", f"s{j}.g"] if j in self.ladders else [f"m.k{j}"])]
        joins = [f"JOIN {self._state(key, made[key])} s{key} ON m.k{key} = s{key}.v"]
        joins += [f"LEFT JOIN {self._state(j, made[j])} s{j} ON m.k{j} = s{j}.v" for j in others if j in self.ladders]
        units = range(len(self.frontier.units))
        enough = " AND ".join(f"count(DISTINCT m.u{i}) >= {self.contributors}" for i in units)
        by = ", ".join(str(i + 1) for i in range(2 + len(seen)))
        counted = ["sum(m.n) AS n", f"(bool_or(m.sure) OR ({enough})) AS enough"]
        columns = ", ".join([f"s{key}.d AS d", f"s{key}.g AS g", *seen, *counted])
        cells = f"SELECT {columns} FROM __m_{self.name} m {' '.join(joins)} GROUP BY {by}"
        stays = f"coalesce(sum(n) FILTER (WHERE enough), 0) >= {self.passing!r} * sum(n) AS stays"
        per_value = f"SELECT d, g, {stays} FROM ({cells}) GROUP BY d, g"
        judged = per_value if ladder.by_value else f"SELECT {stays} FROM ({cells})"
        on = "s.d = j.d AND s.g = j.g" if ladder.by_value else "TRUE"
        levels = "".join(f", s.l{i + 1}" for i in range(len(ladder.names)))
        up = f"s.d = {level} AND NOT j.stays"
        return (
            f"SELECT s.v, CASE WHEN {up} THEN {level + 1} ELSE s.d END AS d, "
            f"CASE WHEN {up} THEN s.l{level + 1} ELSE s.g END AS g{levels} "
            f"FROM {self._state(key, made[key])} s JOIN ({judged}) j ON {on}"
        )

    def _labels(self, key: int, made: int) -> str:
        ladder, state = self.ladders[key], self._state(key, made)
        if not ladder.by_value:
            return f"SELECT v, g AS l, d, count(*) OVER (PARTITION BY g) AS n FROM {state}"
        tops = range(1, len(ladder.names) + 1)
        below = "".join(f", count(*) OVER (PARTITION BY l{i}) AS c{i}" for i in tops)
        counted = f"SELECT *, count(*) OVER (PARTITION BY d, g) AS n{below} FROM {state}"
        words = [f"WHEN {i} THEN {_of_level(i, last=i == len(ladder.names))}" for i in tops]
        return f"SELECT v, CASE d {' '.join(words)} ELSE v END AS l, d, n FROM ({counted})"


def _of_level(level: int, *, last: bool) -> str:
    """SQL of the label of what climbed to a level."""
    word = f"CASE WHEN n = c{level} THEN '{ALL}' ELSE '{OTHER}' END"
    return word if last else f"g || ' · ' || {word}"


def _band(kind: str, level: tuple[str, ...]) -> str:
    """SQL of the band of `v`: its lower end, or the beginning of its part of the calendar, of the field's own type."""
    if len(level) == 1:
        return f"CAST(date_trunc('{level[0]}', v) AS {kind})"
    ends = [f"CAST('{end}' AS {kind})" for end in reversed(level)]
    return f"CASE {' '.join(f'WHEN v >= {end} THEN {end}' for end in ends)} END"


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql("duckdb")
