"""How does a mounted version get into the vault? Whole, named by its hash, after the registries it refers to.

One lock per vault stands around a mount and its installation, so that two mounts cannot give one value two
references. Files are put beside their place first and renamed: a crash leaves a registry that is larger than needed,
never a version without its references.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.protocol import Answer, MountTask
from sandbox.results import VERSION_FILE, registry_file

REGISTRY = "registry"
_LOCK = ".lock"
_WAIT_SECONDS = 0.05


class Cancelled(Exception):
    """The wait for the vault was cancelled."""


def registry_folder(vault: Path) -> Path:
    """The folder of the unit registries, made when it is not there."""
    folder = vault / REGISTRY
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(vault: Path, cancelled: Callable[[], bool] | None) -> Iterator[None]:
    """Hold the vault's lock: one mount at a time may grow the registries. Raises `Cancelled`."""
    handle = os.open(registry_folder(vault) / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        while not _try_lock(handle):
            if cancelled is not None and cancelled():
                raise Cancelled
            time.sleep(_WAIT_SECONDS)
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def install(task: MountTask, answer: Answer, scratch: Path, vault: Path, dataset: str) -> tuple[Path, str]:
    """Put the files of a mount that ended well into the vault; returns the version's path and its SHA-256.

    The lock must be held. A version that is there already stays as it is.
    """
    for identifier in {f.identifier for f in task.fields if f.identifier is not None}:
        if registry_file(identifier) in answer.files:
            _place(scratch / registry_file(identifier), registry_folder(vault) / f"{identifier}.parquet", mode=0o600)
    source = scratch / VERSION_FILE
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    folder = vault / dataset
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{digest}.parquet"
    if target.exists():
        source.unlink()
    else:
        _place(source, target, mode=0o400)
    return target, digest


def _place(source: Path, target: Path, *, mode: int) -> None:
    """Move a file to its place: whole and on the disk, or not at all."""
    if source.stat().st_dev != target.parent.stat().st_dev:
        beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        shutil.copyfile(source, beside)
        source.unlink()
        source = beside
    source.chmod(mode)
    _to_disk(source)
    source.replace(target)
    _to_disk(target.parent)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
