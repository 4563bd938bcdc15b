"""Who may vote on what is under review, and what do the votes come to? The same rules for outputs and templates.

A rule returns when it holds and raises Refusal when it does not. That the author and the author's organization do not
review is `app.domain.duties.author_is_not_reviewer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.domain.duties import author_is_not_reviewer
from app.domain.errors import Finding, Refusal
from app.domain.people import Actor, Side
from app.domain.proofs import Vote

APPROVE = "approve"
"""The choice that all reviewers must make; every other one is an objection."""


class UnderReview(Protocol):
    """Something that independent people decide about. `seats` are those who voted, or are about to."""

    @property
    def id(self) -> str:
        """Its identifier, which says what kind of thing it is."""

    @property
    def state(self) -> str:
        """Where it stands in its lifecycle."""

    @property
    def author(self) -> str:
        """The person who made it."""

    @property
    def operator(self) -> str:
        """The organization of that person."""

    @property
    def needed(self) -> int:
        """How many must agree."""

    @property
    def seats(self) -> tuple[Vote, ...]:
        """At most `needed` reviewers."""

    @property
    def votes(self) -> tuple[Vote, ...]:
        """Those who have voted."""


def review_is_open(_actor: Actor, thing: UnderReview) -> None:
    """Only what is in review can be claimed or voted on."""
    if thing.state != "in_review":
        raise Refusal("review-not-open", subject=thing.id, state=thing.state)


def reviewer_is_independent(actor: Actor, thing: UnderReview) -> None:
    """Neither the author nor anybody of the author's organization reviews."""
    author_is_not_reviewer(actor, author=thing.author, operator=thing.operator)


def reviewer_is_not_an_operator(actor: Actor, thing: UnderReview) -> None:
    """Whoever acts for the side of use reviews nobody's work, a competitor's least of all."""
    if actor.side is Side.USE:
        raise Refusal("review-use-side", person=actor.id, subject=thing.id)


def one_vote_each(actor: Actor, thing: UnderReview) -> None:
    """A reviewer votes once; a vote is not changed."""
    if any(v.reviewer == actor.id for v in thing.votes):
        raise Refusal("review-already-voted", person=actor.id, subject=thing.id)


def reviewers_of_different_organizations(actor: Actor, thing: UnderReview) -> None:
    """Where two reviewers are needed, they are of two organizations."""
    others = (s for s in thing.seats if s.reviewer != actor.id)
    if thing.needed > 1 and any(s.organization == actor.organization for s in others):
        raise Refusal("review-same-organization", organization=actor.organization, subject=thing.id)


def a_seat_is_free(actor: Actor, thing: UnderReview) -> None:
    """No more reviewers than needed; who has claimed a seat keeps it."""
    taken = {s.reviewer for s in thing.seats}
    if actor.id not in taken and len(taken) >= thing.needed:
        raise Refusal("review-no-seat", subject=thing.id, needed=thing.needed)


RULES = (
    review_is_open,
    reviewer_is_independent,
    reviewer_is_not_an_operator,
    one_vote_each,
    reviewers_of_different_organizations,
    a_seat_is_free,
)
"""Every rule of a review; the order is that in which refusals are told."""


def check_review(actor: Actor, thing: UnderReview, permission: str) -> None:
    """Raise Refusal, with the finding of every rule that does not hold, unless `actor` may review `thing` now."""
    actor.require(permission)
    findings: list[Finding] = []
    for rule in RULES:
        try:
            rule(actor, thing)
        except Refusal as refusal:
            findings += refusal.findings
    if findings:
        raise Refusal(findings[0], *findings[1:])


def outcome(thing: UnderReview, objections: Sequence[str]) -> str | None:
    """What the votes come to: one objection decides, the first of `objections` before the others.

    Approval takes all votes that are needed; None while the review is open.
    """
    choices = {v.choice for v in thing.votes}
    objection = next((o for o in objections if o in choices), None)
    if objection is not None:
        return objection
    return APPROVE if len(thing.votes) >= thing.needed else None


def carried(thing: UnderReview) -> bool:
    """Whether the votes carry an approval: enough of them, all in favour, by independent people of enough sides."""
    organizations = {v.organization for v in thing.votes}
    independent = thing.operator not in organizations and thing.author not in {v.reviewer for v in thing.votes}
    enough = len(thing.votes) >= max(1, thing.needed) and len(organizations) >= min(thing.needed, 2)
    return independent and enough and {v.choice for v in thing.votes} == {APPROVE}
