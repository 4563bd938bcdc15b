"""What went into each cell, without saying who? Contribution fingerprints of one output, and of its cells' sums.

A fingerprint has 64 buckets of units; each is the sum, modulo 2^64, of keyed hashes of what its units contribute.
Unequal buckets prove unequal contents, so k unequal buckets prove k differing units; sums over disjoint rows add up,
so the totals over published cells (rollups) have fingerprints too. `presence` sees which rows count, `content` their
values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.disclosure.segment import BUCKETS, SEGMENT, WHOLE_ROWS, Segment, joined
from app.disclosure.sums import with_rollups
from app.domain.errors import Broken
from app.domain.proofs import FrontierOutline, Plan

_ROWS = -1
_FINGERPRINT = ("cell", "measure", "family", "unit", "lane", "k", "bucket", "presence", "content")
_TEXT = ("family", "unit")
_WIDE = ("presence", "content", "key")


@dataclass(frozen=True, kw_only=True)
class _Frontier:
    """One frontier's files, read: the hash of each cell's keys, and of every single key (columns) per cell."""

    outline: FrontierOutline
    hashes: dict[int, int]
    keys: dict[int, tuple[int, ...]]


def read_segment(plan: Plan, folder: Path) -> Segment:
    """The fingerprints of a run in `folder`, written there as `SEGMENT` too.

    The order is stable: frontiers with few cells first, so that of two cells which are too near the coarser one comes
    first; then large cells before small ones, then by the hash of the keys. Cells that nothing went into are left out:
    a difference to nothing is the cell itself.
    Raises Broken("evidence-malformed") when the sandbox's files are not what the plan asked for.
    """
    parts = [p for f in plan.frontiers for p in _parts(f, folder)]
    parts.sort(key=lambda p: (int((~p.rollup).sum()), int(p.frontier[0]), int(p.measure[0])))
    segment = joined(parts)
    segment.save(folder / SEGMENT)
    return segment


def _parts(outline: FrontierOutline, folder: Path) -> list[Segment]:
    """The segment of each unit and measure of a frontier, its rollups included."""
    number = outline.number
    columns = tuple(f"h{i}" for i in range(outline.keys))
    rows = _read(folder / f"fingerprint_{number}.parquet", _FINGERPRINT)
    keys = _read(folder / f"keys_{number}.parquet", ("cell", *columns))
    names = _read(folder / f"evidence_{number}.parquet", ("cell", "key"))
    listed = zip(*(keys[c].tolist() for c in columns), strict=True) if columns else [()] * len(keys["cell"])
    frontier = _Frontier(
        outline=outline,
        hashes=dict(zip(names["cell"].tolist(), names["key"].tolist(), strict=True)),
        keys=dict(zip(keys["cell"].tolist(), listed, strict=True)),
    )
    found = []
    for lane, measure in sorted({*zip(rows["lane"].tolist(), rows["measure"].tolist(), strict=True)}):
        chosen = (rows["lane"] == lane) & (rows["measure"] == measure)
        cells, grid = _cells(frontier, {n: v[chosen] for n, v in rows.items()})
        if len(cells.key):
            whole = with_rollups(cells, grid)
            found += [replace(whole, group=group) for group in _groups(whole, outline)]
    return found


def _groups(part: Segment, outline: FrontierOutline) -> list[NDArray[np.str_]]:
    """With what the entries of a unit and measure are compared: one `group` each.

    Rows with the rows of other releases, whatever is measured of them: the average age of all but one is near to their
    number. A measure with those that have some field in common: `sum(a + 0 * b)` with `sum(a)`. Counts with counts,
    also of different values; rows of which nothing is measured are counts.
    """
    unit, _, family = str(part.group[0]).partition("|")
    if part.measure[0] == _ROWS:
        names = [WHOLE_ROWS, *([] if outline.measures else [""])]
    else:
        names = family.split(",") if ":" not in family else [family, *([""] if family.startswith("distinct:") else [])]
    return [np.full(len(part.key), f"{unit}|{name}") for name in names]


def _cells(frontier: _Frontier, part: dict[str, NDArray[Any]]) -> tuple[Segment, NDArray[np.uint64]]:
    """The cells of one unit and measure in stable order, and the hashes of their single keys, one column per key."""
    number = frontier.outline.number
    file = f"fingerprint_{number}.parquet"
    cells, index = np.unique(part["cell"], return_inverse=True)
    labels = cells.tolist()
    single = all(len(np.unique(part[name])) == 1 for name in ("family", "unit", "k"))
    if not single or int(part["k"][0]) < 1 or not all(c in frontier.hashes and c in frontier.keys for c in labels):
        raise Broken("evidence-malformed", file=file)
    place = index.astype(np.int64) * BUCKETS + part["bucket"]
    if part["bucket"].min() < 0 or part["bucket"].max() >= BUCKETS or len(np.unique(place)) != len(place):
        raise Broken("evidence-malformed", file=file)
    n = len(labels)
    segment = Segment(
        frontier=np.full(n, number),
        key=np.array([frontier.hashes[c] for c in labels], dtype=np.uint64),
        measure=np.full(n, int(part["measure"][0])),
        group=np.full(n, f"{part['unit'][0]}|{part['family'][0]}"),
        k=np.full(n, int(part["k"][0])),
        rollup=np.zeros(n, dtype=np.bool_),
        member=np.arange(n),
        presence=_grid(place, part["presence"], n),
        content=_grid(place, part["content"], n),
    )
    sizes = (segment.presence != 0).sum(axis=1)
    order = np.lexsort((segment.key, -sizes))
    order = order[sizes[order] > 0]
    chosen = replace(segment.take(order), member=np.arange(len(order)))
    grid = np.array([frontier.keys[c] for c in labels], dtype=np.uint64).reshape(n, frontier.outline.keys)
    return chosen, grid[order]


def _grid(place: NDArray[np.int64], values: NDArray[np.uint64], cells: int) -> NDArray[np.uint64]:
    found = np.zeros(cells * BUCKETS, dtype=np.uint64)
    found[place] = values
    return found.reshape(cells, BUCKETS)


def _read(file: Path, columns: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """The columns of a Parquet file from the sandbox, none of them with a NULL and each of the type it should have."""
    try:
        table = pq.read_table(file, columns=list(columns))
        if any(table.column(c).null_count for c in columns):
            raise Broken("evidence-malformed", file=file.name)
        return {c: table.column(c).cast(_type(c)).to_numpy() for c in columns}
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise Broken("evidence-malformed", file=file.name) from None


def _type(column: str) -> pa.DataType:
    if column in _TEXT:
        return pa.string()
    wide = column in _WIDE or (column.startswith("h") and column[1:].isdigit())
    return pa.uint64() if wide else pa.int64()


__all__ = ["BUCKETS", "SEGMENT", "Segment", "read_segment"]
