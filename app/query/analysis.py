"""What does this SQL do with which fields? The door of the stage: text + data sets → `Analysis`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from app.domain.parameters import Values
from app.domain.proofs import Analysis
from app.domain.values import Dataset, DatasetKind, FieldUse, Level
from app.query.govern import Governed, govern
from app.query.lineage import lineage
from app.query.names import Resolved, resolve
from app.query.parameters import check_fit
from app.query.parse import Functions, parse
from app.query.uses import UseFinder


@dataclass(frozen=True, kw_only=True)
class Understood:
    """A parsed and resolved query with its uses, before it is known whether it can be governed."""

    resolved: Resolved
    datasets: tuple[Dataset, ...]
    uses: tuple[FieldUse, ...]
    level: Level


@dataclass(frozen=True, kw_only=True)
class GovernedQuery:
    """What planning needs beside the proof: the governed trees and the output names."""

    governed: Governed
    outputs: tuple[str, ...]


def understand(
    sql: str, datasets: tuple[Dataset, ...], functions: Functions, values: Values | None = None
) -> Understood:
    """Parse, resolve, and find every use. `values` are those of a template's parameters; None: `sql` is no template.

    Raises Invalid "sql-…", Refusal "construct-refused", "function-refused", "unknown-table", "unknown-column",
    "parameter-…" ….
    """
    resolved = resolve(parse(sql, functions, values), sql, datasets)
    if values:
        check_fit(resolved.tree, values, resolved.datasets, sql)
    uses = UseFinder(resolved=resolved, function_class=functions.function_class).find()
    read = tuple(
        resolved.datasets[name]
        for name in dict.fromkeys(t.name.lower() for t in resolved.tree.find_all(exp.Table))
        if name in resolved.datasets
    )
    return Understood(resolved=resolved, datasets=read, uses=uses, level=_level(uses, read))


def outline(understood: Understood) -> Analysis:
    """An analysis of the uses alone, for a policy's answer about a query that cannot be governed. It has no plan."""
    return Analysis(
        sql=understood.resolved.sql,
        datasets=understood.datasets,
        uses=understood.uses,
        level=understood.level,
        reasons=(),
        governed=None,
    )


def complete(understood: Understood, functions: Functions) -> Analysis:
    """The whole analysis of an understood query; raises Refusal where units would mix unseen."""
    return _analysis(understood, govern(understood.resolved, understood.level, functions.function_class))


def mixed_units(analysis: Analysis) -> tuple[tuple[str, ...], ...]:
    """For each aggregation that mixes units, in the order in which they run, the types of those units."""
    query = analysis.governed
    frontiers = query.governed.frontiers if isinstance(query, GovernedQuery) else ()
    return tuple(tuple(unit.type for unit in frontier.units) for frontier in frontiers)


def _analysis(understood: Understood, governed: Governed) -> Analysis:
    return Analysis(
        sql=understood.resolved.sql,
        datasets=understood.datasets,
        uses=understood.uses,
        level=understood.level,
        reasons=governed.reasons,
        governed=GovernedQuery(governed=governed, outputs=understood.resolved.outputs),
        lineage=lineage(understood.resolved, understood.uses),
    )


def _level(uses: tuple[FieldUse, ...], datasets: tuple[Dataset, ...]) -> Level:
    """The strictest level reached. Rows that are counted without any field reach the laxest level of their table."""
    by_name = {d.name: d for d in datasets if d.kind is DatasetKind.PUBLIC}
    reached = [f.level for u in uses if (f := by_name[u.dataset].field(u.field)) is not None]
    touched = {u.dataset for u in uses}
    reached += [min(f.level for f in d.fields) for n, d in by_name.items() if n not in touched]
    return Level.strictest(reached)
