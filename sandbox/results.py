"""Which of the files that a process left may be taken? Regular, own, expected and within the limits; all others go."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sandbox.protocol import Answer, MountTask, QueryTask, Task
from sandbox.scratch import clear

VERSION_FILE = "version.parquet"
REGISTRY_PREFIX, REGISTRY_SUFFIX = "registry-", ".parquet"


def registry_file(identifier: str) -> str:
    """The name, in scratch, of the grown registry of `identifier`."""
    return f"{REGISTRY_PREFIX}{identifier}{REGISTRY_SUFFIX}"


def take_back(scratch: Path, owner: os.stat_result) -> None:
    """Make the scratch folder the launcher's again, whose process has ended."""
    now = scratch.lstat()
    if (now.st_uid, now.st_gid) != (owner.st_uid, owner.st_gid):
        os.chown(scratch, owner.st_uid, owner.st_gid, follow_symlinks=False)


def accept(task: Task, answer: Answer, scratch: Path) -> str | None:
    """Take the files of an "ok" answer: None, or the code with which the task failed after all.

    Whatever else lies in scratch is removed; the files belong to the launcher afterwards, and to nobody else.
    """
    if not _expected(task, answer):
        return "answer-refused"
    folder = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        sizes = [_take(folder, name) for name in answer.files]
        clear(scratch, kept=frozenset(answer.files))
    finally:
        os.close(folder)
    if any(size is None for size in sizes):
        return "answer-refused"
    return "limit-bytes" if sum(size or 0 for size in sizes) > _byte_limit(task) else None


def _expected(task: Task, answer: Answer) -> bool:
    """Whether the answer names exactly the files that its task asks for."""
    names = set(answer.files)
    if isinstance(task, QueryTask):
        return names == {export.file for export in task.exports} and set(answer.rows) == names
    if not isinstance(task, MountTask):
        return not names
    registries = {registry_file(f.identifier) for f in task.fields if f.identifier is not None}
    return VERSION_FILE in names and names - {VERSION_FILE} <= registries


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
