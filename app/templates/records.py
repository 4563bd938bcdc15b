"""Which templates are there? Versions as they are kept, with their votes and all that an approval binds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from app.domain.errors import Refusal
from app.domain.footprint import Footprint, footprint_from_json
from app.domain.people import Actor, Side
from app.domain.proofs import Vote
from app.ledger.entries import canonical
from app.store.tables import AnyRow, template, template_vote
from app.templates.document import Template, template_from_json


@dataclass(frozen=True, kw_only=True)
class Appraisal:
    """What a template was found to do for representative values, and what the policy said to each use.

    `decisions` are (data set, field, use, rules); `policy_version` the version that decided; `reviewers` how many must
    agree, by the level of protection; `analyses` how many values were looked at.
    """

    footprint: Footprint
    decisions: tuple[tuple[str, str, str, tuple[str, ...]], ...]
    policy_version: str
    reviewers: int
    analyses: int

    def to_json(self) -> dict[str, Any]:
        """The appraisal as plain data that `appraisal_from_json` reads back."""
        return {
            "footprint": self.footprint.to_json(),
            "decisions": [[d, f, u, list(rules)] for d, f, u, rules in self.decisions],
            "policy_version": self.policy_version,
            "reviewers": self.reviewers,
            "analyses": self.analyses,
        }


def appraisal_from_json(kept: Mapping[str, Any]) -> Appraisal:
    """The appraisal that `Appraisal.to_json` wrote."""
    return Appraisal(
        **{
            **kept,
            "footprint": footprint_from_json(kept["footprint"]),
            "decisions": tuple((d, f, u, tuple(rules)) for d, f, u, rules in kept["decisions"]),
        }
    )


Appraise = Callable[["TemplateRecord"], Appraisal]
"""Analyses a template for representative values and decides about it; raises SluiceError to refuse it."""


@dataclass(frozen=True, kw_only=True)
class TemplateRecord:
    """One version of a template. `appraisal` is None as long as it is a draft."""

    id: str
    state: str
    authorization: str
    operator: str
    author: str
    name: str
    version: int
    content: Template
    appraisal: Appraisal | None
    digest: str
    seats: tuple[Vote, ...]
    digests_seen: frozenset[str]
    created_at: str
    updated_at: str

    @property
    def needed(self) -> int:
        """How many reviewers must agree."""
        return self.appraisal.reviewers if self.appraisal else 0

    @property
    def votes(self) -> tuple[Vote, ...]:
        """Nobody claims a template: every seat is a vote."""
        return self.seats

    def computed_digest(self) -> str:
        """The digest of what is kept now; another one than `digest` when something was altered."""
        return self.digest_with(self.appraisal)

    def digest_with(self, appraisal: Appraisal | None) -> str:
        """The digest that this version has with an appraisal."""
        return digest_of(
            authorization=self.authorization,
            operator=self.operator,
            author=self.author,
            version=self.version,
            content=self.content,
            appraisal=appraisal,
        )


def digest_of(
    *, authorization: str, operator: str, author: str, version: int, content: Template, appraisal: Appraisal | None
) -> str:
    """SHA-256 (hex) of all that an approval binds: whose it is, SQL, parameters, uses, frontiers, decision."""
    body = {
        "authorization": authorization,
        "operator": operator,
        "author": author,
        "version": version,
        "content": content.to_json(),
        "appraisal": appraisal.to_json() if appraisal else None,
    }
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def load(connection: Connection, subject: str) -> TemplateRecord:
    """The template version `subject`.

    Raises Refusal("not-found"), and Refusal("template-altered") when what is kept of it cannot be read.
    """
    row = connection.execute(select(template).where(template.c.id == subject)).one_or_none()
    if row is None:
        raise Refusal("not-found", thing="template", id=subject)
    return _record(connection, row)


def listed(
    connection: Connection, *, operator: str | None = None, state: str | None = None, limit: int = 100
) -> list[TemplateRecord]:
    """Template versions by name, the newest of each first; of one operator or of all, in one state or in any."""
    query = select(template).order_by(template.c.name, template.c.authorization_id, template.c.version.desc())
    if operator is not None:
        query = query.where(template.c.operator_id == operator)
    if state is not None:
        query = query.where(template.c.state == state)
    return [_record(connection, row) for row in connection.execute(query.limit(limit)).all()]


def may_see(actor: Actor, record: TemplateRecord) -> None:
    """Raise Refusal("template-foreign") when a person of another operator asks."""
    if actor.side is Side.USE and actor.organization != record.operator:
        raise Refusal("template-foreign", id=record.id)


def votes_shown_to(actor: Actor, record: TemplateRecord) -> tuple[Vote, ...]:
    """The votes that `actor` may see: blind until the review is over, but for one's own."""
    if record.state == "in_review":
        return tuple(v for v in record.votes if v.reviewer == actor.id)
    return record.votes


def _record(connection: Connection, row: AnyRow) -> TemplateRecord:
    mine = select(template_vote).where(template_vote.c.template_id == row.id)
    votes = connection.execute(mine.order_by(template_vote.c.at, template_vote.c.reviewer)).all()
    try:
        content = template_from_json(row.content)
        appraisal = None if row.appraisal is None else appraisal_from_json(row.appraisal)
    except (KeyError, TypeError, ValueError):
        raise Refusal("template-altered", id=row.id) from None
    return TemplateRecord(
        id=row.id,
        state=row.state,
        authorization=row.authorization_id,
        operator=row.operator_id,
        author=row.author,
        name=content.name,
        version=row.version,
        content=content,
        appraisal=appraisal,
        digest=row.digest,
        seats=tuple(
            Vote(reviewer=v.reviewer, organization=v.organization_id, choice=v.choice, reason=v.reason, at=v.at)
            for v in votes
        ),
        digests_seen=frozenset(v.digest for v in votes),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
