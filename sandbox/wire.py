"""How do the launcher, the zygote and a confined process talk? In orders, frames and facts."""

from __future__ import annotations

import struct
from dataclasses import dataclass

READY = b"ready"
MAX_ORDER = 64 << 10
MAX_FACT = 4096
PROGRESS, ANSWER = b"P", b"A"
FRAME = struct.Struct(">cI")
"""The head of a frame in the answer pipe: its kind and the length of its body."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the launcher says about a task, apart from the task: where, since when, and which walls are demanded.

    `begun` is on the monotonic clock of the machine. `unsafe_without` leaves walls out, for tests of the other walls.
    """

    scratch: str
    begun: float
    require_isolation: bool
    wants_progress: bool
    unsafe_without: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Started:
    """A process was started for an order; its pidfd comes along."""

    process: int


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The process ended: its exit code (minus the signal that killed it), processor seconds, peak memory in bytes.

    `starved` says that the kernel killed it because its control group had no memory left.
    """

    exit: int
    cpu: float
    peak: int
    starved: bool = False
