"""Where did the operator write what resolution made anew? Columns of stars stand where their table is named."""

from __future__ import annotations

from sqlglot import exp

from app.domain.values import Position
from app.query.parse import position

PLACE = "place"
"""Key in the `meta` of a generated column: its `Position`."""
_WRITTEN = "written beside a star"
_NATURAL = "natural"
_USING = "using"
_BARE = "bare"


def first_places(tree: exp.Query, sql: str) -> dict[str, Position]:
    """Name in lower case → where it first stands."""
    places: dict[str, Position] = {}
    for identifier in tree.find_all(exp.Identifier):
        where = position(identifier, sql)
        if where is not None and where < places.get(identifier.name.lower(), Position(line=1 << 30, column=1)):
            places[identifier.name.lower()] = where
    return places


def mark_bare(tree: exp.Query) -> None:
    """Note in each column, before names resolve, whether it stands without its table."""
    for column in tree.find_all(exp.Column):
        if not column.table:
            column.meta[_BARE] = True


def drop_alias_places(tree: exp.Query) -> None:
    """A table that resolution gave to a bare column stands where its alias does: not a place of the column."""
    for column in tree.find_all(exp.Column):
        if column.meta.get(_BARE) and column.table:
            column.set("table", exp.to_identifier(column.table, quoted=True))


def mark_generators(select: exp.Select) -> None:
    """Note in `select`, before names resolve, whether it has stars, USING, and which of its joins are NATURAL."""
    if any(p.is_star for p in select.expressions):
        select.meta[_WRITTEN] = frozenset(p.name.lower() for p in select.expressions if isinstance(p, exp.Column))
    for join in select.args.get("joins") or []:
        natural = join.method.upper() == "NATURAL"
        join.meta[_NATURAL] = natural
        select.meta[_USING] = select.meta.get(_USING, False) or natural or bool(join.args.get("using"))


def joined_using(select: exp.Select) -> bool:
    """Whether `select` had a join USING columns, or a NATURAL one."""
    return bool(select.meta.get(_USING))


def mark_places(select: exp.Select, sql: str) -> None:
    """Give the columns that stars and NATURAL joins generated the place of the table that they come from."""
    joins = select.args.get("joins") or []
    written = select.meta.get(_WRITTEN)
    if written is not None:
        from_ = select.args.get("from_")
        items = [*([from_.this] if from_ is not None else []), *(j.this for j in joins)]
        _mark_star(select, {i.alias_or_name.lower(): position(i, sql) for i in items}, written)
    for join in joins:
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
