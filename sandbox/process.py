"""How does the launcher reach a confined process? Hands the zygote a task and follows its process to the end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from sandbox.cgroups import remove_groups
from sandbox.protocol import MAX_ANSWER_BYTES
from sandbox.scratch import used_bytes
from sandbox.shape import Malformed, from_plain
from sandbox.wire import ANSWER, FRAME, MAX_FACT, PROGRESS, READY, Ended, Order, Started

_START_SECONDS = 30.0
_END_SECONDS, _END_LOOK_SECONDS = 2.0, 0.001
_LOOK_SECONDS = 0.05
_MEASURE_SECONDS = 0.2
_CHUNK = 1 << 16
_MAX_PROGRESS_BYTES = 4 << 20


class Gone(Exception):
    """The zygote is not there any more."""


@dataclass(frozen=True, kw_only=True)
class End:
    """How a process ended: why the launcher killed it if it did, its exit, and its answer if it is whole.

    `scratch` is the most that was seen in its scratch folder, in bytes; `starved` as in `Ended`.
    """

    killed: str | None
    exit: int | None
    answer: bytes | None
    cpu: float = 0.0
    peak: int = 0
    scratch: int = 0
    starved: bool = False


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What the launcher looks for while a process runs: a deadline, the room in `scratch`, a wish to cancel."""

    deadline: float
    scratch: Path
    scratch_bytes: int
    cancelled: Callable[[], bool] | None
    on_progress: Callable[[str, float], None] | None


