"""How does `app` have a task run apart? The door: `Launcher.run` (warm) and `run` (cold).

What comes back is hostile input until it is checked: files are taken only from a process that ended with exit code 0,
whose answer decodes and says "ok", and that wrote exactly the regular files that its task names, within its limits.
On any other ending the scratch folder is emptied.
"""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.confine import ANSWER, DEADLINE
from sandbox.decoding import decode_answer
from sandbox.pool import Pool, Waived
from sandbox.process import End, Gone, Watch, Zygote
from sandbox.protocol import Answer, Limits, Task, encode
from sandbox.results import accept, take_back
from sandbox.scratch import clear
from sandbox.shape import Malformed
from sandbox.wire import Order

_TRIES = 3
_ALLOCATOR = {"DUCKDB_JE_MALLOC_CONF": "retain:false"}
"""All the environment there is: the engine's allocator is to give back addresses, which count toward the limit."""
_BOOT = "import sys; sys.path[:0] = sys.argv[1:3]; from sandbox.__main__ import main; sys.exit(main(sys.argv[3:]))"


def _start_program(descriptor: int) -> subprocess.Popen[bytes]:
    """The sandbox's program: our interpreter without our environment or site packages, and the two folders it needs."""
    engine = find_spec("duckdb")
    if engine is None or engine.origin is None:
        raise Gone("duckdb is not installed")
    roots = [str(Path(file).resolve().parent.parent) for file in (__file__, engine.origin)]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _BOOT, *roots, str(descriptor)],
        pass_fds=[descriptor],
        env=_ALLOCATOR,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class Launcher:
    """Runs tasks from one warm zygote, started at the first task and again when it died. Usable from many threads.

    When the machine is full, a task waits for its turn (see `sandbox.pool`).
    """

    def __init__(self, *, places: Path | None = None, unsafe_without: frozenset[str] = frozenset()) -> None:
        """`places` is the folder of the places that this launcher shares with those of other processes.

        `unsafe_without` leaves walls out of every task, for tests of the other walls; no task can ask for it.
        """
        self._unsafe_without = tuple(sorted(unsafe_without))
        self._pool = Pool(places)
        self._lock = threading.Lock()
        self._zygote: Zygote | None = None

    def __enter__(self) -> Self:
        """Close with the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the zygote and whatever still runs."""
        self.close()

    def close(self) -> None:
        """End the zygote and whatever still runs. A later task starts a new one."""
        with self._lock:
            if self._zygote is not None:
                self._zygote.close()
                self._zygote = None
        self._pool.close()

    @property
    def places(self) -> int:
        """How many tasks may run at once on this machine."""
        return self._pool.places

    def warm(self) -> None:
        """Start the zygote now, so that the first task need not wait for it."""
        self._ready()

    def run(
        self,
        task: Task,
        scratch: Path,
        *,
        require_isolation: bool,
        cancelled: Callable[[], bool] | None = None,
        on_progress: Callable[[str, float], None] | None = None,
    ) -> Answer:
        """Run `task` in a confined process of its own, in the empty folder `scratch` (made when it is not there).

        `cancelled` is asked again and again, also while the task waits for a place; `on_progress` gets the running
        step and the engine's estimate (0 to 1). Returns the answer; never raises for what the task did. Raises
        ValueError when `scratch` is not empty.
        """
        scratch = scratch.absolute()
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = scratch.resolve()
        if any(scratch.iterdir()):
            raise ValueError("the scratch folder of a task must be empty")
        asked = time.monotonic()
        try:
            with self._pool.share(task, scratch, cancelled) as granted:
                waited = time.monotonic() - asked
                within = replace(task, limits=granted)
                watch = Watch(
                    deadline=self._deadline(granted),
                    scratch=scratch,
                    scratch_bytes=granted.scratch_bytes + granted.result_bytes,
                    cancelled=cancelled,
                    on_progress=on_progress,
                )
                answer = self._answer(within, watch, require_isolation=require_isolation)
        except Waived:
            answer, waited = Answer(status="failed", code="task-cancelled"), time.monotonic() - asked
        outer = [wall for wall in (ANSWER, DEADLINE) if wall not in self._unsafe_without]
        usage = replace(answer.usage, waited_seconds=round(waited, 6))
        return replace(answer, usage=usage, walls=(*answer.walls, *outer) if answer.walls else ())

    def _deadline(self, limits: Limits) -> float:
        return math.inf if DEADLINE in self._unsafe_without else time.monotonic() + limits.wall_seconds

    def _answer(self, task: Task, watch: Watch, *, require_isolation: bool) -> Answer:
        """Run a task that has its place, and judge what came of it."""
        begun = time.monotonic()
        order = Order(
            scratch=str(watch.scratch),
            begun=begun,
            require_isolation=require_isolation,
            wants_progress=watch.on_progress is not None,
            unsafe_without=self._unsafe_without,
        )
        end = self._run(order, task, watch)
        answer = _judge(task, watch.scratch, end, unsafe_unchecked=ANSWER in self._unsafe_without)
        if answer.status != "ok":
            clear(watch.scratch)
        return _with_cost(answer, task, watch.scratch, end, time.monotonic() - begun)

    def _run(self, order: Order, task: Task, watch: Watch) -> End:
        """Run the task, again on a new zygote when the one at hand is gone: it touches nothing but its scratch."""
        try:
            message = encode(task)
        except UnicodeEncodeError:
            message = b""
        owner = watch.scratch.stat()
        for _ in range(_TRIES):
            try:
                end = self._attempt(order, message, watch)
            finally:
                take_back(watch.scratch, owner)
            if end is not None:
                return end
            clear(watch.scratch)
        return End(killed="child-died", exit=None, answer=None)

    def _attempt(self, order: Order, message: bytes, watch: Watch) -> End | None:
        """Run a task on the zygote at hand, or a new one; None when that is gone, perhaps before it was ready."""
        zygote = None
        try:
            zygote = self._ready()
            return zygote.run(order, message, watch)
        except Gone:
            if zygote is not None:
                self._retire(zygote)
            return None

    def _retire(self, zygote: Zygote) -> None:
        """End a zygote that cannot be reached, unless another thread has put a new one in its place."""
        with self._lock:
            if self._zygote is zygote:
                self._zygote = None
        zygote.close()

    def _ready(self) -> Zygote:
        with self._lock:
            if self._zygote is None or not self._zygote.alive():
                if self._zygote is not None:
                    self._zygote.close()
                self._zygote = Zygote(_start_program)
            return self._zygote


