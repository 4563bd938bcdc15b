"""What has left or is about to leave? Immutable segments of fingerprints, one per output, oldest first."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.disclosure.partition.versions import Version, folder_versions
from app.disclosure.segment import Segment

PARTITIONS = "partitions"
"""The folder of the partitions within the folder of a history."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A release or pending output: its name, whose it is, its segment's file with its SHA-256, and its cells.

    Without a digest the file is taken as it is, as in the folder of one person's trials.
    """

    name: str
    file: Path
    digest: str | None = None
    cells: int = 0
    operator: str | None = None

    @property
    def mark(self) -> str:
        """What equal segments have in common."""
        return self.digest or str(self.file)


@dataclass(frozen=True, kw_only=True)
class History:
    """The segments to compare with, all operators together; `index` is the folder of what is derived from them.

    `operator` is the one for whom it is asked: only what is said of a near cell depends on it, not what is near.
    """

    entries: tuple[Entry, ...] = ()
    index: Path | None = None
    operator: str | None = None
    partitions: Mapping[str, Version] = field(default_factory=dict)
    """The latest partition of each comparison, by its key."""

    @property
    def own(self) -> frozenset[str]:
        """The names of the operator's own outputs."""
        return frozenset(e.name for e in self.entries if self.operator is not None and e.operator == self.operator)

    def segments(self) -> Iterator[tuple[str, Segment]]:
        """Every segment with its name, one in memory at a time."""
        for entry in self.entries:
            yield entry.name, Segment.load(entry.file, entry.digest)


def folder_history(folder: Path) -> History:
    """The history that `append` keeps in `folder`, oldest first."""
    files = sorted(folder.glob("*.npz")) if folder.is_dir() else []
    entries = tuple(Entry(name=f.stem, file=f) for f in files)
    return History(entries=entries, partitions=folder_versions(folder / PARTITIONS))


def keep(folder: Path, segment: Path) -> str:
    """Copy a segment into `folder` as `<SHA-256>.npz`, on disk and at once or not at all; answers the SHA-256."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = segment.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    temporary = folder / f".{secrets.token_hex(8)}"
    with temporary.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    temporary.replace(folder / f"{digest}.npz")
    return digest


def append(folder: Path, segment: Path) -> str:
    """Copy a segment into `folder` under the next free number, at once or not at all; answers its name."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{secrets.token_hex(8)}"
    temporary.write_bytes(segment.read_bytes())
    number = len(list(folder.glob("*.npz"))) + 1
    while True:
        target = folder / f"release-{number:06d}.npz"
        try:
            os.link(temporary, target)
        except FileExistsError:
            number += 1
            continue
        temporary.unlink()
        return target.stem
