"""How much has a task written so far? Measures a scratch folder while a process, perhaps a hostile one, fills it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
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
