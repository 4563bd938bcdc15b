"""Attacks of a taken-over process on files: what is there, what is in it, and what may be made, changed or linked."""

# An attack names the system call that it makes, not what wraps it.
# ruff: noqa: PTH101, PTH102, PTH104, PTH105, PTH108, PTH115, PTH116, PTH208, PTH211

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from sandbox.confine import LANDLOCK, OWN_ROOT, OWN_USER, SECCOMP
from tests.sandbox.attacks.aftermath import Sign, changes, done
from tests.sandbox.attacks.attack import DIED, DONE, Attack, Ground, Native

_OPENED = {OWN_ROOT: "ENOENT", LANDLOCK: "EACCES"}
_SEALED = {**_OPENED, OWN_USER: "EACCES"}
_LISTED = {OWN_ROOT: "nothing", LANDLOCK: "EACCES"}
_SEEN = {OWN_ROOT: "ENOENT"}
"""Landlock does not hide that a file is there."""
_CHANGED = {OWN_ROOT: "EROFS|EBUSY|ENOENT", LANDLOCK: "EACCES|EXDEV", OWN_USER: "EACCES|EPERM"}
_ATTRIBUTES = {SECCOMP: "EPERM", OWN_ROOT: "EROFS", OWN_USER: "EPERM"}
_LINKED = {SECCOMP: DIED, OWN_ROOT: "ENOENT|EXDEV", LANDLOCK: "EXDEV|EACCES", OWN_USER: "EPERM"}
_MADE = {SECCOMP: DIED, LANDLOCK: "EACCES"}


