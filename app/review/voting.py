"""How does a review go? Asked for, claimed, voted on, decided; the one place where an Approval is built.

Votes are blind until the review is over. One objection ends it; approval takes every reviewer that the level asks for.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from app.domain.duties import acts_for_own_organization
from app.domain.errors import Broken, Invalid, Refusal
from app.domain.lifecycles import OUTPUT
from app.domain.people import Actor
from app.domain.proofs import Approval
from app.domain.report_json import report_hash
from app.domain.reviews import carried, outcome
from app.review.outputs import CLAIMED, OutputRecord, load
from app.review.rules import check_may_review, has_claimed
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import history_segment, output, vote


class Choice(StrEnum):
    """What a reviewer may say; the names are the events of the output's lifecycle."""

    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"


APPROVED = ("approved", "released", "recalled")
"""States that an output reaches through an approval only; that it leaves once is the release's own matter."""


def request_review(store: Store, actor: Actor, output_id: str) -> OutputRecord:
    """The operator asks that a quarantined output be reviewed."""
    with store.change("output:review_requested", actor=actor, subject=output_id) as change:
        acts_for_own_organization(actor, load(change.connection, output_id).operator)
        change.move(OUTPUT, output_id, "request_review")
        return load(change.connection, output_id)


def claim(store: Store, actor: Actor, output_id: str) -> OutputRecord:
    """Take a seat in the review, so that others see that somebody looks at it; claiming twice changes nothing.

    Raises Refusal with the finding of every rule that forbids it.
    """
    with store.reading() as connection:
        record = load(connection, output_id)
    if has_claimed(actor, record):
        return record
    with store.change("review:claimed", actor=actor, subject=output_id) as change:
        check_may_review(actor, load(change.connection, output_id))
        _sit(change, actor, output_id, CLAIMED, "")
        return load(change.connection, output_id)


def cast(store: Store, actor: Actor, output_id: str, choice: Choice, reason: str = "") -> OutputRecord:
    """Vote on an output; answers it as it is then.

    Raises Invalid("review-reason-missing") for an objection without a reason, and Refusal with the finding of every
    rule that forbids it.
    """
    if choice is not Choice.APPROVE and not reason.strip():
        raise Invalid("review-reason-missing", choice=choice.value)
    # the entry does not say how: votes are blind, and the ledger is for all to read
    with store.change("vote:cast", actor=actor, subject=output_id) as change:
        check_may_review(actor, load(change.connection, output_id))
        _sit(change, actor, output_id, choice.value, reason.strip())
        record = load(change.connection, output_id)
        verdict = decided(record)
        if verdict is not None:
            _decide(change, record, verdict)
        return load(change.connection, output_id)


def decided(record: OutputRecord) -> Choice | None:
    """What the votes come to: one objection decides, approval takes all that are needed; None while it is open."""
    found = outcome(record, (Choice.REJECT, Choice.REQUEST_CHANGES))
    return None if found is None else Choice(found)


def approval(store: Store, output_id: str) -> Approval:
    """The proof that independent people agreed to this very report.

    Raises Refusal("review-not-approved") when the output is not approved, Broken("review-inconsistent") when its
    votes or its report do not carry the state.
    """
    with store.reading() as connection:
        record = load(connection, output_id)
        kept = connection.execute(select(output.c.report).where(output.c.id == output_id)).scalar_one()
        seen = set(connection.execute(select(vote.c.report_hash).where(vote.c.output_id == output_id)).scalars())
    if record.state not in APPROVED:
        raise Refusal("review-not-approved", output=output_id, state=record.state)
    if not (carried(record) and seen == {record.report_hash} == {report_hash(kept)}):
        raise Broken("review-inconsistent", output=output_id)
    return Approval(output=output_id, report_hash=record.report_hash, votes=record.votes)


def _sit(change: Change, actor: Actor, output_id: str, choice: str, reason: str) -> None:
    seen = change.execute(select(output.c.report_hash).where(output.c.id == output_id)).scalar_one()
    change.execute(delete(vote).where(vote.c.output_id == output_id, vote.c.reviewer == actor.id))
    change.execute(
        insert(vote).values(
            output_id=output_id,
            reviewer=actor.id,
            organization_id=actor.organization,
            choice=choice,
            reason=reason,
            report_hash=seen,
            at=change.at,
        )
    )


def _decide(change: Change, record: OutputRecord, verdict: Choice) -> None:
    votes = [{"reviewer": v.reviewer, "organization": v.organization, "choice": v.choice} for v in record.votes]
    details: dict[str, object] = {"report_hash": record.report_hash, "votes": votes}
    change.move(OUTPUT, record.id, verdict.value, details=details)
    if verdict is not Choice.APPROVE:
        gone = (history_segment.c.output_id == record.id, history_segment.c.status == "pending")
        change.execute(update(history_segment).where(*gone).values(status="dropped"))
        change.execute(delete(vote).where(vote.c.output_id == record.id, vote.c.choice == CLAIMED))
