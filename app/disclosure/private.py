"""What left of a run with noise, and what may be told of it? Reads the sandbox's files, as hostile input.

Everything here is noised already: the contributors of the cells that leave, and the number of all cells, from which
the number of suppressed ones is told. Evidence of a cell that did not leave would tell that it is there.
"""

from __future__ import annotations

from decimal import Decimal
from math import exp, log
from pathlib import Path

from app.disclosure.evidence import MAX_CELLS, Judged, read_rows
from app.disclosure.explained import rows_of, verdicts_of
from app.domain.errors import Broken
from app.domain.privacy import CONTRIBUTORS, INTERVAL, SUM, NoiseColumn, NoisedMeasure, PrivacyReport, PrivateFrontier
from app.domain.proofs import CellEvidence, Plan


def judge_private(plan: Plan, folder: Path) -> Judged:
    """Read and judge the cells of every private frontier of `plan` in `folder`.

    Raises Broken("evidence-malformed") when a file is not what the plan asked for, and Broken("evidence-unsafe") when
    a cell was let through below its threshold, or any although there were too many.
    """
    cells: list[CellEvidence] = []
    suppressed = 0
    for frontier in plan.private.frontiers if plan.private is not None else ():
        found = _cells(plan, frontier, folder)
        number = _number(folder / f"number_{frontier.number}.parquet")
        if found and number > frontier.most_cells:
            raise Broken("evidence-unsafe")
        cells += found
        suppressed += max(0, number - len(found))
    return Judged(
        cells=tuple(cells[:MAX_CELLS]),
        suppressed=suppressed,
        stopped=0,
        verdicts=verdicts_of(cells),
        rows=rows_of(cells, plan.rule.contributors),
    )


def told(plan: Plan) -> PrivacyReport | None:
    """What the report says of the noise of a plan: price and size. None for a plan without."""
    run = plan.private
    if run is None or not run.frontiers:
        return None
    return PrivacyReport(
        epsilon=str(run.epsilon),
        delta=str(run.delta),
        datasets=run.datasets,
        measures=tuple(m for frontier in run.frontiers for m in _measures(frontier)),
    )


def half_width(scale: float) -> int:
    """How far from zero noise of this scale lies at most, with a probability of 95 %.

    P(|X| > t) = 2 q^(t+1) / (1 + q) with q = exp(-1 / scale).
    """
    q = exp(-1 / scale)
    return max(0, int(scale * log(2 / (INTERVAL * (1 + q)))))


def _measures(frontier: PrivateFrontier) -> list[NoisedMeasure]:
    return [
        NoisedMeasure(
            frontier=frontier.number,
            measure=CONTRIBUTORS if c.measure is None else frontier.measures[c.measure],
            what=c.what,
            epsilon=f"{float(c.epsilon):.4f}",
            half_width=f"{half_width(c.scale) * _step(frontier, c):f}",
        )
        for c in frontier.columns
    ]


def _step(frontier: PrivateFrontier, column: NoiseColumn) -> Decimal:
    """The width of the grid of a column: counts are whole."""
    return frontier.steps[column.measure] if column.measure is not None and column.what == SUM else Decimal(1)


def _cells(plan: Plan, frontier: PrivateFrontier, folder: Path) -> list[CellEvidence]:
    file = folder / f"private_{frontier.number}.parquet"
    found = [(_whole(row, "cell", file), _whole(row, "contributors", file)) for row in read_rows(file)]
    if any(contributors < frontier.threshold for _, contributors in found):
        raise Broken("evidence-unsafe")
    return [
        CellEvidence(
            frontier=frontier.number,
            cell=cell,
            measure=None,
            unit=frontier.unit,
            contributors=contributors,
            exact=False,
            largest_share=None,
            verdict="safe",
            rule=f"{plan.rule.level}:dp",
        )
        for cell, contributors in found
    ]


def _number(file: Path) -> int:
    rows = list(read_rows(file))
    if len(rows) != 1:
        raise Broken("evidence-malformed", file=file.name)
    return _whole(rows[0], "cells", file)


def _whole(row: dict[str, object], name: str, file: Path) -> int:
    value = row.get(name)
    if type(value) is not int:
        raise Broken("evidence-malformed", file=file.name)
    return value
