"""Who does the work? Threads that take jobs, run each under a heartbeat, and end each in one state.

SIGTERM handling is the caller's: setting `stop` lets the present jobs finish and takes no other; setting `abandon`
stops the present jobs and gives them back to the queue.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors import Broken, Finding, Refusal, SluiceError
from app.domain.people import Actor
from app.domain.ports import NewId
from app.domain.values import Decision
from app.jobs.evaluation import Check, Evaluation, Execute, InForce, JobStopped, Register
from app.jobs.lease import Turns, claim, is_lost
from app.jobs.outcome import Finish, end, finish
from app.jobs.pulse import Pulse
from app.jobs.quarantine import discard, prepare, sweep
from app.jobs.records import JobRecord
from app.jobs.recovery import stop_waiting, take_back_expired
from app.jobs.submission import check_enterprise_files, decide, submitted
from app.store.sessions import Store

_log = logging.getLogger(__name__)

Ended = Callable[[JobRecord, str], None]
"""Told after each job, one at a time: the job as it was claimed, and its ending ("send_to_review", "fail" …)."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One worker with all it needs.

    `at_once` jobs may run side by side, each by a thread of its own. `name`, with the number of the thread, tells who
    holds a lease. `chores` are done before each round, by one thread at a time.
    """

    name: str
    store: Store
    machine: Actor
    quarantine: Path
    execute: Execute
    check: Check
    in_force: InForce
    register: Register
    new_id: NewId
    chores: tuple[Callable[[], object], ...] = ()
    at_once: int = 1
    turns: Turns = field(default_factory=Turns)
    poll_seconds: float = 0.2
    stop: threading.Event = field(default_factory=threading.Event)
    abandon: threading.Event = field(default_factory=threading.Event)


def run_worker(worker: Worker, *, once: bool = False, drain: bool = False, ended: Ended | None = None) -> int:
    """Work until stopped; answers how many jobs were run.

    With `once` at most one job, with `drain` until nothing waits. What breaks one thread stops the others after their
    present jobs, and is raised.
    """
    sweep(worker.store, worker.quarantine)
    crew = _Crew(worker, once=once, drain=drain, ended=ended)
    names = [f"{worker.name}-{number}" for number in range(1, 1 if once else worker.at_once)]
    with ThreadPoolExecutor(max_workers=worker.at_once, thread_name_prefix=worker.name) as pool:
        threads = [pool.submit(crew.work, name) for name in (worker.name, *names)]
    return sum(thread.result() for thread in threads)


class _Crew:
    """What the threads of one worker share: who is busy, and who does the chores."""

    def __init__(self, worker: Worker, *, once: bool, drain: bool, ended: Ended | None) -> None:
        self._worker, self._once, self._drain, self._ended = worker, once, drain, ended
        self._lock, self._chores = threading.Lock(), threading.Lock()
        self._busy = 0

    def work(self, name: str) -> int:
        """What one thread does, under the name `name`; answers how many jobs it ran."""
        done = 0
        try:
            while not self._worker.stop.is_set():
                found = self._round(name)
                done += found
                if self._once or (self._drain and not found and not self._busy):
                    break
                if not found:
                    self._worker.stop.wait(self._worker.poll_seconds)
        except BaseException:
            self._worker.stop.set()
            raise
        return done

    def _round(self, name: str) -> bool:
        """Do the chores unless another thread does them, then one job if there is one."""
        with self._busily():
            if self._chores.acquire(blocking=False):
                try:
                    do_chores(self._worker)
                finally:
                    self._chores.release()
            record = claim(self._worker.store, self._worker.machine, name, self._worker.turns)
            if record is None:
                return False
            ending = run_one(self._worker, record)
        if self._ended is not None:
            with self._lock:
                self._ended(record, ending)
        return True

    @contextmanager
    def _busily(self) -> Iterator[None]:
        """Count this thread as one that may yet give the others something to do."""
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1


def do_chores(worker: Worker) -> None:
    """Do what fell due: the worker's own chores, expired leases, ended authorizations, submitted jobs."""
    for chore in worker.chores:
        chore()
    if take_back_expired(worker.store, worker.machine, worker.turns):
        sweep(worker.store, worker.quarantine)
    stop_waiting(worker.store, worker.machine, worker.in_force)
    for job_id in submitted(worker.store):
        try:
            decide(worker.store, worker.machine, job_id, worker.check)
        except SluiceError as error:  # not decided now; the next round tries again
            _log.warning("job %s is not decided: %s", job_id, error.code)


def run_one(worker: Worker, record: JobRecord) -> str:
    """Run a claimed job to its end; answers the ending, or "lost" when the job was taken away meanwhile."""
    folder = prepare(worker.quarantine, record.id, record.fence)
    with Pulse(worker.store, worker.machine, record, worker.turns, worker.in_force, worker.abandon) as pulse:
        ending, findings = _work(worker, record, folder, pulse)
    if ending == "send_to_review":
        return ending
    discard(worker.quarantine, record.id, record.fence)
    try:
        if ending != "lost":
            end(worker.store, worker.machine, record, ending, findings)
    except SluiceError as error:
        if not is_lost(error):
            raise
        ending = "lost"
    return ending


def _work(worker: Worker, record: JobRecord, folder: Path, pulse: Pulse) -> tuple[str, tuple[Finding, ...]]:
    try:
        check_enterprise_files(record)
        evaluation = worker.execute(record, folder, pulse)
        pulse.ask()
        _may_be_reviewed(evaluation, record)
        door = Finish(store=worker.store, machine=worker.machine, new_id=worker.new_id, register=worker.register)
        finish(door, record, evaluation, folder, checking=pulse.checking)
    except SluiceError as error:
        why = pulse.why() or error  # an execution that was told to stop may fail with a reason of its own
        return _ending_of(why), why.findings
    except Exception as error:  # noqa: BLE001  a job must end in one state, whatever its execution does
        _log.error("job %s broke: %s", record.id, type(error).__name__)  # its text may hold values
        return "fail", Broken("job-broken", job=record.id).findings
    return "send_to_review", ()


def _ending_of(error: SluiceError) -> str:
    if is_lost(error):
        return "lost"
    if error.code == "job-given-back":
        return "requeue"
    if isinstance(error, JobStopped):
        return "cancel"
    return "refuse" if isinstance(error, Refusal) else "fail"


def _may_be_reviewed(evaluation: Evaluation, record: JobRecord) -> None:
    """A result of which nothing may leave is no output."""
    report = evaluation.report
    if report.decision is Decision.REFUSED:
        raise Broken(*report.reasons) if report.reasons else Broken("job-nothing-may-leave", job=record.id)
