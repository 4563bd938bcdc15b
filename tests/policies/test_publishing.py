"""Does a change of the rules come into force only as it should: written by one, published by another, on the ledger?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from app.domain.errors import Broken, Invalid, Refusal, SluiceError, Unavailable
from app.identity.register import first_lawgiver
from app.policy import publishing
from app.policy.rules_files import read_rules, write_rules
from app.policy.versions import InForce, content_of, digest_of, listed, load, published, standing_of
from app.replay.publication import publish_replayed
from app.store.tables import policy
from tests.policies.law_world import BY_ROAD, Law, a_rule, with_rules
from tests.policies.policy_world import STANDING

OWN_DENY = a_rule("deny-road-group", dataset="incident", field="name:road", use="group")
PROVIDER_DENY = a_rule("deny-roads-extreme", dataset="provider:roads", field="level:L2", use="extreme")
FOREIGN_DENY = a_rule("deny-rain", dataset="rain", use="show")
GENERAL_DENY = a_rule("deny-all-extreme", use="extreme")
OWN_ALLOW = a_rule("allow-own", dataset="incident", field="name:road", use="show", effect="allow")


def refused(error: pytest.ExceptionInfo[SluiceError]) -> str:
    return error.value.code


def test_the_first_version_is_that_of_the_files_and_is_entered_once(law: Law) -> None:
    assert law.in_force().rules == STANDING.rules
    assert law.in_force().texts == STANDING.texts
    with law.services.store.reading() as connection:
        (version,) = listed(connection)
    assert (version.state, version.author, version.based_on) == ("published", "machine:init", None)
    assert [event for event, _ in law.entries(version.id)] == ["policy:drafted", "policy:submitted", "policy:published"]
    assert publishing.establish(law.services.store, first_lawgiver(), STANDING, law.services.new_id) is None


def test_a_draft_is_submitted_and_published_by_a_second_person_and_each_step_is_on_the_ledger(law: Law) -> None:
    subject = law.submitted(OWN_DENY)
    before = law.in_force()
    law.publish(subject, "roads-officer")
    assert law.in_force().id == subject
    assert law.in_force().rules == (*before.rules, OWN_DENY)
    events = law.entries(subject)
    assert [event for event, _ in events] == ["policy:drafted", "policy:submitted", "policy:published"]
    assert events[0][1]["based_on"] == before.id
    told = events[2][1]
    assert (told["rules_added"], told["rules_removed"], told["jobs"]) == (1, 0, 0)
    assert told["content_sha256"] == events[0][1]["content_sha256"] == digest_of(content_of(law.in_force()))
    assert law.entries(before.id)[-1] == ("policy:superseded", {"by": subject})
    with law.services.store.reading() as connection:
        states = {v.id: (v.state, v.approved_by) for v in listed(connection)}
    assert states == {before.id: ("superseded", "machine:init"), subject: ("published", "roads-officer")}


def test_nobody_publishes_or_returns_what_they_wrote(law: Law) -> None:
    subject = law.submitted(OWN_DENY, person="second-steward")
    with pytest.raises(Refusal) as caught:
        law.publish(subject, "second-steward")
    assert refused(caught) == "duty-own-rule"
    with pytest.raises(Refusal) as caught:
        publishing.give_back(law.services.store, law.actor("second-steward"), subject, reason="x")
    assert refused(caught) == "duty-own-rule"
    law.publish(subject, "roads-officer")


def test_whoever_revised_a_draft_last_is_its_author(law: Law) -> None:
    subject = law.drafted(OWN_DENY)
    changed = with_rules(law.in_force(), OWN_DENY, PROVIDER_DENY)
    publishing.revise(law.services.store, law.actor("second-steward"), subject, changed, note="more")
    publishing.submit(law.services.store, law.actor("steward"), subject)
    with pytest.raises(Refusal) as caught:
        law.publish(subject, "second-steward")
    assert refused(caught) == "duty-own-rule"


@pytest.mark.parametrize("person", ["analyst", "applicant", "weather-officer", "auditor", "secadmin"])
def test_only_stewards_draft(law: Law, person: str) -> None:
    with pytest.raises(Refusal) as caught:
        law.drafted(OWN_DENY, person=person)
    assert refused(caught) == "not-permitted"


@pytest.mark.parametrize("person", ["analyst", "applicant", "weather-steward", "auditor", "secadmin", "sysadmin"])
def test_only_officers_and_the_regulator_publish(law: Law, person: str) -> None:
    subject = law.submitted(OWN_DENY)
    with pytest.raises(Refusal) as caught:
        law.publish(subject, person)
    assert refused(caught) == "not-permitted"


@pytest.mark.parametrize(
    ("more", "without", "code"),
    [
        (OWN_DENY, "", None),
        (PROVIDER_DENY, "", None),
        (FOREIGN_DENY, "", "duty-foreign-rules"),
        (GENERAL_DENY, "", "duty-foreign-rules"),
        (OWN_ALLOW, "", "duty-foreign-rules"),
        (OWN_DENY, "deny-l3-show", "duty-foreign-rules"),
    ],
    ids=["own data", "own provider", "other data", "all data", "loosening own data", "removing a general rule"],
)
def test_a_provider_alone_only_makes_rules_about_its_own_data_stricter(
    law: Law, more: object, without: str, code: str | None
) -> None:
    subject = law.submitted(more, without=without)  # type: ignore[arg-type]
    if code is None:
        law.publish(subject, "roads-officer")
        return
    with pytest.raises(Refusal) as caught:
        law.publish(subject, "roads-officer")
    assert refused(caught) == code
    law.publish(subject, "regulator")


def test_a_general_rule_is_not_changed_or_reworded_by_one_provider(law: Law) -> None:
    first, *rest = law.in_force().rules
    narrowed = replace(law.in_force(), rules=(replace(first, dataset="incident"), *rest))
    reworded = replace(law.in_force(), texts={**law.in_force().texts, first.id: law.in_force().texts[rest[0].id]})
    for changed in (narrowed, reworded):
        store, new_id = law.services.store, law.services.new_id
        subject = publishing.draft(store, law.actor("steward"), changed, note="x", new_id=new_id)
        publishing.submit(store, law.actor("steward"), subject)
        with pytest.raises(Refusal) as caught:
            law.publish(subject, "roads-officer")
        assert refused(caught) == "duty-foreign-rules"


def test_a_draft_made_from_an_older_version_undoes_nothing(law: Law) -> None:
    late, early = law.submitted(PROVIDER_DENY), law.submitted(OWN_DENY)
    law.publish(early)
    with pytest.raises(Refusal) as caught:
        law.publish(late)
    assert refused(caught) == "policy-base-moved"
    publishing.give_back(law.services.store, law.actor("regulator"), late, reason="make it again")
    changed = with_rules(law.in_force(), PROVIDER_DENY)
    publishing.revise(law.services.store, law.actor("steward"), late, changed, note="on the new version")
    publishing.submit(law.services.store, law.actor("steward"), late)
    law.publish(late)
    assert {OWN_DENY, PROVIDER_DENY} <= set(law.in_force().rules)


def test_a_draft_that_changes_nothing_or_has_no_reason_is_not_kept(law: Law) -> None:
    with pytest.raises(Refusal) as caught:
        law.drafted()
    assert refused(caught) == "policy-no-difference"
    store, new_id = law.services.store, law.services.new_id
    changed = with_rules(law.in_force(), OWN_DENY)
    with pytest.raises(Invalid):
        publishing.draft(store, law.actor("steward"), changed, note=" ", new_id=new_id)
    with store.reading() as connection:
        assert len(listed(connection)) == 1


def test_a_draft_belongs_to_its_organization_until_it_is_withdrawn(law: Law) -> None:
    subject = law.drafted(OWN_DENY)
    store = law.services.store
    for act in (
        lambda who: publishing.submit(store, who, subject),
        lambda who: publishing.withdraw(store, who, subject, reason="x"),
        lambda who: publishing.revise(store, who, subject, with_rules(law.in_force(), PROVIDER_DENY), note="x"),
    ):
        with pytest.raises(Refusal) as caught:
            act(law.actor("weather-steward"))
        assert refused(caught) == "duty-foreign-organization"
    assert publishing.withdraw(store, law.actor("second-steward"), subject, reason="no need") == "withdrawn"
    with pytest.raises(Refusal) as caught:
        publishing.submit(store, law.actor("steward"), subject)
    assert refused(caught) == "transition-impossible"


def test_an_unsubmitted_draft_is_not_published(law: Law) -> None:
    subject = law.drafted(OWN_DENY)
    with pytest.raises(Refusal) as caught:
        law.publish(subject)
    assert refused(caught) == "transition-impossible"
    assert law.in_force().id != subject


def test_the_database_itself_has_one_version_in_force(law: Law) -> None:
    base = law.in_force().id
    with law.services.store.reading() as connection:
        row = dict(load(connection, base).__dict__)
    row |= {"id": "policy-x", "organization_id": row.pop("organization"), "content": {}}
    with (
        pytest.raises(IntegrityError),
        law.services.store.change("policy:drafted", actor=law.actor("steward"), subject="policy-x") as change,
    ):
        change.execute(insert(policy).values(**row))


def test_altered_content_is_not_used(law: Law) -> None:
    base = law.in_force()
    content = content_of(base)
    content["rules"] = content["rules"][1:]
    with law.services.store.change("policy:drafted", actor=law.actor("steward"), subject=base.id) as change:
        change.execute(update(policy).where(policy.c.id == base.id).values(content=content))
    with pytest.raises(Broken) as caught:
        law.in_force()
    assert refused(caught) == "policy-altered"


def test_before_there_is_a_policy_nothing_is_decided(law: Law) -> None:
    with law.services.store.change("policy:drafted", actor=law.actor("steward"), subject="x") as change:
        change.execute(update(policy).values(state="superseded"))
    with law.services.store.reading() as connection, pytest.raises(Unavailable) as caught:
        published(connection)
    assert refused(caught) == "policy-none-published"


def test_the_rules_in_force_are_read_once_per_version(law: Law) -> None:
    kept = InForce()
    with law.services.store.reading() as connection:
        first = kept.standing(connection, law.model)
        assert kept.standing(connection, law.model) is first
    law.publish(law.submitted(OWN_DENY))
    with law.services.store.reading() as connection:
        assert OWN_DENY in kept.standing(connection, law.model).rules


def test_a_version_written_as_files_is_read_as_the_same_rules(
    law: Law, tmp_path_factory: pytest.TempPathFactory
) -> None:
    law.publish(law.submitted(a_rule("deny-ünï", dataset="incident", condition='{"purpose":["a \\"b\\""]}')))
    folder = tmp_path_factory.mktemp("written")
    write_rules(law.in_force(), folder)
    read = read_rules(folder, law.model).standing
    assert (read.rules, dict(read.texts)) == (law.in_force().rules, dict(law.in_force().texts))
    with pytest.raises(Invalid) as caught:
        write_rules(law.in_force(), folder)
    assert refused(caught) == "policy-folder-taken"


# ------------------------------------------------------------------ publishing after a replay


def test_nothing_is_published_before_the_changed_answers_were_seen(law: Law) -> None:
    law.asked(law.authorized(), BY_ROAD)
    subject = law.submitted(OWN_DENY)
    door = {"model": law.model, "functions": law.casework.engine.functions}
    for seen in (0, 1, 3):
        with pytest.raises(Refusal) as caught:
            publish_replayed(law.services.store, law.actor("regulator"), subject, changes=seen, **door)  # type: ignore[arg-type]
        assert refused(caught) == "policy-replay-unseen"
        assert dict(caught.value.findings[0].params)["changes"] == "2"
    found = publish_replayed(law.services.store, law.actor("regulator"), subject, changes=2, **door)  # type: ignore[arg-type]
    told = law.entries(subject)[-1][1]
    assert {name: told[name] for name in found.counts()} == found.counts()
    assert (told["jobs_refused"], told["authorizations_changed"]) == (1, 1)


def test_whoever_may_not_publish_sees_no_replay(law: Law) -> None:
    subject = law.submitted(OWN_DENY)
    with pytest.raises(Refusal) as caught:
        publish_replayed(
            law.services.store,
            law.actor("steward"),
            subject,
            model=law.model,
            functions=law.casework.engine.functions,
            changes=0,
        )
    assert refused(caught) == "not-permitted"
    with law.services.store.reading() as connection:
        assert standing_of(connection, subject, law.model).id == subject
