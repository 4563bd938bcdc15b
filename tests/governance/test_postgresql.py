"""Does the ledger hold in PostgreSQL as well? Asked of a real server of this test's own, where one can be started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.domain.people import Actor, OrganizationKind
from app.ledger import checkpoint, journal
from app.ledger.export import verify_database
from app.ledger.replay import Fault, Trust, Verdict
from app.ledger.tables import PROTECTED
from app.store import schema
from app.store.migrations.append_only import unprotected
from app.store.sessions import Store
from tests.governance.world import MORNING

PROGRAMS = {name: shutil.which(name) for name in ("initdb", "postgres")}
pytestmark = pytest.mark.skipif(
    None in PROGRAMS.values() or find_spec("psycopg") is None or os.name != "posix",
    reason="no PostgreSQL server or no psycopg on this machine",
)
KEY = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
TRUST = Trust(verifier=checkpoint.verifier_key(KEY))
SOMEBODY = Actor(
    id="somebody",
    organization="o",
    kind=OrganizationKind.PLATFORM,
    roles=frozenset(),
    permissions=frozenset(),
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server that listens on a socket in a folder of its own and leaves nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="sluice-pg-"))
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    if user:
        shutil.chown(folder, user)
    data, initdb, postgres = folder / "data", str(PROGRAMS["initdb"]), str(PROGRAMS["postgres"])
    setup = [initdb, "-D", str(data), "-U", "sluice", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(setup, user=user, check=True, capture_output=True, cwd=folder, timeout=60)
    command = [postgres, "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
    with subprocess.Popen(command, user=user, cwd=folder, stderr=subprocess.DEVNULL) as running:
        until = monotonic() + 30
        while not (folder / ".s.PGSQL.5432").exists() and monotonic() < until:
            sleep(0.05)
        yield f"postgresql+psycopg://sluice@/postgres?host={folder}"
        running.send_signal(signal.SIGINT)
        running.wait(30)
    shutil.rmtree(folder)


@pytest.fixture
def store(server: str) -> Iterator[Store]:
    """A ledger of 600 entries with a checkpoint, in a database that is made anew."""
    made = Store(server, clock=lambda: MORNING)
    with made._writer.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    made.migrate()
    written(made, 600)
    made.checkpoint(lambda size, root: checkpoint.sign(size, root, KEY))
    yield made
    made.close()


def written(store: Store, count: int, subject: str = "s") -> None:
    with store.change("vote:cast", actor=SOMEBODY, subject=f"{subject}-0") as change:
        for n in range(1, count):
            change.record("vote:cast", subject=f"{subject}-{n}")


def judged(store: Store) -> Verdict:
    with store.reading() as connection:
        return verify_database(connection, TRUST)


def test_the_tables_are_those_of_the_code_and_the_ledger_verifies(store: Store) -> None:
    store.require_schema()
    with store.reading() as connection:
        assert schema.differences(connection) == []
        assert unprotected(connection, PROTECTED) == []
        assert len(list(journal.entries(connection))) == 600
    verdict = judged(store)
    assert (verdict.fault, verdict.size, verdict.signed) == (None, 600, 600)


@pytest.mark.parametrize("table", PROTECTED)
@pytest.mark.parametrize("verb", ["UPDATE {t} SET {c} = {c}", "DELETE FROM {t}", "TRUNCATE {t} CASCADE"])
def test_raw_sql_changes_nothing_in_the_ledger(store: Store, table: str, verb: str) -> None:
    columns = {"ledger_entry": "body", "ledger_node": "hash", "ledger_checkpoint": "note", "ledger_cosignature": "line"}
    with pytest.raises(DatabaseError, match="append-only"), store._writer.begin() as connection:
        connection.execute(text(verb.format(t=table, c=columns[table])))


@pytest.mark.parametrize("position", [-1, 599, 601])
def test_an_entry_out_of_its_place_is_refused(store: Store, position: int) -> None:
    row = f"INSERT INTO ledger_entry VALUES ({position}, '', '', '', '', '', '')"
    with pytest.raises(DatabaseError, match="append-only"), store._writer.begin() as connection:
        connection.execute(text(row))


def test_whoever_switches_the_triggers_off_is_found_out(store: Store) -> None:
    with store._writer.begin() as connection:
        connection.execute(text("ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_append_only"))
        connection.execute(text("UPDATE ledger_entry SET body = replace(body, 's-7', 's-8') WHERE position = 7"))
        assert unprotected(connection, PROTECTED) == ["ledger_entry_append_only"]
    assert judged(store).fault == Fault(first=7, last=7, why="changed")


def test_a_reading_connection_cannot_write(store: Store) -> None:
    with pytest.raises(DatabaseError, match="read-only"), store.reading() as connection:
        connection.execute(text("DELETE FROM ledger_entry"))


def test_writers_at_once_write_one_ledger(store: Store) -> None:
    def write(name: str) -> None:
        for n in range(20):
            written(store, 2, f"{name}{n}")

    writers = [threading.Thread(target=write, args=(name,)) for name in ("left", "right", "third")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    verdict = judged(store)
    assert (verdict.fault, verdict.size) == (None, 720)
