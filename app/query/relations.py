"""Whose rows does a query node yield? Relations and their units, and what a SELECT's clauses say about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sqlglot import exp

from app.domain.values import Dataset, DatasetKind
from app.query.equality import Equalities, key_of
from app.query.frontier import UnitExpression
from app.query.grammar import OPEN_ONLY
from app.query.grouping import own_aggregates
from app.query.keys import Keys, keys_of_table, keys_of_values, types_of_table, types_of_union, types_of_values
from app.query.parse import FunctionClass, function_name, is_call
from app.query.repeats import Joined
from app.query.weights import NOTHING, Pieces, Weights


class Kind(StrEnum):
    """Whose rows a relation has."""

    PUBLIC = "public"
    UNIT = "unit"
    SAFE = "safe"


@dataclass(frozen=True, kw_only=True)
class UnitColumn:
    """A protected unit that a relation's rows belong to: its type, and the output columns with reference and tag."""

    type: str
    column: str
    tag: str
    nullable: bool = False


@dataclass(frozen=True, kw_only=True)
class Relation:
    """What a query node yields. `exposed` tells which output column holds which of `units`.

    `own` says that the operator made some of its rows: from a table of its own, VALUES, or a SELECT without FROM.
    `pieces` are those of the output columns of rows of units that are computed. No two rows are alike in all columns
    of one of `keys`; `types` are those that are known. `rows` names the data sets of units whose rows its own ones
    are, each at most once; it names none where a join or a union `repeats` them.
    """

    kind: Kind
    units: tuple[UnitColumn, ...] = ()
    exposed: dict[str, int] = field(default_factory=dict)
    own: bool = False
    pieces: dict[str, Pieces] = field(default_factory=dict)
    keys: Keys = ()
    types: dict[str, str] = field(default_factory=dict)
    rows: frozenset[str] = frozenset()
    repeats: exp.Expr | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """One item of FROM: its alias and what it yields."""

    alias: str
    relation: Relation

    @property
    def joined(self) -> Joined:
        """What it is to a join."""
        return Joined(alias=self.alias, keys=self.relation.keys, types=self.relation.types)


def table_relation(dataset: Dataset, *, protected: bool) -> Relation:
    """The rows of a data set, which are those of its units where they are `protected`."""
    own = dataset.kind is DatasetKind.ENTERPRISE
    found = Relation(kind=Kind.PUBLIC, own=own, keys=keys_of_table(dataset), types=types_of_table(dataset))
    if not protected:
        return found
    units = tuple(UnitColumn(type=u.type, column=u.column.lower(), tag=u.tag.lower()) for u in dataset.units)
    exposed = {u.column: i for i, u in enumerate(units)}
    return replace(found, kind=Kind.UNIT, units=units, exposed=exposed, rows=frozenset({dataset.name.lower()}))


def values_relation(values: exp.Values) -> Relation:
    """The rows of a VALUES list."""
    return Relation(kind=Kind.PUBLIC, own=True, keys=keys_of_values(values), types=types_of_values(values))


def unit_expressions(source: Source) -> list[UnitExpression]:
    """The units of a source, under the column names that its query gave them where it did."""
    names = {number: column for column, number in source.relation.exposed.items()}
    return [
        UnitExpression(
            type=u.type, alias=source.alias, reference=names.get(i, u.column), tag=u.tag, nullable=u.nullable
        )
        for i, u in enumerate(source.relation.units)
    ]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The joined rows of a SELECT: its sources, whose the rows are, and which columns are equal in each.

    `anchor` is the source of units whose rows stand once each, None when some source or union `repeats` them all.
    """

    sources: list[Source]
    units: list[UnitExpression]
    equal: Equalities
    anchor: Source | None = None
    repeats: exp.Expr | None = None

    @property
    def held(self) -> frozenset[str]:
        """The data sets whose rows the anchor's are."""
        return self.anchor.relation.rows if self.anchor is not None else frozenset()

    def weights(self) -> Weights:
        """What values of these rows are made of."""
        return Weights(
            columns={(s.alias, c): p for s in self.sources for c, p in s.relation.pieces.items()},
            units=frozenset(s.alias for s in self.sources if s.relation.kind is Kind.UNIT),
            own=frozenset(s.alias for s in self.sources if s.relation.own and s.relation.kind is not Kind.UNIT),
        )


def unit_relation(select: exp.Select, rows: Rows) -> Relation:
    """What `select` yields when its rows stay with their units."""
    exposed, pieces, weights = {}, {}, rows.weights()
    for projection in select.expressions:
        column, name = projection.unalias(), projection.alias_or_name.lower()
        pieces[name] = weights.of(column)
        for i, unit in enumerate(rows.units):
            if isinstance(column, exp.Column) and rows.equal.same(key_of(column), unit.key):
                exposed[name] = i
    columns = tuple(
        UnitColumn(type=u.type, column=f"__u{i}", tag=f"__t{i}", nullable=u.nullable) for i, u in enumerate(rows.units)
    )
    return Relation(kind=Kind.UNIT, units=columns, exposed=exposed, pieces=pieces, rows=rows.held, repeats=rows.repeats)


