"""Do ledger and tables tell one story, and is it noticed when somebody changes one behind the other's back?"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, text

from app.domain.errors import Refusal
from app.domain.lifecycles import LIFECYCLES, START, Lifecycle, Transition
from app.ledger import journal
from app.store.changes import Change
from app.store.retelling import require_same_states, stored, told
from app.store.tables import STATE_TABLES, privacy_spending, release, template_vote, vote
from tests.governance.world import World, parents


def agreed(world: World) -> None:
    with world.store.reading() as connection:
        require_same_states(connection)


def test_an_honest_deployment_tells_one_story(world: World) -> None:
    signed = world.signed()
    world.stepped(signed, "suspend")
    agreed(world)
    with world.store.reading() as connection:
        story = told(journal.entries(connection))
        assert story.states == stored(connection)
    assert story.states["authorization", signed] == "suspended"
    assert story.states["organization", "roads"] == "active"


def ways(life: Lifecycle) -> list[list[Transition]]:
    """For every move of the table, a way from nothing that ends with it."""
    reach: dict[str, list[Transition]] = {START: []}
    waiting = [START]
    while waiting:
        here = waiting.pop(0)
        for step in life.leaving(here):
            if step.target not in reach:
                reach[step.target] = [*reach[here], step]
                waiting.append(step.target)
    return [[*reach[step.source], step] for step in life.transitions]


EVERY_WAY = [
    pytest.param(life, way, id=f"{life.name}-{way[-1].source or 'nothing'}-{way[-1].event}")
    for life in LIFECYCLES.values()
    for way in ways(life)
]


def walk(change: Change, life: Lifecycle, way: list[Transition]) -> str:
    """Walk `way` with a new thing; its parents are entered without being told."""
    columns = parents(change, life.name)
    for step in way:
        if step.source == START:
            change.create(life, "walker", step.event, **columns)
        else:
            change.move(life, "walker", step.event)
        change.seal()
        change._pending.clear()
    return "walker"


@pytest.mark.parametrize("life, way", EVERY_WAY)
def test_every_move_of_every_lifecycle_is_walked_and_told(world: World, life: Lifecycle, way: list[Transition]) -> None:
    with world.probing() as change:
        subject = walk(change, life, way)
        story = told(journal.entries(change.connection, subject=subject))
        assert story.states == {(life.name, subject): way[-1].target}
        assert stored(change.connection)[life.name, subject] == way[-1].target
        events = [e.event for e in journal.entries(change.connection, subject=subject)]
        assert events == [step.ledger_event for step in way]


@pytest.mark.parametrize(
    "statement, thing, told_state, state",
    [
        ("UPDATE {table} SET state = 'active' WHERE id = '{id}'", "authorization", "suspended", "active"),
        ("DELETE FROM {table} WHERE id = '{id}'", "authorization.scope", '{"ent', "-"),
        ("UPDATE person SET active = 0 WHERE id = 'rival'", "person", "active", "suspended"),
        ("UPDATE organization SET active = 0 WHERE id = 'maps'", "organization", "active", "suspended"),
        ("UPDATE organization SET kind = 'regulator' WHERE id = 'maps'", "organization.kind", "operator", "regulator"),
        (
            "UPDATE person SET organization_id = 'bureau' WHERE id = 'rival'",
            "person.organization_id",
            "rivals",
            "bureau",
        ),
        (
            "INSERT INTO role_membership VALUES ('analyst', 'reviewer', '2026')",
            "role_membership.role",
            '["analyst"]',
            '["analyst","reviewer"]',
        ),
        ("DELETE FROM role_membership WHERE person_id = 'rival'", "role_membership.role", '["applicant"]', "-"),
        ("UPDATE {table} SET term_months = 60 WHERE id = '{id}'", "authorization.term_months", "24", "60"),
        ("UPDATE {table} SET scope = '{{}}' WHERE id = '{id}'", "authorization.scope", '{"ent', "{}"),
        (
            "UPDATE {table} SET valid_until = '2999' WHERE id = '{id}'",
            "authorization.valid_until",
            "2028-11",
            "2999",
        ),
    ],
)
def test_a_table_changed_behind_the_ledgers_back_is_found(
    world: World, statement: str, thing: str, told_state: str, state: str
) -> None:
    subject = world.signed()
    world.stepped(subject, "suspend")
    with world.changing() as change:
        change.execute(text(statement.format(table="authorization", id=subject)))
    with pytest.raises(Refusal) as refused:
        agreed(world)
    found = dict(refused.value.findings[0].params)
    assert refused.value.code == "ledger-states-differ"
    assert (found["thing"], found["state"]) == (thing, state)
    assert found["told"].startswith(told_state)


def test_a_row_that_no_entry_tells_of_is_found(world: World) -> None:
    with world.changing() as change:
        columns = parents(change, "application")
        change.execute(insert(STATE_TABLES["application"]).values(id="smuggled", state="approved", **columns))
    with pytest.raises(Refusal) as refused:
        agreed(world)
    assert dict(refused.value.findings[0].params)["id"] == "smuggled"


def test_a_release_that_no_entry_tells_of_is_found(world: World) -> None:
    row = {"authorization_id": "a", "operator_id": "maps", "bundle": "b", "bundle_sha256": "0", "manifest": {}}
    with world.changing() as change:
        change.execute(text("PRAGMA defer_foreign_keys=ON"))
        people = {"recipient": "maps", "released_by": "regulator", "created_at": change.at}
        change.execute(insert(release).values(id="smuggled", output_id="o", **row, **people))
        with pytest.raises(Refusal) as refused:
            require_same_states(change.connection)
        change.execute(text("DELETE FROM release"))
    assert dict(refused.value.findings[0].params)["thing"] == "release"


def test_an_entry_that_is_no_move_is_found(world: World) -> None:
    subject = world.drafted()
    with world.changing("application:approved", subject):
        pass
    with pytest.raises(Refusal) as refused:
        agreed(world)
    found = dict(refused.value.findings[0].params)
    assert (refused.value.code, found["state"], found["index"]) == (
        "ledger-move-impossible",
        "draft",
        str(world.entries() - 1),
    )


def test_an_entry_described_again_stays_where_it_is(world: World) -> None:
    with world.changing("catalog_entry:described", "entry-rain"):
        pass
    agreed(world)


def test_moves_are_told_in_their_order_even_if_the_change_was_opened_with_the_last(world: World) -> None:
    life = LIFECYCLES["application"]
    with world.probing() as change:
        change._pending.clear()
        change.record("application:submitted", subject="walker")
        change.create(life, "walker", "draft", **parents(change, "application"))
        change.move(life, "walker", "submit")
        change.seal()
        assert [e.event for e in change.appended] == ["application:drafted", "application:submitted"]


def smuggled(change: Change) -> dict[str, Any]:
    """Columns of a thing that refers to an output or a template nobody looks at; undone by whoever asks for it."""
    change.execute(text("PRAGMA defer_foreign_keys=ON"))
    return {"organization_id": "bureau", "choice": "approve", "reason": "", "at": change.at}


@pytest.mark.parametrize(
    "table, columns",
    [
        (vote, {"output_id": "o", "reviewer": "regulator", "report_hash": "0"}),
        (template_vote, {"template_id": "o", "reviewer": "regulator", "digest": "0"}),
    ],
)
def test_a_vote_that_no_entry_tells_of_is_found(world: World, table: Table, columns: dict[str, str]) -> None:
    with world.probing() as change:
        change.execute(insert(table).values(**columns, **smuggled(change)))
        with pytest.raises(Refusal) as refused:
            require_same_states(change.connection)
        assert dict(refused.value.findings[0].params)["id"] == "o regulator"


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_budget_that_was_not_spent_as_told_is_found(world: World, rows: int) -> None:
    details: dict[str, object] = {"authorization": "a", "datasets": ["incident"], "epsilon": "0.5"}
    with world.probing() as change:
        change._pending.clear()
        change.execute(text("PRAGMA defer_foreign_keys=ON"))
        for _ in range(2):
            change.record("privacy:spent", subject="job-1", details=details)
            change.seal()
            change._pending.clear()
        for number in range(max(rows, 2)):
            kept = {"authorization_id": "a", "dataset": "incident", "job_id": "job-1", "created_at": change.at}
            change.execute(insert(privacy_spending).values(id=number, epsilon="0.5", delta="0", **kept))
        if rows < 2:
            require_same_states(change.connection)
            change.execute(delete(privacy_spending).where(privacy_spending.c.id >= rows))
        with pytest.raises(Refusal) as refused:
            require_same_states(change.connection)
        assert dict(refused.value.findings[0].params)["thing"] == "privacy_spending"
