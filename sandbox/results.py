"""Which of the files that a process left may be taken? Regular, own, expected, within the limits and harmless to read.

All others go.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from sandbox.protocol import Answer, Export, MountTask, QueryTask, RefineTask, Task
from sandbox.scratch import clear
from sandbox.tablefile import Bounds, check
from sandbox.thrift import TooMuch

VERSION_FILE = "version.parquet"
ROWS = "__row"
"""The registry with the key of the tags of rows, in four parts of 64 bits; no kind of unit is called so."""
REGISTRY_PREFIX, REGISTRY_SUFFIX = "registry-", ".parquet"
_RESULT_CHUNKS, _VERSION_CHUNKS = 1 << 16, 1 << 18
_DECODED_SHARE, _DECODED_FLOOR = 4, 16 << 20
"""The tables of a result may take so many times `Limits.result_bytes` in memory, but always as much as the floor.

Evidence takes up to 3.8 times its file: half of it are hashes, which no file holds in less.
"""


def registry_file(identifier: str) -> str:
    """The name, in scratch, of the grown registry of `identifier`."""
    return f"{REGISTRY_PREFIX}{identifier}{REGISTRY_SUFFIX}"


def refined_files(number: int) -> tuple[str, str]:
    """The names, in scratch, of what a refinement makes of part `number`: the partition, the counts of its classes."""
    return f"partition_{number}.parquet", f"counts_{number}.parquet"


def take_back(scratch: Path, owner: os.stat_result) -> None:
    """Make the scratch folder the launcher's again, whose process has ended; its caller may have removed it."""
    try:
        now = scratch.lstat()
    except FileNotFoundError:
        return
    if (now.st_uid, now.st_gid) != (owner.st_uid, owner.st_gid):
        os.chown(scratch, owner.st_uid, owner.st_gid, follow_symlinks=False)


def accept(task: Task, answer: Answer, scratch: Path, *, unsafe_unchecked: bool = False) -> str | None:
    """Take the files of an "ok" answer: None, or the code with which the task failed after all.

    Whatever else lies in scratch is removed; the files belong to the launcher afterwards, and to nobody else.
    `unsafe_unchecked` takes tables without looking into them.
    """
    if not _expected(task, answer):
        return "answer-refused"
    folder = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        sizes = {name: _take(folder, name) for name in answer.files}
        clear(scratch, kept=frozenset(answer.files))
        if any(size is None for size in sizes.values()):
            return "answer-refused"
        known = {name: size or 0 for name, size in sizes.items()}
        if sum(known.values()) > _byte_limit(task):
            return "limit-bytes"
        return None if unsafe_unchecked else _check_tables(folder, known, answer.rows, _bounds(task))
    finally:
        os.close(folder)


def _check_tables(folder: int, sizes: Mapping[str, int], rows: Mapping[str, int], bounds: Bounds) -> str | None:
    """None when all tables are harmless to read, one by one and together, else a code."""
    try:
        for name, size in sizes.items():
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                taken = check(handle, size, replace(bounds, rows=rows.get(name)))
            finally:
                os.close(handle)
            if bounds.decoded is not None:
                bounds = replace(bounds, decoded=bounds.decoded - taken)
    except TooMuch:
        return "limit-bytes"
    except Exception:  # noqa: BLE001 - whatever bytes can bring about in the check: what cannot be read is refused
        return "answer-refused"
    return None


def _bounds(task: Task) -> Bounds:
    """What the tables of a task may hold. Versions are decoded in confined processes only, with limits of their own."""
    if isinstance(task, MountTask):
        return Bounds(rows=None, chunks=_VERSION_CHUNKS, decoded=None)
    decoded = max(_DECODED_FLOOR, _DECODED_SHARE * task.limits.result_bytes)
    return Bounds(rows=None, chunks=_RESULT_CHUNKS, decoded=decoded)


def _expected(task: Task, answer: Answer) -> bool:
    """Whether the answer names exactly the files that its task asks for, and scanned the one that is to be."""
    names = set(answer.files)
    if isinstance(task, QueryTask):
        return (
            names == {export.file for export in task.exports} == answer.rows.keys()
            and all(answer.rows[export.file] <= _row_limit(export, task) for export in task.exports)
            and _scanned(task, answer)
        )
    if isinstance(task, RefineTask):
        refined = {file for number in range(len(task.parts)) for file in refined_files(number)}
        return names == refined == answer.rows.keys() and answer.statistics.keys() == set(_told(task))
    if not isinstance(task, MountTask):
        return not names
    registries = {registry_file(f.identifier) for f in task.fields if f.identifier is not None}
    registries |= {registry_file(ROWS)} if task.row_unit else set()
    return VERSION_FILE in answer.rows and names - {VERSION_FILE} <= registries


def _told(task: RefineTask) -> Iterator[str]:
    """What the statistics of a refinement are about."""
    for number, part in enumerate(task.parts):
        yield f"partition_{number}"
        yield from (f"partition_{number}_{k}" for k in part.contributors)


def _scanned(task: QueryTask, answer: Answer) -> bool:
    """Whether there is a scan exactly when one was asked for, of no more values than the table has."""
    if task.scan is None:
        return not answer.scan
    return bool(answer.scan) and all(column.values <= answer.rows[task.scan] for column in answer.scan)


def _row_limit(export: Export, task: QueryTask) -> int:
    return task.limits.result_rows if export.max_rows is None else export.max_rows


def _byte_limit(task: Task) -> int:
    return task.limits.scratch_bytes if isinstance(task, MountTask) else task.limits.result_bytes


def _take(folder: int, name: str) -> int | None:
    """Own the file `name` and return its size; None if it is not a plain file with one name."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            return None
        if found.st_uid != os.geteuid():
            os.fchown(handle, os.geteuid(), os.getegid())
        os.fchmod(handle, 0o600)
        return found.st_size
    finally:
        os.close(handle)
