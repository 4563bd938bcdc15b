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
from numpy.typing import NDArray

from app.disclosure.columns import Columns
from app.disclosure.segment import BUCKETS, IN_CELL, POPULATION, SEGMENT, WHOLE_ROWS, Segment, joined
from app.disclosure.sums import with_rollups
from app.domain.proofs import FrontierOutline, Plan

_ROWS = -1


def read_segment(plan: Plan, folder: Path) -> Segment:
    """The fingerprints of a run in `folder`, written there as `SEGMENT` too.

    The order is stable: frontiers with few cells first, so that of two cells which are too near the coarser one comes
    first; then large cells before small ones, then by the hash of the keys. Cells that nothing went into are left out:
    a difference to nothing is the cell itself.
    Raises Broken("evidence-malformed") when the sandbox's files are not what the plan asked for.
    """
    held = [c for f in plan.frontiers for c in _Cells.of(f, folder)]
    parts = [p for cells in held for p in _parts(cells, folder, plan.rule.contributors)]
    parts.sort(key=lambda p: (int((~p.rollup).sum()), int(p.frontier[0]), int(p.measure[0])))
    segment = joined(parts)
    segment.save(folder / SEGMENT)
    return segment


def _parts(frontier: _Cells, folder: Path, contributors: int) -> list[Segment]:
    """The segment of each unit and measure of a frontier, its rollups included."""
    outline, found = frontier.outline, list[Segment]()
    for lane in range(len(outline.units)):
        prints = _Prints.read(frontier, folder, lane)
        for measure in (_ROWS, *range(len(outline.measures))):
            cells, keys = _cells(frontier, prints, measure, contributors)
            if len(cells.key):
                whole = with_rollups(cells, keys)
                found += [replace(whole, group=group) for group in _groups(whole, outline)]
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cells:
    """The cells of a frontier that leave, or their populations, in the order of their numbers.

    `key` is the hash of all keys of each, `keys` that of every single one, a column per key; `passed` says which
    measures leave, a column per measure. `prints` are the columns of presence and content in `file`.
    """

    outline: FrontierOutline
    number: NDArray[np.int64]
    key: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    passed: NDArray[np.bool_]
    aspect: int
    prints: tuple[tuple[str, str], ...]
    file: str

    @staticmethod
    def of(outline: FrontierOutline, folder: Path) -> list[_Cells]:
        """The cells, and their populations if these are others."""
        if outline.population is None:
            return [_Cells.read(outline, folder, IN_CELL | POPULATION)]
        return [_Cells.read(outline, folder, IN_CELL), _Cells.populations(outline, folder, outline.population)]

    @staticmethod
    def populations(outline: FrontierOutline, folder: Path, width: int) -> _Cells:
        """The populations of the cells that leave."""
        listed = Columns.read(folder / f"populations_{outline.number}.parquet")
        number, measures = listed.whole("cell"), range(len(outline.measures))
        if (np.diff(number) <= 0).any():
            raise listed.malformed()
        return _Cells(
            outline=outline,
            number=number,
            key=listed.hashed("key"),
            keys=_stacked([listed.hashed(f"h{k}") for k in range(width)], len(number), np.uint64),
            passed=_stacked([listed.flags(f"ok{j}") for j in measures], len(number), np.bool_),
            aspect=POPULATION,
            prints=tuple((name, name) for name in outline.population_prints),
            file=f"population_{outline.number}.parquet",
        )

    @staticmethod
    def read(outline: FrontierOutline, folder: Path, aspect: int) -> _Cells:
        """The cells themselves."""
        keys = Columns.read(folder / f"keys_{outline.number}.parquet")
        evidence = Columns.read(folder / f"evidence_{outline.number}.parquet")
        number, known = keys.whole("cell"), evidence.whole("cell")
        if (np.diff(number) <= 0).any() or (np.diff(known) <= 0).any():
            raise keys.malformed()
        at = _found(number, known, keys)
        measures = range(len(outline.measures))
        return _Cells(
            outline=outline,
            number=number,
            key=evidence.hashed("key")[at],
            keys=_stacked([keys.hashed(f"h{k}") for k in range(outline.keys)], len(number), np.uint64),
            passed=_stacked([evidence.flags(f"ok{j}")[at] for j in measures], len(number), np.bool_),
            aspect=aspect,
            prints=outline.prints,
            file=f"fingerprint_{outline.number}.parquet",
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Prints:
    """The fingerprints of a unit: of each cell that leaves, by the name of the column, (n, 64)."""

    lane: int
    columns: dict[str, NDArray[np.uint64]]

    @staticmethod
    def read(frontier: _Cells, folder: Path, lane: int) -> _Prints:
        rows = Columns.read(folder / frontier.file, by_cell=False)
        chosen = rows.whole("lane") == lane
        bucket = rows.whole("bucket")[chosen]
        if ((bucket < 0) | (bucket >= BUCKETS)).any():
            raise rows.malformed()
        place = _found(rows.whole("cell")[chosen], frontier.number, rows) * BUCKETS + bucket
        size = len(frontier.number) * BUCKETS
        if (np.bincount(place, minlength=1) > 1).any():
            raise rows.malformed()
        columns = {}
        for name in {name for pair in frontier.prints for name in pair}:
            columns[name] = np.zeros(size, dtype=np.uint64)
            columns[name][place] = rows.hashed(name)[chosen]
        return _Prints(lane=lane, columns={n: found.reshape(-1, BUCKETS) for n, found in columns.items()})


def _stacked(columns: list[NDArray[Any]], rows: int, dtype: type[np.generic]) -> NDArray[Any]:
    """Columns side by side; (rows, 0) of none."""
    return np.stack(columns, axis=1) if columns else np.empty((rows, 0), dtype=dtype)


def _found(wanted: NDArray[np.int64], known: NDArray[np.int64], columns: Columns) -> NDArray[np.int64]:
    """Where each of `wanted` stands among the `known` cells, which rise; every one must."""
    at = np.searchsorted(known, wanted)
    if len(wanted) and (at.max() >= len(known) or (known[at] != wanted).any()):
        raise columns.malformed()
    return at.astype(np.int64)


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


def _cells(frontier: _Cells, prints: _Prints, measure: int, contributors: int) -> tuple[Segment, NDArray[np.uint64]]:
    """The cells of one unit and measure in stable order, and the hashes of their single keys, one column per key."""
    outline = frontier.outline
    presence, content = (prints.columns[name] for name in frontier.prints[measure + 1])
    sizes = np.count_nonzero(presence, axis=1)
    leaving = sizes > 0 if measure == _ROWS else (sizes > 0) & frontier.passed[:, measure]
    chosen = np.flatnonzero(leaving)
    order = chosen[np.lexsort((frontier.key[chosen], -sizes[chosen]))]
    n = len(order)
    family = "" if measure == _ROWS else outline.families[measure]
    segment = Segment(
        frontier=np.full(n, outline.number),
        key=frontier.key[order],
        measure=np.full(n, measure),
        group=np.full(n, f"{outline.units[prints.lane]}|{family}"),
        k=np.full(n, contributors),
        rollup=np.zeros(n, dtype=np.bool_),
        member=np.arange(n),
        aspect=np.full(n, frontier.aspect, dtype=np.uint8),
        presence=presence[order],
        content=content[order],
    )
    return segment, frontier.keys[order]


__all__ = ["BUCKETS", "SEGMENT", "Segment", "read_segment"]
