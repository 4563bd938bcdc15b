"""Which outputs are there to review, and what did reviewers say? An output with its seats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from app.domain.errors import Refusal
from app.domain.people import Actor, Side
from app.domain.proofs import CheckReport, Vote
from app.domain.report_json import from_json
from app.domain.template_runs import TemplateRun, template_run_from_json
from app.store.tables import job, output, vote

CLAIMED = "claimed"
"""The choice of a seat whose reviewer has not voted yet."""


@dataclass(frozen=True, kw_only=True)
class OutputRecord:
    """One output. `seats` are reviewers who claimed it or voted; at most `needed` of them.

    `template` is the approved template that was run, with its values; None for a job of its own.
    """

    id: str
    state: str
    job: str
    title: str
    sql: str
    template: TemplateRun | None
    authorization: str
    operator: str
    author: str
    level: str
    folder: str
    files: Mapping[str, str]
    report: CheckReport
    report_hash: str
    analysis: Mapping[str, Any]
    uses: tuple[Mapping[str, Any], ...]
    needed: int
    seats: tuple[Vote, ...]
    created_at: str
    updated_at: str

    @property
    def votes(self) -> tuple[Vote, ...]:
        """Seats whose reviewers have voted."""
        return tuple(s for s in self.seats if s.choice != CLAIMED)


def load(connection: Connection, output_id: str) -> OutputRecord:
    """The output `output_id`.

    Raises Refusal("not-found").
    """
    row = connection.execute(_query().where(output.c.id == output_id)).one_or_none()
    if row is None:
        raise Refusal("not-found", thing="output", id=output_id)
    return _record(connection, row)


def listed(connection: Connection, *, states: tuple[str, ...] = ("in_review",), limit: int = 100) -> list[OutputRecord]:
    """Outputs in one of `states`, the longest waiting first."""
    query = _query().where(output.c.state.in_(states)).order_by(output.c.updated_at, output.c.id).limit(limit)
    return [_record(connection, row) for row in connection.execute(query).all()]


def votes_shown_to(actor: Actor, record: OutputRecord) -> tuple[Vote, ...]:
    """The votes that `actor` may see: blind until the review is over, but for one's own."""
    if record.state in {"quarantined", "in_review"}:
        return tuple(v for v in record.votes if v.reviewer == actor.id)
    return record.votes


def may_see(actor: Actor, record: OutputRecord) -> None:
    """Raise Refusal("review-foreign-output") when a person of another operator asks."""
    if actor.side is Side.USE and actor.organization != record.operator:
        raise Refusal("review-foreign-output", output=record.id)


def may_see_evidence(actor: Actor) -> bool:
    """Whether `actor` may see evidence of cells and rows of the result: reviewers only."""
    return actor.may("output:read") and actor.side is not Side.USE


def _query() -> Select[Any]:
    columns = (output, job.c.sql, job.c.title, job.c.parameters, job.c.analysis, job.c.decision)
    return select(*columns).join(job, job.c.id == output.c.job_id)


def _record(connection: Connection, row: Row[Any]) -> OutputRecord:
    seats = connection.execute(select(vote).where(vote.c.output_id == row.id).order_by(vote.c.at, vote.c.reviewer))
    return OutputRecord(
        id=row.id,
        state=row.state,
        job=row.job_id,
        title=row.title,
        sql=row.sql,
        template=template_run_from_json(row.parameters.get("template")),
        authorization=row.authorization_id,
        operator=row.operator_id,
        author=row.author,
        level=row.level,
        folder=row.folder,
        files=row.files,
        report=from_json(row.report),
        report_hash=row.report_hash,
        analysis=row.analysis or {},
        uses=tuple(row.decision or ()),
        needed=row.reviewers_needed,
        seats=tuple(
            Vote(reviewer=s.reviewer, organization=s.organization_id, choice=s.choice, reason=s.reason, at=s.at)
            for s in seats
        ),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
