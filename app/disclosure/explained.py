"""What was found about all cells together? Histogram, verdicts by rule, and which cells come near to which release.

Made once, when the check is: a report stays small and its summary complete, however many cells there are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.disclosure.firewall import Near
from app.domain.errors import Broken
from app.domain.proofs import Bar, CellEvidence, NearCell, Plan, Taken
from app.domain.rules import SAFE

MAX_NEAR = 500
"""Near cells that a report names; it counts the others."""
_STEPS = (1, 2, 5, 10, 100)
"""The bars of a histogram begin at 1 and at these multiples of the rule's k."""


def begins(contributors: int) -> list[int]:
    """Where the bars of a histogram of contributors begin; `contributors` is the rule's k."""
    return sorted({0, 1, *(step * contributors for step in _STEPS)})


def histogram(rows: Mapping[tuple[str, int, bool], int], contributors: int) -> tuple[Bar, ...]:
    """How many rows of aggregations have how many contributors, by type of unit; see `Judged.rows`."""
    starts = begins(contributors)
    ends = [start - 1 for start in starts[1:]]
    counts = Counter(rows)
    return tuple(
        Bar(unit=unit, least=start, most=end, left=counts[unit, bar, True], kept=counts[unit, bar, False])
        for unit in sorted({unit for unit, _, _ in rows})
        for bar, (start, end) in enumerate(zip(starts, [*ends, None], strict=True))
        if counts[unit, bar, True] or counts[unit, bar, False] or start
    )


def rows_of(cells: Iterable[CellEvidence], contributors: int) -> Counter[tuple[str, int, bool]]:
    """What `Judged.rows` is for single `cells`."""
    starts = begins(contributors)
    rows = (c for c in cells if c.measure is None)
    return Counter((c.unit, bisect_right(starts, c.contributors) - 1, c.verdict == SAFE) for c in rows)


def verdicts_of(cells: Iterable[CellEvidence]) -> Counter[tuple[str, str]]:
    """What `Judged.verdicts` is for single `cells`."""
    return Counter((c.verdict, c.rule) for c in cells)


def taken(verdicts: Mapping[tuple[str, str], int]) -> tuple[Taken, ...]:
    """How many cells had which verdict, by which rule."""
    return tuple(Taken(verdict=v, rule=r, cells=number) for (v, r), number in sorted(verdicts.items()))


def near_cells(plan: Plan, folder: Path, near: Iterable[Near]) -> tuple[NearCell, ...]:
    """The nearest `MAX_NEAR` of the cells that the firewall took out, as the evidence in `folder` numbers them.

    For the sake of a population every cell went that tells of it.

    Raises Broken("evidence-malformed").
    """
    nearest = sorted(near, key=lambda n: (n.distance, n.release, n.frontier, n.measure, n.key))[:MAX_NEAR]
    outlines = {f.number: f for f in plan.frontiers}
    numbers = {place: _numbers(folder, *place, nearest) for place in {(n.frontier, n.population) for n in nearest}}
    found = (
        NearCell(
            frontier=n.frontier,
            cell=cell,
            measure=outlines[n.frontier].measures[n.measure] if n.measure >= 0 else None,
            release=n.release,
            distance=n.distance,
            rollup=n.rollup,
            population=n.population,
        )
        for n in nearest
        for cell in numbers[n.frontier, n.population].get(n.key, [None])
    )
    return tuple(islice(found, MAX_NEAR))


def _numbers(folder: Path, frontier: int, population: bool, near: Iterable[Near]) -> dict[int, list[int | None]]:
    """Key of a cell, or of a population → the numbers of its cells, as far as the evidence of a frontier has them."""
    column, file = "population" if population else "key", folder / f"evidence_{frontier}.parquet"
    keys = sorted({n.key for n in near if (n.frontier, n.population) == (frontier, population)})
    try:
        table = pq.read_table(file, columns=[column, "cell"])
        kept = table.filter(pc.is_in(table[column], value_set=pa.array(keys, table.schema.field(column).type)))
        found: dict[int, list[int | None]] = {}
        for key, cell in zip(kept[column].to_pylist(), kept["cell"].to_pylist(), strict=True):
            found.setdefault(key, []).append(int(cell))
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        raise Broken("evidence-malformed", file=file.name) from None
    return found
