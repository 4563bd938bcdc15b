"""Every job ends in one state: whatever its execution does, and whoever pulls the plug."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, Refusal, Unavailable
from app.domain.report_json import from_json, report_hash
from app.domain.values import Decision, Level
from app.jobs.evaluation import Evaluation, Execute, Heartbeat
from app.jobs.lease import cancel
from app.jobs.records import JobRecord
from app.jobs.worker import run_worker
from app.ledger import journal, tree
from app.store.tables import job_lease, output
from tests.jobs.conftest import Start
from tests.jobs.deployment import Deployment, evaluation


def ledger_is_whole(here: Deployment) -> bool:
    """Whether the tree recomputed from every entry's text has the root that the stored nodes give."""
    with here.store.reading() as connection:
        leaves = [tree.leaf_hash(body.encode()) for body in journal.bodies(connection)]
        stored = journal.root(connection, journal.size(connection))

    def subtree(level: int, position: int) -> bytes:
        if level == 0:
            return leaves[position]
        return tree.node_hash(subtree(level - 1, 2 * position), subtree(level - 1, 2 * position + 1))

    return tree.root(len(leaves), subtree) == stored


def test_a_job_that_passes_leaves_an_output_in_quarantine_with_nothing_but_its_results(here: Deployment) -> None:
    job_id = here.submitted()
    assert run_worker(here.worker(), drain=True) == 1
    job = here.job(job_id)
    assert (job.state, job.result["suppressed"], job.result["rows"]) == ("awaiting_review", 0, 2)  # three, told in tens
    with here.store.reading() as connection:
        row = connection.execute(select(output)).one()
        assert connection.execute(select(job_lease)).first() is None
    folder = here.quarantine / row.folder
    assert {f.name for f in folder.iterdir()} == {"output.parquet", "segment.bin"} == set(row.files)
    assert (row.state, row.reviewers_needed, row.author) == ("quarantined", 1, "ana")
    assert row.report_hash == report_hash(row.report)
    assert from_json(row.report) == from_json(row.report)
    assert len(row.report["salt"]) > 20
    assert here.events(job_id)[2:] == ["job:queued", "job:started", "job:run_finished", "job:sent_to_review"]
    assert here.events(row.id) == ["output:quarantined"]
    assert ledger_is_whole(here)


def test_strict_levels_ask_for_two_reviewers(here: Deployment) -> None:
    here.queued()
    run_worker(here.worker(lambda _, folder, __: evaluation(folder, level=Level.L3)), drain=True)
    with here.store.reading() as connection:
        assert connection.execute(select(output.c.reviewers_needed)).scalar_one() == 2


