"""What went into each cell, without saying who? Contribution fingerprints of one output, and of its cells' sums.

A fingerprint has 64 buckets of units; each is the sum, modulo 2^64, of keyed hashes of what its units contribute.
Unequal buckets prove unequal contents, so k unequal buckets prove k differing units; sums over disjoint rows add up,
so the totals over published cells (rollups) have fingerprints too. `presence` sees which rows count, `content` their
values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.disclosure.columns import Columns
from app.disclosure.segment import BUCKETS, SEGMENT, WHOLE_ROWS, Segment, joined
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
    parts = [p for f in plan.frontiers for p in _parts(f, folder, plan.rule.contributors)]
    parts.sort(key=lambda p: (int((~p.rollup).sum()), int(p.frontier[0]), int(p.measure[0])))
    segment = joined(parts)
    segment.save(folder / SEGMENT)
    return segment


def _parts(outline: FrontierOutline, folder: Path, contributors: int) -> list[Segment]:
    """The segment of each unit and measure of a frontier, its rollups included."""
    frontier, found = _Frontier.read(outline, folder), []
    for lane in range(len(outline.units)):
        prints = _Prints.read(frontier, folder, lane)
        for measure in (_ROWS, *range(len(outline.measures))):
            cells, keys = _cells(frontier, prints, measure, contributors)
            if len(cells.key):
                whole = with_rollups(cells, keys)
                found += [replace(whole, group=group) for group in _groups(whole, outline)]
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class _Frontier:
    """The cells of a frontier that leave, in the order of their numbers.

    `key` is the hash of all keys of each, `keys` that of every single one, a column per key; `passed` says which
    measures leave, a column per measure.
    """

    outline: FrontierOutline
    number: NDArray[np.int64]
    key: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    passed: NDArray[np.bool_]

    @staticmethod
    def read(outline: FrontierOutline, folder: Path) -> _Frontier:
        keys = Columns.read(folder / f"keys_{outline.number}.parquet")
        evidence = Columns.read(folder / f"evidence_{outline.number}.parquet")
        number, known = keys.whole("cell"), evidence.whole("cell")
        if (np.diff(number) <= 0).any() or (np.diff(known) <= 0).any():
            raise keys.malformed()
        at = _found(number, known, keys)
        measures = range(len(outline.measures))
        hashes = [keys.hashed(f"h{k}") for k in range(outline.keys)]
        passed = [evidence.flags(f"ok{j}")[at] for j in measures]
        return _Frontier(
            outline=outline,
            number=number,
            key=evidence.hashed("key")[at],
            keys=np.stack(hashes, axis=1) if hashes else np.empty((len(number), 0), dtype=np.uint64),
            passed=np.stack(passed, axis=1) if passed else np.empty((len(number), 0), dtype=np.bool_),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Prints:
    """The fingerprints of a unit: of each cell that leaves, by the name of the column, (n, 64)."""

    lane: int
    columns: dict[str, NDArray[np.uint64]]

    @staticmethod
    def read(frontier: _Frontier, folder: Path, lane: int) -> _Prints:
        rows = Columns.read(folder / f"fingerprint_{frontier.outline.number}.parquet", by_cell=False)
        chosen = rows.whole("lane") == lane
        bucket = rows.whole("bucket")[chosen]
        if ((bucket < 0) | (bucket >= BUCKETS)).any():
            raise rows.malformed()
        place = _found(rows.whole("cell")[chosen], frontier.number, rows) * BUCKETS + bucket
        size = len(frontier.number) * BUCKETS
        if (np.bincount(place, minlength=1) > 1).any():
            raise rows.malformed()
        columns = {}
        for name in {name for pair in frontier.outline.prints for name in pair}:
            columns[name] = np.zeros(size, dtype=np.uint64)
            columns[name][place] = rows.hashed(name)[chosen]
        return _Prints(lane=lane, columns={n: found.reshape(-1, BUCKETS) for n, found in columns.items()})


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


def _cells(frontier: _Frontier, prints: _Prints, measure: int, contributors: int) -> tuple[Segment, NDArray[np.uint64]]:
    """The cells of one unit and measure in stable order, and the hashes of their single keys, one column per key."""
    outline = frontier.outline
    presence, content = (prints.columns[name] for name in outline.prints[measure + 1])
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
        presence=presence[order],
        content=content[order],
    )
    return segment, frontier.keys[order]


__all__ = ["BUCKETS", "SEGMENT", "Segment", "read_segment"]
