"""What does a process do that an attacker has taken over? The acts of hostile jobs, once the walls stand.

This runs in the sandbox's own program, in place of `sandbox.__main__`. Of a task with a step "act" the text names the
act; a task with a step "ungated" runs without the gate; every other task runs as ever. Before a process builds its
walls it notes, in a folder outside, which run it belongs to, so that whoever kills it knows whom it hit.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox import child, zygote
from sandbox.cgroups import Groups
from sandbox.confine import GATE
from sandbox.protocol import VERSION, Answer, Limits, QueryTask
from sandbox.stages import Report, Stages
from sandbox.wire import ANSWER, FRAME, PROGRESS, Order

BREACHED = "breached"
RESULT = "rows.parquet"
MARK = "sluice-soak"
_LONG = 600.0
_MIB = 1 << 20
_QUICK = Limits(wall_seconds=600, cpu_seconds=30, memory_bytes=128 * _MIB, threads=1, scratch_bytes=8 * _MIB)
_BRIEF = replace(_QUICK, wall_seconds=1.0)
_LITTLE_CPU = replace(_QUICK, cpu_seconds=1)
_BOOT = (
    "import sys; sys.path[:0] = sys.argv[1:3]; from tests.stress.taken_over import main; main({notes!r}, sys.argv[3])"
)

Do = Callable[[Order, QueryTask], Answer | str | None]
"""Does it; the answer to give, or what became of it. None: the walls let it happen."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a process that was taken over does, with which codes its task may then end, and within which limits."""

    do: Do
    codes: frozenset[str]
    limits: Limits = _QUICK


ACTS: dict[str, Act] = {}


def act(*codes: str, limits: Limits = _QUICK) -> Callable[[Do], Do]:
    """Enter a function as an act under its own name."""

    def enter(do: Do) -> Do:
        ACTS[do.__name__] = Act(do=do, codes=frozenset(codes), limits=limits)
        return do

    return enter


def boot(notes: Path) -> str:
    """The program text that starts a zygote whose processes can be taken over."""
    return _BOOT.format(notes=str(notes))


def main(notes: str, descriptor: str) -> None:
    """Be a zygote."""

    def noted(order: Order, task: int, answer: int, groups: Groups | None) -> int:
        begun = time.clock_gettime(time.CLOCK_BOOTTIME)
        Path(notes, str(os.getpid())).write_text(f"{os.getppid()} {begun} {order.scratch}", encoding="utf-8")
        return child.live(order, task, answer, groups)

    run = child._run

    def taken_over(task: Any, order: Order, stages: Stages, report: Report | None) -> Answer:
        first = task.steps[0] if isinstance(task, QueryTask) and task.steps else None
        if first is not None and first.table == "act":
            return _do(ACTS[first.sql], order, task)
        if first is not None and first.table == "ungated":
            order = replace(order, unsafe_without=(GATE,))
        return run(task, order, stages, report)

    vars(zygote)["live"] = noted
    vars(child)["_run"] = taken_over
    sys.exit(zygote.serve(int(descriptor)))


def _do(chosen: Act, order: Order, task: QueryTask) -> Answer:
    try:
        done = chosen.do(order, task)
    except OSError as error:
        done = errno.errorcode.get(error.errno or 0, "OSError")
    except RuntimeError:
        done = "RuntimeError"  # what Python says when no thread can be started
    return done if isinstance(done, Answer) else Answer(status="failed", code="engine-error", step=done or BREACHED)


def _pipe() -> int:
    """The one descriptor that a process has: the pipe for its answer."""
    for descriptor in range(3, 256):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        return descriptor
    raise OSError(errno.EBADF, "there is no pipe")


def _sleep() -> None:
    while True:
        time.sleep(_LONG)


# ------------------------------------------------------------------------------------------ files and other processes


@act("engine-error")
def read_a_secret(order: Order, task: QueryTask) -> None:
    Path("/etc/passwd").read_bytes()


@act("engine-error")
def read_other_jobs(order: Order, task: QueryTask) -> str | None:
    mine = Path(order.scratch)
    return None if [other for other in mine.parents[1].iterdir() if other.name != mine.parts[-2]] else "alone"


@act("engine-error")
def overwrite_the_source(order: Order, task: QueryTask) -> None:
    with Path(task.views[0].path).open("r+b") as stream:
        stream.write(b"gone")


