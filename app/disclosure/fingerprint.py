"""What went into each cell, without saying who? Contribution fingerprints of one output, and of its cells' sums.

A fingerprint has 64 buckets of units; each bucket is the sum, modulo 2^64, of keyed hashes of what its units contribute.
Unequal buckets prove unequal contents, so k unequal buckets prove k differing units; sums over disjoint rows add up, so
the totals over published cells (rollups) have fingerprints too. `presence` sees which rows count, `content` their values.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.domain.errors import Broken
from app.domain.proofs import FrontierOutline, Plan

BUCKETS = 64
MAX_ROLLUP_KEYS = 6
"""Rollups are made over every subset of the keys; beyond this many keys only over the empty one and single keys."""
SEGMENT = "segment.npz"
_ROWS = -1


@dataclass(frozen=True, kw_only=True)
class Segment:
    """The fingerprints of one output; arrays of one length n, presence and content of shape (n, 64), uint64.

    `key` is the hash of the cell's keys (0 for rollups); `measure` the number of the measure, -1 for the row itself;
    `group` is comparable content: unit type and the base fields of the measure; `k` the contributors it needs;
    `member` for a rollup the smallest cell in it (index), else the cell's own index.
    """

    frontier: NDArray[np.int64]
    key: NDArray[np.uint64]
    measure: NDArray[np.int64]
    group: NDArray[np.str_]
    k: NDArray[np.int64]
    rollup: NDArray[np.bool_]
    member: NDArray[np.int64]
    presence: NDArray[np.uint64]
    content: NDArray[np.uint64]

    def save(self, file: Path) -> None:
        """Write the segment as a compressed NumPy archive."""
        np.savez_compressed(file, **{n: getattr(self, n) for n in self.__dataclass_fields__})

    @staticmethod
    def load(file: Path) -> Segment:
        """Read a segment; raises Broken("segment-malformed")."""
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return Segment(**{n: arrays[n] for n in Segment.__dataclass_fields__})
        except (OSError, ValueError, KeyError):
            raise Broken("segment-malformed", file=file.name) from None


def read_segment(plan: Plan, folder: Path) -> Segment:
    """The fingerprints of a run in `folder`, written there as `SEGMENT` too.

    Raises Broken("evidence-malformed") when the sandbox's files are not what the plan asked for.
    """
    parts = [p for f in plan.frontiers for p in _frontier(f, folder)]
    segment = _joined(parts)
    segment.save(folder / SEGMENT)
    return segment


def _joined(parts: list[Segment]) -> Segment:
    offset, members = 0, []
    for part in parts:
        members.append(part.member + offset)
        offset += len(part.key)
    merged = {
        n: np.concatenate([getattr(p, n) for p in parts]) if parts else _empty(n) for n in Segment.__dataclass_fields__
    }
    return Segment(**{**merged, "member": np.concatenate(members) if members else _empty("member")})


_TYPES = {"key": np.uint64, "group": np.str_, "rollup": np.bool_, "presence": np.uint64, "content": np.uint64}


def _empty(name: str) -> NDArray[np.generic]:
    shape = (0, BUCKETS) if name in ("presence", "content") else (0,)
    return np.empty(shape, dtype=_TYPES.get(name, np.int64))


def _frontier(frontier: FrontierOutline, folder: Path) -> list[Segment]:
    """The segment of each (unit, measure) of a frontier, its rollups included."""
    rows = _read(folder / f"fingerprint_{frontier.number}.parquet", _FINGERPRINT)
    keys = _read(folder / f"keys_{frontier.number}.parquet", ("cell", *(f"h{i}" for i in range(frontier.keys))))
    names = _read(folder / f"evidence_{frontier.number}.parquet", ("cell", "key"))
    hashes = dict(zip(names["cell"].tolist(), names["key"].tolist(), strict=True))
    labels = {c: i for i, c in enumerate(keys["cell"].tolist())}
    grid = np.stack([keys[f"h{i}"] for i in range(frontier.keys)], axis=1) if frontier.keys else None
    found = []
    lanes = sorted({*zip(rows["lane"].tolist(), rows["measure"].tolist(), strict=True)})
    for lane, measure in lanes:
        if measure == _ROWS and frontier.measures:
            continue
        chosen = (rows["lane"] == lane) & (rows["measure"] == measure)
        part = {n: v[chosen] for n, v in rows.items()}
        cells, index = np.unique(part["cell"], return_inverse=True)
        base = _cells(frontier.number, measure, part, cells, index, hashes)
        own = grid[[labels[c] for c in cells.tolist()]] if grid is not None else None
        found.append(_with_rollups(base, own))
    return found


_FINGERPRINT = ("cell", "measure", "family", "unit", "lane", "k", "bucket", "presence", "content")


def _read(file: Path, columns: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    try:
        table = pq.read_table(file, columns=list(columns))
        return {c: table.column(c).to_numpy() for c in columns}
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise Broken("evidence-malformed", file=file.name) from None


def _cells(
    number: int,
    measure: int,
    part: dict[str, NDArray[np.generic]],
    cells: NDArray[np.generic],
    index: NDArray[np.int64],
    hashes: dict[int, int],
) -> Segment:
    n = len(cells)
    if int(part["bucket"].max(initial=0)) >= BUCKETS or not all(c in hashes for c in cells.tolist()):
        raise Broken("evidence-malformed", file=f"fingerprint_{number}.parquet")
    arrays = {name: np.zeros((n, BUCKETS), dtype=np.uint64) for name in ("presence", "content")}
    for name, array in arrays.items():
        array[index, part["bucket"]] = part[name]
    return Segment(
        frontier=np.full(n, number),
        key=np.array([hashes[c] for c in cells.tolist()], dtype=np.uint64),
        measure=np.full(n, measure),
        group=np.full(n, f"{part['unit'][0]}|{part['family'][0]}"),
        k=np.full(n, int(part["k"][0])),
        rollup=np.zeros(n, dtype=np.bool_),
        member=np.arange(n),
        presence=arrays["presence"],
        content=arrays["content"],
    )


def _with_rollups(cells: Segment, keys: NDArray[np.generic] | None) -> Segment:
    """The cells and the sums of cells over every proper subset of the keys, where a sum has more than one cell."""
    n = len(cells.key)
    if keys is None or n < 2:
        return cells
    sizes = (cells.presence != 0).sum(axis=1)
    parts = [cells]
    width = keys.shape[1]
    subsets = [s for r in range(width) for s in combinations(range(width), r)]
    if width > MAX_ROLLUP_KEYS:
        subsets = [s for s in subsets if len(s) <= 1]
    for subset in subsets:
        groups = (
            np.unique(keys[:, list(subset)], axis=0, return_inverse=True)[1].reshape(-1)
            if subset
            else np.zeros(n, dtype=np.int64)
        )
        parts.append(_rollup(cells, groups, sizes))
    merged = {name: np.concatenate([getattr(p, name) for p in parts]) for name in Segment.__dataclass_fields__}
    return Segment(**merged)


def _rollup(cells: Segment, groups: NDArray[np.int64], sizes: NDArray[np.int64]) -> Segment:
    count = int(groups.max()) + 1
    sums = {}
    for name in ("presence", "content"):
        sums[name] = np.zeros((count, BUCKETS), dtype=np.uint64)
        np.add.at(sums[name], groups, getattr(cells, name))
    order = np.lexsort((cells.key, sizes, groups))
    first = order[np.unique(groups[order], return_index=True)[1]]
    several = np.bincount(groups, minlength=count) > 1
    kept = np.flatnonzero(several)
    return Segment(
        frontier=cells.frontier[first][kept],
        key=np.zeros(len(kept), dtype=np.uint64),
        measure=cells.measure[first][kept],
        group=cells.group[first][kept],
        k=cells.k[first][kept],
        rollup=np.ones(len(kept), dtype=np.bool_),
        member=first[kept],
        presence=sums["presence"][kept],
        content=sums["content"][kept],
    )
