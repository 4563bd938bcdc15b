"""Who may review this output? One function per rule, each with its own code; `check_may_review` asks all of them.

A rule returns when it holds and raises Refusal when it does not. That the author and the author's organization do not
review is `app.domain.duties.author_is_not_reviewer`.
"""

from __future__ import annotations

from app.domain.duties import allows, author_is_not_reviewer
from app.domain.errors import Finding, Refusal
from app.domain.people import Actor, Side
from app.review.outputs import CLAIMED, OutputRecord


def review_is_open(_actor: Actor, record: OutputRecord) -> None:
    """Only an output in review can be claimed or voted on."""
    if record.state != "in_review":
        raise Refusal("review-not-open", output=record.id, state=record.state)


def reviewer_is_independent(actor: Actor, record: OutputRecord) -> None:
    """Neither the author nor anybody of the author's organization reviews."""
    author_is_not_reviewer(actor, author=record.author, operator=record.operator)


def reviewer_is_not_an_operator(actor: Actor, record: OutputRecord) -> None:
    """Whoever acts for the side of use reviews nobody's output, a competitor's least of all."""
    if actor.side is Side.USE:
        raise Refusal("review-use-side", person=actor.id, output=record.id)


def one_vote_each(actor: Actor, record: OutputRecord) -> None:
    """A reviewer votes once; a vote is not changed."""
    if any(v.reviewer == actor.id for v in record.votes):
        raise Refusal("review-already-voted", person=actor.id, output=record.id)


def reviewers_of_different_organizations(actor: Actor, record: OutputRecord) -> None:
    """Where two reviewers are needed, they are of two organizations."""
    others = (s for s in record.seats if s.reviewer != actor.id)
    if record.needed > 1 and any(s.organization == actor.organization for s in others):
        raise Refusal("review-same-organization", organization=actor.organization, output=record.id)


def a_seat_is_free(actor: Actor, record: OutputRecord) -> None:
    """No more reviewers than needed; who has claimed the output keeps the seat."""
    taken = {s.reviewer for s in record.seats}
    if actor.id not in taken and len(taken) >= record.needed:
        raise Refusal("review-no-seat", output=record.id, needed=record.needed)


RULES = (
    review_is_open,
    reviewer_is_independent,
    reviewer_is_not_an_operator,
    one_vote_each,
    reviewers_of_different_organizations,
    a_seat_is_free,
)
"""Every rule of a review; the order is that in which refusals are told."""


def check_may_review(actor: Actor, record: OutputRecord) -> None:
    """Raise Refusal, with the finding of every rule that does not hold, unless `actor` may review `record` now."""
    actor.require("output:review")
    findings: list[Finding] = []
    for rule in RULES:
        try:
            rule(actor, record)
        except Refusal as refusal:
            findings += refusal.findings
    if findings:
        raise Refusal(findings[0], *findings[1:])


def may_review(actor: Actor, record: OutputRecord) -> bool:
    """Whether `check_may_review` would pass."""
    return allows(check_may_review, actor, record)


def has_claimed(actor: Actor, record: OutputRecord) -> bool:
    """Whether `actor` holds a seat without having voted yet."""
    return any(s.reviewer == actor.id and s.choice == CLAIMED for s in record.seats)
