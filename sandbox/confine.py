"""What is left of a process before it may touch data? Builds the walls around this process, in their order, for good.

Order: descriptors → namespaces → limits → Landlock rules (which open paths) → own user → no_new_privs → Landlock →
seccomp. It must run in a single thread and before the engine connects, whose threads inherit the walls.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox import landlock, linux, seccomp

LANDLOCK, SECCOMP, NETWORK, OWN_USER, LIMITS = "landlock", "seccomp", "namespaces", "own-user", "limits"
GATE, LOCK = "gate", "locked-engine"
DEMANDED = (LANDLOCK, SECCOMP)
_FIRST_UID, _UIDS = 61184, 4336
_HARD_CPU_GRACE = 1
_MAX_DESCRIPTORS = 256


class Missing(Exception):
    """A demanded wall does not stand; nothing may run."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a confined process may reach: files to read, its scratch folder, its descriptor to answer, its limits."""

    readable: tuple[str, ...]
    scratch: str
    descriptors: tuple[int, ...]
    address_space: int
    file_bytes: int
    cpu_seconds: int
    demanded: tuple[str, ...]
    unsafe_without: frozenset[str] = frozenset()


def startup_files() -> list[str]:
    """Files that the engine reads when it starts: it aborts the process when they exist and cannot be read."""
    found = ["/proc/self/cgroup", "/sys/devices/system/cpu/online"]
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return found
    for line in lines:
        _, controllers, path = line.split(":", 2)
        found += _group_files(controllers, path)
    return [path for path in dict.fromkeys(found) if Path(path).exists()]


def _group_files(controllers: str, path: str) -> list[str]:
    roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", f"/sys/fs/cgroup/{controllers}"]
    roots += [f"/sys/fs/cgroup/{controller}" for controller in controllers.split(",") if controller]
    names = ("cpu.max", "memory.max", "cpu.cfs_quota_us", "cpu.cfs_period_us", "memory.limit_in_bytes")
    return [os.path.normpath(f"{root}/{place}/{name}") for root in roots for place in (path, "") for name in names]


def confine(room: Room) -> tuple[str, ...]:
    """Build every wall that this machine allows; returns the names of those that stand.

    Raises `Missing` when one of `room.demanded` cannot stand.
    """
    walls: list[str] = []
    _leave_parent(room.descriptors)
    _note(walls, NETWORK, room, _own_namespaces)
    _note(walls, LIMITS, room, lambda: _limit(room))
    ruleset = _prepare_landlock(room)
    if os.geteuid() == 0:
        _note(walls, OWN_USER, room, lambda: _become_own_user(room, keep_reading=ruleset is not None))
    if OWN_USER not in walls:
        linux.keep_capabilities(0)
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    if ruleset is not None:
        _note(walls, LANDLOCK, room, lambda: landlock.enforce(ruleset))
    _note(walls, SECCOMP, room, seccomp.enforce)
    missing = [wall for wall in room.demanded if wall not in walls]
    if missing:
        raise Missing(", ".join(missing))
    return tuple(walls)


def _note(walls: list[str], name: str, room: Room, build: Callable[[], None]) -> None:
    """Build a wall and note that it stands; a machine that does not allow it leaves it out."""
    if name in room.unsafe_without:
        return
    try:
        build()
    except OSError:
        return
    walls.append(name)


def _leave_parent(descriptors: tuple[int, ...]) -> None:
    """Die with the parent, be private, and hold no descriptor but those named (and the three standard ones)."""
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.umask(0o077)
    kept = sorted({0, 1, 2, *descriptors})
    for low, high in zip(kept, [*kept[1:], resource.getrlimit(resource.RLIMIT_NOFILE)[0]], strict=True):
        os.closerange(low + 1, high)


def _own_namespaces() -> None:
    """An own, empty network and own IPC and host names; an ordinary user needs a user namespace for them."""
    flags = linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        linux.unshare(flags)
        return
    linux.unshare(flags | linux.CLONE_NEWUSER)
    maps = (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1"))
    for name, text in maps:
        Path("/proc/self", name).write_text(text, encoding="ascii")


def _limit(room: Room) -> None:
    """Resource limits: address space, file size, processor seconds, descriptors, threads, no core file."""
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_FSIZE: room.file_bytes,
        resource.RLIMIT_NOFILE: _MAX_DESCRIPTORS,
        resource.RLIMIT_AS: room.address_space,
    }
    for limit, wanted in limits.items():
        _, ceiling = resource.getrlimit(limit)
        value = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
        resource.setrlimit(limit, (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (room.cpu_seconds, room.cpu_seconds + _HARD_CPU_GRACE))


def _prepare_landlock(room: Room) -> int | None:
    """The ruleset of the files that this room may open, or None where there is no Landlock."""
    if LANDLOCK in room.unsafe_without or not landlock.abi():
        return None
    return landlock.prepare((*room.readable, *startup_files()), room.scratch)


def _become_own_user(room: Room, *, keep_reading: bool) -> None:
    """Leave root for a user that owns nothing but the scratch folder.

    Where the files of the room lie out of that user's reach (a closed folder above them), the right to read past
    permissions is kept if Landlock stands: then Landlock alone says which files those are.
    """
    uid = _FIRST_UID + os.getpid() % _UIDS
    os.chown(room.scratch, uid, uid)
    kept = 0
    if keep_reading and not _within_reach(room, uid):
        kept = _right_to_read(linux.permitted_capabilities())
    os.setgroups([])
    linux.prctl(linux.PR_SET_KEEPCAPS, int(kept != 0))
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    linux.keep_capabilities(kept)
    linux.prctl(linux.PR_SET_KEEPCAPS, 0)


def _right_to_read(permitted: int) -> int:
    """The least capability at hand that reads past permissions, as a bit set; 0 when there is none."""
    for capability in (linux.CAP_DAC_READ_SEARCH, linux.CAP_DAC_OVERRIDE):
        if permitted & (1 << capability):
            return 1 << capability
    return 0


def _within_reach(room: Room, uid: int) -> bool:
    """Whether the user `uid` could open every file and the scratch folder of the room by itself."""
    linux.set_file_owner(uid, uid)
    try:
        for path in (*room.readable, room.scratch):
            os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    finally:
        linux.set_file_owner(0, 0)
    return True
