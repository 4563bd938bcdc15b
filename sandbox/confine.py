"""What is left of a process before it may touch data? Builds the walls around this process, in their order, for good.

Order: descriptors → control group → namespaces → own root → limits → Landlock rules (which open paths) → own user →
no_new_privs → Landlock → seccomp. It must run in a single thread and before the engine connects, whose threads inherit
the walls.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox import landlock, linux, ownroot, seccomp

GATE, LOCK, SECURE_VIEWS = "gate", "locked-engine", "secure-views"
LANDLOCK, SECCOMP, NAMESPACES, OWN_ROOT = "landlock", "seccomp", "namespaces", "own-root"
OWN_USER, LIMITS, CGROUP = "own-user", "limits", "cgroup"
ANSWER, DEADLINE = "answer-check", "deadline"
DEMANDED = ((LANDLOCK, OWN_ROOT), (SECCOMP,))
"""What `require_isolation` demands: of each group at least one wall. Files by Landlock or by an own root."""
_FIRST_UID, _UIDS = 61184, 4336
_HARD_CPU_GRACE = 1
_MAX_DESCRIPTORS = 256
_REASONS = {
    errno.EPERM: "not-permitted",
    errno.EACCES: "not-permitted",
    errno.EROFS: "not-permitted",
    errno.ENOSYS: "not-in-kernel",
    errno.EOPNOTSUPP: "not-in-kernel",
    errno.EINVAL: "not-in-kernel",
    errno.ENOSPC: "none-left",
    errno.EUSERS: "none-left",
}


class Missing(Exception):
    """A demanded wall does not stand; nothing may run. `walls` says which stand and why others do not."""

    def __init__(self, walls: Walls) -> None:
        """`walls` as far as they were built."""
        super().__init__("too few walls")
        self.walls = walls


@dataclass(frozen=True, kw_only=True)
class Walls:
    """The walls that stand around this process, and for each other one the reason why not."""

    standing: tuple[str, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a confined process may reach: files to read, its scratch folder, its descriptor to answer, its limits.

    `join_group` moves the process into a control group of its own; None where there is none.
    """

    readable: tuple[str, ...]
    scratch: str
    descriptors: tuple[int, ...]
    address_space: int
    file_bytes: int
    cpu_seconds: int
    processes: int
    join_group: Callable[[], None] | None = None
    require_isolation: bool
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


def confine(room: Room) -> Walls:
    """Build every wall that this machine allows. Raises `Missing` when it is too few and isolation is required."""
    site = _Site(room)
    parent = os.getppid()
    _leave_parent(room.descriptors)
    site.build(CGROUP, _joining(room))
    if os.geteuid() != 0:
        site.user_namespace = site.possible(_own_user_namespace)
    site.build(NAMESPACES, _own_namespaces)
    site.build(OWN_ROOT, lambda: ownroot.enter(room.readable, room.scratch))
    site.build(LIMITS, lambda: _limit(room, count_processes=os.geteuid() == 0 or site.user_namespace))
    ruleset = _prepare_landlock(room, hidden=OWN_ROOT in site.standing)
    site.build(OWN_USER, lambda: _become_own_user(room, keep_reading=ruleset is not None or OWN_ROOT in site.standing))
    if OWN_USER not in site.standing:
        linux.keep_capabilities(0)
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # changing the user had called the signal off, and the parent died meanwhile
        os.kill(os.getpid(), signal.SIGKILL)
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    site.build(LANDLOCK, lambda: landlock.enforce(ruleset))
    site.build(SECCOMP, seccomp.enforce)
    walls = Walls(standing=tuple(site.standing), absent=tuple(site.absent.items()))
    if room.require_isolation and not all(any(w in walls.standing for w in group) for group in DEMANDED):
        raise Missing(walls)
    return walls


class _Site:
    """Where walls are built one after the other."""

    def __init__(self, room: Room) -> None:
        self.standing: list[str] = []
        self.absent: dict[str, str] = {}
        self.user_namespace = False
        self._without = room.unsafe_without

    def build(self, name: str, wall: Callable[[], None]) -> None:
        """Build a wall and note that it stands; a machine that does not allow it leaves it out, with the reason."""
        if name in self._without:
            self.absent[name] = "switched-off"
            return
        try:
            wall()
        except OSError as error:
            self.absent[name] = _REASONS.get(error.errno or 0, "failed")
            return
        self.standing.append(name)

    def possible(self, step: Callable[[], None]) -> bool:
        """Take a step that walls build on; whether it could be taken."""
        try:
            step()
        except OSError:
            return False
        return True


def _joining(room: Room) -> Callable[[], None]:
    def join() -> None:
        if room.join_group is None:
            raise PermissionError(errno.EPERM, "no control groups")
        room.join_group()

    return join


def _leave_parent(descriptors: tuple[int, ...]) -> None:
    """Die with the parent, be private, and hold no descriptor but those named (and the three standard ones)."""
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.umask(0o077)
    kept = sorted({0, 1, 2, *descriptors})
    for low, high in zip(kept, [*kept[1:], resource.getrlimit(resource.RLIMIT_NOFILE)[0]], strict=True):
        os.closerange(low + 1, high)


def _own_user_namespace() -> None:
    """A user namespace of its own, in which an ordinary user may make the other namespaces and mount."""
    uid, gid = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER)
    maps = (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1"))
    for name, text in maps:
        Path("/proc/self", name).write_text(text, encoding="ascii")


def _own_namespaces() -> None:
    """An own, empty network, and own IPC and host names."""
    linux.unshare(linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS)


def _limit(room: Room, *, count_processes: bool) -> None:
    """Resource limits: address space, file size, processor seconds, descriptors, threads, no core file.

    The kernel counts threads per user: they can be limited where the user, or its namespace, is this process's own.
    """
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_FSIZE: room.file_bytes,
        resource.RLIMIT_NOFILE: _MAX_DESCRIPTORS,
        resource.RLIMIT_AS: room.address_space,
    }
    if count_processes:
        limits[resource.RLIMIT_NPROC] = room.processes
    for limit, wanted in limits.items():
        _, ceiling = resource.getrlimit(limit)
        value = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
        resource.setrlimit(limit, (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (room.cpu_seconds, room.cpu_seconds + _HARD_CPU_GRACE))


def _prepare_landlock(room: Room, *, hidden: bool) -> int | None:
    """The ruleset of the files that this room may open, or None where there is no Landlock."""
    if LANDLOCK in room.unsafe_without or not landlock.abi():
        return None
    return landlock.prepare((*room.readable, *([] if hidden else startup_files())), room.scratch)


def _become_own_user(room: Room, *, keep_reading: bool) -> None:
    """Leave root for a user that owns nothing but the scratch folder. Raises OSError where we are not root.

    Where the files of the room lie out of that user's reach (a closed folder above them), the right to read past
    permissions is kept if another wall says which files those are.
    """
    if os.geteuid() != 0:
        raise PermissionError(errno.EPERM, "only root can become another user")
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
