"""Attacks with signals: on other processes, on the zygote and all its children, and on the own end."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace

from sandbox.confine import DEADLINE, LANDLOCK, LIMITS, OWN_USER, SECCOMP
from tests.sandbox.attacks.aftermath import Sign, changes, done, ends
from tests.sandbox.attacks.attack import DIED, SMALL, Attack, Ground, Native
from tests.sandbox.attacks.kernel import call

_SOON = replace(SMALL, wall_seconds=0.3)
_OUT_OF_REACH = {SECCOMP: "EPERM", LANDLOCK: "EPERM", OWN_USER: "EPERM"}
_KILLED_FIRST = {**_OUT_OF_REACH, SECCOMP: DIED}
_TOO_LONG = 2.5
_LATE = ends("task-cancelled")


def _own_signal(ground: Ground) -> None:
    """Have the kernel send it: a signal at the next byte in a pipe, to a process of our choice."""
    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETOWN, ground.victim)
    fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(writing, b"x")
    time.sleep(0.05)


def _queue(ground: Ground) -> None:
    information = ctypes.create_string_buffer(128)
    ctypes.c_int.from_buffer(information, 8).value = -1
    call("rt_sigqueueinfo", ground.victim, int(signal.SIGTERM), information)


def _awaited(act: Callable[[Ground], object]) -> Callable[[Ground], object]:
    """The act, and time for whoever it is done to."""

    def awaited(ground: Ground) -> None:
        act(ground)
        time.sleep(0.1)

    return awaited


def _halt(ground: Ground) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _ignore_and_spin(ground: Ground) -> None:
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while time.process_time() < _TOO_LONG:
        pass


def _ignore_and_wait(ground: Ground) -> None:
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    time.sleep(60)


def _end_by(number: int) -> Callable[[Ground], object]:
    def act(ground: Ground) -> None:
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        time.sleep(5)

    return act


_ON_OTHERS: dict[str, tuple[Callable[[Ground], object], dict[str, str], Sign]] = {
    "kill another": (lambda g: os.kill(g.victim, signal.SIGKILL), _OUT_OF_REACH, changes("victim")),
    "end another": (lambda g: os.kill(g.victim, signal.SIGTERM), _OUT_OF_REACH, changes("victim")),
    "halt another": (lambda g: os.kill(g.victim, signal.SIGSTOP), _OUT_OF_REACH, changes("victim")),
    "kill a thread of another": (
        lambda g: call("tgkill", g.victim, g.victim, int(signal.SIGKILL)),
        _OUT_OF_REACH,
        changes("victim"),
    ),
    "kill any thread": (lambda g: call("tkill", g.victim, int(signal.SIGKILL)), _KILLED_FIRST, changes("victim")),
    "queue a signal": (_queue, _KILLED_FIRST, changes("victim")),
    "kill the zygote": (lambda _: os.kill(os.getppid(), signal.SIGKILL), _OUT_OF_REACH, changes("zygote")),
}
_ON_ITSELF = {
    "abort": lambda _: os.abort(),
    "end silently": lambda _: os._exit(0),
    "end with an error": lambda _: os._exit(3),
    "read nowhere": lambda _: ctypes.string_at(0),
    "kill itself": _end_by(signal.SIGKILL),
    "end itself": _end_by(signal.SIGTERM),
    "trap itself": _end_by(signal.SIGTRAP),
    "overrun its time": _end_by(signal.SIGALRM),
}

ATTACKS = (
    *(
        Attack(name=n, how=Native(act=_awaited(act)), walls=walls, through=sign, landlock_abi=6)
        for n, (act, walls, sign) in _ON_OTHERS.items()
    ),
    Attack(
        name="signal by a pipe",
        how=Native(act=_own_signal),
        walls={SECCOMP: "EPERM", LANDLOCK: "done", OWN_USER: "done"},
        through=changes("victim"),
        landlock_abi=6,
    ),
    Attack(name="halt itself", how=Native(act=_halt), walls={DEADLINE: "limit-wall"}, through=_LATE, limits=_SOON),
    Attack(
        name="ignore every signal",
        how=Native(act=_ignore_and_wait),
        walls={DEADLINE: "limit-wall"},
        through=_LATE,
        limits=_SOON,
    ),
    Attack(
        name="ignore the end of its time",
        how=Native(act=_ignore_and_spin),
        walls={LIMITS: "limit-cpu"},
        through=done,
        limits=replace(SMALL, cpu_seconds=1),
    ),
    *(Attack(name=n, how=Native(act=act), ends=DIED) for n, act in _ON_ITSELF.items()),
)
