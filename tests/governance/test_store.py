"""Is there any way to change state without the ledger knowing?"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_mock_engine, delete, insert, inspect, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from app.domain.errors import Broken, Unavailable
from app.domain.times import stamp
from app.ledger import journal, tree
from app.ledger.tables import PROTECTED, ledger_entry, ledger_node
from app.store import schema
from app.store.engines import writing_engine
from app.store.migrations.append_only import unprotected
from app.store.sessions import Store
from app.store.tables import OPERATIONAL, SCHEMA, job_lease, organization
from tests.governance.forest import Forest
from tests.governance.world import MORNING, World, rows_in_state

ROW = {"id": "new", "kind": "provider", "name_zh": "新", "name_en": "new", "active": True, "created_at": stamp(MORNING)}


@pytest.mark.parametrize(
    "statement",
    [
        insert(organization).values(**ROW),
        update(organization).values(name_en="x"),
        delete(job_lease),
        text("DELETE FROM organization"),
        text("DROP TABLE vote"),
        text("CREATE TABLE extra (id TEXT)"),
    ],
    ids=str,
)
def test_a_reading_connection_cannot_write(world: World, statement: object) -> None:
    with pytest.raises(OperationalError, match="readonly"), world.store.reading() as connection:
        connection.execute(statement)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "statement",
    [
        insert(organization).values(**ROW),
        update(organization).values(name_en="x"),
        delete(organization),
        text("DELETE FROM organization"),
        text("UPDATE job SET state = 'queued'"),
        text("SELECT 1"),
    ],
    ids=str,
)
def test_upkeep_writes_nothing_but_leases(world: World, statement: object) -> None:
    with pytest.raises(Broken) as refused, world.store.upkeep() as connection:
        connection.execute(statement)  # type: ignore[call-overload]
    assert refused.value.code == "upkeep-only"


def test_upkeep_is_not_fooled_by_driver_text(world: World) -> None:
    with pytest.raises(Broken), world.store.upkeep() as connection:
        connection.exec_driver_sql("DELETE FROM organization")


def test_upkeep_keeps_a_lease_without_an_entry(world: World) -> None:
    with world.changing("job:drafted", "p-job") as change:
        rows_in_state(change, "job", "running")
    before = world.entries()
    with world.store.upkeep() as connection:
        lease = {"job_id": "p-job", "worker": "w", "fence": 1, "until": stamp(MORNING), "cancel_requested": False}
        connection.execute(insert(job_lease).values(**lease))
        assert connection.execute(select(job_lease.c.worker)).scalar_one() == "w"
    assert world.entries() == before
    assert frozenset({"job_lease"}) == OPERATIONAL


def test_a_change_writes_its_entry_with_actor_moment_and_details(world: World) -> None:
    with world.store.change(
        "organization:registered", actor=world.almighty(), subject="new", details={"why": "试"}
    ) as change:
        change.execute(insert(organization).values(**ROW))
        change.record("person:registered", subject="someone")
    with world.store.reading() as connection:
        first, second = list(journal.entries(connection, start=world.entries() - 2))
    assert (first.event, first.subject, first.actor) == ("organization:registered", "new", "almighty")
    assert (first.at, dict(first.details)) == (stamp(MORNING), {"why": "试"})
    assert second.event == "person:registered"
    assert change.appended == (first, second)


def test_even_a_change_without_a_statement_is_told(world: World) -> None:
    before = world.entries()
    with world.changing():
        pass
    assert world.entries() == before + 1


def test_a_change_that_fails_leaves_neither_row_nor_entry(world: World) -> None:
    before = world.entries()
    with world.probing() as change:
        change.execute(insert(organization).values(**ROW))
    with world.store.reading() as connection:
        assert connection.execute(select(organization).where(organization.c.id == "new")).first() is None
    assert world.entries() == before


def test_a_change_whose_entry_cannot_be_written_does_not_happen(world: World) -> None:
    with (
        pytest.raises(Broken) as refused,
        world.store.change(
            "organization:registered", actor=world.almighty(), subject="new", details={"share": 0.5}
        ) as change,
    ):
        change.execute(insert(organization).values(**ROW))
    assert refused.value.code == "ledger-not-canonical"
    with world.store.reading() as connection:
        assert connection.execute(select(organization).where(organization.c.id == "new")).first() is None


@pytest.mark.parametrize("event", ["", "job", "organization:invented", "DROP TABLE"])
def test_an_event_that_is_not_in_the_table_is_refused(world: World, event: str) -> None:
    with pytest.raises(Broken) as refused, world.changing(event):
        pass
    assert refused.value.code == "event-unknown"
    with pytest.raises(Broken), world.changing() as change:
        change.record(event, subject="x")


def test_a_broken_reference_is_refused(world: World) -> None:
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), world.changing() as change:
        change.execute(text("INSERT INTO role_membership VALUES ('nobody', 'steward', '2026')"))


def everywhere_a_row(world: World) -> None:
    """A row in every table of the ledger, for triggers that speak per row."""
    with world.changing() as change:
        for n in range(256):
            change.record("vote:cast", subject=str(n))
    world.services.checkpoint()
    with world.changing() as change:
        size = world.entries()
        journal.add_cosignature(change.connection, at=change.at, size=size, witness="w", line="— w AAAA\n")


@pytest.mark.parametrize("table", PROTECTED)
@pytest.mark.parametrize(
    "verb", ["UPDATE {t} SET {c} = {c}", "DELETE FROM {t}", "INSERT OR REPLACE INTO {t} SELECT * FROM {t}"]
)
def test_the_database_itself_keeps_the_ledger_append_only(world: World, table: str, verb: str) -> None:
    everywhere_a_row(world)
    column = {
        "ledger_entry": "body",
        "ledger_node": "hash",
        "ledger_checkpoint": "note",
        "ledger_cosignature": "line",
    }[table]
    with pytest.raises(DatabaseError, match="append-only"), world.changing() as change:
        change.execute(text(verb.format(t=table, c=column)))


def test_migrations_make_the_tables_of_the_code(world: World) -> None:
    with world.store.reading() as connection:
        assert schema.differences(connection) == []
        assert set(inspect(connection).get_table_names()) == {*SCHEMA.tables, "alembic_version"}


def test_migrating_twice_changes_nothing(world: World) -> None:
    world.store.migrate()
    world.store.require_schema()
    with world.store.reading() as connection:
        assert schema.differences(connection) == []


def test_a_database_without_our_tables_is_refused(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'empty.db'}", clock=lambda: MORNING)
    with pytest.raises(Unavailable) as refused:
        store.require_schema()
    assert refused.value.code == "schema-outdated"
    store.close()


def test_the_tables_can_be_made_for_postgresql_as_well() -> None:
    from sqlalchemy.schema import CreateTable

    from app.store.migrations.append_only import protection

    dialect = create_mock_engine("postgresql://", lambda *_: None).dialect
    for table in SCHEMA.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect)).lstrip().startswith("CREATE TABLE")
    assert len(protection("postgresql", PROTECTED)) == len(PROTECTED)
    with pytest.raises(KeyError):
        protection("mysql")


def test_sqlite_keeps_a_log_ahead_and_its_references(world: World) -> None:
    with world.store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_second_writer_that_waits_too_long_may_try_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.engines.BUSY_MILLISECONDS", 50)
    store = Store(world.services.config.database_url, clock=world.clock)
    with (
        world.changing(),
        pytest.raises(Unavailable) as busy,
        store.change("vote:cast", actor=world.almighty(), subject="x"),
    ):
        pass
    assert busy.value.code == "store-busy"
    store.close()


WRITER = """
import sys
from datetime import UTC, datetime
from app.identity.register import founder
from app.store.sessions import Store
store = Store(sys.argv[1], clock=lambda: datetime.now(UTC))
for n in range(60):
    with store.change("vote:cast", actor=founder(), subject=f"{sys.argv[2]}-{n}") as change:
        pass
