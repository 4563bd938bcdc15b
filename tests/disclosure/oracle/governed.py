"""What does the plan of a query prove of its cells? Runs its steps, and reads its evidence as the check does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pyarrow.parquet as pq

from app.disclosure.evidence import judge
from app.domain.proofs import CellEvidence, FrontierOutline, Grant
from app.domain.rules import LevelRule
from app.domain.values import Level
from app.query.plan import make_plan
from app.workflow import authorize
from tests.sql.pipeline import ENGINE, Pipeline
from tests.sql.unplaced import unplaced

ROWS = -1
"""The number of a measure that stands for the row itself."""


@dataclass(frozen=True, kw_only=True)
class Proved:
    """One frontier: (hash of the keys, measure) → its evidence; and → per lane the units in its fingerprint."""

    outline: FrontierOutline
    evidence: Mapping[tuple[int, int], CellEvidence]
    units: Mapping[tuple[int, int, int], frozenset[int]]


def rule(k: int, share: float | None = None, p_percent: float | None = None) -> LevelRule:
    """A rule with nothing but these numbers."""
    return LevelRule(
        level=Level.L3, contributors=k, largest_share=share, p_percent=p_percent, rounding_base=None, reviewers=1
    )


def granted(pipeline: Pipeline, sql: str) -> Grant:
    """Every use of `sql` decided; raises what the analysis raises."""
    return authorize(ENGINE, pipeline.question(sql))


def prove(pipeline: Pipeline, grant: Grant, of: LevelRule, folder: Path) -> list[Proved]:
    """Run the plan under a rule and read what it exports."""
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    plan = make_plan(grant, of, ENGINE.callable_functions(), ENGINE.limits["query"])
    for step in unplaced(plan.task).steps:
        pipeline.connection.execute(f"CREATE OR REPLACE TEMP TABLE {step.table} AS {step.sql}")
    for export in unplaced(plan.task).exports:
        pipeline.connection.execute(f"COPY ({export.sql}) TO '{folder / export.file}' (FORMAT parquet)")
    cells = judge(plan, folder, {}).cells
    return [_proved(outline, [c for c in cells if c.frontier == outline.number], folder) for outline in plan.frontiers]


def _proved(outline: FrontierOutline, cells: list[CellEvidence], folder: Path) -> Proved:
    named = pq.read_table(folder / f"evidence_{outline.number}.parquet", columns=["cell", "key"]).to_pylist()
    keys = {row["cell"]: row["key"] for row in named}
    numbers = {None: ROWS} | {text: number for number, text in enumerate(outline.measures)}
    left = {(c.cell, numbers[c.measure]) for c in cells if c.verdict == "safe"}
    units: dict[tuple[int, int, int], set[int]] = {}
    for row in pq.read_table(folder / f"fingerprint_{outline.number}.parquet").to_pylist():
        for measure, (presence, _) in enumerate(outline.prints, start=ROWS):
            if (row["cell"], measure) in left:
                held = units.setdefault((keys[row["cell"]], measure, row["lane"]), set())
                held |= {row["bucket"]} if row[presence] else set()
    return Proved(
        outline=outline,
        evidence={(keys[c.cell], numbers[c.measure]): c for c in cells},
        units={name: frozenset(held) for name, held in units.items()},
    )
