"""Independent people agree or not: who may review, blind votes, one objection, and the approval they come to."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from app.domain.errors import Broken, Invalid, Refusal
from app.domain.people import Actor
from app.domain.reviews import RULES
from app.domain.values import Level
from app.ledger import journal
from app.review.outputs import OutputRecord, listed, load, may_see, may_see_evidence, votes_shown_to
from app.review.rules import may_review
from app.review.voting import Choice, approval, cast, claim, request_review
from app.store.tables import history_segment, output, vote
from tests.jobs.deployment import Deployment


def get(here: Deployment, output_id: str) -> OutputRecord:
    with here.store.reading() as connection:
        return load(connection, output_id)


def refusal(here: Deployment, person: str | Actor, output_id: str, choice: Choice = Choice.APPROVE) -> set[str]:
    actor = here.actor(person) if isinstance(person, str) else person
    with pytest.raises(Refusal) as caught:
        cast(here.store, actor, output_id, choice, "because")
    assert not may_review(actor, get(here, output_id))
    return {f.code for f in caught.value.findings}


def reviewer_in(here: Deployment, organization: str, name: str = "x") -> Actor:
    """A reviewer as a policy that went wrong might make one: the duties must hold without the role matrix."""
    real = here.actor("rev-roads")
    kind = here.actor("ana").kind if organization in {"maps", "rivals"} else real.kind
    return Actor(id=name, organization=organization, kind=kind, roles=real.roles, permissions=real.permissions)


def test_one_reviewer_is_enough_for_mild_levels(here: Deployment) -> None:
    output_id = here.output(Level.L2)
    assert cast(here.store, here.actor("rev-roads"), output_id, Choice.APPROVE).state == "approved"
    proof = approval(here.store, output_id)
    assert [(v.reviewer, v.choice) for v in proof.votes] == [("rev-roads", "approve")]
    assert proof.report_hash == get(here, output_id).report_hash


def test_strict_levels_need_two_reviewers_of_two_organizations(here: Deployment) -> None:
    output_id = here.output(Level.L3)
    assert cast(here.store, here.actor("rev-roads"), output_id, Choice.APPROVE).state == "in_review"
    with pytest.raises(Refusal) as early:
        approval(here.store, output_id)
    assert early.value.code == "review-not-approved"
    assert refusal(here, "rev-roads2", output_id) == {"review-same-organization"}
    assert refusal(here, "rev-roads", output_id) == {"review-already-voted"}
    assert cast(here.store, here.actor("rev-data"), output_id, Choice.APPROVE).state == "approved"
    assert len(approval(here.store, output_id).votes) == 2


def test_votes_are_blind_until_both_have_voted_in_pages_and_in_the_ledger(here: Deployment) -> None:
    output_id = here.output(Level.L3)
    record = cast(here.store, here.actor("rev-roads"), output_id, Choice.APPROVE, "fine by us")
    assert votes_shown_to(here.actor("rev-data"), record) == ()
    assert votes_shown_to(here.actor("ana"), record) == ()
    assert [v.reason for v in votes_shown_to(here.actor("rev-roads"), record)] == ["fine by us"]
    with here.store.reading() as connection:
        cast_entry = [e for e in journal.entries(connection, subject=output_id) if e.event == "vote:cast"]
    assert [e.details for e in cast_entry] == [{}]
    record = cast(here.store, here.actor("rev-data"), output_id, Choice.APPROVE)
    assert len(votes_shown_to(here.actor("ana"), record)) == 2


@pytest.mark.parametrize("choice, state", [(Choice.REJECT, "rejected"), (Choice.REQUEST_CHANGES, "changes_requested")])
def test_one_objection_ends_the_review_and_takes_the_output_out_of_the_history(
    here: Deployment, choice: Choice, state: str
) -> None:
    output_id = here.output(Level.L3)
    cast(here.store, here.actor("rev-roads"), output_id, Choice.APPROVE)
    assert cast(here.store, here.actor("rev-data"), output_id, choice, "tiny groups").state == state
    with here.store.reading() as connection:
        query = select(history_segment.c.status).where(history_segment.c.output_id == output_id)
        assert connection.execute(query).scalar_one() == "dropped"
    with pytest.raises(Refusal):
        approval(here.store, output_id)
    assert "review-not-open" in refusal(here, "rev-roads2", output_id)


@pytest.mark.parametrize("choice", [Choice.REJECT, Choice.REQUEST_CHANGES])
@pytest.mark.parametrize("reason", ["", "  \n"])
def test_an_objection_needs_a_reason(here: Deployment, choice: Choice, reason: str) -> None:
    output_id = here.output()
    with pytest.raises(Invalid) as caught:
        cast(here.store, here.actor("rev-roads"), output_id, choice, reason)
    assert caught.value.code == "review-reason-missing"
    assert get(here, output_id).votes == ()


def test_author_cannot_review_own_output(here: Deployment) -> None:
    output_id = here.output()
    assert "duty-own-output" in refusal(here, reviewer_in(here, "city-data", name="ana"), output_id)


def test_nobody_of_the_operator_reviews_its_output(here: Deployment) -> None:
    output_id = here.output()
    assert refusal(here, reviewer_in(here, "maps"), output_id) == {"duty-own-output", "review-use-side"}


def test_a_competitor_reviews_nothing(here: Deployment) -> None:
    output_id = here.output()
    assert refusal(here, reviewer_in(here, "rivals"), output_id) == {"review-use-side"}


def test_whoever_is_no_reviewer_cannot_vote(here: Deployment) -> None:
    output_id = here.output()
    for person in ("ana", "officer", "regulator"):
        assert "not-permitted" in refusal(here, person, output_id)


def test_a_suspended_reviewer_does_not_even_become_an_actor(here: Deployment) -> None:
    from app.identity.register import founder, set_active

    with here.store.change("person:suspended", actor=founder(), subject="rev-roads") as change:
        set_active(change, "person", "rev-roads", active=False)
    with pytest.raises(Refusal) as caught:
        here.actor("rev-roads")
    assert caught.value.code == "person-suspended"


def test_a_claim_takes_a_seat_and_counts_as_no_vote(here: Deployment) -> None:
    output_id = here.output(Level.L2)
    record = claim(here.store, here.actor("rev-roads"), output_id)
    assert (len(record.seats), record.votes) == (1, ())
    assert claim(here.store, here.actor("rev-roads"), output_id) == record
    assert refusal(here, "rev-data", output_id) == {"review-no-seat"}
    assert cast(here.store, here.actor("rev-roads"), output_id, Choice.APPROVE).state == "approved"
    assert here.events(output_id).count("review:claimed") == 1


def test_only_the_operator_asks_for_the_review(here: Deployment) -> None:
    from app.jobs.worker import run_worker

    job_id = here.queued()
    run_worker(here.worker(), drain=True)
    output_id = here.job(job_id).output
    assert output_id is not None
    assert "review-not-open" in refusal(here, "rev-roads", output_id)
    for person in ("rita", "rev-roads"):
        with pytest.raises(Refusal):
            request_review(here.store, here.actor(person), output_id)
    assert request_review(here.store, here.actor("ben"), output_id).state == "in_review"


def test_the_queue_shows_what_waits_and_only_reviewers_see_evidence(here: Deployment) -> None:
    first, second = here.output(), here.output(person="rita")
    with here.store.reading() as connection:
        assert [o.id for o in listed(connection)] == [first, second]
    may_see(here.actor("ana"), get(here, first))
    with pytest.raises(Refusal):
        may_see(here.actor("ana"), get(here, second))
    assert may_see_evidence(here.actor("rev-data"))
    assert not any(may_see_evidence(here.actor(p)) for p in ("ana", "officer", "regulator"))


@pytest.mark.parametrize("what", ["report", "vote", "organization"])
def test_an_approval_is_not_built_on_altered_records(here: Deployment, what: str) -> None:
    output_id = here.approved().output
    with here.store.change("review:commented", actor=here.machine(), subject=output_id) as change:
        if what == "report":
            report = change.execute(select(output.c.report).where(output.c.id == output_id)).scalar_one()
            report["report"]["suppressed"] = 0
            change.execute(update(output).where(output.c.id == output_id).values(report=report))
        elif what == "vote":
            change.execute(update(vote).where(vote.c.output_id == output_id).values(report_hash="00"))
        else:
            change.execute(update(vote).where(vote.c.output_id == output_id).values(organization_id="city-roads"))
    with pytest.raises(Broken) as caught:
        approval(here.store, output_id)
    assert caught.value.code == "review-inconsistent"


def test_every_rule_has_a_name_and_a_sentence() -> None:
    assert all(rule.__doc__ and rule.__name__ for rule in RULES)