def rows_of_groups(inner: exp.Select, name: str, held: dict[int, int], rows: Rows) -> Rows:
    """The rows of the groups of one unit that the query `inner` makes of `rows`, under `name`.

    `held` says which of its keys k0 … holds each unit; t0 … are their tags.
    """
    weights = rows.weights()
    pieces = {e.alias: weights.of(e.unalias()) for e in inner.expressions}
    groups = Relation(kind=Kind.UNIT, pieces=pieces, rows=rows.held, repeats=rows.repeats)
    source = Source(alias=name, relation=groups)
    return Rows(
        sources=[source],
        units=[replace(u, alias=name, reference=f"k{held[i]}", tag=f"t{i}") for i, u in enumerate(rows.units)],
        equal=Equalities(),
        anchor=source if rows.anchor is not None else None,
        repeats=rows.repeats,
    )


def both(left: Relation, right: Relation, query: exp.SetOperation) -> Relation:
    """The rows of units of both sides of a UNION ALL, whose units are of the same types."""
    names = [output_names(side) for side in (query.this, query.expression)]
    pieces = {
        a.lower(): left.pieces.get(a.lower(), NOTHING) | right.pieces.get(b.lower(), NOTHING)
        for a, b in zip(*names, strict=False)
    }
    units = tuple(replace(a, nullable=a.nullable or b.nullable) for a, b in zip(left.units, right.units, strict=True))
    repeats = left.repeats or right.repeats or (query if left.rows & right.rows else None)
    rows = left.rows | right.rows if repeats is None else frozenset[str]()
    types = types_of_union(query, left.types, right.types)
    return Relation(kind=Kind.UNIT, units=units, pieces=pieces, rows=rows, repeats=repeats, types=types)


def covered(keys: list[exp.Expr], units: list[UnitExpression], equal: Equalities) -> dict[int, int]:
    """Unit number → number of the key that holds it."""
    found = {}
    for i, unit in enumerate(units):
        for j, key in enumerate(keys):
            if isinstance(key, exp.Column) and equal.same(key_of(key), unit.key):
                found[i] = j
    return found


def cut_short(query: exp.Expr) -> bool:
    """Whether `query` has a LIMIT or an OFFSET."""
    return query.args.get("limit") is not None or query.args.get("offset") is not None


def reads_cells(select: exp.Select) -> bool:
    """Whether some query inside an expression of `select` reads a frontier's cells."""
    return any(t.name.startswith("__s") for t in select.find_all(exp.Table))


def aligned(outer: exp.Expr, relation: Relation, column: str, units: list[UnitExpression], equal: Equalities) -> bool:
    """Whether `outer IN (SELECT column …)` compares the one unit of the inner rows with the same unit outside.

    Neither may be NULL: a NULL in the list, or an empty list beside a NULL, would answer about other units.
    """
    number = relation.exposed.get(column)
    if not isinstance(outer, exp.Column) or number is None or len(relation.units) != 1:
        return False
    inner = relation.units[number]
    return any(equal.same(key_of(outer), u.key) and u.type == inner.type and _never_null(u, inner) for u in units)


def _never_null(outer: UnitExpression, inner: UnitColumn) -> bool:
    return not (outer.nullable or inner.nullable)


def open_only(select: exp.Select) -> Iterator[tuple[exp.Expr, str]]:
    """Each part of `select` that is proved harmless over public rows and checked cells only, with its name."""
    for join in select.args.get("joins") or []:
        special = join.method.upper() == "ASOF" or join.kind.upper() in ("SEMI", "ANTI")
        if special:
            yield join, f"{join.method} {join.kind} JOIN".strip()
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        yield distinct, "DISTINCT ON"
    for call in own_aggregates(select):
        if call.find(exp.Order) is not None:
            yield call, "ORDER BY within an aggregate"


def open_syntax(node: exp.Expr, function_class: FunctionClass) -> str | None:
    """The name of `node` when it is syntax that only a query over public rows may have."""
    name = OPEN_ONLY.get(type(node))
    if name is None and is_call(node) and function_class(function_name(node)) == "nested":
        name = function_name(node)
    return name


def output_names(query: exp.Expr) -> list[str]:
    """Names of the output columns of `query`."""
    return query.named_selects if isinstance(query, exp.Query) else []


def expression_queries(select: exp.Select) -> list[exp.Expr]:
    """Sub-queries in the expressions of `select` itself: IN, EXISTS and scalar ones, not those of FROM."""
    found: list[exp.Expr] = []
    for node in select.find_all(exp.Subquery, exp.Exists, exp.In):
        holder = node.find_ancestor(exp.Query)
        if holder is not select or (isinstance(node.parent, exp.From | exp.Join) and node.arg_key == "this"):
            continue
        if isinstance(node, exp.In) and node.args.get("query") is None:
            continue
        if isinstance(node, exp.Subquery) and isinstance(node.parent, exp.In | exp.Exists) and node.arg_key != "this":
            continue
        found.append(node)
    return found
