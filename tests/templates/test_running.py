"""A run of a template: approved, whole, its values in their domains, decided again under the rules of the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from app.authorization import grants
from app.domain.documents import dataset_from_json, dataset_to_json
from app.domain.errors import Invalid, Refusal, SluiceError
from app.domain.parameters import ParameterType, Value
from app.domain.template_runs import TemplateRun, template_run_from_json
from app.domain.values import Level
from app.jobs.records import JobRecord
from app.store.tables import dataset_version, job, template, template_vote
from app.templates import proposing
from app.templates.running import admitted
from app.workflow import authorize
from tests.policies.law_world import a_rule
from tests.templates.world import VALUES, World


def refused(world: World, subject: str, given: dict[str, str]) -> list[tuple[str, str]]:
    """Codes with the name of the parameter, for values that a run does not get."""
    with pytest.raises((Invalid, Refusal)) as caught:
        world.run(subject, given)
    return [(f.code, dict(f.params)["name"]) for f in caught.value.findings]


def codes(record: JobRecord) -> set[str]:
    return {f.code for f in record.findings}


def test_a_job_keeps_the_version_and_the_values_of_its_template(world: World) -> None:
    record = world.approved()
    found = world.job(record.id)
    assert (found.state, found.findings) == ("queued", ())
    assert found.template is not None
    assert found.template.told() == {
        "template": record.id,
        "name": "help_in_weather",
        "version": 1,
        "digest": record.digest,
        "values": {"road": "G60 沪昆", "from_day": "2025-03-01", "days": "31", "within_seconds": "900"},
    }
    assert dict(world.law.entries(found.id))["job:drafted"]["template"] == record.id
    question = world.law.casework._question(found)
    assert question.values == found.template.values
    assert question.approved is not None


OUTSIDE = [
    ({"from_day": "2026-01-01"}, "parameter-value-outside", "from_day"),
    ({"from_day": "2024-12-31"}, "parameter-value-outside", "from_day"),
    ({"days": "27"}, "parameter-value-outside", "days"),
    ({"days": "367"}, "parameter-value-outside", "days"),
    ({"road": "G60"}, "parameter-value-outside", "road"),
    ({"road": ""}, "parameter-value-outside", "road"),
    ({"road": "'; DROP TABLE hw_incident; --"}, "parameter-value-outside", "road"),
    ({"road": "G60 沪昆' OR '1'='1"}, "parameter-value-outside", "road"),
    ({"road": "g60 沪昆"}, "parameter-value-outside", "road"),
    ({"road": "G60 沪昆 "}, "parameter-value-outside", "road"),
    ({"road": "G60 沪昆\0"}, "parameter-value-malformed", "road"),
    ({"from_day": "0000-00-00"}, "parameter-value-malformed", "from_day"),
    ({"from_day": "2025-02-29"}, "parameter-value-malformed", "from_day"),
    ({"from_day": "2025-3-1"}, "parameter-value-malformed", "from_day"),
    ({"from_day": "20250301"}, "parameter-value-malformed", "from_day"),
    ({"from_day": "2025-03-01; SELECT 1"}, "parameter-value-malformed", "from_day"),
    ({"from_day": "today()"}, "parameter-value-malformed", "from_day"),
    ({"days": "1 OR 1=1"}, "parameter-value-malformed", "days"),
    ({"days": "31.0"}, "parameter-value-malformed", "days"),
    ({"days": "٣١"}, "parameter-value-malformed", "days"),
    ({"days": "9" * 400}, "parameter-value-malformed", "days"),
    ({"days": "1e2"}, "parameter-value-malformed", "days"),
    ({"days": "0x1f"}, "parameter-value-malformed", "days"),
    ({"days": ""}, "parameter-value-malformed", "days"),
    ({"nobody": "1"}, "parameter-unknown", "nobody"),
]


def test_no_value_outside_its_domain_gets_into_a_run(world: World) -> None:
    record = world.approved()
    for given, code, name in OUTSIDE:
        assert refused(world, record.id, {**VALUES, **given}) == [(code, name)], given
    assert refused(world, record.id, {"road": "G60 沪昆"}) == [("parameter-missing", "from_day")]


def test_all_mistakes_are_told_at_once(world: World) -> None:
    record = world.approved()
    found = refused(world, record.id, {"from_day": "soon", "days": "1", "x": "1"})
    assert found == [
        ("parameter-unknown", "x"),
        ("parameter-missing", "road"),
        ("parameter-value-malformed", "from_day"),
        ("parameter-value-outside", "days"),
    ]


def test_the_ends_of_a_range_belong_to_it(world: World) -> None:
    record = world.approved()
    for given in ({"from_day": "2025-01-01", "days": "28"}, {"from_day": "2025-12-31", "days": "366"}):
        assert len(world.run(record.id, {**VALUES, **given}).values) == 4


def forged(run: TemplateRun, **changed: Any) -> TemplateRun:
    return replace(run, **changed)


def with_value(run: TemplateRun, name: str, text: str) -> TemplateRun:
    return replace(run, values=tuple(replace(v, text=text) if v.name == name else v for v in run.values))


FORGED: dict[str, tuple[Callable[[TemplateRun], TemplateRun], str]] = {
    "another digest": (lambda run: forged(run, digest="00"), "template-mismatch"),
    "a value outside": (lambda run: with_value(run, "days", "1"), "parameter-value-outside"),
    "a value of no type": (lambda run: with_value(run, "days", "31 DAY) OR (1=1"), "parameter-value-malformed"),
    "a value of another type": (
        lambda run: forged(run, values=tuple(replace(v, type=ParameterType.TEXT) for v in run.values)),
        "",
    ),
    "a value too few": (lambda run: forged(run, values=run.values[:1]), "parameter-missing"),
    "a value too many": (
        lambda run: forged(run, values=(*run.values, Value(name="more", type=ParameterType.TEXT, text="x"))),
        "parameter-unknown",
    ),
    "a value twice": (lambda run: forged(run, values=(*run.values, run.values[0])), "template-altered"),
    "another template": (lambda run: forged(run, template="template-none"), "not-found"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_job_that_claims_to_run_a_template_is_held_against_it(world: World, what: str) -> None:
    """The request may come from anywhere; what it says of types does not count."""
    forge, code = FORGED[what]
    record = world.approved()
    found = world.job(record.id, template=forge(world.run(record.id)))
    assert (found.state, codes(found)) == (("refused", {code}) if code else ("queued", set()))


def test_other_sql_under_the_name_of_a_template_is_refused(world: World) -> None:
    record = world.approved()
    found = world.job(record.id, sql=record.content.sql + " LIMIT 1")
    assert (found.state, codes(found)) == ("refused", {"template-mismatch"})


def test_the_sql_of_a_template_without_a_template_is_refused(world: World) -> None:
    record = world.approved()
    found = world.job(record.id, template=None)
    assert (found.state, codes(found)) == ("refused", {"construct-refused"})


# -- the world goes on after the approval


def executed(world: World, record: JobRecord) -> str:
    """Why a queued job cannot run any more; "" when it can be authorized."""
    try:
        authorize(world.law.casework.engine, world.law.casework._question(record))
    except SluiceError as error:
        return error.code
    return ""


def test_a_rule_that_comes_after_the_approval_refuses_the_next_run_and_the_queued_one(world: World) -> None:
    record = world.approved()
    queued = world.job(record.id)
    assert (queued.state, executed(world, queued)) == ("queued", "")
    rule = a_rule("no-road", dataset="hw_incident", field="name:road", use="filter:eq")
    world.law.publish(world.law.submitted(rule))
    assert executed(world, queued) == "use-denied"
    found = world.job(record.id)
    assert (found.state, codes(found)) == ("refused", {"use-denied"})


def test_a_stricter_level_after_the_approval_asks_for_a_new_version(world: World) -> None:
    record = world.approved()
    queued = world.job(record.id)
    set_level(world, "hw_incident", "road", Level.L3)
    assert executed(world, queued) == "template-uses-changed"
    found = world.job(record.id)
    assert (found.state, codes(found)) == ("refused", {"template-uses-changed"})
    assert dict(found.findings[0].params)["parts"] == "level"
    assert world.submitted().needed == 2


def set_level(world: World, dataset: str, field: str, level: Level) -> None:
    with world.law.services.store.change(
        "dataset:mounted", actor=world.law.services.machine(), subject=dataset
    ) as change:
        for row in change.execute(select(dataset_version.c.id, dataset_version.c.dataset)).all():
            found = dataset_from_json(row.dataset)
            if found.name == dataset:
                fields = tuple(replace(f, level=level) if f.name == field else f for f in found.fields)
                body = dataset_to_json(replace(found, fields=fields))
                change.execute(update(dataset_version).where(dataset_version.c.id == row.id).values(dataset=body))


def test_a_run_ends_with_its_authorization(world: World) -> None:
    record = world.approved()
    queued = world.job(record.id)
    grants.step(world.law.services.store, world.law.actor("regulator"), world.authorization, "suspend", reason="r")
    assert executed(world, queued) == "authorization-suspended"


def test_a_retired_template_stops_what_is_queued(world: World) -> None:
    record = world.approved()
    queued = world.job(record.id)
    proposing.retire(world.law.services.store, world.law.actor("analyst"), record.id, reason="r")
    assert executed(world, queued) == "template-not-approved"


# -- tampering with what is kept


def tamper(world: World, subject: str, **columns: Any) -> None:
    with world.law.services.store.change(
        "template:voted", actor=world.law.services.machine(), subject=subject
    ) as change:
        change.execute(update(template).where(template.c.id == subject).values(**columns))


def rewritten(world: World, subject: str, **changed: Any) -> dict[str, Any]:
    """Columns as someone would leave them who rewrites a template and its digest together."""
    record = world.get(subject)
    other = replace(record, content=replace(record.content, **changed))
    return {"content": other.content.to_json(), "digest": other.computed_digest()}


def wider(world: World, subject: str) -> dict[str, Any]:
    parameters = tuple(replace(p, least="1") if p.name == "days" else p for p in world.get(subject).content.parameters)
    return rewritten(world, subject, parameters=parameters)


def no_reviewers(world: World, subject: str) -> dict[str, Any]:
    record = world.get(subject)
    assert record.appraisal is not None
    return {"appraisal": replace(record.appraisal, reviewers=0).to_json()}


TAMPERED: dict[str, Callable[[World, str], dict[str, Any]]] = {
    "its SQL": lambda world, subject: {
        "content": replace(world.get(subject).content, sql="SELECT plate FROM hw_incident").to_json()
    },
    "its SQL and the digest": lambda world, subject: rewritten(world, subject, sql="SELECT plate FROM hw_incident"),
    "a domain and the digest": wider,
    "the reviewers": no_reviewers,
    "the author": lambda _world, _subject: {"author": "colleague"},
    "the digest": lambda _world, _subject: {"digest": "00"},
    "the uses": lambda _world, _subject: {"appraisal": None},
    "its shape": lambda _world, _subject: {"content": {"name": "x"}},
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_template_that_was_altered_after_its_approval_runs_no_more(world: World, what: str) -> None:
    record = world.approved()
    queued = world.job(record.id)
    tamper(world, record.id, **TAMPERED[what](world, record.id))
    assert executed(world, queued) == "template-altered"
    with pytest.raises(Refusal) as caught:
        world.run(record.id)
    assert caught.value.code == "template-altered"


def test_the_ledger_remembers_what_was_approved_when_template_and_votes_are_rewritten_together(world: World) -> None:
    record = world.approved()
    queued = world.job(record.id)
    columns = wider(world, record.id)
    tamper(world, record.id, **columns)
    with world.law.services.store.change(
        "template:voted", actor=world.law.services.machine(), subject=record.id
    ) as change:
        change.execute(update(template_vote).values(digest=columns["digest"]))
    assert executed(world, queued) == "template-altered"
    with pytest.raises(Refusal) as caught:
        world.run(record.id, {**VALUES, "days": "1"})
    assert caught.value.code == "template-altered"


def test_a_state_that_nobody_voted_for_does_not_make_it_run(world: World) -> None:
    record = world.submitted()
    tamper(world, record.id, state="approved")
    with pytest.raises(Refusal) as caught:
        world.run(record.id)
    assert caught.value.code == "template-altered"


@pytest.mark.parametrize("column, value", [("organization_id", "op-rescue"), ("choice", "reject"), ("digest", "00")])
def test_votes_that_do_not_carry_the_approval_do_not_make_it_run(world: World, column: str, value: str) -> None:
    record = world.approved()
    with world.law.services.store.change(
        "template:voted", actor=world.law.services.machine(), subject=record.id
    ) as change:
        change.execute(update(template_vote).values(**{column: value}))
    with pytest.raises(Refusal) as caught:
        world.run(record.id)
    assert caught.value.code == "template-altered"


def test_values_altered_in_a_queued_job_do_not_run(world: World) -> None:
    record = world.approved()
    queued = world.job(record.id)
    assert queued.template is not None
    body = {"enterprise": [], "reproducible": False, "template": with_value(queued.template, "days", "1").to_json()}
    with world.law.services.store.change("job:linted", actor=world.law.services.machine(), subject=queued.id) as change:
        change.execute(update(job).where(job.c.id == queued.id).values(parameters=body))
    assert executed(world, world.law.job(queued.id)) == "parameter-value-outside"


def test_what_a_job_keeps_is_read_back(world: World) -> None:
    run = world.run(world.approved().id)
    assert template_run_from_json(run.to_json()) == run
    assert template_run_from_json(None) is None


def test_a_policy_is_replayed_over_runs_of_templates_too(world: World) -> None:
    record = world.approved()
    found = world.job(record.id)
    assert found.state == "queued"
    rule = a_rule("no-road", dataset="hw_incident", field="name:road", use="filter:eq")
    replayed = world.law.replay(rule)
    assert replayed.left_out == ()
    assert {c.asked.id for c in replayed.changes if c.asked.kind == "job"} == {found.id}


def test_admitted_gives_the_values_in_the_order_of_their_declaration(world: World) -> None:
    record = world.approved()
    run = world.run(record.id)
    shuffled = replace(run, values=tuple(reversed(run.values)))
    with world.law.services.store.reading() as connection:
        values, approved = admitted(connection, shuffled, sql=record.content.sql, authorization=record.authorization)
    assert values == run.values
    assert record.appraisal is not None
    assert approved == record.appraisal.footprint
