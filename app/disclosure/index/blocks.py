"""How does an index outlive the process? Blocks: folders of arrays that are derived from segments and never trusted.

A block's folder is named by the hash of its `block.json`, which names the segments it covers and the hash of every
array file. A block that is not exactly that is as good as missing: the segments themselves are then read instead.
Blocks are merged like the levels of a log-structured merge tree (O'Neil et al. 1996): a new block takes up all that
are not several times larger, so that there are few, and each cell is copied a logarithmic number of times.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.disclosure.index.bands import REACH
from app.disclosure.index.cells import WORDS, Cells
from app.disclosure.index.lookup import Index
from app.disclosure.index.stock import Owned, Stock, gathered, without

VERSION = 2
"""Of the format and of the marks; a block of another version is as good as missing."""
_FILE = "block.json"
_HEAD = ("wide", "narrow", "equal", "tiny", "tiny_places", "beyond")
_ARRAYS = (*WORDS, *_HEAD, "start", "owner")
_GROWTH = 4
"""A merge takes up a block that is smaller than this many times all that it holds already."""
_known: set[tuple[str, int, int, int, int, str]] = set()
"""Files whose hash this process has seen to be right: path, inode, size, times of change, hash."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block on disk."""

    folder: Path
    stock: Stock


def blocks(index: Path) -> tuple[Block, ...]:
    """The sound blocks in the folder `index`, the largest first."""
    folders = sorted(f for f in index.iterdir() if not f.name.startswith(".")) if index.is_dir() else []
    found = [Block(folder=f, stock=s) for f in folders if (s := _opened(f)) is not None]
    return tuple(sorted(found, key=lambda b: (-len(b.stock.index.cells), b.folder.name)))


def merge(index: Path, fresh: Sequence[Owned], dropped: frozenset[str]) -> None:
    """Put `fresh` into a new block together with what it takes up; `dropped` are segments that count no longer.

    Does nothing while another process merges in the same folder.
    """
    index.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(index) as alone:
        if not alone:
            return
        sound = blocks(index)
        parts, taken, size = list(fresh), list[Block](), sum(len(p.cells) for p in fresh)
        for block in reversed(sound):
            if len(block.stock.index.cells) < _GROWTH * size:
                parts.append(without(block.stock.owned, dropped))
                taken.append(block)
                size += len(block.stock.index.cells)
        kept = {_written(index, parts).name, *(b.folder.name for b in sound if b not in taken)}
        for folder in index.iterdir():
            if folder.is_dir() and folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


# -- pieces


@contextmanager
def _alone(index: Path) -> Iterator[bool]:
    """Whether this process is the only one that merges here, until the end of the block."""
    with (index / ".merging").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _written(index: Path, parts: Sequence[Owned]) -> Path:
    """A new block of all parts; it appears at once or not at all."""
    room = index / f".{secrets.token_hex(8)}"
    room.mkdir(mode=0o700)
    try:
        stock = gathered(parts, lambda n, t, s: _room(room / f"{n}.npy", t, s))
        for name in _HEAD:
            np.save(room / f"{name}.npy", getattr(stock.index, name))
        np.save(room / "start.npy", stock.owned.start)
        np.save(room / "owner.npy", stock.owned.owner)
        for name in WORDS:
            if isinstance(array := getattr(stock.owned.cells, name), np.memmap):
                array.flush()
        document = {
            "version": VERSION,
            "reach": REACH,
            "largest": stock.index.largest,
            "digests": stock.owned.digests,
            "files": {name: _hash(room / f"{name}.npy") for name in _ARRAYS},
        }
        data = json.dumps(document, sort_keys=True).encode()
        (room / _FILE).write_bytes(data)
        target = index / hashlib.sha256(data).hexdigest()
        if target.exists():
            shutil.rmtree(target)
        room.rename(target)
    finally:
        shutil.rmtree(room, ignore_errors=True)
    return target


def _room(file: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if not shape[0]:
        empty: NDArray[Any] = np.empty(shape, dtype=dtype)
        np.save(file, empty)
        return empty
    return np.lib.format.open_memmap(file, mode="w+", dtype=dtype, shape=shape)


def _opened(folder: Path) -> Stock | None:
    """The stock in a folder, None when the folder is not exactly a block of this version."""
    try:
        data = (folder / _FILE).read_bytes()
        if hashlib.sha256(data).hexdigest() != folder.name:
            return None
        document = json.loads(data)
        if (document["version"], document["reach"]) != (VERSION, REACH):
            return None
        if not all(_unchanged(folder / f"{name}.npy", document["files"][name]) for name in _ARRAYS):
            return None
        arrays = {name: _mapped(folder / f"{name}.npy") for name in _ARRAYS}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    cells = Cells(**{f.name: arrays[f.name] for f in fields(Cells)})
    index = Index(cells=cells, largest=int(document["largest"]), **{name: arrays[name] for name in _HEAD})
    owned = Owned(cells=cells, start=arrays["start"], owner=arrays["owner"], digests=tuple(document["digests"]))
    return Stock(owned=owned, index=index)


def _mapped(file: Path) -> NDArray[Any]:
    """An array in a file, as a plain view of it: the subclass for files is slow in small steps."""
    found: NDArray[Any] = np.load(file, allow_pickle=False, mmap_mode="r").view(np.ndarray)
    return found


def _unchanged(file: Path, digest: str) -> bool:
    """Whether a file has this hash; reads it once per process and change of the file."""
    at = file.stat()
    mark = (str(file), at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns, digest)
    if mark not in _known:
        if _hash(file) != digest:
            return False
        _known.add(mark)
    return True


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
