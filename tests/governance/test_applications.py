"""Is an application what it should be, and do those decide who should?"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.authorization import applications
from app.authorization.content import from_json, parse, read_file
from app.domain.authorizations import PRODUCTS, PURPOSES
from app.domain.errors import Finding, Invalid, Refusal, SluiceError
from app.domain.lifecycles import CATALOG_ENTRY
from app.store.tables import catalog_entry
from tests.governance.world import FILE, World, entry, published

Edit = Callable[[dict[str, Any]], object]


def edited(edit: Edit) -> dict[str, Any]:
    data = copy.deepcopy(FILE)
    edit(data)
    return data


def codes(error: SluiceError) -> list[str]:
    return [f.code for f in error.findings]


# ------------------------------------------------------------------ the file


@pytest.mark.parametrize(
    "edit, code, place",
    [
        (lambda d: d["application"].pop("title"), "application-malformed", "application"),
        (lambda d: d["application"].update(term_months=0), "application-malformed", "application.term_months"),
        (lambda d: d["application"].update(term_months=61), "application-malformed", "application.term_months"),
        (lambda d: d["application"].update(term_months="24"), "application-malformed", "application.term_months"),
        (lambda d: d["application"].update(products=[]), "application-malformed", "application.products"),
        (lambda d: d["application"].update(products=["rows"]), "application-malformed", "application.products.0"),
        (lambda d: d["application"].update(scenario="S 1"), "application-malformed", "application.scenario"),
        (lambda d: d["application"].update(budget=1), "application-malformed", "application"),
        (lambda d: d.update(uses={}), "application-malformed", "uses"),
        (lambda d: d["uses"].update(incident={}), "application-malformed", "uses.incident"),
        (lambda d: d["uses"]["incident"].update(road="group"), "application-malformed", "uses.incident.road"),
        (lambda d: d["uses"]["incident"].update(road=[]), "application-malformed", "uses.incident.road"),
        (lambda d: d["reasons"].update(other="x"), "application-malformed", "reasons.other"),
        (lambda d: d.update(extra={}), "application-malformed", "-"),
    ],
)
def test_a_malformed_application_names_the_place(edit: Edit, code: str, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(edited(edit))
    assert (code, place) in [(f.code, dict(f.params).get("place")) for f in refused.value.findings]


@pytest.mark.parametrize(
    "edit, code",
    [
        (lambda d: d["application"].update(purpose="curiosity"), "application-unknown-purpose"),
        (lambda d: d["uses"]["incident"].update(road=["read"]), "application-unknown-use"),
        (lambda d: d["uses"]["incident"].update(road=["aggregate:"]), "application-unknown-use"),
        (lambda d: d["reasons"].pop("incident"), "application-without-reason"),
    ],
)
def test_an_application_outside_the_closed_lists_is_refused(edit: Edit, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(edited(edit))
    assert code in codes(refused.value)


def test_every_mistake_is_told_at_once() -> None:
    def spoil(data: dict[str, Any]) -> None:
        data["application"]["purpose"] = "curiosity"
        data["uses"]["incident"]["road"] = ["read"]
        data["reasons"].pop("rain")

    with pytest.raises(Invalid) as refused:
        parse(edited(spoil))
    assert codes(refused.value) == [
        "application-unknown-purpose",
        "application-unknown-use",
        "application-without-reason",
    ]


def test_a_reason_for_one_field_is_enough_for_that_field() -> None:
    def narrow(data: dict[str, Any]) -> None:
        data["reasons"] |= {"incident.road": "the place", "incident.seconds": "the measure"}
        data["reasons"].pop("incident")

    assert parse(edited(narrow)).datasets == ("incident", "rain")


@pytest.mark.parametrize("content", [b"[application", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(Invalid) as refused:
        read_file(tmp_path / "a.toml")
    assert codes(refused.value) == ["application-unreadable"]
    with pytest.raises(Invalid):
        read_file(tmp_path / "missing.toml")


def test_a_file_says_what_its_value_says(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        """
        [application]
        title = "Rescue"
        scenario = "rescue"
        purpose = "statistics"
        products = ["statistics", "report"]
        reason = "why"
        [uses.incident]
        road = ["group", "filter:eq"]
        "*" = ["aggregate:count"]
        [reasons]
        incident = "why"
        """
    )
    content = read_file(tmp_path / "a.toml")
    assert content.uses == (
        ("incident", "road", "group"),
        ("incident", "road", "filter:eq"),
        ("incident", "*", "aggregate:count"),
    )
    assert (content.term_months, content.products) == (24, ("statistics", "report"))
    assert from_json(content.to_json()) == content


def test_the_schema_knows_the_products_of_the_domain() -> None:
    for product in PRODUCTS:
        parse(edited(lambda d, p=product: d["application"].update(products=[p])))  # type: ignore[misc]
    assert all(text.zh and text.en for text in (*PURPOSES.values(), *PRODUCTS.values()))


# ------------------------------------------------------------------ what may be asked for


@pytest.mark.parametrize(
    "edit, code",
    [
        (
            lambda d: d["uses"].update(plates={"x": ["show"]}) or d["reasons"].update(plates="x"),
            "application-unknown-dataset",
        ),
        (lambda d: d["uses"]["incident"].update(colour=["show"]), "application-unknown-field"),
        (
            lambda d: d["uses"].update(tow_station={"road": ["link"]}) or d["reasons"].update(tow_station="x"),
            "application-own-table",
        ),
        (lambda d: d["enterprise_table"][0].update(name="rain"), "application-table-name-taken"),
    ],
)
def test_what_is_not_in_the_catalog_cannot_be_asked_for(world: World, edit: Edit, code: str) -> None:
    actor = world.actor("applicant")
    subject = applications.draft(world.store, actor, parse(edited(edit)), world.services.new_id)
    before = world.entries()
    with pytest.raises(Refusal) as refused:
        applications.submit(world.store, actor, subject)
    assert codes(refused.value) == [code]
    assert world.state(subject) == "draft"
    assert world.entries() == before


@pytest.mark.parametrize(
    "change, code",
    [
        ({"grade": "core"}, "application-grade"),
        ({"grade": "important"}, "application-grade"),
        ({"operation_authorized": False}, "application-not-for-operation"),
    ],
)
def test_data_that_are_not_open_to_operation_cannot_be_asked_for(
    world: World, change: dict[str, Any], code: str
) -> None:
    published(world, entry("closed", "roads", ("road",), **change))

    def ask(data: dict[str, Any]) -> None:
        data["uses"]["closed"] = {"road": ["group"]}
        data["reasons"]["closed"] = "x"

    actor = world.actor("applicant")
    subject = applications.draft(world.store, actor, parse(edited(ask)), world.services.new_id)
    with pytest.raises(Refusal) as refused:
        applications.submit(world.store, actor, subject)
    assert codes(refused.value) == [code]


def test_a_data_set_that_is_not_published_cannot_be_asked_for(world: World) -> None:
    with world.changing() as change:
        change.move(CATALOG_ENTRY, "entry-rain", "take_offline")
    with pytest.raises(Refusal) as refused:
        world.submitted()
    assert codes(refused.value) == ["application-unknown-dataset"]


def test_a_use_that_standing_rules_deny_anyway_is_refused_at_submission(world: World) -> None:
    def standing(dataset: str, field: str, use: str) -> Finding | None:
        if (dataset, field, use) != ("incident", "road", "group"):
            return None
        return Finding(code="application-unknown-use", dataset=dataset, field=field, use=use, rule="standing-7")

    subject = world.drafted()
    with pytest.raises(Refusal) as refused:
        applications.submit(world.store, world.actor("applicant"), subject, standing)
    assert [(f.rule, f.field) for f in refused.value.findings] == [("standing-7", "road")]
    assert world.state(subject) == "draft"


def test_field_names_are_compared_without_case(world: World) -> None:
    def shout(data: dict[str, Any]) -> None:
        data["uses"]["incident"] = {"ROAD": ["group"]}

    actor = world.actor("applicant")
    subject = applications.draft(world.store, actor, parse(edited(shout)), world.services.new_id)
    assert applications.submit(world.store, actor, subject) == ("roads", "weather")


# ------------------------------------------------------------------ consent and decision


def test_the_regulator_cannot_decide_before_every_provider_has_consented(world: World) -> None:
    subject = world.submitted()
    applications.answer(world.store, world.actor("roads-officer"), subject, given=True, reason="fine")
    with pytest.raises(Refusal) as refused:
        decided(world, subject, "approve")
    assert codes(refused.value) == ["transition-impossible"]
    assert world.state(subject) == "provider_review"


def test_every_provider_is_asked_and_the_last_consent_moves_it_on(world: World) -> None:
    subject = world.submitted()
    officers = [world.actor(p) for p in ("weather-officer", "roads-officer")]
    states = [applications.answer(world.store, o, subject, given=True, reason="fine") for o in officers]
    assert states == ["provider_review", "regulator_review"]
    assert world.events(subject)[-3:] == ["consent:given", "consent:given", "application:consented"]


def test_one_refusal_rejects_the_application(world: World) -> None:
    subject = world.submitted()
    state = applications.answer(world.store, world.actor("roads-officer"), subject, given=False, reason="no")
    assert state == world.state(subject) == "rejected"
    with pytest.raises(Refusal) as refused:
        applications.answer(world.store, world.actor("weather-officer"), subject, given=True, reason="yes")
    assert codes(refused.value) == ["application-not-with-providers"]


def test_a_provider_answers_once(world: World) -> None:
    subject = world.submitted()
    officer = world.actor("roads-officer")
    applications.answer(world.store, officer, subject, given=True, reason="fine")
    before = world.entries()
    with pytest.raises(Refusal) as refused:
        applications.answer(world.store, officer, subject, given=False, reason="on second thought")
    assert codes(refused.value) == ["application-answered"]
    assert world.entries() == before


def test_a_provider_without_tables_in_it_cannot_consent(world: World) -> None:
    def roads_only(data: dict[str, Any]) -> None:
        data["uses"].pop("rain")
        data["reasons"].pop("rain")

    actor = world.actor("applicant")
    subject = applications.draft(world.store, actor, parse(edited(roads_only)), world.services.new_id)
    assert applications.submit(world.store, actor, subject) == ("roads",)
    with pytest.raises(Refusal) as refused:
        applications.answer(world.store, world.actor("weather-officer"), subject, given=True, reason="fine")
    assert codes(refused.value) == ["duty-foreign-consent"]


@pytest.mark.parametrize("person", ["steward", "applicant", "rival", "regulator", "sysadmin", "auditor", "secadmin"])
def test_only_a_provider_officer_consents(world: World, person: str) -> None:
    subject = world.submitted()
    with pytest.raises(Refusal) as refused:
        applications.answer(world.store, world.actor(person), subject, given=True, reason="fine")
    assert codes(refused.value) == ["not-permitted"]


@pytest.mark.parametrize("person", ["steward", "applicant", "rival", "roads-officer", "sysadmin", "secadmin"])
def test_only_a_regulator_decides(world: World, person: str) -> None:
    subject = world.consented()
    with pytest.raises(Refusal) as refused:
        decided(world, subject, "approve", person)
    assert codes(refused.value) == ["not-permitted"]
    assert world.state(subject) == "regulator_review"


def test_an_organization_does_not_decide_its_own_application_whatever_its_roles(world: World) -> None:
    subject = world.consented()
    insider = world.almighty(organization="maps")
    with pytest.raises(Refusal) as refused:
        applications.decide(
            world.store, insider, subject, choice="approve", reason="ours", new_id=world.services.new_id
        )
    assert codes(refused.value) == ["duty-own-application"]
    waiting = world.submitted()
    with pytest.raises(Refusal) as refused:
        applications.answer(world.store, insider, waiting, given=True, reason="ours")
    assert codes(refused.value) == ["duty-own-application"]


@pytest.mark.parametrize("choice, code", [("maybe", "application-unknown-choice"), ("approve", "reason-missing")])
def test_a_decision_has_a_known_name_and_a_reason(world: World, choice: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        applications.decide(
            world.store, world.actor("regulator"), world.consented(), choice=choice, reason=" ", new_id=str
        )
    assert codes(refused.value) == [code]


def test_what_left_the_catalog_meanwhile_cannot_be_approved(world: World) -> None:
    subject = world.consented()
    with world.changing() as change:
        change.execute(update(catalog_entry).where(catalog_entry.c.name == "rain").values(operation_authorized=False))
    with pytest.raises(Refusal) as refused:
        decided(world, subject, "approve")
    assert codes(refused.value) == ["application-not-for-operation"]
    assert world.state(subject) == "regulator_review"


def test_a_returned_application_is_revised_and_asked_for_anew(world: World) -> None:
    subject = world.consented()
    assert decided(world, subject, "return") is None
    applicant = world.actor("applicant")
    applications.revise(world.store, applicant, subject, world.content(term_months=12))
    applications.submit(world.store, applicant, subject)
    with world.store.reading() as connection:
        found = applications.load(connection, subject)
    assert (found.revision, found.content.term_months) == (2, 12)
    assert found.waiting_for() == ("roads", "weather")


def test_a_rejected_application_ends_there(world: World) -> None:
    subject = world.consented()
    decided(world, subject, "reject")
    steps: tuple[Callable[[], object], ...] = (
        lambda: applications.withdraw(world.store, world.actor("applicant"), subject, reason="x"),
        lambda: decided(world, subject, "approve"),
        lambda: applications.revise(world.store, world.actor("applicant"), subject, world.content()),
    )
    for step in steps:
        with pytest.raises(Refusal) as refused:
            step()
        assert codes(refused.value) == ["transition-impossible"]


def test_another_operator_cannot_touch_an_application(world: World) -> None:
    subject, rival = world.drafted(), world.actor("rival")
    steps: tuple[Callable[[], object], ...] = (
        lambda: applications.submit(world.store, rival, subject),
        lambda: applications.withdraw(world.store, rival, subject, reason="x"),
        lambda: applications.revise(world.store, rival, subject, world.content()),
    )
    for step in steps:
        with pytest.raises(Refusal) as refused:
            step()
        assert codes(refused.value) == ["duty-foreign-organization"]


def test_an_applicant_may_withdraw_until_it_is_decided(world: World) -> None:
    for subject in (world.drafted(), world.submitted(), world.consented()):
        applications.withdraw(world.store, world.actor("applicant"), subject, reason="changed our mind")
        assert world.state(subject) == "withdrawn"


def decided(world: World, subject: str, choice: str, person: str = "regulator") -> str | None:
    new_id = world.services.new_id
    return applications.decide(
        world.store, world.actor(person), subject, choice=choice, reason="because", new_id=new_id
    )
