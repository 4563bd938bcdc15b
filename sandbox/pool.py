"""Is there room for one more task on this machine, and how much may it have? Places, handed out one by one.

A place is a locked file: the lock goes with the process that holds it, so that a crash gives its places back. Several
processes share the places of one folder. The machine's memory is split over the places; a task takes as many as its
memory needs and waits until they are free, behind one turnstile, so that a large task is not passed by small ones for
ever. A lone task has every core; the more places are taken, the fewer threads the next one gets. What people wait for
at a page (rehearsals, inspections) has a few small places of its own.
"""

from __future__ import annotations

import fcntl
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sandbox.protocol import InspectTask, Limits, RehearseTask, Task

_MEMORY_SHARE = 0.75
_SMALLEST_PLACE = 512 << 20
_DESK_PLACES, _DESK_MEMORY = 2, 512 << 20
_SCRATCH_SHARE = 0.5
_LOOK_SECONDS = 0.003
_AT_ONCE = (RehearseTask, InspectTask)

Cancelled = Callable[[], bool]


class Waived(Exception):
    """The task was cancelled while it waited for a place."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What there is to share out: processor cores, and bytes of memory."""

    cores: int
    memory_bytes: int

    @staticmethod
    def this() -> Machine:
        """This machine, or the part of it that the control groups of this process allow."""
        memory = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
        memory += [int(text) for text in _allowances("memory", "memory.max", "memory.limit_in_bytes") if text.isdigit()]
        cores = [float(len(os.sched_getaffinity(0)))]
        for text in _allowances("cpu", "cpu.max"):
            quota, _, period = text.partition(" ")
            cores += [int(quota) / int(period)] if quota.isdigit() else []
        quotas, periods = (list(_allowances("cpu", f"cpu.cfs_{name}_us")) for name in ("quota", "period"))
        cores += [int(q) / int(p) for q, p in zip(quotas, periods, strict=False) if q.isdigit()]
        return Machine(cores=max(1, round(min(cores))), memory_bytes=min(memory))


def _allowances(controller: str, *files: str) -> Iterator[str]:
    """What the control groups of this process say in these files, in version 1 or 2."""
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        roots = [f"/sys/fs/cgroup/{controllers}"] if controllers else ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        for file in (f"{root}{path}/{name}" for root in roots for name in files):
            with suppress(OSError):
                yield Path(file).read_text(encoding="ascii").strip()


@dataclass(frozen=True, kw_only=True)
class Lane:
    """Places of one kind: the paths of their files, the file of the turnstile before them, and the memory of each."""

    places: tuple[str, ...]
    turnstile: str
    memory_bytes: int

    def needed(self, limits: Limits) -> int:
        """How many places a task with these limits takes: never more than there are."""
        return min(len(self.places), max(1, math.ceil(limits.memory_bytes / self.memory_bytes)))


class Pool:
    """The places of one folder, or with None of this process alone. Usable from many threads."""

    def __init__(self, folder: Path | None, machine: Machine | None = None) -> None:
        """`machine` None means this one. The folder is made when it is not there."""
        self.machine = machine or Machine.this()
        self._memories: list[int] = []
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        desk_memory = min(_DESK_MEMORY, self.machine.memory_bytes // 8)
        memory = int(self.machine.memory_bytes * _MEMORY_SHARE) - _DESK_PLACES * desk_memory
        count = max(1, min(max(2, self.machine.cores), memory // _SMALLEST_PLACE))
        self._work = self._lane(folder, "place", count, memory // count)
        self._desk = self._lane(folder, "desk", _DESK_PLACES, desk_memory)

    @property
    def places(self) -> int:
        """How many tasks may run at once, beside what people wait for."""
        return len(self._work.places)

    def close(self) -> None:
        """Let go of the files of a private pool."""
        while self._memories:
            os.close(self._memories.pop())

    @contextmanager
    def share(self, task: Task, scratch: Path, cancelled: Cancelled | None = None) -> Iterator[Limits]:
        """Wait for room, then hold it: the limits within which `task` may run now, never more than its own.

        Raises `Waived` when it is cancelled meanwhile.
        """
        lane = self._desk if isinstance(task, _AT_ONCE) else self._work
        held: list[_Lock] = []
        try:
            with _waiting_for(lane.turnstile, cancelled):
                while not _enough(lane, held, lane.needed(task.limits)):
                    _rest(cancelled)
                taken = sum(1 for place in self._work.places if _is_taken(place, held))
            yield self._granted(task, lane, len(held), taken, scratch)
        finally:
            for lock in held:
                lock.release()

    def _granted(self, task: Task, lane: Lane, places: int, taken: int, scratch: Path) -> Limits:
        limits = task.limits
        status = os.statvfs(scratch)
        free = int(status.f_bavail * status.f_frsize * _SCRATCH_SHARE / len(self._work.places))
        return replace(
            limits,
            memory_bytes=min(limits.memory_bytes, places * lane.memory_bytes),
            threads=max(1, min(limits.threads, self.machine.cores - taken)),
            scratch_bytes=max(1, min(limits.scratch_bytes, free)),
        )

    def _lane(self, folder: Path | None, name: str, count: int, memory_bytes: int) -> Lane:
        names = [f"{name}-{number}" for number in range(count)]
        paths = [self._file(folder, each) for each in (*names, f"{name}-turnstile")]
        return Lane(places=tuple(paths[:-1]), turnstile=paths[-1], memory_bytes=memory_bytes)

    def _file(self, folder: Path | None, name: str) -> str:
        """A file to lock. One in memory, opened anew by its path, has a lock of its own each time, as on a disk."""
        if folder is not None:
            return str(folder / name)
        self._memories.append(os.memfd_create(name, os.MFD_CLOEXEC))
        return f"/proc/self/fd/{self._memories[-1]}"


class _Lock:
    """A file held alone."""

    def __init__(self, path: str) -> None:
        """Raises BlockingIOError when somebody else holds it."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise

    def release(self) -> None:
        """Give it back."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        """Hold it for the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self.release()


def _try(path: str) -> _Lock | None:
    try:
        return _Lock(path)
    except BlockingIOError:
        return None


def _enough(lane: Lane, held: list[_Lock], needed: int) -> bool:
    """Take free places up to the number needed; whether that many are held now."""
    mine = {lock.path for lock in held}
    for path in lane.places:
        if len(held) < needed and path not in mine and (lock := _try(path)) is not None:
            held.append(lock)
    return len(held) == needed


@contextmanager
def _waiting_for(path: str, cancelled: Cancelled | None) -> Iterator[None]:
    while (lock := _try(path)) is None:
        _rest(cancelled)
    with lock:
        yield


def _rest(cancelled: Cancelled | None) -> None:
    if cancelled is not None and cancelled():
        raise Waived
    time.sleep(_LOOK_SECONDS)


def _is_taken(path: str, mine: list[_Lock]) -> bool:
    """Whether somebody else holds the place."""
    if any(lock.path == path for lock in mine):
        return False
    lock = _try(path)
    if lock is None:
        return True
    lock.release()
    return False
