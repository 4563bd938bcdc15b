"""Attacks that use something up: processor, memory, disk, threads, descriptors, rows, bytes, the parent's patience."""

from __future__ import annotations

import mmap
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sandbox.confine import CGROUP, DEADLINE, LIMITS, SECCOMP
from sandbox.protocol import Limits
from tests.sandbox.attacks.aftermath import Sign, answered, done, ends
from tests.sandbox.attacks.attack import DIED, FAILED, REFUSED, SMALL, Attack, Ground, Native, Sql
from tests.sandbox.attacks.kernel import live_on

_MB = 1 << 20
_SLOW = replace(SMALL, cpu_seconds=1)
_SHORT = replace(SMALL, wall_seconds=0.3)
_TIGHT = replace(SMALL, memory_bytes=96 * _MB, scratch_bytes=8 * _MB, result_bytes=8 * _MB)
_ENDLESS = "FROM range(200000) AS a(x), range(200000) AS b(y)"
_CPU = {
    "join": f"SELECT count(*) AS n {_ENDLESS} WHERE x * y % 7 = 1",
    "recursion": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) AS n FROM r",
}
_SLOW_FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "condition on a row": (
        f"SELECT count(*) AS n FROM v WHERE CASE WHEN i = 42 THEN (SELECT sum(x * y) {_ENDLESS}) > 0 ELSE true END",
        (),
    ),
    "aggregate": (f"SELECT sum(x * y) AS n {_ENDLESS}", ()),
    "levenshtein": ("SELECT max(levenshtein(repeat(s, 9000), repeat(s, 8999))) AS x FROM v", ("levenshtein", "repeat")),
    "repeat": ("SELECT sum(length(repeat('x', 20000000 + i))) AS x FROM v, range(1000)", ("repeat",)),
    "padding": ("SELECT sum(length(lpad('x', 20000000 + i, 'ab'))) AS x FROM v, range(1000)", ("lpad",)),
    "bits": ("SELECT length(bitstring('1', 2000000000)) AS x", ("bitstring",)),
}
_MEMORY = {
    "list": ("SELECT list(x) AS l FROM range(40000000) AS t(x)", ()),
    "one long text": ("SELECT length(repeat('x', 2000000000)) AS x", ("repeat",)),
    "growing text": ("SELECT length(max(s)) AS x FROM (SELECT repeat('x', 200000000 + i) AS s FROM v)", ("repeat",)),
    "range in a row": ("SELECT length(range(1000000000)) AS x", ()),
    "series in a row": ("SELECT length(generate_series(1, 1000000000)) AS x", ("generate_series",)),
    "sort": ("SELECT x, repeat('y', 900) AS y FROM range(9000000) AS t(x) ORDER BY x % 1000003, y", ("repeat",)),
}
_RESULTS = {
    "rows": ("SELECT x FROM range(3000000) AS t(x)", "limit-rows"),
    "bytes": ("SELECT x % 1000003 * x AS y FROM range(900000) AS t(x)", "limit-bytes"),
    "rows of a step": ("SELECT * FROM range(10) AS a, range(300000) AS b", "limit-rows"),
    "columns": (
        f"SELECT {', '.join(f'{n} AS c{n}' for n in range(3000))} FROM v",
        "ok|limit-bytes|limit-memory|answer-refused",
    ),
    "depth": ("SELECT " + "1 + " * 249 + "1 AS x", f"limit-sql|{FAILED}"),
    "brackets": ("SELECT " + "(" * 5000 + "1" + ")" * 5000, REFUSED),
    "choices": ("SELECT 1 AS x WHERE 1 IN (" + "1," * 120_000 + "1)", "limit-sql"),
    "length": ("SELECT '" + "x" * (255 << 10) + "' AS x", "ok"),
    "nested queries": ("SELECT * FROM " + "(SELECT * FROM " * 900 + "v" + ")" * 900, f"limit-sql|{REFUSED}"),
    "columns of a star": (
        "SELECT " + ", ".join(["*"] * 400) + " FROM v LIMIT 1",
        "ok|limit-bytes|limit-memory|answer-refused",
    ),
}


def _untouched(ground: Ground) -> None:
    mmap.mmap(-1, 6 << 30).close()


def _touched(ground: Ground) -> None:
    kept = [b"x" * _MB for _ in range(1200)]
    del kept


def _one_file(ground: Ground) -> None:
    with Path("big").open("wb", buffering=0) as file:
        file.writelines([b"x" * _MB] * 200)


def _one_hole(ground: Ground) -> None:
    Path("big").touch()
    os.truncate("big", 1 << 40)


def _reserved(ground: Ground) -> None:
    os.posix_fallocate(os.open("big", os.O_CREAT | os.O_RDWR), 0, 400 * _MB)


