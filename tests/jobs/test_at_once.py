"""Do the jobs of one worker really run side by side, and does each still end once, whoever pulls the plug?"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from app.jobs.evaluation import Evaluation, Execute, Heartbeat
from app.jobs.lease import Turns
from app.jobs.records import JobRecord
from app.jobs.worker import run_worker
from app.store.tables import job_lease, output
from tests.jobs.conftest import Start
from tests.jobs.deployment import Deployment, evaluation

MANY = Turns(lease_seconds=5.0, per_operator=8)


def together(parties: int, action: Callable[[], None] | None = None) -> Execute:
    """An execution that goes on only when as many as expected run at the same time; `action` is done then."""
    meet = threading.Barrier(parties, action, timeout=20)

    def execute(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        meet.wait()
        return evaluation(folder)

    return execute


def leases(here: Deployment) -> dict[str, str]:
    with here.store.reading() as connection:
        return {row.job_id: row.worker for row in connection.execute(select(job_lease))}


def states(here: Deployment, jobs: list[str]) -> set[str]:
    return {here.job(each).state for each in jobs}


def test_two_jobs_run_at_the_same_time(here: Deployment) -> None:
    jobs = [here.queued(), here.queued()]
    assert run_worker(here.worker(together(2), at_once=2), drain=True) == 2
    assert states(here, jobs) == {"awaiting_review"}


def test_each_thread_has_a_lease_under_a_name_of_its_own(here: Deployment) -> None:
    seen: list[dict[str, str]] = []
    jobs = [here.queued() for _ in range(3)]
    run_worker(here.worker(together(3, lambda: seen.append(leases(here))), at_once=3, turns=MANY), drain=True)
    assert set(seen[0]) == set(jobs)
    assert sorted(seen[0].values()) == ["w1", "w1-1", "w1-2"]


def test_a_slow_job_does_not_delay_a_quick_one(here: Deployment) -> None:
    slow, quick = here.queued(), [here.queued("rita") for _ in range(3)]
    over = threading.Event()

    def execute(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        if job.id == slow:
            assert over.wait(20)  # until every quick job has ended
        return evaluation(folder)

    def note(job: JobRecord, ending: str) -> None:
        ended.append(job.id)
        if set(quick) <= set(ended):
            over.set()

    ended: list[str] = []
    assert run_worker(here.worker(execute, at_once=2), drain=True, ended=note) == 4
    assert ended == [*quick, slow]


def test_an_operator_has_no_more_turns_because_one_worker_has_many_threads(here: Deployment) -> None:
    jobs = [here.queued() for _ in range(6)]
    running, most = 0, 0
    lock = threading.Lock()

    def execute(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.1)
        with lock:
            running -= 1
        return evaluation(folder)

    assert run_worker(here.worker(execute, at_once=4), drain=True) == 6
    assert (most, states(here, jobs)) == (Turns().per_operator, {"awaiting_review"})


def test_once_runs_one_job_however_many_threads_there_could_be(here: Deployment) -> None:
    jobs = [here.queued(), here.queued()]
    assert run_worker(here.worker(at_once=4), once=True) == 1
    assert sorted(here.job(each).state for each in jobs) == ["awaiting_review", "queued"]


def test_four_threads_never_find_the_store_locked(here: Deployment, caplog: pytest.LogCaptureFixture) -> None:
    jobs = [here.queued("ana" if number % 2 else "rita") for number in range(24)]
    waiting = [here.submitted("ana" if number % 2 else "rita") for number in range(8)]
    assert run_worker(here.worker(at_once=4, turns=MANY), drain=True) == 32
    assert states(here, [*jobs, *waiting]) == {"awaiting_review"}
    assert not [r for r in caplog.records if "store-busy" in r.getMessage()]
    with here.store.reading() as connection:
        assert len(connection.execute(select(output)).all()) == 32


def test_what_breaks_one_thread_stops_the_others_after_their_jobs(here: Deployment) -> None:
    jobs, began = [here.queued(), here.queued()], threading.Event()
    begin = together(2, began.set)

    def execute(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        made = begin(job, folder, heartbeat)
        if job.id == jobs[1]:
            raise MemoryError
        time.sleep(0.3)
        return made

    def broken() -> None:
        if began.is_set():
            raise ZeroDivisionError("a chore")

    worker = here.worker(execute, at_once=2, chores=(broken,))
    with pytest.raises(ZeroDivisionError, match="a chore"):
        run_worker(worker)
    assert worker.stop.is_set()
    assert (here.job(jobs[0]).state, here.job(jobs[1]).state) == ("awaiting_review", "failed")


# ---------------------------------------------------------------------------------------------- real processes, killed


def begun(process: subprocess.Popen[str], jobs: int) -> set[str]:
    """The jobs that the worker says it has begun, as many as expected."""
    assert process.stdout is not None
    return {process.stdout.readline().split()[1] for _ in range(jobs)}


def test_sigterm_lets_every_present_job_finish_and_takes_no_other(here: Deployment, start: Start) -> None:
    present = [here.queued(), here.queued("rita")]
    worker = start("w1", 1.0, "--jobs=2")
    assert begun(worker, 2) == set(present)
    later = here.queued()
    worker.terminate()
    assert worker.wait(20) == 0
    assert states(here, present) == {"awaiting_review"}
    assert here.job(later).state == "queued"


def test_after_kill_9_every_job_of_the_worker_is_taken_up_again_and_ends_once(here: Deployment, start: Start) -> None:
    jobs = [here.queued(), here.queued(), here.queued("rita")]
    first = start("w1", 60, "--jobs=3")
    assert begun(first, 3) == set(jobs)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert states(here, jobs) == {"running"}
    for each in jobs:
        here.let_lease_lapse(each)
    run_worker(here.worker(name="w2", at_once=3), drain=True)
    assert states(here, jobs) == {"awaiting_review"}
    for each in jobs:
        events = here.events(each)
        assert (events.count("job:requeued"), events.count("job:sent_to_review")) == (1, 1)
    assert [f.name for f in here.quarantine.rglob("half.parquet")] == []
