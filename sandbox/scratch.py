"""How much has a task written, and how does it go away? Measures and clears scratch folders that may be hostile."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

MAX_ENTRIES = 4096
_BLOCK = 512


def used_bytes(folder: Path) -> int | None:
    """Bytes that lie on disk below `folder`; None when it holds more entries than any task makes, or hides some."""
    total = count = 0
    try:
        for entry in _entries(str(folder)):
            count += 1
            if count > MAX_ENTRIES:
                return None
            with suppress(FileNotFoundError):
                total += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
    except OSError:
        return None
    return total


def clear(folder: Path, kept: frozenset[str] = frozenset()) -> None:
    """Remove all that lies in `folder` but the files `kept`, however deep or closed it is; no link is followed.

    What lies in a folder is lifted into `folder` before that folder is removed: neither a path nor the stack grows
    with the depth that somebody has built. A folder that is not there is clear. Raises OSError.
    """
    names = (f"{secrets.token_hex(8)}-{number}" for number in count())
    while found := [entry for entry in _listed(folder) if entry.name not in kept]:
        for entry in found:
            with suppress(FileNotFoundError):  # somebody else may clear the folder as well
                _clear_away(entry, folder, names)


def _clear_away(entry: os.DirEntry[str], folder: Path, names: Iterator[str]) -> None:
    place = Path(entry.path)
    if not entry.is_dir(follow_symlinks=False):
        place.unlink()
        return
    place.chmod(0o700)
    for inner in _listed(place):
        if inner.is_dir(follow_symlinks=False):
            Path(inner.path).chmod(0o700)  # without the right to write in it, it could not be moved
        Path(inner.path).rename(folder / next(names))
    place.rmdir()


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            return list(listing)
    except FileNotFoundError:
        return []


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    """Every entry below a folder, links not followed; what vanishes meanwhile is left out."""
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as listing:
                for entry in listing:
                    yield entry
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue
