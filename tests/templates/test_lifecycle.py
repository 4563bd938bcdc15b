"""From a file to an approved template: proposed, appraised, voted on by independent people, retired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import update

from app.domain.errors import Invalid, Refusal, SluiceError
from app.domain.footprint import Footprint
from app.domain.people import Actor
from app.domain.proofs import Analysis
from app.query.footprint import footprint
from app.store.tables import template
from app.templates import proposing
from app.templates.document import Template
from app.templates.records import TemplateRecord, listed, may_see, votes_shown_to
from app.templates.voting import Choice, cast, may_review
from tests.templates.world import World

UNIT = """
[template]
name = "by_unit"
title = { zh = "按期", en = "by period of time" }
purpose = "p"
sql = "SELECT count(*) AS n FROM weather_hourly WHERE hour >= date_trunc($unit, hour)"
[parameters.unit]
title = { zh = "期", en = "unit" }
type = "text"
values = ["month", "day"]
"""
PLATES = """
[template]
name = "plates"
title = { zh = "车", en = "vehicles" }
purpose = "p"
sql = "SELECT road, count(DISTINCT plate) AS n FROM hw_incident WHERE period = $p GROUP BY road"
[parameters.p]
title = { zh = "时段", en = "period" }
type = "text"
field = "hw_incident.period"
"""


def refusal(world: World, person: str | Actor, subject: str, choice: Choice = Choice.APPROVE) -> set[str]:
    actor = world.law.actor(person) if isinstance(person, str) else person
    with pytest.raises(Refusal) as caught:
        cast(world.law.services.store, actor, subject, choice, "because")
    assert not may_review(actor, world.get(subject))
    return {f.code for f in caught.value.findings}


def as_reviewer(world: World, person: str) -> Actor:
    """`person` with a reviewer's permissions, as a role matrix that went wrong might give: the duties hold anyway."""
    real, reviewer = world.law.actor(person), world.law.actor("rev-roads")
    return replace(real, roles=reviewer.roles, permissions=reviewer.permissions)


def needing_two(world: World) -> TemplateRecord:
    """A template over protected fields of level L3: two reviewers of two organizations."""
    return world.submitted(world.template(PLATES))


def test_a_template_becomes_approved_and_each_step_stands_in_the_ledger(world: World) -> None:
    record = world.approved()
    assert (record.state, record.version, record.needed) == ("approved", 1, 1)
    events = world.law.entries(record.id)
    assert [event for event, _ in events] == [
        "template:proposed",
        "template:submitted",
        "template:voted",
        "template:approved",
    ]
    assert dict(events)["template:approved"]["digest"] == record.digest == record.computed_digest()
    assert dict(events)["template:voted"] == {}


def test_a_submission_shows_what_an_approval_would_bind(world: World) -> None:
    draft = world.proposed()
    assert (draft.appraisal, draft.needed) == (None, 0)
    found = proposing.submit(
        world.law.services.store, world.law.actor("analyst"), draft.id, world.law.casework.appraise
    ).appraisal
    assert found is not None
    uses = {(u.field, u.use): (u.position.line, u.position.column) for u in found.footprint.uses if u.position}
    assert uses[("road", "filter:eq")] == (7, 7)
    assert uses[("seconds_to_arrive", "filter:range")] == (3, 45)
    assert found.footprint.relations == (
        ("hw_incident", "unit", ("vehicle",)),
        ("weather_hourly", "public", ()),
    )
    assert found.footprint.aggregations == ((("vehicle",), 2, ("count",)),)
    assert {(d, f, u) for d, f, u, rules in found.decisions if rules} == {
        (u.dataset, u.field, u.use) for u in found.footprint.uses
    }
    assert found.analyses == 13
    assert draft.digest != world.get(draft.id).digest


def test_the_same_name_again_is_the_next_version_and_the_old_one_stays(world: World) -> None:
    first = world.approved()
    content = world.template()
    second = world.approved(replace(content, purpose="wider"))
    assert (first.version, second.version) == (1, 2)
    assert world.get(first.id).state == "approved"
    assert world.get(first.id).content.purpose == content.purpose
    with world.law.services.store.reading() as connection:
        assert [(r.name, r.version) for r in listed(connection)] == [("help_in_weather", 2), ("help_in_weather", 1)]
        assert listed(connection, operator="op-rival") == []
        assert [r.id for r in listed(connection, state="approved", operator="op-rescue")] == [second.id, first.id]


@pytest.mark.parametrize("choice, state", [("reject", "rejected"), ("return", "returned")])
def test_one_objection_ends_the_review_and_says_why(world: World, choice: str, state: str) -> None:
    record = needing_two(world)
    with pytest.raises(Invalid) as silent:
        world.vote(record.id, choice, reason="  ")
    assert silent.value.code == "review-reason-missing"
    ended = world.vote(record.id, choice, reason="days are too fine")
    assert (ended.state, ended.votes[0].reason) == (state, "days are too fine")
    assert "review-not-open" in refusal(world, "rev-bureau", record.id)
    with pytest.raises(Refusal):
        world.run(record.id)


