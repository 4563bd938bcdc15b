"""Attacks of a taken-over process that look for what it was given unawares: environment, descriptors, traces of others.

There is no wall to switch off: a process starts with nothing. Each attack tells what it has found.
"""

# An attack names the system call that it makes, not what wraps it.
# ruff: noqa: PTH111

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable

from tests.sandbox.attacks.attack import DIED, DONE, MARK, Attack, Ground, Native


def _open_descriptors() -> list[int]:
    found = []
    for descriptor in range(3, 4096):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.append(descriptor)
    return found


def _descriptors(ground: Ground) -> str:
    """One is left: the pipe for the answer."""
    return f"{len(_open_descriptors())}"


def _read_answers(ground: Ground) -> None:
    os.read(_open_descriptors()[0], 10)


def _orders(ground: Ground) -> str:
    sockets = [d for d in range(4096) if _is_socket(d)]
    return f"{len(sockets)}"


def _is_socket(descriptor: int) -> bool:
    try:
        return os.fstat(descriptor).st_mode & 0o170000 == 0o140000
    except OSError:
        return False


def _standard(ground: Ground) -> str:
    os.write(1, b"leak")
    os.write(2, b"leak")
    return f"read {len(os.read(0, 10))}"


def _memory(ground: Ground) -> str:
    """Texts of other tasks that the interpreter still holds: this one's and the code's own do not count."""
    texts = [str(text) for one in gc.get_objects() if isinstance(one, dict | list | tuple) for text in _texts(one)]
    return f"{sum(1 for text in texts if 'sluice-attacks-' in text and ground.scratch.rsplit('/', 1)[0] not in text)}"


def _texts(one: object) -> list[object]:
    if isinstance(one, dict):
        return [value for value in list(one.values()) if isinstance(value, str)]
    return [value for value in one if isinstance(value, str)] if isinstance(one, list | tuple) else []


_FOUND: dict[str, tuple[Callable[[Ground], object], str]] = {
    "environment": (lambda _: f"{len(os.environ)}", "0"),
    "environment of the C library": (lambda _: f"{len(os.environb)}", "0"),
    "descriptors": (_descriptors, "1"),
    "reading the answer back": (_read_answers, "EBADF"),
    "orders of the zygote": (_orders, "0"),
    "standard streams": (_standard, "read 0"),
    "terminal": (lambda _: f"{os.isatty(0)}", "False"),
    "secret in an argument": (lambda _: f"{sum(MARK in a for a in sys.argv)}", "0"),
    "traces of other tasks": (_memory, "0"),
    "user": (lambda _: "root" if os.getuid() == 0 else DONE, DONE),
    "login name": (lambda _: os.getlogin(), "ENOENT|ENXIO|ENOTTY|EPERM|EBADF|FileNotFoundError"),
    "entry of a user": (lambda _: os.path.expanduser("~nobody"), f"{DIED}|.nobody"),
}

ATTACKS = tuple(Attack(name=f"inherited {n}", how=Native(act=act), ends=ending) for n, (act, ending) in _FOUND.items())
