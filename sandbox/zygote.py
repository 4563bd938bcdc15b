"""How do processes start in a few milliseconds? A parent with all imported forks one per task.

It holds no data and no connection, has one thread, and answers to one socket: an order with three descriptors (the
task, the pipe for the answer, a control socket). Over the control socket it sends a handle of the process (pidfd) and,
once, how it ended. When its socket closes it ends, and its children with it.
"""

from __future__ import annotations

import array
import gc
import json
import os
import select
import signal
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandbox.cgroups import Groups, open_groups
from sandbox.child import live
from sandbox.linux import PR_SET_PDEATHSIG, prctl
from sandbox.practice import practise
from sandbox.shape import Malformed, from_plain
from sandbox.wire import MAX_ORDER, READY, Ended, Order, Started

_CRASHED = 70
_NICE = 5
_COLD_MILLISECONDS = 50


def serve(descriptor: int) -> int:
    """Fork a process per order until the other end closes; returns the exit code."""
    if not _alone():
        return _CRASHED
    with suppress(OSError):  # first to go when memory runs out; some containers do not let it say so
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    with suppress(OSError):  # what people wait for at a page comes before what a query computes
        os.nice(_NICE)
    os.environ.clear()  # the interpreter sets one of its own
    gc.freeze()
    orders = socket.socket(fileno=descriptor)
    nursery = _Nursery(orders=orders, groups=_groups())
    nursery.poll.register(orders, select.POLLIN)
    orders.send(READY)
    try:
        if not nursery.attend(_COLD_MILLISECONDS):
            return 0
        practise()  # after the first order, so that a cold start does not wait for it
        if not _alone():
            return _CRASHED
        gc.collect()
        gc.freeze()
        while nursery.attend(None):
            continue
        return 0
    finally:
        nursery.close()


def _alone() -> bool:
    """Whether this process has one thread: what others held would stay locked in a fork."""
    return len(list(Path("/proc/self/task").iterdir())) == 1


def _groups() -> Groups | None:
    try:
        return open_groups()
    except OSError:
        return None


@dataclass(kw_only=True)
class _Nursery:
    """The processes that run: the handle of each with its number and its control socket."""

    orders: socket.socket
    groups: Groups | None
    poll: select.poll = field(default_factory=select.poll)
    waiting: dict[int, tuple[int, socket.socket]] = field(default_factory=dict)

    def attend(self, milliseconds: int | None) -> bool:
        """Do what is next, waiting for it at most so long; False when there will be no more orders."""
        for ready, _ in self.poll.poll(milliseconds):
            if ready in self.waiting:
                self.poll.unregister(ready)
                self._report(ready)
            elif not self._take():
                return False
        return True

    def _take(self) -> bool:
        """Start the process of one order; False when there will be no more."""
        message, descriptors, _, _ = socket.recv_fds(self.orders, MAX_ORDER, 3)
        if not message:
            return False
        if len(descriptors) != 3:
            _close(descriptors)
            return True
        control = socket.socket(fileno=descriptors[2])
        parent = os.getpid()
        process = os.fork()
        if process == 0:
            _child(message, descriptors[0], descriptors[1], self.groups, parent)
        handle = os.pidfd_open(process)
        _close(descriptors[:2])
        self.waiting[handle] = (process, control)
        self.poll.register(handle, select.POLLIN)
        _tell(control, Started(process=process), handle)
        return True

    def _report(self, handle: int) -> None:
        """Reap an ended process and tell how it ended and what it cost."""
        process, control = self.waiting.pop(handle)
        _, status, cost = os.wait4(process, 0)
        os.close(handle)
        starved = self.groups is not None and self.groups.leave(str(process))
        seconds, peak = cost.ru_utime + cost.ru_stime, cost.ru_maxrss * 1024
        _tell(control, Ended(exit=os.waitstatus_to_exitcode(status), cpu=seconds, peak=peak, starved=starved))
        control.close()

    def close(self) -> None:
        """End every process that still runs, and give the groups back."""
        for handle, (process, _) in self.waiting.items():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.waitpid(process, 0)
        if self.groups is not None:
            self.groups.close()


def _child(message: bytes, task: int, answer: int, groups: Groups | None, parent: int) -> None:
    """The forked side: it never returns, and dies with its parent, also when that happened a moment ago."""
    code = _CRASHED
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            code = live(from_plain(Order, json.loads(message)), task, answer, groups)
    except (Malformed, ValueError, OSError):
        code = _CRASHED
    finally:
        os._exit(code)


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
