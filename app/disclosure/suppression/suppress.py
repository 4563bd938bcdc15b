"""Which rows of an output must be taken out so that no unsafe cell follows from its totals? Evidence → rows, or none.

Whole rows are taken out and not single measures: a count, a sum and a mean of one row tell about one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.disclosure.suppression.audit import Interval, intervals
from app.disclosure.suppression.cells import Cells, margins_file, read_cells
from app.disclosure.suppression.margins import MarginTable, Marks, groups, margin_table
from app.disclosure.suppression.repair import repair
from app.disclosure.suppression.table import Status
from app.domain.proofs import CheckReport, HiddenCell, Pattern, Plan

SECONDS = 300.0
"""How long the solver may work on one output; then the output is refused."""
MAX_HIDDEN = 1000
"""Suppressed cells whose intervals a report tells, unsafe ones first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Suppressed:
    """What is out after a round, and the tables with margins of that round, repaired, with their frontiers' cells."""

    plan: Plan
    marks: Marks
    tables: tuple[MarginTable, ...]
    cells: Mapping[int, Cells]
    until: float


def stopped(marks: Marks) -> dict[int, dict[int | None, frozenset[int]]]:
    """The secondary rows as a plan takes them: frontier → measure (None: the row) → key hashes."""
    return {frontier: {None: rows} for frontier, rows in marks.secondary.items() if rows}


def reused(plan: Plan, earlier: Mapping[str, frozenset[int]]) -> Marks:
    """What to begin with: `earlier` are the rows that every earlier output of a signature left out."""
    found = {f.number: earlier[f.signature] for f in plan.frontiers if f.signature in earlier}
    return Marks(secondary=found, known=frozenset(found))


def suppress(plan: Plan, folder: Path, marks: Marks, *, until: float) -> Suppressed:
    """Repair every table with margins of a run in `folder`; the values of its cells are removed from there.

    The run may leave when the secondary rows are still those of `marks`. `until` is the moment (monotonic seconds) at
    which it is given up. Raises Broken("evidence-malformed") and what `repair` raises.
    """
    finer = {m.finer for f in plan.frontiers for m in f.margins}
    wanted = [f for f in plan.frontiers if f.margins or f.number in finer]
    try:
        cells = {f.number: read_cells(f, folder) for f in wanted}
    finally:
        for f in wanted:
            margins_file(folder, f.number).unlink(missing_ok=True)
    tables: list[MarginTable] = []
    for nodes in groups(cells):
        found = margin_table(nodes, cells, plan.rule, marks)
        if len(found.table.primary):
            found = replace(found, table=repair(found.table, until=until).table)
            marks = _marked(marks, found, cells)
            tables.append(found)
    return Suppressed(plan=plan, marks=marks, tables=tuple(tables), cells=cells, until=until)


def _marked(marks: Marks, found: MarginTable, cells: Mapping[int, Cells]) -> Marks:
    """The marks, and those of a repaired table."""
    primary, secondary = dict(marks.primary), dict(marks.secondary)
    for frontier, measure in found.nodes:
        own = found.frontier == frontier
        key, status = cells[frontier].key[found.row[own]], found.table.status[own]
        primary[frontier, measure] = _keys(primary.get((frontier, measure)), key[status == Status.PRIMARY].tolist())
        secondary[frontier] = _keys(secondary.get(frontier), key[status == Status.SECONDARY].tolist())
    return replace(marks, primary=primary, secondary=secondary)


def _keys(old: frozenset[int] | None, new: list[int]) -> frozenset[int]:
    return (old or frozenset()) | frozenset(new)


def told(report: CheckReport, found: Suppressed) -> CheckReport:
    """The report with the intervals of suppressed cells, and the rows that the same question must leave out again.

    Raises what `intervals` raises.
    """
    plan, until = found.plan, found.until
    cells = [_hidden(plan, found, table, i) for table in found.tables for i in intervals(table.table, until=until)]
    cells.sort(key=lambda c: (not c.primary, c.frontier, c.measure, c.cell))
    rows = {f.number: found.marks.secondary.get(f.number, frozenset()) for f in plan.frontiers if f.keys}
    patterns = {f.signature: tuple(f"{k:016x}" for k in sorted(rows[f.number])) for f in plan.frontiers if f.keys}
    return replace(
        report,
        hidden=tuple(cells[:MAX_HIDDEN]),
        patterns=tuple(Pattern(signature=s, rows=r) for s, r in sorted(patterns.items())),
    )


def _hidden(plan: Plan, found: Suppressed, table: MarginTable, interval: Interval) -> HiddenCell:
    """What a report says about a suppressed cell of a table."""
    frontier, row = int(table.frontier[interval.cell]), int(table.row[interval.cell])
    outline = next(f for f in plan.frontiers if f.number == frontier)
    return HiddenCell(
        frontier=frontier,
        cell=int(found.cells[frontier].cell[row]),
        measure=outline.measures[dict(table.nodes)[frontier]],
        primary=bool(table.table.status[interval.cell] == Status.PRIMARY),
        lower=None if np.isinf(interval.lower) else round(interval.lower, 6),
        upper=None if np.isinf(interval.upper) else round(interval.upper, 6),
    )
