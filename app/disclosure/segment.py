"""What does the history keep of one output? The fingerprints of its cells and their sums, without values."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import Broken

BUCKETS = 64
SEGMENT = "segment.npz"
IN_CELL, POPULATION = 1, 2
WHOLE_ROWS = "rows:"
"""Ends the group of entries about rows as such, which are compared with those of other releases only."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """The fingerprints of one output; arrays of one length n, presence and content of shape (n, 64), uint64.

    `key` is the hash of the cell's keys (0 for rollups); `measure` the number of the measure, -1 for the row itself;
    `group` is comparable content: unit type and the base fields of the measure; `k` the contributors it needs;
    `member` for a rollup the smallest cell in it (index), else the cell's own index. `aspect` says whether an entry is
    of those who are IN_CELL, of the POPULATION of whom a cell tells, or of both: entries with none in common are not
    compared.
    """

    frontier: NDArray[np.int64]
    key: NDArray[np.uint64]
    measure: NDArray[np.int64]
    group: NDArray[np.str_]
    k: NDArray[np.int64]
    rollup: NDArray[np.bool_]
    member: NDArray[np.int64]
    aspect: NDArray[np.uint8]
    presence: NDArray[np.uint64]
    content: NDArray[np.uint64]

    def take(self, index: NDArray[Any]) -> Segment:
        """The entries at `index`; their `member` is as it was."""
        return Segment(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def save(self, file: Path) -> None:
        """Write the segment as a NumPy archive; not compressed, for there is nothing regular in it."""
        np.savez(file, allow_pickle=False, **{f.name: getattr(self, f.name) for f in fields(self)})

    @staticmethod
    def load(file: Path, digest: str | None = None) -> Segment:
        """Read a segment, whose SHA-256 is `digest` when that is known; raises Broken("segment-malformed")."""
        try:
            with file.open("rb") as opened:
                if digest is not None and hashlib.file_digest(opened, "sha256").hexdigest() != digest:
                    raise Broken("segment-malformed", file=file.name)
                opened.seek(0)
                with np.load(opened, allow_pickle=False) as arrays:
                    found = Segment(**{f.name: arrays[f.name] for f in fields(Segment)})
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            raise Broken("segment-malformed", file=file.name) from None
        if not found._sound():
            raise Broken("segment-malformed", file=file.name)
        return found

    def _sound(self) -> bool:
        """Whether every array has its type and shape, and every member is an entry."""
        n = len(self.key)
        wide = (self.presence, self.content)
        types = all(getattr(self, name).dtype.kind in kinds for name, kinds in _KINDS.items())
        shapes = all(getattr(self, name).shape == (n,) for name in _KINDS)
        fingerprints = all(a.dtype == np.uint64 and a.shape == (n, BUCKETS) for a in wide)
        return bool(
            types and shapes and fingerprints and (n == 0 or (self.member.min() >= 0 and self.member.max() < n))
        )


_KINDS = {
    "frontier": "i",
    "key": "u",
    "measure": "i",
    "group": "U",
    "k": "i",
    "rollup": "b",
    "member": "i",
    "aspect": "u",
}
"""Array → the NumPy kinds that it may have."""


def joined(parts: Sequence[Segment]) -> Segment:
    """One segment of several, members renumbered."""
    if not parts:
        return EMPTY
    starts = np.cumsum([0, *(len(p.key) for p in parts)])
    merged = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Segment)}
    merged["member"] = np.concatenate([p.member + s for p, s in zip(parts, starts[:-1], strict=True)])
    return Segment(**merged)


EMPTY = Segment(
    frontier=np.empty(0, dtype=np.int64),
    key=np.empty(0, dtype=np.uint64),
    measure=np.empty(0, dtype=np.int64),
    group=np.empty(0, dtype="U1"),
    k=np.empty(0, dtype=np.int64),
    rollup=np.empty(0, dtype=np.bool_),
    member=np.empty(0, dtype=np.int64),
    aspect=np.empty(0, dtype=np.uint8),
    presence=np.empty((0, BUCKETS), dtype=np.uint64),
    content=np.empty((0, BUCKETS), dtype=np.uint64),
)
"""The segment of an output without protected cells."""
