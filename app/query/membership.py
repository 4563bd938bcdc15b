"""Which rows stand in which released cells? Frontiers → steps that put rows into classes, one file per comparison.

Two rows are in one class when they stand in the same cells of an output, in those of one *comparison*: the cells that
the firewall compares with one another, by the type of a unit and the field that is measured; of counts, every cell. The
steps of frontier i and comparison n:
  __m{i}  row, units, cell, and for each measure the piece of the row in it: 0 when it does not enter it, else the
          branch of the CASE by which it does, because branches may count differently
  __n{n}  the rows of all frontiers of a comparison side by side, with every cell that they stand in
  __k{n}  the classes: the different combinations of cells, numbered from 1
Exported are `members_n.parquet` (row, unit, class), which nobody but the sandbox reads, and `classes_n.parquet`, the
cells of each class. How rows are found is a function of a frontier, so that a frontier with the same cells over a wider
set of rows can be put in place of the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from app.domain.proofs import PartitionOutline
from app.domain.values import Dataset
from app.query.anchors import Anchored, Ctes, anchored
from app.query.contributions import contributes
from app.query.evidence import Prefix
from app.query.frontier import ADDITIVE, SUMS, Frontier, Measure
from app.query.guarded import total_sql

ROWS = -1
"""In place of a measure's number: the row itself."""
COUNTS = ""
"""The field of the comparison of counts; a cell of which nothing is measured counts as one."""


@dataclass(frozen=True, kw_only=True)
class Memberships:
    """What has to run after the frontiers of a plan, which partitions it yields, and which data sets number their rows.

    `uncovered` are the numbers of frontiers whose rows nothing is known of.
    """

    steps: tuple[tuple[str, str], ...]
    exports: tuple[tuple[str, str], ...]
    partitions: tuple[PartitionOutline, ...]
    numbered: frozenset[str]
    uncovered: tuple[int, ...]


NONE = Memberships(steps=(), exports=(), partitions=(), numbered=frozenset(), uncovered=())


