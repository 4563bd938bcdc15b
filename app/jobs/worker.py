"""Who does the work? A loop that takes jobs, runs each under a heartbeat, and ends each in one state.

SIGTERM handling is the caller's: setting `stop` lets the present job finish and takes no other; setting `abandon`
stops the present job and gives it back to the queue.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
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
"""Told after each job: the job as it was claimed, and its ending ("send_to_review", "fail", "refuse" …)."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One worker with all it needs; `name` tells it from others in leases, `chores` are done before each round."""

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
    turns: Turns = field(default_factory=Turns)
    poll_seconds: float = 0.2
    stop: threading.Event = field(default_factory=threading.Event)
    abandon: threading.Event = field(default_factory=threading.Event)


def run_worker(worker: Worker, *, once: bool = False, drain: bool = False, ended: Ended | None = None) -> int:
    """Work until stopped; answers how many jobs were run.

    With `once` at most one job, with `drain` until nothing waits.
    """
    sweep(worker.store, worker.quarantine)
    done = 0
    while not worker.stop.is_set():
        record = next_job(worker)
        if record is not None:
            ending = run_one(worker, record)
            done += 1
            if ended is not None:
                ended(record, ending)
        if once or (drain and record is None):
            break
        if record is None:
            worker.stop.wait(worker.poll_seconds)
    return done


def next_job(worker: Worker) -> JobRecord | None:
    """The next job, claimed; before that, what fell due: expired leases, ended authorizations, submitted jobs."""
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
    return claim(worker.store, worker.machine, worker.name, worker.turns)


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
