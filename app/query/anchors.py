"""Which row of which file does a joined row of a frontier stand for? Leads the number of that row up to the frontier.

The rows of the *anchor* stand once each in the joined rows, so that a row is in one cell of the frontier or in none.
Its number comes from the secure view and goes through sub-queries and WITH queries that pass rows on one by one. Groups
of one unit each stand for that unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlglot import exp

from app.domain.values import Dataset
from app.query.frontier import ANCHOR, Frontier
from sandbox.protocol import POSITION

Ctes = tuple[tuple[str, exp.Expr], ...]


@dataclass(frozen=True, kw_only=True)
class Anchored:
    """A frontier whose joined rows have, in the column `row`, what they stand for; with the WITH queries it needs.

    `dataset` is the data set whose row that is, None when it is the reference of the unit itself.
    """

    frontier: Frontier
    ctes: Ctes
    dataset: Dataset | None
    row: exp.Column


def anchored(frontier: Frontier, ctes: Ctes, datasets: Iterable[Dataset]) -> Anchored | None:
    """The frontier with the number of its anchor's rows; None when no rows are known to stand once."""
    from_, joins = frontier.from_.copy(), tuple(j.copy() for j in frontier.joins)
    bodies = {name: body.copy() for name, body in ctes}
    tracer = _Tracer(bodies=bodies, datasets={d.name.lower(): d for d in datasets})
    source = _named(frontier.anchor, [from_.this, *(j.this for j in joins)])
    found = tracer.exposed(source) if source is not None else None
    if source is None or found is None or (found.dataset is None and len(frontier.units) != 1):
        return None
    return Anchored(
        frontier=replace(frontier, from_=from_, joins=joins),
        ctes=tuple((name, bodies[name]) for name, _ in ctes),
        dataset=found.dataset,
        row=exp.column(found.column, table=source.alias_or_name, quoted=True),
    )


@dataclass(frozen=True, kw_only=True)
class _Exposed:
    """The column of a source that says what its rows stand for."""

    column: str
    dataset: Dataset | None


@dataclass(frozen=True, kw_only=True)
class _Tracer:
    """Follows sources down to the rows of a data set; adds to `bodies`, which are copies, the column it needs."""

    bodies: dict[str, exp.Expr]
    datasets: dict[str, Dataset]

    def exposed(self, source: exp.Expr) -> _Exposed | None:
        """Have `source` show what its rows stand for."""
        body = self._body(source)
        if body is None:
            dataset = self.datasets.get(source.name.lower())
            return _Exposed(column=POSITION, dataset=dataset) if dataset is not None else None
        if not isinstance(body, exp.Select) or any(body.args.get(clause) for clause in ("distinct", "limit", "offset")):
            return None
        if body.args.get("group") is not None:
            names = body.named_selects
            alone = len(body.args["group"].expressions) == 1 and "t0" in names and "t1" not in names
            return _Exposed(column="k0", dataset=None) if alone else None
        inner = _named(body.meta.get(ANCHOR), _sources(body))
        found = self.exposed(inner) if inner is not None else None
        if inner is None or found is None:
            return None
        if POSITION not in body.named_selects:
            column = exp.column(found.column, table=inner.alias_or_name, quoted=True)
            body.append("expressions", exp.alias_(column, POSITION, quoted=True))
        return replace(found, column=POSITION)

    def _body(self, source: exp.Expr) -> exp.Expr | None:
        """The query behind a source; None for a table of the catalog."""
        return source.this if isinstance(source, exp.Subquery) else self.bodies.get(source.name)


def _named(alias: str | None, sources: list[exp.Expr]) -> exp.Expr | None:
    """The source called `alias`."""
    return next((s for s in sources if alias is not None and s.alias_or_name.lower() == alias), None)


def _sources(select: exp.Select) -> list[exp.Expr]:
    from_ = select.args.get("from_")
    return [from_.this, *(j.this for j in select.args.get("joins") or [])] if from_ is not None else []