def _read(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    os.read(handle, 10)


def _found(name: str, folder: str) -> str | None:
    return None if name in os.listdir(folder) else "nothing"


def _overwrite(ground: Ground) -> None:
    handle = os.open(ground.source, os.O_WRONLY)
    os.write(handle, b"x")


def _append(ground: Ground) -> None:
    handle = os.open(ground.source, os.O_WRONLY | os.O_APPEND)
    os.write(handle, b"x")


def _put(path: Path) -> None:
    path.write_bytes(b"x")


def _move_out(ground: Ground) -> None:
    _put(Path("taken"))
    os.rename("taken", f"{ground.outside}/taken")


def _through_handle(ground: Ground) -> None:
    folder = os.open(str(Path(ground.other).parent), os.O_PATH)
    os.open("other.parquet", os.O_RDONLY, dir_fd=folder)


def _climb(ground: Ground) -> None:
    os.open("../vault/other.parquet", os.O_RDONLY, dir_fd=os.open(".", os.O_RDONLY))


def _bind_path(ground: Ground) -> None:
    socket.socket(socket.AF_UNIX).bind("made")


def _memory(ground: Ground) -> None:
    os.open("/proc/self/mem", os.O_RDWR)


_ACTS: dict[str, tuple[Callable[[Ground], object], dict[str, str], Sign]] = {
    # what is in it
    "open users": (lambda _: _read("/etc/passwd"), _OPENED, done),
    "open secret": (lambda g: _read(g.secret), _SEALED, done),
    "open another version": (lambda g: _read(g.other), _OPENED, done),
    "open another version by a handle": (_through_handle, _OPENED, done),
    "open another version climbing": (_climb, _OPENED, done),
    "open database": (lambda g: _read(g.database), _OPENED, done),
    "open address space": (lambda _: _read("/proc/self/maps"), _OPENED, done),
    "open arguments": (lambda _: _read("/proc/self/cmdline"), _OPENED, done),
    "open arguments of others": (lambda g: _read(f"/proc/{g.zygote}/cmdline"), _OPENED, done),
    "open mounts": (lambda _: _read("/proc/self/mountinfo"), _OPENED, done),
    "open device": (lambda _: _read("/dev/zero"), _OPENED, done),
    "open kernel state": (lambda _: _read("/proc/meminfo"), _OPENED, done),
    "open system": (lambda _: _read("/sys/kernel/mm/transparent_hugepage/enabled"), _OPENED, done),
    "open own program": (lambda _: _read("/proc/self/exe"), _OPENED, done),
    # what is there
    "list root": (lambda _: _found("etc", "/"), _LISTED, done),
    "list above": (lambda _: _found("outside", ".."), _LISTED, done),
    "list vault": (lambda g: _found("other.parquet", str(Path(g.source).parent)), _LISTED, done),
    "list processes": (lambda _: _found("1", "/proc"), {OWN_ROOT: "ENOENT", LANDLOCK: "EACCES"}, done),
    "status of another version": (lambda g: os.stat(g.other), _SEEN, done),
    "existence of secret": (lambda g: None if os.access(g.secret, os.F_OK) else "ENOENT", _SEEN, done),
    "name of own program": (lambda _: [os.readlink("/proc/self/exe")], _SEEN, done),
    "size of disk": (lambda _: os.statvfs("/etc"), _SEEN, done),
    "handle of folder": (lambda _: os.close(os.open("/etc", os.O_PATH)), _SEEN, done),
    "working folder": (lambda _: os.chdir("/etc"), {SECCOMP: "EPERM", **_SEEN}, done),
    # what changes
    "write outside": (lambda g: _put(Path(g.outside, "x")), _OPENED, changes("outside")),
    "folder outside": (lambda g: os.mkdir(f"{g.outside}/x"), _OPENED, changes("outside")),
    "move outside": (_move_out, {OWN_ROOT: "ENOENT|EXDEV", LANDLOCK: "EXDEV|EACCES"}, changes("outside")),
    "overwrite": (_overwrite, _CHANGED, changes("source")),
    "append": (_append, _CHANGED, changes("source")),
    "truncate": (lambda g: os.truncate(g.source, 0), _CHANGED, changes("source")),
    "unlink": (lambda g: os.unlink(g.source), _CHANGED, changes("source")),
    "rename": (lambda g: os.rename(g.source, f"{g.source}.x"), _CHANGED, changes("source")),
    "replace": (lambda g: os.replace(g.other, g.source), _CHANGED, changes("source")),
    "add to vault": (lambda g: _put(Path(g.source).with_name("x")), _CHANGED, changes("vault")),
    "mode": (lambda g: os.chmod(g.source, 0o666), _ATTRIBUTES, changes("source")),
    "times": (lambda g: os.utime(g.source, (1, 1)), _ATTRIBUTES, changes("source")),
    "hard link to another version": (lambda g: os.link(g.other, "linked"), _LINKED, done),
    "hard link to secret": (lambda g: os.link(g.secret, "linked"), _LINKED, done),
    "symbolic link": (lambda g: os.symlink(g.secret, "linked"), _MADE, done),
    "named pipe": (lambda _: os.mkfifo("made"), _MADE, done),
    "local socket": (_bind_path, _MADE, done),
    "mode of scratch": (lambda g: os.chmod(g.scratch, 0o755), {SECCOMP: "EPERM"}, done),
    "attribute": (lambda g: os.setxattr(g.scratch, "user.x", b"x"), {SECCOMP: "EPERM"}, done),
}


def _deep(ground: Ground) -> None:
    """Deeper than a path can be long."""
    folder, name = os.open(".", os.O_RDONLY), "d" * 250
    for _ in range(40):
        os.mkdir(name, dir_fd=folder)
        inner = os.open(name, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner


def _closed(ground: Ground) -> None:
    Path("closed").mkdir()
    Path("closed", "file").write_bytes(b"x")
    os.mkdir("closed/inner", 0)


def _strange(ground: Ground) -> None:
    for name in (b"\n", b"\xff", b" ", b"-rf", b"*", "数".encode() * 80):
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY))


def _hollow(ground: Ground) -> None:
    os.ftruncate(os.open("x", os.O_CREAT | os.O_WRONLY), 32 << 20)


_LEFT: dict[str, Callable[[Ground], object]] = {
    "deep folders left": _deep,
    "closed folders left": _closed,
    "strange names left": _strange,
    "sparse file left": _hollow,
    "result left by a failure": lambda _: _put(Path("out.parquet")),
}

ATTACKS = (
    *(Attack(name=n, how=Native(act=act), walls=walls, through=sign) for n, (act, walls, sign) in _ACTS.items()),
    Attack(
        name="open own memory",
        how=Native(act=_memory),
        walls=_SEALED,
        through=done,
        only=("root", "the kernel itself keeps the memory of an ordinary user's process closed: it cannot be dumped"),
    ),
    *(Attack(name=n, how=Native(act=act), ends=f"{DONE}|limit-scratch") for n, act in _LEFT.items()),
)
