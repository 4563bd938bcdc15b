"""Which jobs must be taken away from whoever had them? Leases that ran out, authorizations that ended."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, or_, select

from app.domain.errors import Finding, SluiceError, Unavailable
from app.domain.lifecycles import JOB
from app.domain.people import Actor
from app.domain.report_json import findings_to_json
from app.domain.times import stamp
from app.jobs.evaluation import InForce
from app.jobs.lease import Turns, holds, is_lost
from app.jobs.records import AT_WORK, WAITING, JobRecord, load
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import job, job_lease


def take_back_expired(store: Store, machine: Actor, turns: Turns) -> list[str]:
    """Give every job whose lease ran out back to the queue, or end it; answers their ids.

    A job that was to be cancelled is cancelled; one that was started `turns.attempts` times has failed.
    """
    lapsed = or_(job_lease.c.until.is_(None), job_lease.c.until < stamp(store.clock()))
    query = select(job.c.id).outerjoin(job_lease, job_lease.c.job_id == job.c.id)
    with store.reading() as connection:
        ids = list(connection.execute(query.where(job.c.state.in_(AT_WORK), lapsed)).scalars())
    return [job_id for job_id in ids if _take_back(store, machine, job_id, turns)]


def _take_back(store: Store, machine: Actor, job_id: str, turns: Turns) -> bool:
    with store.reading() as connection:
        record = load(connection, job_id)
        row = connection.execute(select(job_lease).where(job_lease.c.job_id == job_id)).one_or_none()
    event, code = "requeue", None
    if row is not None and row.cancel_requested:
        event, code = "cancel", "job-cancel-requested"
    elif record.attempts >= turns.attempts:
        event, code = "fail", "job-attempts-exhausted"
    findings = (
        [] if code is None else [Finding(code=code, params=(("job", job_id), ("attempts", str(record.attempts))))]
    )
    name = {"requeue": "job:requeued", "cancel": "job:cancelled", "fail": "job:failed"}[event]
    try:
        with store.change(name, actor=machine, subject=job_id, details={"codes": [f.code for f in findings]}) as change:
            _still_lapsed(change, record)
            # the fence rises here as well: whoever held it can write no more
            change.move(
                JOB, job_id, event, only_if=holds(record), fence=record.fence + 1, **_ending(change, event, findings)
            )
            change.execute(delete(job_lease).where(job_lease.c.job_id == job_id))
    except SluiceError as error:
        if not is_lost(error):
            raise
        return False
    return True


def _ending(change: Change, event: str, findings: list[Finding]) -> dict[str, Any]:
    return {} if event == "requeue" else {"findings": findings_to_json(findings), "finished_at": change.at}


def _still_lapsed(change: Change, record: JobRecord) -> None:
    query = select(job_lease.c.until).where(job_lease.c.job_id == record.id, job_lease.c.fence == record.fence)
    until = change.connection.execute(query).scalar_one_or_none()
    if until is not None and until >= change.at:
        raise Unavailable("state-changed", thing="job", id=record.id)


def stop_waiting(store: Store, machine: Actor, in_force: InForce) -> list[str]:
    """Cancel the waiting jobs of authorizations that are not in force any more; answers their ids."""
    with store.reading() as connection:
        query = select(job.c.id, job.c.authorization_id).where(job.c.state.in_(WAITING))
        waiting = [(row.id, row.authorization_id) for row in connection.execute(query)]
    ended = {job_id: state for job_id in {a for _, a in waiting} if (state := in_force(job_id)) is not None}
    stopped = [(job_id, a) for job_id, a in waiting if a in ended]
    for job_id, a in stopped:
        finding = Finding(code="job-authorization-ended", params=(("authorization", a), ("state", ended[a])))
        try:
            with store.change(
                "job:cancelled", actor=machine, subject=job_id, details={"codes": [finding.code]}
            ) as change:
                kept: dict[str, Any] = {"findings": findings_to_json([finding]), "finished_at": change.at}
                change.move(JOB, job_id, "cancel", only_if=(job.c.state.in_(WAITING),), **kept)
        except SluiceError as error:
            if not is_lost(error):
                raise
    return [job_id for job_id, _ in stopped]
