"""Are the tables of states complete, and does the store hold to them?"""

from __future__ import annotations

import re
from itertools import product

import pytest

from app.domain.errors import Refusal, Unavailable
from app.domain.events import OTHER_EVENTS, known_events
from app.domain.lifecycles import LIFECYCLES, START, Lifecycle, diagram, transition
from app.domain.people import Actor
from app.store.changes import Change
from app.store.tables import STATE_TABLES, job
from tests.governance import lifecycle_page
from tests.governance.world import World, rows_in_state

LIVES = list(LIFECYCLES.values())


EVERY_STATE = [pytest.param(life, s.name, id=f"{life.name}-{s.name}") for life in LIVES for s in life.states]


@pytest.mark.parametrize("life, state", EVERY_STATE)
def test_only_moves_of_the_table_happen(world: World, life: Lifecycle, state: str) -> None:
    for event in sorted({t.event for t in life.transitions}):
        expected = next((t.target for t in life.leaving(state) if t.event == event), None)
        with world.probing() as change:
            subject = rows_in_state(change, life.name, state)
            if expected is not None:
                assert change.move(life, subject, event) == expected
                continue
            with pytest.raises(Refusal) as refused:
                change.move(life, subject, event)
            possible = ", ".join(t.event for t in life.leaving(state)) or "-"
            said = {"thing": life.name, "state": state, "event": event, "possible": possible}
            assert (refused.value.code, dict(refused.value.findings[0].params)) == ("transition-impossible", said)


@pytest.mark.parametrize("life, state", EVERY_STATE)
def test_every_role_makes_just_its_own_moves_in_every_state(world: World, life: Lifecycle, state: str) -> None:
    """Every (state, role, event): made when the table has it and the role the permission, refused otherwise."""
    roles = world.services.platform.by_role()
    wrong = []
    with world.probing() as change:
        subject = rows_in_state(change, life.name, state)
        for role, event in product(sorted(roles), sorted({t.event for t in life.transitions})):
            actor = world.almighty(roles=frozenset({role}), permissions=roles[role])
            here = change.connection.begin_nested()
            told = made(Change(change.connection, actor=actor, at=change.at), life, subject, event)
            here.rollback()
            step = next((t for t in life.leaving(state) if t.event == event), None)
            allowed = "not-permitted" if step and step.permission not in roles[role] else step and step.target
            if told != (allowed or "transition-impossible"):
                wrong.append((role, event, told))
    assert not wrong


def made(change: Change, life: Lifecycle, subject: str, event: str) -> str:
    """The state that the move leads to, or the code of its refusal."""
    try:
        return change.move(life, subject, event)
    except Refusal as refused:
        return refused.code


@pytest.mark.parametrize(
    "life, permission", [(life, p) for life in LIVES for p in sorted({t.permission for t in life.transitions})]
)
def test_nobody_moves_anything_without_the_permission(world: World, life: Lifecycle, permission: str) -> None:
    weak = world.almighty(permissions=world.services.platform.permissions_known() - {permission})
    for row in life.transitions:
        if row.permission != permission or row.source == START:
            continue
        with pytest.raises(Refusal) as refused, world.store.change("vote:cast", actor=weak, subject="x") as change:
            change.move(life, rows_in_state(change, life.name, row.source), row.event)
        assert refused.value.code == "not-permitted"


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_nothing_begins_without_the_permission(world: World, life: Lifecycle) -> None:
    (beginning,) = life.leaving(START)
    nobody = world.almighty(permissions=frozenset())
    with pytest.raises(Refusal) as refused, world.store.change("vote:cast", actor=nobody, subject="x") as change:
        change.create(life, "x", beginning.event)
    assert refused.value.code == "not-permitted"


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_every_state_is_reachable_and_has_an_owner_and_a_name(life: Lifecycle) -> None:
    reached = {t.target for t in life.transitions}
    assert reached == {s.name for s in life.states}
    assert {t.source for t in life.transitions} <= reached | {START}
    assert all(s.owner and s.label.zh and s.label.en for s in life.states)
    assert life.terminal()


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_the_owner_of_a_state_may_make_its_next_move(world: World, life: Lifecycle) -> None:
    permissions = world.services.platform.by_role()
    for state in life.states:
        moves = {t.permission for t in life.leaving(state.name)}
        if state.owner == "nobody":
            continue
        assert moves & permissions[state.owner], (life.name, state.name)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_a_state_without_an_owner_is_left_by_none_of_the_usual_ways(life: Lifecycle) -> None:
    for state in life.states:
        if state.name in life.terminal():
            assert state.owner == "nobody"


