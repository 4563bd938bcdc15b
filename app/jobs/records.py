"""What is a job? The stored request of an operator to run one SQL text under one authorization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from app.domain.errors import Finding, Refusal
from app.domain.report_json import findings_from_json
from app.domain.template_runs import TemplateRun, template_run_from_json
from app.jobs.progress import Progress, progress_from_json
from app.store.tables import job, job_lease, output

WAITING = ("submitted", "queued")
AT_WORK = ("running", "checking")
ENDED = ("refused", "awaiting_review", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class EnterpriseFile:
    """A table that the operator brings: its name in SQL, the absolute path of its file, SHA-256 when submitted."""

    table: str
    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """One version of a job. `revises` is the job it is a new version of; `result` counts what came out, no values.

    `progress` is what the run last said of itself; None while there is none. `template` is the approved template that
    `sql` is the text of, with values for its parameters; None for a job of its own.
    """

    id: str
    state: str
    authorization: str
    operator: str
    author: str
    title: str
    sql: str
    enterprise: tuple[EnterpriseFile, ...]
    reproducible: bool
    repair: str | None
    revision: int
    revises: str | None
    fence: int
    attempts: int
    findings: tuple[Finding, ...]
    result: Mapping[str, Any]
    submitted_at: str | None
    updated_at: str
    output: str | None
    progress: Progress | None
    template: TemplateRun | None = None


def load(connection: Connection, job_id: str) -> JobRecord:
    """The job `job_id`.

    Raises Refusal("not-found").
    """
    row = connection.execute(_query().where(job.c.id == job_id)).one_or_none()
    if row is None:
        raise Refusal("not-found", thing="job", id=job_id)
    return _record(row)


def listed(connection: Connection, *, operator: str | None = None, limit: int = 50) -> list[JobRecord]:
    """The newest jobs first, of one operator or of all."""
    query = _query().order_by(job.c.created_at.desc(), job.c.id).limit(limit)
    if operator is not None:
        query = query.where(job.c.operator_id == operator)
    return [_record(row) for row in connection.execute(query)]


def _query() -> Select[Any]:
    columns = (job, output.c.id.label("output_id"), job_lease.c.progress)
    tables = job.outerjoin(output, output.c.job_id == job.c.id).outerjoin(job_lease, job_lease.c.job_id == job.c.id)
    return select(*columns).select_from(tables)


def _record(row: Row[Any]) -> JobRecord:
    parameters = row.parameters
    return JobRecord(
        id=row.id,
        state=row.state,
        authorization=row.authorization_id,
        operator=row.operator_id,
        author=row.author,
        title=row.title,
        sql=row.sql,
        enterprise=tuple(EnterpriseFile(**f) for f in parameters["enterprise"]),
        reproducible=bool(parameters["reproducible"]),
        repair=parameters.get("repair"),
        revision=row.revision,
        revises=row.revises,
        fence=row.fence,
        attempts=row.attempts,
        findings=findings_from_json(row.findings),
        result=row.result or {},
        submitted_at=row.submitted_at,
        updated_at=row.updated_at,
        output=row.output_id,
        progress=progress_from_json(row.progress) if row.state in AT_WORK else None,
        template=template_run_from_json(parameters.get("template")),
    )