def test_strict_levels_need_two_reviewers_of_two_organizations_blind_to_each_other(world: World) -> None:
    record = needing_two(world)
    assert (record.needed, record.appraisal and record.appraisal.footprint.level) == (2, "L3")
    half = world.vote(record.id)
    assert half.state == "in_review"
    assert refusal(world, "rev-roads", record.id) == {"review-already-voted"}
    assert refusal(world, "rev-roads2", record.id) == {"review-same-organization"}
    assert votes_shown_to(world.law.actor("rev-bureau"), half) == ()
    assert len(votes_shown_to(world.law.actor("rev-roads"), half)) == 1
    done = world.vote(record.id, by="rev-bureau")
    assert done.state == "approved"
    assert len(votes_shown_to(world.law.actor("analyst"), done)) == 2


@pytest.mark.parametrize(
    "person, codes",
    [
        ("analyst", {"duty-own-output", "review-use-side"}),
        ("colleague", {"duty-own-output", "review-use-side"}),
        ("rival", {"review-use-side"}),
    ],
)
def test_nobody_of_an_operator_reviews_even_with_the_permission(world: World, person: str, codes: set[str]) -> None:
    record = world.submitted()
    assert refusal(world, as_reviewer(world, person), record.id) == codes
    assert refusal(world, person, record.id) == {"not-permitted"}


def test_a_draft_cannot_be_voted_on(world: World) -> None:
    assert refusal(world, "rev-roads", world.proposed().id) == {"review-not-open", "review-no-seat"}


def test_only_its_operator_proposes_submits_withdraws(world: World) -> None:
    store, appraise = world.law.services.store, world.law.casework.appraise
    rival, content = world.law.actor("rival"), world.template()
    draft = world.proposed()
    reviewer, analyst = world.law.actor("rev-roads"), world.law.actor("analyst")
    foreign = "duty-foreign-organization"
    attempts: list[tuple[Callable[[], object], str]] = [
        (lambda: world.proposed(content, "rival"), "template-foreign-authorization"),
        (lambda: proposing.submit(store, rival, draft.id, appraise), foreign),
        (lambda: proposing.submit(store, reviewer, draft.id, appraise), foreign),
        (lambda: proposing.withdraw(store, rival, draft.id, reason="r"), foreign),
        (lambda: proposing.withdraw(store, analyst, draft.id, reason=" "), "reason-missing"),
    ]
    for attempt, code in attempts:
        with pytest.raises(SluiceError) as caught:
            attempt()
        assert caught.value.code == code
    with pytest.raises(Refusal) as seen:
        may_see(rival, draft)
    assert seen.value.code == "template-foreign"
    may_see(world.law.actor("rev-bureau"), draft)


def test_withdrawn_and_retired_versions_are_over(world: World) -> None:
    store, analyst = world.law.services.store, world.law.actor("analyst")
    pending = world.submitted()
    assert proposing.withdraw(store, analyst, pending.id, reason="r").state == "withdrawn"
    assert "review-not-open" in refusal(world, "rev-roads", pending.id)
    record = world.approved()
    with pytest.raises(Refusal) as late:
        proposing.withdraw(store, analyst, record.id, reason="r")
    assert late.value.code == "transition-impossible"
    assert proposing.retire(store, world.law.actor("regulator"), record.id, reason="outdated").state == "retired"
    with pytest.raises(Refusal) as over:
        world.run(record.id)
    assert (over.value.code, dict(over.value.findings[0].params)["state"]) == ("template-not-approved", "retired")
    assert world.law.entries(record.id)[-1] == ("template:retired", {"reason": "outdated"})


def test_nothing_is_proposed_under_an_authorization_that_has_ended(world: World) -> None:
    content = world.template()
    world.law.clock.forward(days=800)
    with pytest.raises(Refusal) as caught:
        world.proposed(content)
    assert caught.value.code == "job-authorization-ended"


def test_what_the_authorization_does_not_permit_is_not_submitted(world: World) -> None:
    content = world.template(PLATES.replace("period = $p", "period = $p AND stake_km = 3"))
    with pytest.raises(Refusal) as caught:
        world.submitted(content)
    assert {(f.code, f.field) for f in caught.value.findings} == {("use-not-granted", "stake_km")}


def test_a_parameter_that_changes_what_is_used_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No literal does so in the SQL that is understood; the check stands behind it, so the analysis is bent here."""
    assert world.approved(world.template(UNIT)).appraisal is not None
    seen: list[Analysis] = []

    def bent(analysis: Analysis) -> Footprint:
        seen.append(analysis)
        found = footprint(analysis)
        return replace(found, uses=found.uses[1:]) if len(seen) == 2 else found

    monkeypatch.setattr("app.casework.footprint", bent)
    with pytest.raises(Refusal) as caught:
        world.submitted(world.template(UNIT))
    assert caught.value.code == "template-uses-vary"


def test_a_draft_that_was_altered_is_neither_submitted_nor_voted_on(world: World) -> None:
    def alter(subject: str, content: Template) -> None:
        with world.law.services.store.change(
            "template:voted", actor=world.law.services.machine(), subject=subject
        ) as change:
            change.execute(update(template).where(template.c.id == subject).values(content=content.to_json()))

    other = replace(world.template(), purpose="other")
    draft, pending = world.proposed(), world.submitted()
    for subject in (draft.id, pending.id):
        alter(subject, other)
    with pytest.raises(Refusal) as unsent:
        proposing.submit(world.law.services.store, world.law.actor("analyst"), draft.id, world.law.casework.appraise)
    with pytest.raises(Refusal) as unvoted:
        world.vote(pending.id)
    assert unsent.value.code == unvoted.value.code == "template-altered"