class Program(Protocol):
    """A started program, as `subprocess` gives it."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""

    def kill(self) -> None:
        """Kill it."""

    def wait(self) -> int:
        """Wait for its end."""


class Zygote:
    """A running zygote: one socket to give it orders. Usable from many threads; `close` ends it and its processes."""

    def __init__(self, start: Callable[[int], Program]) -> None:
        """Start the program, with its end of the socket, and wait until it is ready. Raises `Gone`."""
        self.owner = os.getpid()
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = start(theirs.fileno())
        self._orders.settimeout(_START_SECONDS)
        try:
            ready = self._orders.recv(len(READY))
        except OSError:
            ready = b""
        if ready != READY:
            self.close()
            raise Gone("the zygote did not start")

    def alive(self) -> bool:
        """Whether it runs and belongs to this process (and not to the one that this was forked from)."""
        return self.owner == os.getpid() and self._process.poll() is None

    def close(self) -> None:
        """End it and its processes, and remove the control groups that it left if it was killed."""
        self._orders.close()
        if self.owner != os.getpid():
            return
        patience = time.monotonic() + _END_SECONDS
        while self._process.poll() is None and time.monotonic() < patience:
            time.sleep(_END_LOOK_SECONDS)  # it ends by itself now, and tidies up
        self._process.kill()
        self._process.wait()
        remove_groups(self._process.pid)

    def run(self, order: Order, task: bytes, watch: Watch) -> End:
        """Run one task to its end. Raises `Gone` when the zygote cannot take it, or ends before its process does."""
        with ExitStack() as stack:
            answers, control = self._submit(order, task, stack)
            try:
                message, handles, _, _ = socket.recv_fds(control, MAX_FACT, 1)
            except OSError as error:
                raise Gone("the zygote is silent") from error
            if not handles:
                raise Gone("the zygote is gone")
            stack.callback(os.close, handles[0])
            from_plain(Started, json.loads(message))
            return _Followed(handle=handles[0], answers=answers, control=control, watch=watch).follow()

    def _submit(self, order: Order, task: bytes, stack: ExitStack) -> tuple[int, socket.socket]:
        """Send the order with the task, the pipe and the control socket; returns our ends of the latter two."""
        memory = os.memfd_create("task")
        stack.callback(os.close, memory)
        with open(memory, "wb", closefd=False) as stream:
            stream.write(task)
        os.lseek(memory, 0, os.SEEK_SET)
        answers, theirs = os.pipe()
        stack.callback(os.close, answers)
        control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stack.enter_context(control)
        control.settimeout(_START_SECONDS)
        try:
            socket.send_fds(self._orders, [json.dumps(asdict(order)).encode()], [memory, theirs, far.fileno()])
        except OSError as error:
            raise Gone("the zygote is gone") from error
        finally:
            os.close(theirs)
            far.close()
        return answers, control


@dataclass(kw_only=True)
class _Followed:
    """One process while it runs."""

    handle: int
    answers: int
    control: socket.socket
    watch: Watch
    killed: str | None = None
    answer: bytes | None = None
    ended: Ended | None = None
    _buffer: bytearray = field(default_factory=bytearray)
    scratch: int = 0
    _received: int = 0
    _over: bool = False
    _measure_at: float = field(default_factory=lambda: time.monotonic() + _MEASURE_SECONDS)

    def follow(self) -> End:
        """Read frames until the process has ended; kill it when its time is over, it is cancelled or it babbles."""
        os.set_blocking(self.answers, False)
        poll = select.poll()
        poll.register(self.answers, select.POLLIN)
        poll.register(self.control, select.POLLIN)
        while True:
            self._look()
            ready = dict(poll.poll(self._patience()))
            if self.answers in ready and not self._read():
                poll.unregister(self.answers)
            if self.control.fileno() in ready:
                break
        self._learn_end()
        self._over = True
        while self._read():
            continue
        if self.ended is None and self.killed is None:
            raise Gone("the zygote is gone, and its process with it")
        ended = self.ended or Ended(exit=-signal.SIGKILL, cpu=0.0, peak=0)
        return End(
            killed=self.killed,
            exit=ended.exit,
            answer=self.answer,
            cpu=ended.cpu,
            peak=ended.peak,
            scratch=self.scratch,
            starved=ended.starved,
        )

    def _patience(self) -> int:
        left = max(0.0, self.watch.deadline - time.monotonic())
        return int(1000 * min(left, _LOOK_SECONDS)) + 1

    def _look(self) -> None:
        if self.killed is not None:
            return
        if self.watch.cancelled is not None and self.watch.cancelled():
            self._kill("task-cancelled")
        elif time.monotonic() >= self.watch.deadline:
            self._kill("limit-wall")
        elif time.monotonic() >= self._measure_at:
            self._measure()

    def _measure(self) -> None:
        """See how much lies in scratch. The engine keeps to its limit by itself; a process that was taken over not."""
        used = used_bytes(self.watch.scratch)
        if used is None or used > self.watch.scratch_bytes:
            self._kill("limit-scratch")
        self.scratch = max(self.scratch, used or 0)
        self._measure_at = time.monotonic() + _MEASURE_SECONDS

    def _kill(self, reason: str) -> None:
        self.killed = self.killed or reason
        self._signal()

    def _signal(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def _read(self) -> bool:
        """Take what is in the pipe; False when there is nothing more to come."""
        try:
            chunk = os.read(self.answers, _CHUNK)
        except BlockingIOError:
            return not self._over
        self._received += len(chunk)
        if self._received > MAX_ANSWER_BYTES + _MAX_PROGRESS_BYTES:
            self._kill("answer-refused")
            return False
        self._buffer += chunk
        self._take_frames()
        return bool(chunk)

    def _take_frames(self) -> None:
        while len(self._buffer) >= FRAME.size:
            kind, length = FRAME.unpack_from(self._buffer)
            if kind not in (PROGRESS, ANSWER) or length > MAX_ANSWER_BYTES or self.answer is not None:
                self._kill("answer-refused")
                self._buffer.clear()
                return
            if len(self._buffer) < FRAME.size + length:
                return
            body = bytes(self._buffer[FRAME.size : FRAME.size + length])
            del self._buffer[: FRAME.size + length]
            if kind == ANSWER:
                self.answer = body
            else:
                self._progress(body)

    def _progress(self, body: bytes) -> None:
        """Pass on a progress frame, if it is one."""
        if self.watch.on_progress is None:
            return
        try:
            step, fraction = _progress_of(body)
        except (ValueError, RecursionError):
            self._kill("answer-refused")
            return
        self.watch.on_progress(step, fraction)

    def _learn_end(self) -> None:
        """What the zygote says of the end; if it is gone itself, its process goes too."""
        try:
            message = self.control.recv(MAX_FACT)
            self.ended = from_plain(Ended, json.loads(message)) if message else None
        except (OSError, ValueError):
            self.ended = None
        if self.ended is None:
            self._signal()
            poll = select.poll()
            poll.register(self.handle, select.POLLIN)
            poll.poll(int(_START_SECONDS * 1000))


def _progress_of(body: bytes) -> tuple[str, float]:
    data = json.loads(body)
    if not isinstance(data, dict) or set(data) != {"step", "fraction"}:
        raise Malformed("not a progress")
    step, fraction = data["step"], data["fraction"]
    if not isinstance(step, str) or len(step) > 160 or type(fraction) not in (int, float) or not 0 <= fraction <= 1:
        raise Malformed("not a progress")
    return step, float(fraction)
