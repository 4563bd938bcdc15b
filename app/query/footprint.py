"""What does an analysis touch, apart from the values of its parameters? `Analysis` → `Footprint`."""

from __future__ import annotations

from app.domain.footprint import Footprint
from app.domain.proofs import Analysis
from app.domain.values import FieldUse, Position
from app.query.analysis import GovernedQuery

_NOWHERE = Position(line=0, column=0)


def footprint(analysis: Analysis) -> Footprint:
    """The footprint of a complete analysis."""
    query = analysis.governed
    frontiers = query.governed.frontiers if isinstance(query, GovernedQuery) else ()
    reasons = {(r.code, r.position or _NOWHERE) for r in analysis.reasons}
    return Footprint(
        level=analysis.level,
        relations=tuple(
            sorted((d.name, "unit" if d.units else "public", tuple(u.type for u in d.units)) for d in analysis.datasets)
        ),
        uses=tuple(sorted(analysis.uses, key=_place)),
        aggregations=tuple(
            (tuple(u.type for u in f.units), len(f.keys), tuple(sorted({m.function for m in f.measures})))
            for f in frontiers
        ),
        reasons=tuple((code, where.line or None, where.column or None) for code, where in sorted(reasons)),
    )


def _place(use: FieldUse) -> tuple[Position, str, str, str]:
    return use.position or _NOWHERE, use.dataset, use.field, use.use