def raising(error: Exception) -> Execute:
    def execute(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        (folder / "half").write_text("x")
        raise error

    return execute


@pytest.mark.parametrize(
    "error, state, code",
    [
        (Refusal("job-sql-empty"), "refused", "job-sql-empty"),
        (Invalid("job-sql-empty"), "failed", "job-sql-empty"),
        (Unavailable("job-sql-empty"), "failed", "job-sql-empty"),
        (ZeroDivisionError("the plate is 浙A12345"), "failed", "job-broken"),
    ],
)
def test_an_execution_that_fails_ends_the_job_with_codes_and_no_files(
    here: Deployment, caplog: pytest.LogCaptureFixture, error: Exception, state: str, code: str
) -> None:
    job_id = here.queued()
    run_worker(here.worker(raising(error)), drain=True)
    job = here.job(job_id)
    assert (job.state, [f.code for f in job.findings], job.output) == (state, [code], None)
    assert not list(here.quarantine.iterdir())
    assert "浙A" not in caplog.text
    assert "浙A" not in str(job)


def test_a_result_of_which_nothing_may_leave_is_no_output(here: Deployment) -> None:
    job_id = here.queued()
    run_worker(here.worker(lambda _, folder, __: evaluation(folder, decision=Decision.REFUSED)), drain=True)
    assert (here.job(job_id).state, here.job(job_id).findings[0].code) == ("failed", "job-nothing-may-leave")


def test_a_result_outside_its_folder_is_our_fault_and_no_output(here: Deployment, tmp_path: Path) -> None:
    def elsewhere(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        made = evaluation(folder)
        (folder / "output.parquet").unlink()
        (folder / "output.parquet").symlink_to("/etc/hostname")
        return made

    job_id = here.queued()
    run_worker(here.worker(elsewhere), drain=True)
    assert (here.job(job_id).state, here.job(job_id).findings[0].code) == ("failed", "job-result-outside")


class Slow:
    """An execution that lasts until it is told to stop, or 20 seconds.

    It asks, or it polls and then fails with words of its own, as the sandbox does.
    """

    def __init__(self, how: str) -> None:
        self.began = threading.Event()
        self.how = how

    def __call__(self, job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        assert job.state == "running"
        self.began.set()
        for _ in range(1000):
            if self.how == "asks":
                heartbeat.ask()
            elif heartbeat.stopped():
                raise Refusal("task-cancelled", step="-")
            time.sleep(0.02)
        return evaluation(folder)


@pytest.fixture(params=["asks", "polls"])
def running(
    here: Deployment, request: pytest.FixtureRequest
) -> Iterator[tuple[Deployment, str, Callable[[], float], threading.Event]]:
    """A job that runs in a thread; the third part waits for its end and answers the seconds."""
    job_id, slow = here.queued(), Slow(request.param)
    worker = here.worker(slow)
    thread = threading.Thread(target=run_worker, args=(worker,), kwargs={"once": True})
    thread.start()
    assert slow.began.wait(10)

    def wait() -> float:
        began = time.monotonic()
        thread.join(10)
        return time.monotonic() - began

    yield here, job_id, wait, worker.abandon
    worker.abandon.set()
    thread.join(10)


Running = tuple[Deployment, str, Callable[[], float], threading.Event]


def test_a_cancel_is_seen_within_a_second(running: Running) -> None:
    here, job_id, wait, _ = running
    cancel(here.store, here.actor("ana"), job_id)
    assert wait() < 1.5  # a second, and the machine is shared
    assert (here.job(job_id).state, here.job(job_id).findings[0].code) == ("cancelled", "job-cancel-requested")


def test_a_job_whose_authorization_is_suspended_stops(running: Running) -> None:
    here, job_id, wait, _ = running
    here.set_authorization("suspended")
    assert wait() < 2
    assert (here.job(job_id).state, here.job(job_id).findings[0].code) == ("cancelled", "job-authorization-ended")


def test_a_worker_that_must_go_gives_its_job_back(running: Running) -> None:
    here, job_id, wait, abandon = running
    abandon.set()
    assert wait() < 2
    assert (here.job(job_id).state, here.job(job_id).findings) == ("queued", ())
    run_worker(here.worker(), drain=True)
    assert here.job(job_id).state == "awaiting_review"


def test_a_worker_whose_job_was_taken_away_writes_nothing(running: Running) -> None:
    here, job_id, wait, _ = running
    here.let_lease_lapse(job_id)
    run_worker(here.worker(name="w2"), drain=True)
    assert here.job(job_id).state == "awaiting_review"
    assert wait() < 2
    assert here.events(job_id).count("job:sent_to_review") == 1
    assert here.job(job_id).output is not None


# ---------------------------------------------------------------------------------------------- real processes, killed


def line_of(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


def test_after_kill_9_of_its_worker_a_job_ends_in_exactly_one_state(here: Deployment, start: Start) -> None:
    job_id = here.queued()
    first = start("w1", 30)
    assert line_of(first)[:2] == ["started", job_id]
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert here.job(job_id).state == "running"
    second = start("w2", 0.1, "--drain")
    deadline = time.monotonic() + 20
    while here.job(job_id).state != "awaiting_review" and time.monotonic() < deadline:
        if second.poll() is not None:  # drained before the lease ran out
            second = start("w2", 0.1, "--drain")
        time.sleep(0.1)
    second.wait(10)
    events = here.events(job_id)
    assert here.job(job_id).state == "awaiting_review"
    assert events.count("job:sent_to_review") == 1
    assert events.count("job:requeued") == 1
    assert not {"job:failed", "job:cancelled", "job:refused"} & set(events)
    with here.store.reading() as connection:
        assert len(connection.execute(select(output)).all()) == 1
    assert [f.name for f in here.quarantine.rglob("half.parquet")] == []
    assert ledger_is_whole(here)


def test_a_job_that_kills_every_worker_fails_in_the_end(here: Deployment, start: Start) -> None:
    job_id = here.queued()
    for number in range(3):
        worker = start(f"w{number}", 30)
        assert line_of(worker)[:2] == ["started", job_id]
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        here.let_lease_lapse(job_id)
    run_worker(here.worker(), drain=True)
    assert (here.job(job_id).state, here.job(job_id).findings[0].code) == ("failed", "job-attempts-exhausted")
    assert not list(here.quarantine.rglob("*.parquet"))
    assert ledger_is_whole(here)


def test_sigterm_lets_the_present_job_finish_and_takes_no_other(here: Deployment, start: Start) -> None:
    first, second = here.queued(), here.queued()
    worker = start("w1", 0.6)
    assert line_of(worker)[:2] == ["started", first]
    worker.terminate()
    assert line_of(worker) == ["send_to_review", first]
    assert worker.wait(10) == 0
    assert (here.job(first).state, here.job(second).state) == ("awaiting_review", "queued")


def test_chores_are_done_before_each_round(here: Deployment) -> None:
    done: list[str] = []
    assert run_worker(here.worker(chores=(lambda: done.append("chore"),)), drain=True) == 0
    assert done == ["chore"]
