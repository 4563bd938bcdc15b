"""Which files may this process open? Landlock rules by the kernel's ABI: all is denied but what is granted.

Source: https://docs.kernel.org/userspace-api/landlock.html. TCP and abstract sockets are denied where the ABI knows
them.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterable

from sandbox.linux import LANDLOCK_ADD, LANDLOCK_CREATE, LANDLOCK_RESTRICT, syscall

_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _TRUNCATE, _IOCTL_DEV = 1 << 7, 1 << 8, 1 << 14, 1 << 15
_FIRST_ABI_RIGHTS = 13
_READ = _READ_FILE
_SCRATCH = _READ_FILE | _WRITE_FILE | _READ_DIR | _REMOVE_FILE | _REMOVE_DIR | _MAKE_REG | _MAKE_DIR | _TRUNCATE
_DENY_TCP = 0b11
_SCOPE_SIGNALS_AND_SOCKETS = 0b11


def abi() -> int:
    """The Landlock ABI of the running kernel, 0 where there is none."""
    try:
        return syscall(LANDLOCK_CREATE, None, 0, 1)
    except OSError:
        return 0


def _handled(version: int) -> int:
    rights = _FIRST_ABI_RIGHTS + (version >= 2) + (version >= 3)
    return (1 << rights) - 1 | (_IOCTL_DEV if version >= 5 else 0)


def _create(version: int) -> int:
    network = _DENY_TCP if version >= 4 else 0
    scoped = _SCOPE_SIGNALS_AND_SOCKETS if version >= 6 else 0
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    return syscall(LANDLOCK_CREATE, struct.pack("QQQ", _handled(version), network, scoped), size, 0)


def _grant(ruleset: int, path: str, rights: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if stat.S_ISDIR(os.fstat(handle).st_mode) != (rights != _READ):
            raise NotADirectoryError(path)
        syscall(LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", rights, handle), 0)
    finally:
        os.close(handle)


def prepare(readable: Iterable[str], scratch: str) -> int:
    """A ruleset (its descriptor): the files `readable` may be read; in `scratch` files may be made, but no links.

    What is not a file that is there is left out. Raises OSError where the kernel has no Landlock.
    """
    version = abi()
    if not version:
        raise OSError(errno.ENOSYS, "the kernel has no Landlock")
    ruleset = _create(version)
    for path in readable:
        try:
            _grant(ruleset, path, _READ)
        except (FileNotFoundError, NotADirectoryError):
            continue
    _grant(ruleset, scratch, _SCRATCH & _handled(version))
    return ruleset


def enforce(ruleset: int | None) -> None:
    """Bind this process to the ruleset for good; no_new_privs must be set. Raises OSError, also where there is none."""
    if ruleset is None:
        raise OSError(errno.ENOSYS, "the kernel has no Landlock")
    syscall(LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)
