"""Who may review this output? The rules of `app.domain.reviews` under the permission to review outputs."""

from __future__ import annotations

from app.domain.duties import allows
from app.domain.people import Actor
from app.domain.reviews import check_review
from app.review.outputs import CLAIMED, OutputRecord


def check_may_review(actor: Actor, record: OutputRecord) -> None:
    """Raise Refusal, with the finding of every rule that does not hold, unless `actor` may review `record` now."""
    check_review(actor, record, "output:review")


def may_review(actor: Actor, record: OutputRecord) -> bool:
    """Whether `check_may_review` would pass."""
    return allows(check_may_review, actor, record)


def has_claimed(actor: Actor, record: OutputRecord) -> bool:
    """Whether `actor` holds a seat without having voted yet."""
    return any(s.reviewer == actor.id and s.choice == CLAIMED for s in record.seats)