def memberships(
    frontiers: Sequence[Frontier], ctes: Ctes, datasets: Iterable[Dataset], prefix: Callable[[Ctes], Prefix], k: int
) -> Memberships:
    """The classes of the rows of `frontiers`, of which each cell needs `k` units."""
    listed = list(datasets)
    found = {f.number: anchored(f, ctes, listed) for f in frontiers}
    sources = [_Source(anchored=a, prefix=prefix(a.ctes)) for a in found.values() if a is not None]
    comparisons: dict[tuple[str, str, str, str], list[_Part]] = {}
    for source in sources:
        for key, part in source.parts():
            comparisons.setdefault(key, []).append(part)
    numbered = [_Comparison(number=n, parts=tuple(parts)) for n, parts in enumerate(comparisons.values())]
    return Memberships(
        steps=(*(s.step() for s in sources), *(step for c in numbered for step in c.steps())),
        exports=tuple(export for c in numbered for export in c.exports()),
        partitions=tuple(
            PartitionOutline(number=n, dataset=dataset, version=version, unit=unit, field=field, k=k, cells=c.kinds())
            for (n, (dataset, version, unit, field)), c in zip(enumerate(comparisons), numbered, strict=True)
        ),
        numbered=frozenset(a.dataset.name for s in sources if (a := s.anchored).dataset is not None),
        uncovered=tuple(n for n, a in found.items() if a is None),
    )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What a frontier has to do with a comparison: which unit, which measures, how many with branches."""

    frontier: int
    unit: int
    measures: tuple[int, ...]
    branches: int


@dataclass(frozen=True, kw_only=True)
class _Source:
    """The rows of one frontier."""

    anchored: Anchored
    prefix: Prefix

    @property
    def _frontier(self) -> Frontier:
        return self.anchored.frontier

    def step(self) -> tuple[str, str]:
        """(table, SELECT) of the rows that stand in safe cells."""
        f, i = self._frontier, self._frontier.number
        columns = [f"CAST({total_sql(self.anchored.row)} AS UINTEGER) AS r"]
        columns += [f"CAST({total_sql(u.column())} AS UINTEGER) AS u{n}" for n, u in enumerate(f.units)]
        columns += [f"{total_sql(k)} AS k{n}" for n, k in enumerate(f.keys)]
        columns += [f"{_piece(m)} AS p{j}" for j, m in enumerate(f.measures)]
        clauses = [f.from_, *f.joins, *([f.where] if f.where is not None else [])]
        rows = f"SELECT {', '.join(columns)} {' '.join(map(total_sql, clauses))}"
        oks = "".join(f", v.ok{j}" for j in range(len(f.measures)))
        keys = "".join(f", s.k{n}" for n in range(len(f.keys)))
        cells = f"SELECT s.cell{keys}{oks} FROM __s{i} s JOIN __v{i} v ON s.cell = v.cell"
        same = " AND ".join(f"r.k{n} IS NOT DISTINCT FROM c.k{n}" for n in range(len(f.keys))) or "TRUE"
        shown = ["r.r", *(f"r.u{n}" for n in range(len(f.units))), "CAST(c.cell AS UINTEGER) AS cell"]
        shown += [f"CASE WHEN c.ok{j} THEN r.p{j} ELSE 0 END AS p{j}" for j in range(len(f.measures))]
        trees = [self.anchored.row, *f.trees()]
        joined = f"FROM ({rows}) r JOIN ({cells}) c ON {same} WHERE r.r IS NOT NULL"
        return f"__m{i}", f"{self.prefix(trees)}SELECT {', '.join(shown)} {joined}"

    def parts(self) -> list[tuple[tuple[str, str, str, str], _Part]]:
        """((data set, version, unit, field), part) of every comparison that the frontier takes part in."""
        dataset, f = self.anchored.dataset, self._frontier
        held = (dataset.name, dataset.version) if dataset is not None else ("", "")
        fields: dict[str, dict[str, int]] = {} if f.measures else {COUNTS: {}}
        for j, measure in enumerate(f.measures):
            for field in _fields(measure):
                fields.setdefault(field, {}).setdefault(_piece(measure), j)
        found = []
        for lane, unit in enumerate(_labels(f)):
            for field, pieces in fields.items():
                measures = tuple(pieces.values()) or (ROWS,)
                branches = sum(_branch(f.measures[j].argument) is not None for j in pieces.values())
                part = _Part(frontier=f.number, unit=lane, measures=measures, branches=branches)
                found.append(((*held, unit, field), part))
        return found


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """The rows of the frontiers that take part in one comparison."""

    number: int
    parts: tuple[_Part, ...]

    def kinds(self) -> int:
        """How many kinds of cells are compared: one for each measure and branch."""
        return sum(len(p.measures) + p.branches for p in self.parts)

    def steps(self) -> list[tuple[str, str]]:
        """(table, SELECT) of the rows and of their classes."""
        n, columns = self.number, ", ".join(self._columns())
        units = ", ".join(f"t{p.frontier}.u" for p in self.parts)
        joined = " FULL JOIN ".join(
            f"({self._rows(p)}) t{p.frontier}{' USING (r)' if i else ''}" for i, p in enumerate(self.parts)
        )
        distinct = f"SELECT DISTINCT {columns} FROM __n{n}"
        return [
            (f"__n{n}", f"SELECT r, coalesce({units}) AS u, {columns} FROM {joined}"),
            (
                f"__k{n}",
                f"SELECT CAST(row_number() OVER (ORDER BY {columns}) AS UINTEGER) AS class, * FROM ({distinct})",
            ),
        ]

    def exports(self) -> list[tuple[str, str]]:
        """(file, SELECT) of the members and of the classes."""
        n = self.number
        same = " AND ".join(f"n.{c} IS NOT DISTINCT FROM k.{c}" for c in self._columns())
        cells = [
            f"SELECT class, {p.frontier} AS frontier, c{p.frontier} AS cell, {j} AS measure, "
            f"{1 if j == ROWS else f'p{p.frontier}_{j}'} AS piece FROM __k{n} "
            f"WHERE {f'c{p.frontier} IS NOT NULL' if j == ROWS else f'p{p.frontier}_{j} > 0'}"
            for p in self.parts
            for j in p.measures
        ]
        return [
            (f"members_{n}.parquet", f"SELECT n.r AS row, n.u AS unit, k.class FROM __n{n} n JOIN __k{n} k ON {same}"),
            (f"classes_{n}.parquet", f"{' UNION ALL '.join(cells)} ORDER BY class, frontier, cell, measure"),
        ]

    @staticmethod
    def _rows(part: _Part) -> str:
        """The rows of a frontier that enter some measure of the comparison."""
        measures = [j for j in part.measures if j != ROWS]
        columns = ["r", f"u{part.unit} AS u", f"cell AS c{part.frontier}"]
        columns += [f"p{j} AS p{part.frontier}_{j}" for j in measures]
        entering = "" if ROWS in part.measures else f" WHERE {' OR '.join(f'p{j} > 0' for j in measures)}"
        return f"SELECT {', '.join(columns)} FROM __m{part.frontier}{entering}"

    def _columns(self) -> list[str]:
        return [
            c for p in self.parts for c in (f"c{p.frontier}", *(f"p{p.frontier}_{j}" for j in p.measures if j != ROWS))
        ]


_WHOLE = "CAST(1 AS UTINYINT)"


def _piece(measure: Measure) -> str:
    """SQL: 0 when a row does not enter a measure, else by which branch of its CASE it does, from 1."""
    counts, branch = contributes(measure), _branch(measure.argument)
    if counts == "TRUE" and branch is None:
        return _WHOLE
    return f"CAST(CASE WHEN {counts} THEN {branch or 1} ELSE 0 END AS UTINYINT)"


def _branch(argument: exp.Expr | None) -> str | None:
    """SQL: the number of the branch that a CASE takes, from 1; None for what is no CASE, or one with one value."""
    choice = argument
    while isinstance(choice, exp.Paren | exp.Cast | exp.TryCast | exp.Neg):
        choice = choice.this
    if not isinstance(choice, exp.Case):
        return None
    numbered = choice.copy()
    for number, branch in enumerate(numbered.args["ifs"], start=1):
        branch.set("true", exp.Literal.number(min(number, 254)))
    numbered.set("default", exp.Literal.number(255))
    return total_sql(numbered)


def _fields(measure: Measure) -> list[str]:
    """The fields of whose comparison a measure is; what is no sum of what rows give has none."""
    if measure.distinct:
        return [COUNTS]
    return measure.family.split(",") if measure.function in ADDITIVE | SUMS else []


def _labels(frontier: Frontier) -> list[str]:
    """A name for each unit of a frontier: its type, numbered when there are more of it."""
    types = [u.type for u in frontier.units]
    return [t if t not in types[:n] else f"{t}:{types[:n].count(t) + 1}" for n, t in enumerate(types)]
