"""What did past jobs want of which data? The stored requests, with their uses where a run has kept them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from app.domain.documents import dataset_from_json
from app.domain.parameters import Values
from app.domain.template_runs import template_run_from_json
from app.domain.values import Dataset, FieldUse, Position
from app.store.tables import AnyRow, job, output


@dataclass(frozen=True, kw_only=True)
class PastJob:
    """A job that was submitted at some time; `output_state` is where its output stands, None without one.

    `values` are those of the parameters of a template, None for a job of its own.
    `uses` and `datasets` are those of its run; both are None when no run has kept them, e.g. of a refused job.
    """

    id: str
    state: str
    output_state: str | None
    operator: str
    authorization: str
    sql: str
    values: Values | None
    tables: tuple[str, ...]
    submitted_at: str
    uses: tuple[FieldUse, ...] | None
    datasets: tuple[Dataset, ...] | None


def past_jobs(connection: Connection) -> Iterator[PastJob]:
    """Every job that was ever submitted, oldest first."""
    columns = (job, output.c.state.label("output_state"))
    query = select(*columns).outerjoin(output, output.c.job_id == job.c.id).where(job.c.submitted_at.is_not(None))
    for row in connection.execute(query.order_by(job.c.submitted_at, job.c.id)):
        yield _job(row)


def _job(row: AnyRow) -> PastJob:
    kept = row.analysis
    template = template_run_from_json(row.parameters.get("template"))
    return PastJob(
        id=row.id,
        state=row.state,
        output_state=row.output_state,
        operator=row.operator_id,
        authorization=row.authorization_id,
        sql=row.sql,
        values=template.values if template else None,
        tables=tuple(f["table"] for f in row.parameters["enterprise"]),
        submitted_at=row.submitted_at,
        uses=tuple(_use(u) for u in kept["uses"]) if kept else None,
        datasets=tuple(dataset_from_json(d) for d in kept["datasets"]) if kept else None,
    )


def _use(kept: dict[str, Any]) -> FieldUse:
    place = kept.get("position")
    return FieldUse(**{**kept, "position": Position(**place) if place else None})
