"""How is a template decided? Independent people vote, blind to one another; one objection ends the review.

Who may vote is the same as for outputs (`app.domain.reviews`).
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import insert

from app.domain.duties import allows
from app.domain.errors import Invalid, Refusal
from app.domain.lifecycles import TEMPLATE
from app.domain.people import Actor
from app.domain.reviews import check_review, outcome
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import template_vote
from app.templates.records import TemplateRecord, load

PERMISSION = "template:review"


class Choice(StrEnum):
    """What a reviewer may say; the names are the events of the template's lifecycle."""

    APPROVE = "approve"
    REJECT = "reject"
    RETURN = "return"


def may_review(actor: Actor, record: TemplateRecord) -> bool:
    """Whether `actor` may vote on `record` now."""
    return allows(check_review, actor, record, PERMISSION)


def cast(store: Store, actor: Actor, subject: str, choice: Choice, reason: str = "") -> TemplateRecord:
    """Vote on a template; answers it as it is then.

    Raises Invalid("review-reason-missing") for an objection without a reason, Refusal with the finding of every rule
    that forbids it, and Refusal("template-altered") when it is not what was submitted.
    """
    if choice is not Choice.APPROVE and not reason.strip():
        raise Invalid("review-reason-missing", choice=choice.value)
    # the entry does not say how: votes are blind, and the ledger is for all to read
    with store.change("template:voted", actor=actor, subject=subject) as change:
        record = load(change.connection, subject)
        check_review(actor, record, PERMISSION)
        if record.computed_digest() != record.digest:
            raise Refusal("template-altered", id=subject)
        change.execute(
            insert(template_vote).values(
                template_id=subject,
                reviewer=actor.id,
                organization_id=actor.organization,
                choice=choice.value,
                reason=reason.strip(),
                digest=record.digest,
                at=change.at,
            )
        )
        _decide(change, load(change.connection, subject))
        return load(change.connection, subject)


def _decide(change: Change, record: TemplateRecord) -> None:
    """Move the template when its votes come to a decision."""
    verdict = outcome(record, (Choice.REJECT, Choice.RETURN))
    if verdict is not None:
        votes = [{"reviewer": v.reviewer, "organization": v.organization, "choice": v.choice} for v in record.votes]
        change.move(TEMPLATE, record.id, verdict, details={"digest": record.digest, "votes": votes})
