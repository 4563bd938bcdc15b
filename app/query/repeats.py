"""Does a join repeat rows? Whose rows stand once each in the joined rows of a SELECT, whatever they are joined with.

A row that stands twice counts twice: `FROM person, (VALUES (1), (2)) v(i)` has twice every income, and a sum over all
but one of them, halved, is no number that the firewall would know again. A source's rows stand once each when every
other source is tied to it, directly or through others, by all columns of one of its keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
    """`column` is a function of the columns `needs` in every row; with `given`, in those rows that this source has."""

    column: ColumnKey
    needs: frozenset[ColumnKey]
    given: str | None = None


def standing_once(select: exp.Select, sources: Sequence[Joined]) -> frozenset[str]:
    """The aliases of the sources of `select`, all of them in their order, whose rows no join repeats."""
    ties = list(_ties(select, sources))
    return frozenset(s.alias for s in sources if _determines_all(s.alias, sources, ties))


def conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    """The conditions that AND holds together."""
    plain = condition.unnest() if condition is not None else None
    if isinstance(plain, exp.And):
        return [*conjuncts(plain.this), *conjuncts(plain.expression)]
    return [plain] if plain is not None else []


def _determines_all(alias: str, sources: Sequence[Joined], ties: list[_Tie]) -> bool:
    """Whether one row of `alias` leaves at most one row of every other source."""
    usable = [t for t in ties if t.given in (None, alias)]
    rows, columns = {alias}, set[ColumnKey]()
    while True:
        more = {t.column for t in usable if all(c in columns or c[0] in rows for c in t.needs)} - columns
        columns |= more
        found = {s.alias for s in sources if s.alias not in rows and _held(s, columns)}
        rows |= found
        if not (more or found):
            return len(rows) == len({s.alias for s in sources})


def _held(source: Joined, columns: set[ColumnKey]) -> bool:
    """Whether all columns of some key of `source` are among `columns`."""
    return any(all((source.alias, column) in columns for column in key) for key in source.keys)


def _ties(select: exp.Select, sources: Sequence[Joined]) -> Iterator[_Tie]:
    types = {(s.alias, c): t for s in sources for c, t in s.types.items()}
    where = select.args.get("where")
    yield from _equalities(where.this if where is not None else None, types)
    for source, join in zip(sources[1:], select.args.get("joins") or [], strict=False):
        if not (join.method or join.kind.upper() in ("SEMI", "ANTI")):
            yield from _of_side(join.side.upper(), source.alias, list(_equalities(join.args.get("on"), types)))


def _of_side(side: str, alias: str, ties: Iterable[_Tie]) -> Iterator[_Tie]:
    """What the ON of a join of `alias` says of every row: an outer join demands nothing of rows that it completes."""
    for tie in ties:
        inner = tie.column[0] == alias
        from_it = all(c[0] == alias for c in tie.needs) and bool(tie.needs)
        if not side or (side == "LEFT" and inner) or (side == "RIGHT" and not inner and from_it):
            yield tie
        elif side == "LEFT" and from_it:
            yield _Tie(column=tie.column, needs=tie.needs, given=alias)


def _equalities(condition: exp.Expr | None, types: Mapping[ColumnKey, str]) -> Iterator[_Tie]:
    for equality in conjuncts(condition):
        if not isinstance(equality, exp.EQ | exp.NullSafeEQ):
            continue
        for column, other in ((equality.this, equality.expression), (equality.expression, equality.this)):
            if isinstance(column, exp.Column) and _of_the_row(other) and compared_as_they_are(column, other, types):
                yield _Tie(column=key_of(column), needs=frozenset(map(key_of, other.find_all(exp.Column))))


def _of_the_row(node: exp.Expr) -> bool:
    """Whether `node` is a function of its columns and nothing else."""
    return node.find(exp.Query, exp.Window, exp.AggFunc) is None
