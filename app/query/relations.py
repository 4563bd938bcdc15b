"""Whose rows does a query node yield? Relations and their units, and what a SELECT's clauses say about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from sqlglot import exp

from app.query.equality import Equalities, key_of
from app.query.frontier import UnitExpression
from app.query.grammar import OPEN_ONLY
from app.query.grouping import own_aggregates
from app.query.parse import FunctionClass, function_name, is_call


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


@dataclass(frozen=True, kw_only=True)
class Relation:
    """What a query node yields. `exposed` tells which output column holds which of `units`.

    `own` says that the operator made some of its rows: from a table of its own, VALUES, or a SELECT without FROM.
    """

    kind: Kind
    units: tuple[UnitColumn, ...] = ()
    exposed: dict[str, int] = field(default_factory=dict)
    own: bool = False


@dataclass(frozen=True, kw_only=True)
class Source:
    """One item of FROM: its alias and what it yields."""

    alias: str
    relation: Relation


def unit_expressions(source: Source) -> list[UnitExpression]:
    """The units of a source, under the column names that its query gave them where it did."""
    names = {number: column for column, number in source.relation.exposed.items()}
    return [
        UnitExpression(type=u.type, alias=source.alias, reference=names.get(i, u.column), tag=u.tag)
        for i, u in enumerate(source.relation.units)
    ]


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
    """Whether `outer IN (SELECT column …)` compares the one unit of the inner rows with the same unit outside."""
    number = relation.exposed.get(column)
    if not isinstance(outer, exp.Column) or number is None or len(relation.units) != 1:
        return False
    return any(equal.same(key_of(outer), u.key) and u.type == relation.units[number].type for u in units)


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
