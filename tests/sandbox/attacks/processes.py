"""Attacks of a taken-over process on what it is: other processes, other programs, other rights, memory that runs."""

# An attack names the system call that it makes, not what wraps it.
# ruff: noqa: PTH208

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import resource
import threading
from collections.abc import Callable

from sandbox.confine import LANDLOCK, OWN_ROOT, OWN_USER, SECCOMP
from tests.sandbox.attacks.aftermath import Sign, changes, done
from tests.sandbox.attacks.attack import DIED, DONE, Attack, Ground, Native
from tests.sandbox.attacks.kernel import call, live_on, prctl

_KILLED, _DENIED = {SECCOMP: DIED}, {SECCOMP: "EPERM"}
_RUN = {SECCOMP: DIED, OWN_ROOT: "ENOENT", LANDLOCK: "EACCES"}
_CLONE_NEWUSER, _SIGCHLD, _RDONLY = 0x10000000, 17, mmap.PROT_READ | mmap.PROT_WRITE


def _fork(ground: Ground) -> None:
    if os.fork() == 0:
        live_on(3)


def _fork_by_clone(ground: Ground) -> None:
    if call("clone", _SIGCHLD) == 0:
        live_on(3)


def _fork_twice(ground: Ground) -> None:
    if os.fork() == 0:
        if os.fork() == 0:
            live_on(3)
        os._exit(0)


def _run(ground: Ground) -> None:
    os.execve("/bin/touch", ["touch", f"{ground.outside}/x"], {})


def _start(ground: Ground) -> None:
    process = os.posix_spawn("/bin/touch", ["touch", f"{ground.outside}/x"], {})
    os.waitpid(process, 0)


def _start_nowhere(ground: Ground) -> None:
    os.execve("/proc/self/exe", ["python", "-c", f"open('{ground.outside}/x', 'w')"], {})


def _make_runnable(ground: Ground) -> None:
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=_RDONLY)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    call("mprotect", address, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC)


def _limit_of_victim(ground: Ground) -> None:
    resource.prlimit(ground.victim, resource.RLIMIT_NOFILE, resource.prlimit(ground.victim, resource.RLIMIT_NOFILE))


def _become_root(ground: Ground) -> None:
    call("setresuid", 0, 0, 0)
    if os.geteuid() != 0:
        raise PermissionError(1, "not root")


def _thread(ground: Ground) -> None:
    one = threading.Thread(target=lambda: None)
    one.start()
    one.join()


