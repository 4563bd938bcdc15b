"""How does an attack ask the kernel itself? System calls by name, on either kind of machine."""

from __future__ import annotations

import ctypes
import os

from sandbox.linux import machine
from sandbox.seccomp import TABLES

_libc = ctypes.CDLL(None, use_errno=True)
_table = TABLES[machine()]
NUMBERS = {**_table.allowed, **_table.killed, **_table.guarded}
"""The number of each system call that the filter knows, on this machine."""


def call(name: str, *arguments: object) -> int:
    """Make the system call with integers, bytes and ctypes objects; what is left out is 0. Raises OSError."""
    passed = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    passed += [ctypes.c_long(0)] * (6 - len(passed))
    result = int(_libc.syscall(ctypes.c_long(NUMBERS[name]), *passed))
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def prctl(option: int, value: int = 0) -> int:
    """prctl with one argument. Raises OSError."""
    return call("prctl", option, value)


def name_process(name: str) -> None:
    """Name this process for whoever lists processes."""
    buffer = ctypes.create_string_buffer(name.encode())
    _libc.prctl(ctypes.c_int(15), buffer, 0, 0, 0)


def live_on(seconds: float) -> None:
    """What a forked process does to outlive its parent for a while."""
    name_process("sluice-attack")
    os.closerange(0, 256)
    _libc.usleep(ctypes.c_uint(int(seconds * 1e6)))
    os._exit(0)
