"""How do processes start in a few milliseconds? A parent with all imported forks one per task.

It connects to nothing, holds no data, has one thread, and answers to one socket: an order with three descriptors (the
task, the pipe for the answer, a control socket). Over the control socket it sends a handle of the process (pidfd) and,
once, how it ended. When its socket closes it ends, and its children with it.
"""

from __future__ import annotations

import array
import gc
import json
import os
import select
import socket
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from sandbox.child import live
from sandbox.shape import Malformed, from_plain
from sandbox.wire import MAX_ORDER, READY, Ended, Order, Started

_CRASHED = 70


def serve(descriptor: int) -> int:
    """Fork a process per order until the other end closes; returns the exit code."""
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        return _CRASHED
    with suppress(OSError):  # first to go when memory runs out; some containers do not let it say so
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    os.environ.clear()  # the interpreter sets one of its own
    gc.collect()
    gc.freeze()
    orders = socket.socket(fileno=descriptor)
    orders.send(READY)
    waiting: dict[int, tuple[int, socket.socket]] = {}
    poll = select.poll()
    poll.register(orders, select.POLLIN)
    while True:
        for ready, _ in poll.poll():
            if ready in waiting:
                poll.unregister(ready)
                _report(ready, *waiting.pop(ready))
            elif not _take(orders, waiting, poll):
                return 0


def _take(orders: socket.socket, waiting: dict[int, tuple[int, socket.socket]], poll: select.poll) -> bool:
    """Start the process of one order; False when there will be no more."""
    message, descriptors, _, _ = socket.recv_fds(orders, MAX_ORDER, 3)
    if not message:
        return False
    if len(descriptors) != 3:
        _close(descriptors)
        return True
    control = socket.socket(fileno=descriptors[2])
    process = os.fork()
    if process == 0:
        _child(message, descriptors[0], descriptors[1])
    handle = os.pidfd_open(process)
    _close(descriptors[:2])
    waiting[handle] = (process, control)
    poll.register(handle, select.POLLIN)
    _tell(control, Started(process=process), handle)
    return True


def _child(message: bytes, task: int, answer: int) -> None:
    """The forked side: it never returns."""
    code = _CRASHED
    try:
        code = live(from_plain(Order, json.loads(message)), task, answer)
    except (Malformed, ValueError):
        code = _CRASHED
    finally:
        os._exit(code)


def _report(handle: int, process: int, control: socket.socket) -> None:
    """Reap an ended process and tell how it ended and what it cost."""
    _, status, cost = os.wait4(process, 0)
    os.close(handle)
    seconds = cost.ru_utime + cost.ru_stime
    _tell(control, Ended(exit=os.waitstatus_to_exitcode(status), cpu=seconds, peak=cost.ru_maxrss * 1024))
    control.close()


def _tell(control: socket.socket, what: Started | Ended, handle: int | None = None) -> None:
    """Send a fact to whoever waits for it; nobody may wait any more."""
    rights = [] if handle is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [handle]))]
    try:
        control.sendmsg([json.dumps(asdict(what)).encode()], rights, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    except OSError:
        return


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