def _many_files(ground: Ground) -> None:
    for number in range(9000):
        os.close(os.open(f"{number}", os.O_CREAT | os.O_WRONLY))
    time.sleep(5)


def _many_megabytes(ground: Ground) -> None:
    for number in range(200):
        Path(f"{number}").write_bytes(b"x" * _MB)
    time.sleep(5)


def _many_threads(ground: Ground) -> None:
    threading.stack_size(1 << 16)
    ended = threading.Event()
    try:
        for _ in range(300):
            threading.Thread(target=ended.wait).start()
    finally:
        ended.set()


def _many_processes(ground: Ground) -> None:
    started = 0
    try:
        for _ in range(100):
            if os.fork() == 0:
                live_on(0.2)
            started += 1
    finally:
        for _ in range(started):
            os.wait()


def _many_descriptors(ground: Ground) -> None:
    kept = [os.open(".", os.O_RDONLY) for _ in range(1000)]
    del kept


def _many_pipes(ground: Ground) -> None:
    kept = [os.pipe() for _ in range(500)]
    del kept


def _spin(ground: Ground) -> None:
    while time.process_time() < 1.4:
        pass


def _deep_stack(ground: Ground) -> None:
    sys.setrecursionlimit(10**9)

    def deeper(text: str) -> str:
        return max([text], key=deeper)

    deeper("x")


_NATIVE: dict[str, tuple[Callable[[Ground], object], dict[str, str], Sign, Limits]] = {
    "processor": (_spin, {LIMITS: "limit-cpu"}, done, _SLOW),
    "reserved memory": (_untouched, {LIMITS: "ENOMEM"}, done, SMALL),
    "touched memory": (_touched, {LIMITS: "MemoryError", CGROUP: "limit-memory"}, done, _TIGHT),
    "a large file": (
        _one_file,
        {LIMITS: "EFBIG"},
        ends("done", "limit-scratch"),
        replace(SMALL, scratch_bytes=_MB, result_bytes=_MB),
    ),
    "a large hole": (_one_hole, {LIMITS: "EFBIG"}, done, SMALL),
    "reserved disk": (_reserved, {LIMITS: "EFBIG"}, ends(DIED, "done", "limit-scratch"), _TIGHT),
    "threads": (_many_threads, {LIMITS: "RuntimeError", CGROUP: "RuntimeError"}, done, SMALL),
    "processes": (_many_processes, {SECCOMP: DIED, LIMITS: "EAGAIN", CGROUP: "EAGAIN"}, done, SMALL),
    "descriptors": (_many_descriptors, {LIMITS: "EMFILE"}, done, SMALL),
    "pipes": (_many_pipes, {LIMITS: "EMFILE"}, done, SMALL),
}
_WATCHED: dict[str, Callable[[Ground], object]] = {
    "many files": _many_files,
    "many megabytes": _many_megabytes,
}

ATTACKS = (
    *(
        Attack(
            name=f"processor by {n}",
            how=Sql(sql=sql),
            walls={LIMITS: "limit-cpu"},
            through=ends("task-cancelled"),
            limits=_SLOW,
            patience=0.8,
        )
        for n, sql in _CPU.items()
    ),
    *(
        Attack(
            name=f"time by {n}",
            how=Sql(sql=sql, functions=functions),
            walls={DEADLINE: "limit-wall"},
            through=ends("task-cancelled"),
            limits=_SHORT,
        )
        for n, (sql, functions) in _SLOW_FUNCTIONS.items()
    ),
    *(
        Attack(
            name=f"memory by {n}",
            how=Sql(sql=sql, functions=functions),
            ends=f"limit-memory|limit-scratch|{FAILED}|{DIED}",
            limits=_TIGHT,
        )
        for n, (sql, functions) in _MEMORY.items()
    ),
    Attack(
        name="memory that the engine does not count",
        how=Sql(sql="SELECT length(printf('%700000000d', i)) AS x FROM v LIMIT 1", functions=("printf",)),
        walls={LIMITS: f"limit-memory|{FAILED}", CGROUP: "limit-memory"},
        through=answered,
        limits=_TIGHT,
    ),
    *(
        Attack(name=n, how=Native(act=act), walls=walls, through=sign, limits=limits)
        for n, (act, walls, sign, limits) in _NATIVE.items()
    ),
    *(Attack(name=n, how=Native(act=act), ends="limit-scratch", limits=_TIGHT) for n, act in _WATCHED.items()),
    Attack(name="deep stack", how=Native(act=_deep_stack), ends=f"{DIED}|MemoryError|RecursionError"),
    *(
        Attack(name=f"{n} of a result", how=Sql(sql=sql), ends=ending, limits=replace(SMALL, result_bytes=_MB))
        for n, (sql, ending) in _RESULTS.items()
    ),
)
