"""What does a search compare? The fingerprints of cells, without whatever else a segment says of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.disclosure.segment import BUCKETS, Segment

WORDS: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {
    "group": (np.dtype(np.uint64), ()),
    "k": (np.dtype(np.int64), ()),
    "aspect": (np.dtype(np.uint8), ()),
    "presence": (np.dtype(np.uint64), (BUCKETS,)),
    "content": (np.dtype(np.uint64), (BUCKETS,)),
}
"""Array of `Cells` → its type, and the shape of one entry."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Cells of any number of releases: group, k, aspect (n,), presence, content (n, 64); `group` is a hash.

    The arrays may lie in memory or in a file.
    """

    group: NDArray[np.uint64]
    k: NDArray[np.int64]
    aspect: NDArray[np.uint8]
    presence: NDArray[np.uint64]
    content: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.group)

    def take(self, index: NDArray[Any] | slice) -> Cells:
        """The cells at `index`."""
        return Cells(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def cells_of(segment: Segment) -> Cells:
    """The fingerprints of a segment, in its order."""
    names, index = np.unique(segment.group, return_inverse=True)
    hashes = np.array([_hash(name) for name in names.tolist()], dtype=np.uint64)
    return Cells(
        group=hashes[index.reshape(-1)],
        k=segment.k,
        aspect=segment.aspect,
        presence=segment.presence,
        content=segment.content,
    )


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
