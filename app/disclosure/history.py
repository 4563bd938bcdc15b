"""What has left or is about to leave? Immutable segments of fingerprints, one per output, oldest first."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.disclosure.fingerprint import Segment


@dataclass(frozen=True, kw_only=True)
class History:
    """The segments to compare with: (name of the release or pending output, file), all operators together."""

    entries: tuple[tuple[str, Path], ...] = ()

    def segments(self) -> Iterator[tuple[str, Segment]]:
        """Every segment with its name, one in memory at a time."""
        for name, file in self.entries:
            yield name, Segment.load(file)


def folder_history(folder: Path) -> History:
    """The history that `append` keeps in `folder`, oldest first."""
    files = sorted(folder.glob("*.npz")) if folder.is_dir() else []
    return History(entries=tuple((f.stem, f) for f in files))


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
