"""Attacks that take a place for ever without using anything up, or that wait to tell something by how long it took."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from sandbox.confine import DEADLINE, GATE
from tests.sandbox.attacks.aftermath import ends
from tests.sandbox.attacks.attack import REFUSED, SMALL, Attack, Ground, Native, Sql

_SHORT = replace(SMALL, wall_seconds=0.3)
_LATE = ends("task-cancelled")


def _read_forever(ground: Ground) -> None:
    os.read(os.pipe()[0], 1)


def _lock_twice(ground: Ground) -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def _wait_for_thread(ground: Ground) -> None:
    lock = threading.Lock()
    lock.acquire()
    threading.Thread(target=lock.acquire).start()
    time.sleep(60)


def _write_forever(ground: Ground) -> None:
    writing = os.pipe()[1]
    while True:
        os.write(writing, b"x" * 4096)


_HANGS: dict[str, Callable[[Ground], object]] = {
    "sleep": lambda _: time.sleep(60),
    "poll nothing": lambda _: select.poll().poll(60_000),
    "read what nobody writes": _read_forever,
    "write what nobody reads": _write_forever,
    "lock twice": _lock_twice,
    "wait beside a thread": _wait_for_thread,
}

ATTACKS = (
    *(
        Attack(name=n, how=Native(act=act), walls={DEADLINE: "limit-wall"}, through=_LATE, limits=_SHORT)
        for n, act in _HANGS.items()
    ),
    *(
        Attack(
            name=n,
            how=Sql(sql=sql),
            walls={GATE: REFUSED, DEADLINE: "limit-wall"},
            through=_LATE,
            limits=_SHORT,
        )
        for n, sql in {
            "sleep in the engine": "SELECT sleep_ms(60000) AS x",
            "sleep where a value is": "SELECT count(*) AS n FROM v WHERE i <> 42 OR sleep_ms(60000) IS NULL",
        }.items()
    ),
)