def test_every_permission_of_a_move_is_held_by_some_role(world: World) -> None:
    wanted = {t.permission for life in LIVES for t in life.transitions}
    assert wanted <= world.services.platform.permissions_known()


def test_ledger_events_are_never_shared_by_two_moves() -> None:
    owners: dict[str, set[tuple[str, str]]] = {}
    for life in LIVES:
        for row in life.transitions:
            owners.setdefault(row.ledger_event, set()).add((life.name, row.event))
            assert row.ledger_event.startswith(f"{life.name}:")
    assert {event: who for event, who in owners.items() if len(who) > 1} == {}
    assert not set(owners) & set(OTHER_EVENTS)
    assert all(re.fullmatch(r"[a-z_]+:[a-z_]+", event) for event in known_events())


def test_one_event_leads_to_one_state_with_one_permission() -> None:
    for life in LIVES:
        seen: dict[str, tuple[str, str]] = {}
        for row in life.transitions:
            assert seen.setdefault(row.event, (row.target, row.permission)) == (row.target, row.permission)


def test_every_lifecycle_has_its_table() -> None:
    assert set(STATE_TABLES) == set(LIFECYCLES)


def test_an_unknown_state_leads_nowhere() -> None:
    for life in LIVES:
        with pytest.raises(Refusal) as refused:
            transition(life, "no-such-state", "submit")
        assert refused.value.code == "transition-impossible"


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_the_diagram_shows_every_move(life: Lifecycle) -> None:
    drawn = diagram(life)
    assert drawn.startswith("stateDiagram-v2\n")
    for row in life.transitions:
        assert f"{row.source or '[*]'} --> {row.target}: {row.event}" in drawn


@pytest.mark.parametrize("language", lifecycle_page.TEXTS)
def test_the_page_is_what_the_tables_make(language: str) -> None:
    made = lifecycle_page.page(language)
    assert lifecycle_page.file(language).read_text(encoding="utf-8") == made, (
        "run python -m tests.governance.lifecycle_page"
    )
    assert all(diagram(life) in made for life in LIVES)


def test_a_thing_that_does_not_exist_cannot_be_moved(world: World) -> None:
    with pytest.raises(Refusal) as refused, world.changing() as change:
        change.move(LIFECYCLES["job"], "job-404", "submit")
    assert refused.value.code == "not-found"


def test_a_lost_condition_changes_nothing(world: World) -> None:
    with world.probing() as change:
        subject = rows_in_state(change, "job", "running")
        with pytest.raises(Unavailable) as lost:
            change.move(LIFECYCLES["job"], subject, "check", only_if=(job.c.fence == 7,))
        assert lost.value.code == "state-changed"


def test_a_move_writes_its_ledger_event_even_if_the_change_was_opened_for_something_else(world: World) -> None:
    with world.changing("vote:cast", "p-output") as change:
        change.move(LIFECYCLES["output"], rows_in_state(change, "output", "in_review"), "approve")
    assert world.events("p-output") == ["vote:cast", "output:approved"]


def test_a_change_opened_with_the_event_of_its_move_is_told_once(world: World) -> None:
    with world.changing("output:approved", "p-output") as change:
        change.move(LIFECYCLES["output"], rows_in_state(change, "output", "in_review"), "approve", details={"n": 1})
    assert world.events("p-output") == ["output:approved"]
    assert change.appended[0].details == {"n": 1}


def test_actors_are_values() -> None:
    with pytest.raises(AttributeError):
        Actor.__setattr__(_nobody(), "permissions", frozenset({"output:review"}))


def _nobody() -> Actor:
    from app.identity.register import founder

    return founder()
