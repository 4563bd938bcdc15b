"""What stands behind each cell? Reads the evidence from the sandbox, as hostile input, and judges it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq

from app.domain.errors import Broken
from app.domain.proofs import CellEvidence, FrontierOutline, Plan
from app.domain.rules import CELL_RULES, SAFE

Stopped = Mapping[int, Mapping[int | None, frozenset[int]]]
"""Frontier → measure (None: the row) → key hashes of the cells that the firewall stops."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The evidence of every cell, and how many cells were suppressed or stopped."""

    cells: tuple[CellEvidence, ...]
    suppressed: int
    stopped: int


def judge(plan: Plan, folder: Path, stopped: Stopped, complementary: Stopped = MappingProxyType({})) -> Judged:
    """Read and judge the evidence of every frontier of `plan` in `folder`.

    `stopped` are the cells that the firewall stops, `complementary` the rows that are out for the sake of others.

    Raises Broken("evidence-malformed") when a file is not what the plan asked for, and Broken("evidence-unsafe") when
    a cell was let through with fewer contributors than the rule demands: the sandbox's word alone is not enough.
    """
    cells: list[CellEvidence] = []
    suppressed = held = 0
    for frontier in plan.frontiers:
        rows = read_rows(folder / f"evidence_{frontier.number}.parquet")
        for row in rows:
            found, left, kept = _row(plan, frontier, row, _Stops.of(stopped, complementary, frontier.number))
            cells += found
            suppressed += left
            held += kept
    return Judged(cells=tuple(cells), suppressed=suppressed, stopped=held)


MAX_CELLS = 50_000
"""Cells that a report holds one by one; of the others it holds the counts, and the file of evidence holds all."""


def listed(cells: tuple[CellEvidence, ...]) -> tuple[CellEvidence, ...]:
    """The cells that a report holds one by one: all, or of too many those that may not leave before those that may."""
    if len(cells) <= MAX_CELLS:
        return cells
    chosen = sorted(range(len(cells)), key=lambda i: (cells[i].verdict == SAFE, i))[:MAX_CELLS]
    return tuple(cells[i] for i in sorted(chosen))


def read_rows(file: Path) -> Iterator[dict[str, object]]:
    """The rows of a small Parquet file from the sandbox; raises Broken("evidence-malformed") when it is none."""
    try:
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=8192):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError):
        raise Broken("evidence-malformed", file=file.name) from None


def _row(
    plan: Plan, frontier: FrontierOutline, row: dict[str, object], stops: _Stops
) -> tuple[list[CellEvidence], int, int]:
    """The evidence of one row of a frontier: its cells, how many are suppressed, how many the firewall stops."""
    try:
        measures: list[int | None] = [None, *range(len(frontier.measures))]
        found = [_cell(plan, frontier, row, m, stops) for m in measures]
    except (KeyError, TypeError, ValueError):
        raise Broken("evidence-malformed", file=f"evidence_{frontier.number}.parquet") from None
    row_cell, own = found[0], found[1:]
    if row_cell.verdict != "safe":
        return found, int(row_cell.verdict != _NEAR), int(row_cell.verdict == _NEAR)
    bad = [c for c in own if c.verdict != "safe"]
    near = sum(c.verdict == _NEAR for c in bad)
    if own and len(bad) == len(own):
        return found, int(near == 0), int(near > 0)
    return found, len(bad) - near, near


_NEAR = "near-released"
_COMPLEMENTARY = "complementary"
_OUTSIDE = {_NEAR: "firewall", _COMPLEMENTARY: "margins"}
"""Verdicts that no rule about the cell itself gives, and what gives them."""


@dataclass(frozen=True, kw_only=True)
class _Stops:
    """The key hashes of the cells of a frontier that are out although they are safe themselves."""

    near: Mapping[int | None, frozenset[int]]
    complementary: frozenset[int]

    @staticmethod
    def of(stopped: Stopped, complementary: Stopped, frontier: int) -> _Stops:
        rows = complementary.get(frontier, {}).get(None, frozenset())
        return _Stops(near=stopped.get(frontier, {}), complementary=rows)

    def verdict(self, key: int, measure: int | None, own: str, *, passed: bool) -> str:
        """The verdict on a cell that has the verdict `own` by itself."""
        if key in self.near.get(measure, frozenset()):
            return _NEAR
        if own == SAFE and not passed:
            return _COMPLEMENTARY if key in self.complementary else _NEAR
        return own


def _cell(
    plan: Plan,
    frontier: FrontierOutline,
    row: dict[str, object],
    measure: int | None,
    stops: _Stops,
) -> CellEvidence:
    """The evidence of a row (`measure` None) or of one measure in it, worst unit first."""
    units = range(len(frontier.units))
    suffix = "" if measure is None else f"_{measure}"
    counts = [int(row[f"n{u}{suffix}"] if f"n{u}{suffix}" in row else row[f"n{u}"]) for u in units]  # type: ignore[call-overload]
    worst = min(units, key=lambda u: counts[u])
    shares = [float(s) for u in units if (s := row.get(f"share{u}{suffix}")) is not None]  # type: ignore[arg-type]
    ok = bool(row["row_ok"] if measure is None else row[f"ok{measure}"])
    broken = CELL_RULES[_place(row, measure)]
    verdict = stops.verdict(int(row["key"]), measure, broken.verdict, passed=ok)  # type: ignore[call-overload]
    if ok and verdict != SAFE:
        raise Broken("evidence-unsafe")
    nobody = plan.rule.zeros and counts[worst] == 0 and bool(row[f"exact{worst}"])
    if ok and counts[worst] < plan.rule.contributors and not nobody:
        raise Broken("evidence-unsafe")
    return CellEvidence(
        frontier=frontier.number,
        cell=int(row["cell"]),  # type: ignore[call-overload]
        measure=None if measure is None else frontier.measures[measure],
        unit=frontier.units[worst],
        contributors=counts[worst],
        exact=bool(row[f"exact{worst}"]),
        largest_share=max(shares, default=None),
        verdict=verdict,
        rule=f"{plan.rule.level}:{_OUTSIDE.get(verdict, broken.key)}",
    )


def _place(row: dict[str, object], measure: int | None) -> int:
    """The place of the rule that a cell breaks, 0 when it breaks none; raises ValueError for one that there is not."""
    place: int = int(row["why" if measure is None else f"why{measure}"])  # type: ignore[call-overload]
    if not 0 <= place < len(CELL_RULES):
        raise ValueError
    return place
