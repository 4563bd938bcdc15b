"""Turns are fair, leases end, and a stale fence writes nothing."""

from __future__ import annotations

import threading

import pytest

from app.domain.errors import Finding, Refusal, SluiceError
from app.jobs.evaluation import JobStopped
from app.jobs.lease import Turns, ask, cancel, claim, is_lost, renew
from app.jobs.outcome import Finish, begin_checking, end, finish
from app.jobs.progress import Progress
from app.jobs.quarantine import prepare
from app.jobs.recovery import stop_waiting, take_back_expired
from tests.jobs.deployment import Deployment, evaluation, pending

TURNS = Turns(lease_seconds=30, per_operator=2, attempts=2)


def test_an_operator_with_many_jobs_does_not_keep_another_waiting(here: Deployment) -> None:
    many = [here.queued() for _ in range(3)]
    other = here.queued("rita")
    turns = [claim(here.store, here.machine(), "w", TURNS) for _ in range(4)]
    assert [t.id if t else None for t in turns] == [many[0], other, many[1], None]


def test_the_cap_per_operator_holds_under_concurrent_claims(here: Deployment) -> None:
    for _ in range(8):
        here.queued()
    claimed: list[str] = []

    def go() -> None:
        for _ in range(4):
            job = claim(here.store, here.machine(), threading.current_thread().name, TURNS)
            if job is not None:
                claimed.append(job.id)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(claimed) == len(set(claimed)) == TURNS.per_operator


def test_a_lapsed_lease_gives_the_job_back_under_a_higher_fence_then_fails_it(here: Deployment) -> None:
    job_id = here.queued()
    first = claim(here.store, here.machine(), "w1", TURNS)
    assert first is not None
    assert take_back_expired(here.store, here.machine(), TURNS) == []
    here.let_lease_lapse(job_id)
    assert take_back_expired(here.store, here.machine(), TURNS) == [job_id]
    assert here.job(job_id).state == "queued"
    second = claim(here.store, here.machine(), "w2", TURNS)
    assert second is not None
    assert second.fence > first.fence
    here.let_lease_lapse(job_id)
    take_back_expired(here.store, here.machine(), TURNS)
    job = here.job(job_id)
    assert (job.state, job.findings[0].code) == ("failed", "job-attempts-exhausted")
    assert here.events(job_id).count("job:failed") == 1


def test_a_stale_fence_can_write_nothing(here: Deployment) -> None:
    job_id = here.queued()
    stale = claim(here.store, here.machine(), "w1", TURNS)
    assert stale is not None
    folder = prepare(here.quarantine, job_id, stale.fence)
    here.let_lease_lapse(job_id)
    take_back_expired(here.store, here.machine(), TURNS)
    fresh = claim(here.store, here.machine(), "w2", TURNS)
    door = Finish(store=here.store, machine=here.machine(), new_id=here.services.new_id, register=pending)
    before = here.events(job_id)
    attempts = (
        lambda: renew(here.store, stale, TURNS, Progress(stage="running")),
        lambda: ask(here.store, stale, here.in_force),
        lambda: begin_checking(here.store, here.machine(), stale),
        lambda: finish(door, stale, evaluation(folder), folder, checking=False),
        lambda: end(here.store, here.machine(), stale, "fail", [Finding(code="job-broken", params=(("job", job_id),))]),
    )
    for attempt in attempts:
        with pytest.raises(SluiceError) as caught:
            attempt()
        assert is_lost(caught.value)
    assert here.events(job_id) == before
    assert (here.job(job_id).state, here.job(job_id).fence, here.job(job_id).output) == (
        "running",
        fresh and fresh.fence,
        None,
    )


def test_a_result_counts_only_together_with_its_ledger_entry(here: Deployment) -> None:
    job_id = here.queued()
    job = claim(here.store, here.machine(), "w1", TURNS)
    assert job is not None
    folder = prepare(here.quarantine, job_id, job.fence)

    def no_room(*_: object) -> None:
        raise Refusal("job-nothing-may-leave", job=job_id)

    door = Finish(store=here.store, machine=here.machine(), new_id=here.services.new_id, register=no_room)
    with pytest.raises(Refusal):
        finish(door, job, evaluation(folder), folder, checking=False)
    assert here.job(job_id).state == "running"
    assert here.events(job_id)[-1] == "job:started"


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked(here: Deployment) -> None:
    running, waiting = here.queued(), here.queued()
    job = claim(here.store, here.machine(), "w1", TURNS)
    assert job is not None
    assert job.id == running
    assert cancel(here.store, here.actor("ben"), waiting).state == "cancelled"
    assert cancel(here.store, here.actor("ben"), running).state == "running"
    with pytest.raises(JobStopped) as caught:
        ask(here.store, job, here.in_force)
    assert caught.value.code == "job-cancel-requested"
    here.let_lease_lapse(running)
    take_back_expired(here.store, here.machine(), TURNS)
    assert here.job(running).state == "cancelled"
    with pytest.raises(Refusal):
        cancel(here.store, here.actor("ana"), running)


def test_nobody_cancels_another_operators_job(here: Deployment) -> None:
    with pytest.raises(Refusal) as caught:
        cancel(here.store, here.actor("rita"), here.queued())
    assert caught.value.code == "job-foreign"


def test_waiting_jobs_of_an_ended_authorization_are_cancelled_with_the_reason(here: Deployment) -> None:
    mine, other = here.queued(), here.queued("rita")
    here.set_authorization("revoked")
    assert stop_waiting(here.store, here.machine(), here.in_force) == [mine]
    assert (here.job(mine).state, here.job(other).state) == ("cancelled", "queued")
    assert dict(here.job(mine).findings[0].params)["state"] == "revoked"