def run(
    task: Task,
    scratch: Path,
    *,
    require_isolation: bool,
    cancelled: Callable[[], bool] | None = None,
    on_progress: Callable[[str, float], None] | None = None,
) -> Answer:
    """Run one task from a cold start; see `Launcher.run`."""
    with Launcher() as launcher:
        return launcher.run(
            task, scratch, require_isolation=require_isolation, cancelled=cancelled, on_progress=on_progress
        )


def _judge(task: Task, scratch: Path, end: End, *, unsafe_unchecked: bool) -> Answer:
    """The answer that the launcher vouches for."""
    code = end.killed or _code_of_exit(task, end)
    if code is not None:
        return Answer(status="failed", code=code)
    try:
        answer = decode_answer(end.answer or b"")
    except Malformed:
        return Answer(status="failed", code="answer-refused")
    if answer.status != "ok":
        return answer
    code = accept(task, answer, scratch, unsafe_unchecked=unsafe_unchecked)
    return answer if code is None else Answer(status="failed", code=code)


def _code_of_exit(task: Task, end: End) -> str | None:
    """The code of a process that did not end by itself and well."""
    if end.exit == 0 and end.answer is not None:
        return None
    if end.starved:
        return "limit-memory"
    if end.exit == -signal.SIGXCPU or (end.exit == -signal.SIGKILL and end.cpu >= task.limits.cpu_seconds):
        return "limit-cpu"
    return "child-died"


def _with_cost(answer: Answer, task: Task, scratch: Path, end: End, wall: float) -> Answer:
    """The answer with the cost that the kernel and the launcher measured; the rest are the child's own words."""
    usage = replace(
        answer.usage,
        wall_seconds=round(wall, 6),
        cpu_seconds=round(end.cpu, 6) or answer.usage.cpu_seconds,
        peak_memory_bytes=end.peak or answer.usage.peak_memory_bytes,
        scratch_bytes=end.scratch,
        written_bytes=sum((scratch / name).stat().st_size for name in answer.files),
        threads=task.limits.threads,
        memory_bytes=task.limits.memory_bytes,
    )
    return replace(answer, usage=usage)


def remove(scratch: Path) -> None:
    """Remove the scratch folder of a task whose launcher is gone, whatever the task left in it.

    What cannot be removed now, because its process is still dying, stays for the next time.
    """
    with suppress(OSError):
        clear(scratch)
        scratch.rmdir()
