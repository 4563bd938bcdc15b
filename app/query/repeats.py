"""Does a join repeat rows? Whose rows stand once each in the joined rows of a SELECT, whatever they are joined with.

A row that stands twice counts twice: `FROM person, (VALUES (1), (2)) v(i)` has twice every income, and a sum over all
but one of them, halved, is no number that the firewall would know again. A source's rows stand once each when every
other source is tied to it, directly or through others, by all fields of one of its keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.query.equality import Equalities

Key = frozenset[str]
"""Columns, in lower case, in which no two rows of a source are alike."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A source of FROM under its alias (lower case), with its keys, and what its own ON makes equal to it.

    `on` is that of an outer join, which demands nothing of the other rows; None for an inner one.
    """

    alias: str
    keys: tuple[Key, ...]
    on: Equalities | None = None


def standing_once(sources: Iterable[Joined], equal: Equalities) -> frozenset[str]:
    """The aliases of the sources whose rows no join repeats."""
    listed = list(sources)
    return frozenset(s.alias for s in listed if _determines_all(s.alias, listed, equal))


def _determines_all(alias: str, sources: list[Joined], equal: Equalities) -> bool:
    """Whether one row of `alias` leaves at most one row of every other source."""
    determined = {alias}
    while True:
        more = {s.alias for s in sources if s.alias not in determined and _tied(s, determined, equal)}
        if not more:
            return len(determined) == len({s.alias for s in sources})
        determined |= more


def _tied(source: Joined, determined: set[str], equal: Equalities) -> bool:
    """Whether all fields of some key of `source` equal fields of sources that are determined."""
    demands = [equal, *([source.on] if source.on is not None else [])]
    return any(
        all(any(_equals_some(source.alias, column, determined, d) for d in demands) for column in key)
        for key in source.keys
    )


def _equals_some(alias: str, column: str, determined: set[str], equal: Equalities) -> bool:
    own = (alias, column)
    return equal.is_constant(own) or any(other[0] in determined and equal.same(own, other) for other in equal.columns())