"""


def test_two_processes_write_one_ledger_without_losing_an_entry(world: World) -> None:
    before, url = world.entries(), world.services.config.database_url
    running = [subprocess.Popen([sys.executable, "-c", WRITER, url, name]) for name in ("left", "right")]
    assert [p.wait(timeout=60) for p in running] == [0, 0]
    with world.store.reading() as connection:
        found = list(journal.entries(connection, event="vote:cast"))
        root = journal.root(connection, before + 120)
    for name in ("left", "right"):
        assert [e.subject for e in found if e.subject.startswith(name)] == [f"{name}-{n}" for n in range(60)]
    assert [e.index for e in found] == list(range(before, before + 120))
    assert len(root) == 32


def test_readers_are_not_held_up_by_a_writer(world: World) -> None:
    with world.changing(), world.store.reading() as connection:
        assert connection.execute(select(organization.c.id)).first()


def test_moments_are_utc_and_sort_as_text(world: World) -> None:
    with world.changing() as change:
        first = change.at
    world.clock.forward(seconds=1)
    with world.changing() as change:
        assert first < change.at == stamp(MORNING + timedelta(seconds=1))


def test_the_database_is_one_sqlite_file_in_the_home(world: World) -> None:
    with sqlite3.connect(world.services.config.home / "control.db") as plain:
        assert plain.execute("SELECT count(*) FROM ledger_entry").fetchone()[0] == world.entries()
    plain.close()


def test_a_ledger_with_every_node_of_its_tree_keeps_those_of_full_tiles(tmp_path: Path) -> None:
    """What the revisions before 0007 wrote: the root of each complete subtree, the small ones as well."""
    leaves = [f"{n}".encode() for n in range(600)]
    forest = Forest(leaves)
    engine = writing_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as connection:
        command.upgrade(schema.configuration(connection), "0006")
        for (level, position), value in forest.nodes.items():
            node = {"level": level, "position": position, "hash": value.hex()}
            entry = {"position": position, "leaf_hash": value.hex(), "body": "", "at": "", "event": "", "actor": ""}
            row = insert(ledger_node).values(node) if level else insert(ledger_entry).values({**entry, "subject": ""})
            connection.execute(row)
    schema.upgrade(engine)
    with engine.begin() as connection:
        kept = connection.execute(select(ledger_node.c.level, ledger_node.c.position)).all()
        assert [tuple(row) for row in kept] == [(8, 0), (8, 1)]
        assert journal.root(connection, 600) == tree.root(600, forest.at)
        assert unprotected(connection, PROTECTED) == []
    engine.dispose()
