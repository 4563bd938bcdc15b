"""How far is a run? Told by numbers, seldom, and as the estimate that it is."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event, select

from app import bootstrap
from app.cli.jobs import job_row
from app.cli.main import sluice
from app.jobs.evaluation import Evaluation, Heartbeat
from app.jobs.pulse import TELL_SECONDS
from app.jobs.worker import Worker, run_worker
from app.store.tables import job_lease
from tests.jobs.deployment import Deployment, evaluation


class Telling:
    """An execution that tells of step after step, as fast as an engine may, until it may end."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.told = 0

    def run(self, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        while not self.over.wait(0.002):
            self.told += 1
            heartbeat.step(3, 7, (self.told % 1000) / 1000)
        return evaluation(folder)

    def worker(self, here: Deployment) -> Worker:
        return here.worker(lambda _, folder, heartbeat: self.run(folder, heartbeat))


@pytest.fixture
def telling(here: Deployment) -> Iterator[tuple[Deployment, str, Telling]]:
    job_id, execute = here.queued(), Telling()
    thread = threading.Thread(target=run_worker, args=(execute.worker(here),), kwargs={"once": True})
    thread.start()
    yield here, job_id, execute
    execute.over.set()
    thread.join(10)


def progress_of(here: Deployment, job_id: str) -> dict[str, Any]:
    """The progress of the job, once there is one."""
    deadline = time.monotonic() + 10
    while (told := job_row(here.job(job_id))["progress"]) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert isinstance(told, dict)
    return told


def test_a_running_job_tells_its_step_by_number_and_an_estimate(telling: tuple[Deployment, str, Telling]) -> None:
    here, job_id, _ = telling
    told = progress_of(here, job_id)
    assert (told["stage"], told["step"], told["steps"], told["estimate"]) == ("running", 3, 7, True)
    assert told["percent"] == int(100 * (2 + told["share"]) / 7)
    with here.store.reading() as connection:
        kept = connection.execute(select(job_lease.c.progress)).scalar_one()
    assert set(kept) == {"stage", "step", "steps", "share"}


def test_a_share_is_told_in_twentieths(telling: tuple[Deployment, str, Telling]) -> None:
    here, job_id, _ = telling
    assert (progress_of(here, job_id)["share"] * 20) % 1 == pytest.approx(0, abs=1e-9)


def test_however_fast_the_engine_tells_the_lease_is_written_at_most_twice_a_second(here: Deployment) -> None:
    here.queued()
    execute, writes = Telling(), []

    @event.listens_for(here.store._writer, "before_cursor_execute")
    def _count(_c: Any, _cursor: Any, text: str, *_: Any) -> None:
        writes.extend([time.monotonic()] if text.startswith("UPDATE job_lease") else [])

    thread = threading.Thread(target=run_worker, args=(execute.worker(here),), kwargs={"once": True})
    thread.start()
    time.sleep(4)
    execute.over.set()
    thread.join(10)
    assert execute.told > 500
    assert 3 <= len(writes) <= 8
    assert all(later - sooner >= TELL_SECONDS for sooner, later in pairwise(writes))


def test_a_job_that_waits_or_has_ended_has_no_progress(telling: tuple[Deployment, str, Telling]) -> None:
    here, job_id, execute = telling
    assert here.job(here.queued()).progress is None
    progress_of(here, job_id)
    execute.over.set()
    deadline = time.monotonic() + 10
    while here.job(job_id).state != "awaiting_review" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert job_row(here.job(job_id))["progress"] is None


def test_job_show_says_how_far_it_is_and_that_it_is_an_estimate(
    telling: tuple[Deployment, str, Telling], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, job_id, _ = telling
    progress_of(here, job_id)
    monkeypatch.setattr(bootstrap, "services", lambda: here.services)
    shown = CliRunner().invoke(sluice, ["job", "show", job_id, "--as", "ana"], catch_exceptions=False)
    assert "running, step 3 of 7, about " in shown.output
    assert "% (estimate)" in shown.output
    plain = CliRunner().invoke(sluice, ["job", "show", job_id, "--as", "ana", "--json"], catch_exceptions=False)
    assert json.loads(plain.stdout)["progress"]["steps"] == 7
