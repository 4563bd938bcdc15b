"""May this job be asked for, and is it taken in? From draft to queued or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy import Connection, select

from app.domain.errors import Finding, Invalid, Refusal, Unavailable
from app.domain.lifecycles import JOB
from app.domain.people import Actor
from app.domain.ports import NewId
from app.domain.report_json import findings_to_json
from app.domain.sql_text import check_text
from app.domain.template_runs import TemplateRun
from app.domain.values import REPAIRS
from app.jobs.evaluation import Check
from app.jobs.records import EnterpriseFile, JobRecord, load
from app.store.sessions import Store
from app.store.standing import ended_state
from app.store.tables import authorization, job


@dataclass(frozen=True, kw_only=True)
class JobRequest:
    """What an analyst asks for. `enterprise` maps table names to files; `revises` names the job it is a version of.

    `template` is the template whose text `sql` is; whether it is one is for `decide` to find out.
    """

    authorization: str
    sql: str
    title: str = ""
    enterprise: Mapping[str, Path] = field(default_factory=dict)
    reproducible: bool = False
    repair: str | None = None
    revises: str | None = None
    template: TemplateRun | None = None


def submit(store: Store, actor: Actor, request: JobRequest, new_id: NewId) -> str:
    """Take in a job as submitted; answers its id. `decide` comes next.

    Raises Refusal: "not-permitted", "job-foreign-authorization", "job-authorization-ended", "job-foreign-revision";
    Invalid: "job-sql-empty", "sql-too-long", "sql-syntax", "job-enterprise-unreadable".
    """
    _check_text(request.sql)
    files = [asdict(_enterprise_file(table, path)) for table, path in sorted(request.enterprise.items())]
    job_id = new_id("job")
    with store.change("job:drafted", actor=actor, subject=job_id) as change:
        operator = _operator_of(change.connection, actor, request.authorization, change.at)
        change.create(
            JOB,
            job_id,
            "draft",
            details={
                "authorization": request.authorization,
                "sql_sha256": _sha256(request.sql.encode()),
                **({"template": request.template.template} if request.template else {}),
            },
            authorization_id=request.authorization,
            operator_id=operator,
            author=actor.id,
            title=request.title,
            sql=request.sql,
            parameters={
                "enterprise": files,
                "reproducible": request.reproducible,
                "repair": _repair(request.repair),
                **({"template": request.template.to_json()} if request.template else {}),
            },
            revision=_revision(change.connection, actor, request.revises),
            revises=request.revises,
            created_at=change.at,
            updated_at=change.at,
        )
        change.move(JOB, job_id, "submit", submitted_at=change.at)
    return job_id


def decide(store: Store, machine: Actor, job_id: str, check: Check) -> JobRecord:
    """Queue the submitted job `job_id`, or refuse it with the findings that `check` raises; answers it as it is then.

    A job that another worker has decided meanwhile is left as it is. What `check` raises as Unavailable or Broken
    passes through, and the job stays submitted.
    """
    with store.reading() as connection:
        record = load(connection, job_id)
    if record.state != "submitted":
        return record
    findings = _objections(check, record)
    try:
        if findings:
            codes = sorted({f.code for f in findings})
            with store.change("job:refused", actor=machine, subject=job_id, details={"codes": codes}) as change:
                change.move(JOB, job_id, "refuse", findings=findings_to_json(findings), finished_at=change.at)
        else:
            with store.change("job:queued", actor=machine, subject=job_id) as change:
                change.move(JOB, job_id, "queue")
    except (Unavailable, Refusal) as error:
        if error.code not in {"state-changed", "transition-impossible"}:
            raise
    with store.reading() as connection:
        return load(connection, job_id)


def submitted(store: Store) -> list[str]:
    """Jobs that wait for `decide`, oldest first."""
    with store.reading() as connection:
        query = select(job.c.id).where(job.c.state == "submitted").order_by(job.c.submitted_at, job.c.id)
        return list(connection.execute(query).scalars())


def _objections(check: Check, record: JobRecord) -> tuple[Finding, ...]:
    try:
        check(record)
    except (Refusal, Invalid) as error:
        return error.findings
    return ()


def _repair(kind: str | None) -> str | None:
    if kind is not None and kind not in REPAIRS:
        raise Invalid("job-unknown-repair", repair=kind, known=", ".join(REPAIRS))
    return kind


def _check_text(sql: str) -> None:
    if not sql.strip():
        raise Invalid("job-sql-empty")
    check_text(sql)


def _operator_of(connection: Connection, actor: Actor, authorization_id: str, at: str) -> str:
    """The operator of an authorization that is in force and the actor's own."""
    query = select(authorization.c.operator_id).where(authorization.c.id == authorization_id)
    operator = connection.execute(query).scalar_one_or_none()
    if operator is None or operator != actor.organization:
        raise Refusal("job-foreign-authorization", authorization=authorization_id)
    ended = ended_state(connection, authorization_id, at)
    if ended is not None:
        raise Refusal("job-authorization-ended", authorization=authorization_id, state=ended)
    return str(operator)


def _revision(connection: Connection, actor: Actor, revises: str | None) -> int:
    if revises is None:
        return 1
    earlier = load(connection, revises)
    if earlier.operator != actor.organization:
        raise Refusal("job-foreign-revision", job=revises)
    return earlier.revision + 1


def _enterprise_file(table: str, path: Path) -> EnterpriseFile:
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise Invalid("job-enterprise-unreadable", table=table, file=path) from error
    return EnterpriseFile(table=table, path=str(path.absolute()), sha256=digest)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def check_enterprise_files(record: JobRecord) -> None:
    """Raise Invalid unless every file that the operator brings is still the one that was submitted."""
    for file in record.enterprise:
        if _enterprise_file(file.table, Path(file.path)).sha256 != file.sha256:
            raise Invalid("job-enterprise-changed", table=file.table, file=file.path)


def may_see(actor: Actor, record: JobRecord) -> None:
    """Raise Refusal("job-foreign") when a person of another operator asks; the id alone shows the public status."""
    if actor.side == "use" and actor.organization != record.operator:
        raise Refusal("job-foreign", job=record.id)