@act("engine-error")
def write_outside(order: Order, task: QueryTask) -> str | None:
    scratch = Path(order.scratch)
    for folder in (scratch.parent, scratch.parents[1], Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")):
        try:
            Path(folder, f"{MARK}-{scratch.parts[-2]}").write_bytes(b"was here")
        except OSError:
            continue
        return None
    return "nowhere"


@act("engine-error")
def kill_the_parent(order: Order, task: QueryTask) -> None:
    os.kill(os.getppid(), signal.SIGKILL)


@act("child-died")
def fork(order: Order, task: QueryTask) -> None:
    if os.fork() == 0:
        _sleep()


@act("child-died")
def execute(order: Order, task: QueryTask) -> None:
    os.execv("/bin/sleep", ["sleep", "600"])


@act("child-died")
def connect(order: Order, task: QueryTask) -> None:
    socket.create_connection(("127.0.0.1", 22), timeout=1)


@act("engine-error", "child-died")
def map_executable_memory(order: Order, task: QueryTask) -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


# --------------------------------------------------------------------------------------------------------------- bombs


@act("engine-error")
def thread_bomb(order: Order, task: QueryTask) -> None:
    for _ in range(100_000):
        threading.Thread(target=_sleep, daemon=True).start()


@act("engine-error")
def descriptor_bomb(order: Order, task: QueryTask) -> None:
    for _ in range(100_000):
        os.open(order.scratch, os.O_RDONLY)


@act("limit-memory")
def memory_bomb(order: Order, task: QueryTask) -> None:
    kept: list[bytes] = []
    while True:
        kept.append(b"x" * (len(kept) + _MIB))


@act("engine-error", "limit-scratch")
def one_large_file(order: Order, task: QueryTask) -> None:
    with Path("large").open("wb") as stream:
        while True:
            stream.write(bytes(_MIB))


@act("limit-scratch")
def many_large_files(order: Order, task: QueryTask) -> None:
    for number in range(100_000):
        Path(f"part-{number}").write_bytes(bytes(_MIB))
    _sleep()


@act("limit-scratch")
def many_empty_files(order: Order, task: QueryTask) -> None:
    for number in range(100_000):
        Path(f"empty-{number}").touch()
    _sleep()


def _dig(depth: int) -> str:
    here = os.open(".", os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    return "dug"


@act("engine-error", "limit-scratch")
def deep_folders(order: Order, task: QueryTask) -> str:
    return _dig(1500)


@act("engine-error", "limit-scratch")
def folders_deeper_than_any_path(order: Order, task: QueryTask) -> str:
    return _dig(4000)


@act("engine-error", "limit-scratch")
def folders_that_cannot_be_listed(order: Order, task: QueryTask) -> str:
    Path("closed").mkdir(mode=0o300)
    Path("closed", "file").touch()
    Path("shut").mkdir(mode=0)
    return "closed"


@act("limit-cpu", limits=_LITTLE_CPU)
def cpu_bomb(order: Order, task: QueryTask) -> None:
    while True:
        pass


@act("limit-cpu", limits=_LITTLE_CPU)
def cpu_bomb_that_ignores_the_signal(order: Order, task: QueryTask) -> None:
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while True:
        pass


# --------------------------------------------------------------------------------------------------- hangs and crashes


@act("limit-wall", limits=_BRIEF)
def hang(order: Order, task: QueryTask) -> None:
    _sleep()


@act("limit-wall", limits=_BRIEF)
def hang_with_every_signal_blocked(order: Order, task: QueryTask) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    _sleep()


@act("limit-wall", limits=_BRIEF)
def hang_without_a_pipe(order: Order, task: QueryTask) -> None:
    os.close(_pipe())
    _sleep()


@act("limit-wall", limits=_BRIEF)
def stop_oneself(order: Order, task: QueryTask) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
    _sleep()


@act("limit-wall", limits=_BRIEF)
def live_on_without_the_first_thread(order: Order, task: QueryTask) -> None:
    threading.Thread(target=_sleep, daemon=True).start()
    ctypes.CDLL(None).syscall(60 if os.uname().machine == "x86_64" else 93, 0)


@act("child-died")
def abort(order: Order, task: QueryTask) -> None:
    os.abort()


@act("child-died")
def crash(order: Order, task: QueryTask) -> None:
    ctypes.string_at(0)


@act("child-died")
def go_without_a_word(order: Order, task: QueryTask) -> None:
    os._exit(0)


# ---------------------------------------------------------------------------------------------------------------- lies


@act("answer-refused")
def say_ok_without_a_file(order: Order, task: QueryTask) -> Answer:
    return Answer(status="ok", files=(RESULT,), rows={RESULT: 1})


@act("answer-refused")
def say_ok_with_a_folder(order: Order, task: QueryTask) -> Answer:
    Path(RESULT, "more").mkdir(parents=True)
    return Answer(status="ok", files=(RESULT,), rows={RESULT: 1})


@act("answer-refused")
def say_ok_with_another_file(order: Order, task: QueryTask) -> Answer:
    Path("other.parquet").touch()
    return Answer(status="ok", files=("other.parquet",), rows={"other.parquet": 1})


@act("answer-refused")
def name_a_file_elsewhere(order: Order, task: QueryTask) -> Answer:
    return Answer(status="ok", files=(task.views[0].path,), rows={task.views[0].path: 1})


@act("answer-refused")
def babble(order: Order, task: QueryTask) -> None:
    body = b'{"step":"a","fraction":0.5}'
    while True:
        os.write(_pipe(), FRAME.pack(PROGRESS, len(body)) + body)


@act("answer-refused")
def announce_more_than_may_come(order: Order, task: QueryTask) -> None:
    os.write(_pipe(), FRAME.pack(ANSWER, 0xFFFFFFFF))
    _sleep()


@act("answer-refused")
def answer_twice(order: Order, task: QueryTask) -> None:
    body = b'{"v":%d,"body":{"status":"ok"}}' % VERSION
    os.write(_pipe(), 2 * (FRAME.pack(ANSWER, len(body)) + body))
    _sleep()


@act("answer-refused")
def answer_nonsense(order: Order, task: QueryTask) -> None:
    os.write(_pipe(), FRAME.pack(ANSWER, 2) + b"\xff{")
    os._exit(0)
