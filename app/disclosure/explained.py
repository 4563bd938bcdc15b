"""What was found about all cells together? Histogram, verdicts by rule, and which cells come near to which release.

Made once, when the check is: a report stays small and its summary complete, however many cells there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.disclosure.firewall import Near
from app.domain.errors import Broken
from app.domain.proofs import Bar, CellEvidence, NearCell, Plan, Taken

MAX_NEAR = 500
"""Near cells that a report names; it counts the others."""
_STEPS = (1, 2, 5, 10, 100)
"""The bars of a histogram begin at 1 and at these multiples of the rule's k."""


def histogram(cells: Iterable[CellEvidence], contributors: int) -> tuple[Bar, ...]:
    """How many rows of aggregations have how many contributors, by type of unit; `contributors` is the rule's k."""
    begins = sorted({0, 1, *(step * contributors for step in _STEPS)})
    counts: dict[str, Counter[tuple[int, bool]]] = defaultdict(Counter)
    for cell in cells:
        if cell.measure is None:
            bar = sum(begin <= cell.contributors for begin in begins) - 1
            counts[cell.unit][bar, cell.verdict == "safe"] += 1
    ends = [begin - 1 for begin in begins[1:]]
    return tuple(
        Bar(unit=unit, least=begin, most=end, left=found[bar, True], kept=found[bar, False])
        for unit, found in sorted(counts.items())
        for bar, (begin, end) in enumerate(zip(begins, [*ends, None], strict=True))
        if found[bar, True] or found[bar, False] or begin
    )


def taken(cells: Iterable[CellEvidence]) -> tuple[Taken, ...]:
    """How many cells had which verdict, by which rule."""
    counts = Counter((cell.verdict, cell.rule) for cell in cells)
    return tuple(Taken(verdict=v, rule=r, cells=number) for (v, r), number in sorted(counts.items()))


def near_cells(plan: Plan, folder: Path, near: Iterable[Near]) -> tuple[NearCell, ...]:
    """The nearest `MAX_NEAR` of the cells that the firewall took out, as the evidence in `folder` numbers them.

    Raises Broken("evidence-malformed").
    """
    nearest = sorted(near, key=lambda n: (n.distance, n.release, n.frontier, n.measure, n.key))[:MAX_NEAR]
    outlines = {f.number: f for f in plan.frontiers}
    numbers = {
        f: _numbers(folder / f"evidence_{f}.parquet", {n.key for n in nearest if n.frontier == f})
        for f in {n.frontier for n in nearest}
    }
    return tuple(
        NearCell(
            frontier=n.frontier,
            cell=numbers[n.frontier].get(n.key),
            measure=outlines[n.frontier].measures[n.measure] if n.measure >= 0 else None,
            release=n.release,
            distance=n.distance,
            rollup=n.rollup,
        )
        for n in nearest
    )


def _numbers(file: Path, keys: set[int]) -> dict[int, int]:
    """Key → number of its cell, for those of `keys` that the evidence has."""
    try:
        table = pq.read_table(file, columns=["key", "cell"])
        kept = table.filter(pc.is_in(table["key"], value_set=pa.array(sorted(keys), table.schema.field("key").type)))
        return dict(zip(kept["key"].to_pylist(), map(int, kept["cell"].to_pylist()), strict=True))
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        raise Broken("evidence-malformed", file=file.name) from None
