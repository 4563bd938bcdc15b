"""To whom do the rows of a join belong? The unit columns of joined sources, and outer joins that would show absence."""

from __future__ import annotations

from sqlglot import exp

from app.domain.errors import Refusal
from app.query.equality import Equalities
from app.query.frontier import MakeFinding, UnitExpression
from app.query.joins import SIDED
from app.query.relations import Kind, Source, unit_expressions


def joined_units(
    select: exp.Select, sources: list[Source], equal: Equalities, finding: MakeFinding
) -> list[UnitExpression]:
    """The unit columns of a SELECT's joined rows; those known to be equal are one.

    Raises Refusal("outer-join-of-units") at an outer join that would show which units are absent.
    """
    joins = [None, *(select.args.get("joins") or [])][: len(sources)]
    merged: list[UnitExpression] = []
    for source, join in zip(sources, joins, strict=True):
        own = unit_expressions(source)
        if shows_absence(join, sources, own, merged):
            raise Refusal(finding("outer-join-of-units", join, side=join.side.upper() if join is not None else ""))
        if join is not None and join.side and own and _aligned(join, own, merged):
            continue
        for unit in own:
            if not any(unit.type == m.type and equal.same(unit.key, m.key) for m in merged):
                merged.append(unit)
    return merged


def shows_absence(
    join: exp.Join | None, sources: list[Source], own: list[UnitExpression], before: list[UnitExpression]
) -> bool:
    """Whether an outer join of the units `own` to those `before` it would show which units are absent.

    It would not where the joined rows are those of the same unit, nor where all rows before it are public and none is
    the operator's own making.
    """
    if join is None or not join.side:
        return False
    if join.side.upper() in SIDED and any(s.relation.kind is Kind.UNIT for s in sources):
        return True
    open_before = not before and not any(s.relation.own for s in sources)
    return bool(own) and not open_before and not _aligned(join, own, before)


def _aligned(join: exp.Join, own: list[UnitExpression], before: list[UnitExpression]) -> bool:
    """Whether the ON of `join` ties each of the units `own` to one before it."""
    on = Equalities.of_condition(join.args.get("on"))
    return all(any(u.type == b.type and on.same(u.key, b.key) for b in before) for u in own)
