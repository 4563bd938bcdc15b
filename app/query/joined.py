"""To whom do the rows of a join belong? The unit columns of joined sources, and outer joins that would show absence."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from app.domain.errors import Finding, Refusal
from app.query.equality import Equalities
from app.query.frontier import MakeFinding, UnitExpression
from app.query.joins import SIDED
from app.query.relations import Kind, Rows, Source, unit_expressions
from app.query.repeats import repeated_by
from app.query.subqueries import own_sources


def joined_units(
    select: exp.Select, sources: list[Source], equal: Equalities, finding: MakeFinding
) -> tuple[list[UnitExpression], list[Finding]]:
    """The unit columns of a SELECT's joined rows, those known to be equal as one; and why people must judge the joins.

    Raises Refusal("outer-join-of-units") at an outer join that would show the operator which units are absent.
    """
    joins = [None, *(select.args.get("joins") or [])][: len(sources)]
    merged: list[UnitExpression] = []
    reasons: list[Finding] = []
    for number, (source, join) in enumerate(zip(sources, joins, strict=True)):
        own = unit_expressions(source)
        side = join.side.upper() if join is not None else ""
        if join is not None and side and shows_absence(join, sources[:number], source, own, merged):
            found = finding("outer-join-of-units", join, side=side)
            if _shows_to_the_operator(select, side, sources[:number], source):
                raise Refusal(found)
            reasons.append(found)
        if side in SIDED:
            merged = [replace(u, nullable=True) for u in merged]
        if not (join is not None and side == "LEFT" and own and _aligned(join, own, merged)):
            missing = side in ("LEFT", "FULL")
            _merge(merged, [replace(u, nullable=u.nullable or missing) for u in own], equal)
    return merged, reasons


def missing_aliases(select: exp.Select, sources: list[Source]) -> frozenset[str]:
    """The sources that an outer join may leave out of some rows."""
    missing: set[str] = set()
    for number, join in enumerate(select.args.get("joins") or [], 1):
        before, own = {s.alias for s in sources[:number]}, {s.alias for s in sources[number : number + 1]}
        missing |= {"LEFT": own, "RIGHT": before, "FULL": before | own}.get(join.side.upper(), set())
    return frozenset(missing)


def joined_rows(
    select: exp.Select, sources: list[Source], units: list[UnitExpression], equal: Equalities
) -> tuple[Rows, frozenset[str]]:
    """The joined rows of a SELECT; and the aliases of the sources whose rows are in all of them, each once.

    Their anchor is a source with rows of units that stand once, best one that is in every row.
    """
    missing, repeated = missing_aliases(select, sources), repeated_by(select, [s.joined for s in sources])
    held = [s for s in sources if s.relation.kind is Kind.UNIT]
    anchors = [s for s in held if s.relation.repeats is None and not repeated[s.alias]]
    anchor = min(anchors, key=lambda s: s.alias in missing, default=None)
    repeats = None
    if held and anchor is None:
        first = min(held, key=lambda s: len(repeated[s.alias]))
        places = repeated[first.alias]
        repeats = own_sources(select)[places[0]] if places else first.relation.repeats
    once = frozenset(s.alias for s in sources if not repeated[s.alias]) - missing
    return Rows(sources=sources, units=units, equal=equal, anchor=anchor, repeats=repeats), once


def repetition(rows: Rows, finding: MakeFinding) -> list[Finding]:
    """Why people must judge numbers over `rows`: each of them may stand there as often as the operator likes."""
    place = rows.repeats
    return [finding("rows-repeated", place, table=place.alias_or_name or "UNION ALL")] if place is not None else []


def _merge(merged: list[UnitExpression], own: list[UnitExpression], equal: Equalities) -> None:
    """Add the units of one more source; one that is equal to a known one in every row is that one."""
    for unit in own:
        same = next((m for m in merged if unit.type == m.type and equal.same(unit.key, m.key)), None)
        if same is None:
            merged.append(unit)
        elif not unit.nullable:
            merged[merged.index(same)] = replace(same, nullable=False)


def shows_absence(
    join: exp.Join, before: list[Source], source: Source, own: list[UnitExpression], units: list[UnitExpression]
) -> bool:
    """Whether an outer join of `source`, with the units `own`, to the sources `before` it, with `units`, shows absence.

    It shows which units have no match. It does not where the joined rows are those of the same unit, nor where nothing
    protected can be missing, nor where all that misses it is public.
    """
    side = join.side.upper()
    if side == "LEFT":
        open_before = not units and not any(s.relation.own for s in before)
        return bool(own) and not open_before and not _aligned(join, own, units)
    if side == "RIGHT":
        open_after = not own and not source.relation.own
        return bool(units) and not open_after
    return bool(own or units)


def _shows_to_the_operator(select: exp.Select, side: str, before: list[Source], source: Source) -> bool:
    """Whether rows of the operator's own are among those that may miss a match; or a comma stands before RIGHT or FULL.

    A comma binds less than JOIN: what is before it is not part of such a join.
    """
    outer = {"LEFT": before, "RIGHT": [source]}.get(side, [*before, source])
    commas = any(not (j.side or j.kind or j.method or j.args.get("on")) for j in select.args.get("joins") or [])
    return any(s.relation.own for s in outer) or (commas and side in SIDED)


def _aligned(join: exp.Join, own: list[UnitExpression], before: list[UnitExpression]) -> bool:
    """Whether the ON of `join` ties each of the units `own` to one before it."""
    on = Equalities.of_condition(join.args.get("on"))
    return all(any(u.type == b.type and on.same(u.key, b.key) for b in before) for u in own)
