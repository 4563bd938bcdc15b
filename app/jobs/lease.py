"""Whose turn is it, and who runs what until when? Claims, leases and fences.

A claim raises the job's fence; every later write of a run names its fence, so that a worker that was thought dead
cannot write any more. A lease that runs out gives the job back to the queue, at most `Turns.attempts` times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update

from app.domain.errors import Refusal, SluiceError, Unavailable
from app.domain.lifecycles import JOB
from app.domain.people import Actor
from app.domain.times import moment, stamp
from app.jobs.evaluation import InForce, JobStopped
from app.jobs.progress import Progress
from app.jobs.records import AT_WORK, JobRecord, load
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import job, job_lease, organization


@dataclass(frozen=True, kw_only=True)
class Turns:
    """How turns are given: seconds of a lease, running jobs per operator, and starts per job."""

    lease_seconds: float = 15.0
    per_operator: int = 2
    attempts: int = 3


class _Overtaken(Exception):
    """Another worker was quicker, or the operator's turns are used up."""


def claim(store: Store, machine: Actor, worker: str, turns: Turns) -> JobRecord | None:
    """Start the job whose turn it is, under a new fence and a lease of `worker`; None when there is none.

    Operators with the least running come first, then the oldest. The cap per operator is exact: it is checked again
    under the lock of the write.
    """
    with store.reading() as connection:
        candidates = _candidates(connection, turns)
    for job_id in candidates:
        try:
            with store.change("job:started", actor=machine, subject=job_id) as change:
                return _start(change, job_id, worker, turns)
        except _Overtaken:
            continue
        except SluiceError as error:
            if not is_lost(error):
                raise
    return None


def _candidates(connection: Connection, turns: Turns) -> list[str]:
    running = _running().group_by(job.c.operator_id).subquery()
    count = func.coalesce(running.c.running, 0)
    query = (
        select(job.c.id)
        .outerjoin(running, running.c.operator_id == job.c.operator_id)
        .where(job.c.state == "queued", count < turns.per_operator)
        .order_by(job.c.priority.desc(), count, job.c.submitted_at, job.c.id)
        .limit(8)
    )
    return list(connection.execute(query).scalars())


def _running() -> Select[tuple[str, int]]:
    return select(job.c.operator_id, func.count().label("running")).where(job.c.state.in_(AT_WORK))


def _start(change: Change, job_id: str, worker: str, turns: Turns) -> JobRecord:
    connection, record = change.connection, load(change.connection, job_id)
    # one claim per operator at a time where the database has finer locks than SQLite
    connection.execute(select(organization.c.id).where(organization.c.id == record.operator).with_for_update())
    same = select(func.count()).where(job.c.state.in_(AT_WORK), job.c.operator_id == record.operator)
    if connection.execute(same).scalar_one() >= turns.per_operator:
        raise _Overtaken
    fence, until = record.fence + 1, stamp(moment(change.at) + timedelta(seconds=turns.lease_seconds))
    change.move(
        JOB,
        job_id,
        "start",
        only_if=(job.c.fence == record.fence,),
        details={"fence": fence},
        fence=fence,
        attempts=record.attempts + 1,
        started_at=change.at,
    )
    change.execute(delete(job_lease).where(job_lease.c.job_id == job_id))
    change.execute(
        insert(job_lease).values(job_id=job_id, worker=worker, fence=fence, until=until, cancel_requested=False)
    )
    return load(connection, job_id)


def renew(store: Store, record: JobRecord, turns: Turns, progress: Progress) -> None:
    """Prolong the lease and say how far the run is. Raises JobStopped("job-lease-lost") when it is not ours now."""
    until = stamp(store.clock() + timedelta(seconds=turns.lease_seconds))
    ours = (job_lease.c.job_id == record.id, job_lease.c.fence == record.fence)
    with store.upkeep() as connection:
        statement = update(job_lease).where(*ours).values(until=until, progress=progress.to_json())
        if connection.execute(statement).rowcount != 1:
            raise JobStopped("job-lease-lost", job=record.id)


def ask(store: Store, record: JobRecord, in_force: InForce) -> None:
    """Raise JobStopped when the run of `record` is to stop: cancelled, authorization ended, or lease lost."""
    ours = (job_lease.c.job_id == record.id, job_lease.c.fence == record.fence)
    with store.reading() as connection:
        cancelled = connection.execute(select(job_lease.c.cancel_requested).where(*ours)).scalar_one_or_none()
    if cancelled is None:
        raise JobStopped("job-lease-lost", job=record.id)
    if cancelled:
        raise JobStopped("job-cancel-requested", job=record.id)
    ended = in_force(record.authorization)
    if ended is not None:
        raise JobStopped("job-authorization-ended", authorization=record.authorization, state=ended)


def holds(record: JobRecord) -> tuple[ColumnElement[bool]]:
    """The condition that a run of `record` still has the fence."""
    return (job.c.fence == record.fence,)


def is_lost(error: SluiceError) -> bool:
    """Whether `error` says that somebody else moved the job meanwhile."""
    return error.code in {"state-changed", "transition-impossible", "job-lease-lost"}


def cancel(store: Store, actor: Actor, job_id: str) -> JobRecord:
    """Cancel a job that waits, at once; ask a running one to stop, which its worker does within a second.

    Raises Refusal: "not-permitted", "job-foreign" for another operator's job, "transition-impossible" when it ended.
    """
    actor.require("job:cancel")
    with store.reading() as connection:
        record = load(connection, job_id)
    if actor.side == "use" and actor.organization != record.operator:
        raise Refusal("job-foreign", job=job_id)
    if record.state in AT_WORK:
        with store.change("job:cancel_requested", actor=actor, subject=job_id) as change:
            statement = update(job_lease).where(job_lease.c.job_id == job_id).values(cancel_requested=True)
            if change.execute(statement).rowcount != 1:
                raise Unavailable("state-changed", thing="job", id=job_id)
    else:
        with store.change("job:cancelled", actor=actor, subject=job_id) as change:
            change.move(JOB, job_id, "cancel", only_if=(job.c.state.not_in(AT_WORK),), finished_at=change.at)
    with store.reading() as connection:
        return load(connection, job_id)
