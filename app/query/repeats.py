"""Does a join repeat rows? Whose rows stand once each in the joined rows of a SELECT, whatever they are joined with.

A row that stands twice counts twice: `FROM person, (VALUES (1), (2)) v(i)` has twice every income, and a sum over all
but one of them, halved, is no number that the firewall would know again. A source's rows stand once each when every
other source is tied to it, directly or through others, by all columns of one of its keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from app.query.column_types import compared_as_they_are
from app.query.equality import ColumnKey, key_of

Key = frozenset[str]
"""Columns, in lower case, in which no two rows of a source are alike. The empty one: there is at most one row."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A source of FROM under its alias (lower case): its keys, and the types of those columns whose type is known."""

    alias: str
    keys: tuple[Key, ...]
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Tie:
    """`column` is a function of the columns `needs` in every row; with `given`, where one of these has a row."""

    column: ColumnKey
    needs: frozenset[ColumnKey]
    given: frozenset[str] | None = None


def repeated_by(select: exp.Select, sources: Sequence[Joined]) -> dict[str, tuple[int, ...]]:
    """For each of the sources of `select`, all of them in their order: the places of those that repeat its rows."""
    ties, found = list(_ties(select, sources)), {}
    for source in sources:
        single = _determined(source.alias, sources, ties)
        found[source.alias] = tuple(i for i, s in enumerate(sources) if s.alias not in single)
    return found


def conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    """The conditions that AND holds together."""
    plain = condition.unnest() if condition is not None else None
    if isinstance(plain, exp.And):
        return [*conjuncts(plain.this), *conjuncts(plain.expression)]
    return [plain] if plain is not None else []


def _determined(alias: str, sources: Sequence[Joined], ties: list[_Tie]) -> set[str]:
    """The sources of which one row of `alias` leaves at most one row."""
    usable = [t for t in ties if t.given is None or alias in t.given]
    rows, columns = {alias}, set[ColumnKey]()
    while True:
        more = {t.column for t in usable if all(c in columns or c[0] in rows for c in t.needs)} - columns
        columns |= more
        found = {s.alias for s in sources if s.alias not in rows and _held(s, columns)}
        rows |= found
        if not (more or found):
            return rows


def _held(source: Joined, columns: set[ColumnKey]) -> bool:
    """Whether all columns of some key of `source` are among `columns`."""
    return any(all((source.alias, column) in columns for column in key) for key in source.keys)


def _ties(select: exp.Select, sources: Sequence[Joined]) -> Iterator[_Tie]:
    types = {(s.alias, c): t for s in sources for c, t in s.types.items()}
    where = select.args.get("where")
    yield from _equalities(where.this if where is not None else None, types)
    joins = select.args.get("joins") or []
    commas = any(not any(j.args.get(a) for a in ("on", "side", "kind", "method")) for j in joins)
    for number, (source, join) in enumerate(zip(sources[1:], joins, strict=False), 1):
        before = frozenset(s.alias for s in sources[:number]) if not commas else frozenset[str]()
        if not (join.method or join.kind.upper() in ("SEMI", "ANTI")):
            ties = _equalities(join.args.get("on"), types)
            yield from _of_side(join.side.upper(), source.alias, before, ties)


def _of_side(side: str, alias: str, before: frozenset[str], ties: Iterable[_Tie]) -> Iterator[_Tie]:
    """What the ON of a join of `alias` says of each row: of rows that an outer join completes, nothing.

    A comma binds less than JOIN, so that with one it is not known which sources `before` are part of the join.
    """
    for tie in ties:
        inner = tie.column[0] == alias
        from_it = all(c[0] == alias for c in tie.needs) and bool(tie.needs)
        if not side or (side == "LEFT" and inner) or (side == "RIGHT" and not inner and from_it):
            yield tie
        elif inner:
            yield replace(tie, given=before)
        elif from_it:
            yield replace(tie, given=frozenset({alias}))


def _equalities(condition: exp.Expr | None, types: Mapping[ColumnKey, str]) -> Iterator[_Tie]:
    for equality in conjuncts(condition):
        if isinstance(equality, exp.Or):
            branches = [set(_equalities(side, types)) for side in (equality.this, equality.expression)]
            yield from (t for t in branches[0] & branches[1] if t.needs)
        if not isinstance(equality, exp.EQ | exp.NullSafeEQ):
            continue
        for column, other in ((equality.this, equality.expression), (equality.expression, equality.this)):
            if isinstance(column, exp.Column) and _of_the_row(other) and compared_as_they_are(column, other, types):
                yield _Tie(column=key_of(column), needs=frozenset(map(key_of, other.find_all(exp.Column))))


def _of_the_row(node: exp.Expr) -> bool:
    """Whether `node` is a function of its columns and nothing else."""
    return node.find(exp.Query, exp.Window, exp.AggFunc) is None
