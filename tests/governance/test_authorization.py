"""Who gets which data for what, and until when?"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.authorization import applications, grants
from app.domain.authorizations import MAX_TERM_MONTHS
from app.domain.errors import Invalid, Refusal, SluiceError
from app.domain.lifecycles import AUTHORIZATION
from app.domain.times import months_later
from tests.governance.world import FILE, MORNING, World

Edit = Callable[[dict[str, Any]], object]


def edited(edit: Edit) -> dict[str, Any]:
    data = copy.deepcopy(FILE)
    edit(data)
    return data


def codes(error: SluiceError) -> list[str]:
    return [f.code for f in error.findings]


# ------------------------------------------------------------------ authorizations


def active(world: World, subject: str) -> Any:
    with world.store.reading() as connection:
        return grants.active_authorization(connection, subject, world.clock())


def test_an_authorization_is_not_in_force_before_it_is_signed(world: World) -> None:
    subject = world.granted()
    with pytest.raises(Refusal) as refused:
        active(world, subject)
    assert codes(refused.value) == ["authorization-unsigned"]


def test_a_signed_authorization_says_what_was_asked_for(world: World) -> None:
    subject = world.signed()
    found = active(world, subject)
    assert found.operator == "maps"
    assert found.uses == world.content().uses
    assert (found.scenario, found.purpose, found.products) == ("rescue", "statistics", ("statistics",))
    assert found.regions == ("Hangzhou", "Ningbo")
    assert found.enterprise_tables == ("tow_station",)
    assert (found.valid_from, found.valid_until) == (MORNING, datetime(2028, 11, 23, 9, 0, tzinfo=UTC))
    assert world.events(subject) == ["authorization:granted", "authorization:signed"]


@pytest.mark.parametrize(
    "person, code", [("rival", "duty-foreign-organization"), ("regulator", "duty-foreign-organization")]
)
def test_only_the_operator_itself_signs(world: World, person: str, code: str) -> None:
    subject = world.granted()
    with pytest.raises(Refusal) as refused:
        grants.sign(world.store, world.actor(person), subject, agreement="x")
    assert codes(refused.value) == [code]


def test_the_analyst_of_the_operator_cannot_sign(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        grants.sign(world.store, world.actor("analyst"), world.granted(), agreement="x")
    assert codes(refused.value) == ["not-permitted"]


def test_an_agreement_has_a_number(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        grants.sign(world.store, world.actor("applicant"), world.granted(), agreement=" ")
    assert codes(refused.value) == ["agreement-missing"]


@pytest.mark.parametrize(
    "steps, code",
    [
        (["suspend"], "authorization-suspended"),
        (["revoke"], "authorization-ended"),
        (["terminate"], "authorization-ended"),
        (["suspend", "revoke"], "authorization-ended"),
    ],
)
def test_a_suspended_or_ended_authorization_is_not_in_force(world: World, steps: list[str], code: str) -> None:
    subject = world.signed()
    for step in steps:
        world.stepped(subject, step)
    with pytest.raises(Refusal) as refused:
        active(world, subject)
    assert codes(refused.value) == [code]


def test_a_suspension_can_be_lifted(world: World) -> None:
    subject = world.signed()
    world.stepped(subject, "suspend")
    assert world.stepped(subject, "resume") == "active"
    assert active(world, subject).id == subject


def test_the_end_of_the_term_counts_before_the_state_has_followed(world: World) -> None:
    subject = world.signed(term_months=1)
    world.clock.now = datetime(2026, 12, 23, 8, 59, 59, tzinfo=UTC)
    assert active(world, subject).state == "active"
    world.clock.now = datetime(2026, 12, 23, 9, 0, tzinfo=UTC)
    with pytest.raises(Refusal) as refused:
        active(world, subject)
    assert codes(refused.value) == ["authorization-expired"]


def test_the_machine_lets_due_authorizations_expire_and_leaves_the_others(world: World) -> None:
    short, suspended, long = world.signed(term_months=1), world.signed(term_months=1), world.signed()
    world.stepped(suspended, "suspend")
    world.clock.forward(days=40)
    assert grants.expire_due(world.store, world.services.machine()) == [short, suspended]
    assert grants.expire_due(world.store, world.services.machine()) == []
    assert active(world, long).id == long
    assert world.events(short)[-1] == "authorization:expired"


def test_a_suspended_authorization_whose_term_is_over_cannot_be_resumed(world: World) -> None:
    subject = world.signed(term_months=1)
    world.stepped(subject, "suspend")
    world.clock.forward(days=40)
    with pytest.raises(Refusal) as refused:
        world.stepped(subject, "resume")
    assert codes(refused.value) == ["authorization-expired"]


@pytest.mark.parametrize("step", ["suspend", "resume", "revoke", "close", "destroy"])
@pytest.mark.parametrize("person", ["applicant", "analyst", "steward", "roads-officer", "secadmin", "auditor"])
def test_only_those_entitled_change_an_authorization(world: World, step: str, person: str) -> None:
    subject = world.signed()
    before = {"resume": ["suspend"], "close": ["revoke"], "destroy": ["revoke"]}.get(step, [])
    for earlier in before:
        world.stepped(subject, earlier)
    if step == "destroy":
        world.stepped(subject, "close", "sysadmin")
    with pytest.raises(Refusal) as refused:
        world.stepped(subject, step, person)
    assert codes(refused.value) == ["not-permitted"]


def test_an_operator_may_end_its_own_authorization_but_not_another_ones(world: World) -> None:
    subject = world.signed()
    with pytest.raises(Refusal) as refused:
        world.stepped(subject, "terminate", "rival")
    assert codes(refused.value) == ["duty-foreign-organization"]
    assert world.stepped(subject, "terminate", "applicant") == "terminated"
    assert world.stepped(subject, "close", "sysadmin") == "closing"
    assert world.stepped(subject, "destroy", "sysadmin") == "destroyed"


@pytest.mark.parametrize(
    "step, reason, code", [("suspend", " ", "reason-missing"), ("erase", "x", "authorization-unknown-step")]
)
def test_a_step_has_a_name_and_a_reason(world: World, step: str, reason: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        grants.step(world.store, world.actor("regulator"), world.signed(), step, reason=reason)
    assert codes(refused.value) == [code]


def test_the_steps_of_the_door_are_those_of_the_lifecycle() -> None:
    for event, ledger_event in grants._STEPS.items():
        assert ledger_event in {t.ledger_event for t in AUTHORIZATION.transitions if t.event == event}


def test_an_unknown_authorization_is_refused(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        active(world, "authorization-404")
    assert codes(refused.value) == ["not-found"]


@pytest.mark.parametrize(
    "start, months, end",
    [
        (datetime(2026, 1, 31, tzinfo=UTC), 1, datetime(2026, 2, 28, tzinfo=UTC)),
        (datetime(2027, 12, 31, tzinfo=UTC), 2, datetime(2028, 2, 29, tzinfo=UTC)),
        (datetime(2026, 11, 23, tzinfo=UTC), MAX_TERM_MONTHS, datetime(2031, 11, 23, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), 12, datetime(2027, 12, 1, tzinfo=UTC)),
    ],
)
def test_terms_end_on_the_same_day_or_the_last_of_a_shorter_month(start: datetime, months: int, end: datetime) -> None:
    assert months_later(start, months) == end


def test_lists_are_narrowed_by_state_and_operator(world: World) -> None:
    first, second = world.signed(), world.granted()
    with world.store.reading() as connection:
        assert [a.id for a in grants.listed(connection)] == [first, second]
        assert [a.id for a in grants.listed(connection, state="active")] == [first]
        assert grants.listed(connection, operator="rivals") == []
        assert [a.state for a in applications.listed(connection, state="approved")] == ["approved", "approved"]
