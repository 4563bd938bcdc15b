"""Where did the operator write what resolution made anew? Columns of stars stand where their table is named."""

from __future__ import annotations

from sqlglot import exp

from app.domain.values import Position
from app.query.parse import position

PLACE = "place"
"""Key in the `meta` of a generated column: its `Position`."""
_WRITTEN = "written beside a star"
_NATURAL = "natural"


def first_places(tree: exp.Query, sql: str) -> dict[str, Position]:
    """Name in lower case → where it first stands."""
    places: dict[str, Position] = {}
    for identifier in tree.find_all(exp.Identifier):
        where = position(identifier, sql)
        if where is not None and where < places.get(identifier.name.lower(), Position(line=1 << 30, column=1)):
            places[identifier.name.lower()] = where
    return places


def mark_generators(tree: exp.Query) -> None:
    """Note in the tree, before names resolve, which queries have stars and which joins are NATURAL."""
    for select in tree.find_all(exp.Select):
        if any(p.is_star for p in select.expressions):
            select.meta[_WRITTEN] = frozenset(p.name.lower() for p in select.expressions if isinstance(p, exp.Column))
    for join in tree.find_all(exp.Join):
        if join.method.upper() == "NATURAL":
            join.meta[_NATURAL] = True


def mark_places(tree: exp.Query, sql: str) -> None:
    """Give the columns that stars and NATURAL joins generated the place of the table that they come from."""
    for select in tree.find_all(exp.Select):
        from_ = select.args.get("from_")
        items = [from_.this] if from_ is not None else []
        items += [j.this for j in select.args.get("joins") or []]
        written = select.meta.get(_WRITTEN)
        if written is not None:
            _mark_star(select, {i.alias_or_name.lower(): position(i, sql) for i in items}, written)
        for join in select.args.get("joins") or []:
            on = join.args.get("on")
            if join.meta.get(_NATURAL) and on is not None:
                for column in on.find_all(exp.Column):
                    column.meta[PLACE] = position(join.this, sql)


def _mark_star(select: exp.Select, sources: dict[str, Position | None], written: frozenset[str]) -> None:
    for projection in select.expressions:
        for column in projection.find_all(exp.Column):
            generated = not any("start" in n.meta for n in column.walk())
            if generated and column.name.lower() not in written:
                column.meta[PLACE] = sources.get(column.table.lower())