_ACTS: dict[str, tuple[Callable[[Ground], object], dict[str, str], Sign]] = {
    # processes that stay
    "fork": (_fork, _KILLED, changes("process")),
    "fork by clone": (_fork_by_clone, _KILLED, changes("process")),
    "fork twice": (_fork_twice, _KILLED, changes("process")),
    # programs
    "run a program": (_run, _RUN, changes("outside")),
    "start a program": (_start, _RUN, changes("outside")),
    "run the own program again": (_start_nowhere, _RUN, changes("outside")),
    "load a library": (
        lambda _: ctypes.CDLL("libanl.so.1"),
        {SECCOMP: "OSError", OWN_ROOT: "OSError", LANDLOCK: "OSError"},
        done,
    ),
    "file in memory": (lambda _: os.close(os.memfd_create("x")), _KILLED, done),
    "runnable memory": (
        lambda _: mmap.mmap(-1, 4096, prot=_RDONLY | mmap.PROT_EXEC).close(),
        _DENIED,
        done,
    ),
    "memory made runnable": (_make_runnable, _DENIED, done),
    # rights
    "user namespace": (lambda _: call("unshare", _CLONE_NEWUSER), _KILLED, done),
    "own limits": (lambda _: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)), {SECCOMP: "ValueError"}, done),
    "limits of another": (_limit_of_victim, {SECCOMP: "PermissionError|EPERM", OWN_USER: "EPERM"}, done),
    "personality": (lambda _: call("personality", 0xFFFFFFFF), _KILLED, done),
    "dumpable": (lambda _: prctl(4, 1), _DENIED, done),
    "asking whether dumpable": (lambda _: prctl(3), _DENIED, done),
    "outliving the parent": (lambda _: prctl(1, 0), _DENIED, done),
    "adopting orphans": (lambda _: prctl(36, 1), _DENIED, done),
    "session": (lambda _: os.setsid(), _DENIED, done),
    "group": (lambda _: os.setpgid(0, 0), _DENIED, done),
    "nice": (lambda _: os.setpriority(os.PRIO_PROCESS, 0, 19), _DENIED, done),
    "scheduling": (lambda _: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)), _DENIED, done),
    "handle of itself": (lambda _: os.close(os.pidfd_open(os.getpid())), _KILLED, done),
    "handle of another": (lambda g: os.close(os.pidfd_open(g.victim)), _KILLED, done),
    "traced by its parent": (lambda _: call("ptrace", 0), _KILLED, done),
}
_NEVER: dict[str, tuple[Callable[[Ground], object], str]] = {
    "trace another": (lambda g: call("ptrace", 16, g.victim), DIED),
    "memory of another": (lambda g: call("process_vm_readv", g.zygote, 0, 0, 0, 0), DIED),
    "memory of the zygote as a file": (lambda g: os.open(f"/proc/{g.zygote}/mem", os.O_RDONLY), "ENOENT|EACCES"),
    "own environment": (lambda _: os.open("/proc/self/environ", os.O_RDONLY), "ENOENT|EACCES"),
    "environment of the zygote": (lambda g: os.open(f"/proc/{g.zygote}/environ", os.O_RDONLY), "ENOENT|EACCES"),
    "root of the zygote": (lambda g: os.listdir(f"/proc/{g.zygote}/root"), "ENOENT|EACCES"),
    "namespaces of the zygote": (lambda g: os.open(f"/proc/{g.zygote}/ns/mnt", os.O_RDONLY), "ENOENT|EACCES"),
    "descriptors of the zygote": (lambda g: os.listdir(f"/proc/{g.zygote}/fd"), "ENOENT|EACCES"),
    "groups": (lambda _: os.setgroups([0]), DIED),
    "capabilities": (lambda _: call("capset", 0, 0), DIED),
    "another root": (lambda _: os.chroot("."), DIED),
    "mount": (lambda _: call("mount", b"x", b".", b"tmpfs", 0, 0), DIED),
    "the old root again": (lambda _: call("pivot_root", b".", b"."), DIED),
    "unmount": (lambda g: call("umount2", g.source.encode(), 2), DIED),
    "open by a handle": (lambda _: call("open_by_handle_at", 0, b"\0" * 64, 0), DIED),
}

ATTACKS = (
    *(Attack(name=n, how=Native(act=act), walls=walls, through=sign) for n, (act, walls, sign) in _ACTS.items()),
    Attack(
        name="become root again",
        how=Native(act=_become_root),
        walls={SECCOMP: DIED, OWN_USER: "EPERM"},
        through=done,
        only=("root", "an ordinary user cannot become root with or without our walls"),
    ),
    Attack(
        name="fewer processors for another",
        how=Native(act=lambda g: os.sched_setaffinity(g.victim, {min(os.sched_getaffinity(0))})),
        walls={SECCOMP: "EPERM"},
        through=changes("victim"),
        only=("user", "a process of root has rights that ours lacks: the kernel does not let it be changed"),
    ),
    Attack(
        name="a lease on the source",
        how=Native(act=lambda g: fcntl.fcntl(os.open(g.source, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)),
        walls={SECCOMP: "EPERM", OWN_USER: "EACCES"},
        through=done,
    ),
    *(Attack(name=n, how=Native(act=act), ends=ending) for n, (act, ending) in _NEVER.items()),
    Attack(name="start a thread", how=Native(act=_thread), ends=DONE),
)
