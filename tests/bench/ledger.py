"""What does a ledger cost that nobody can change unnoticed? Appends, bytes, proofs, verification, and what it finds.

Against plain INSERTs of the same rows into a table of the same columns and indexes in the same kind of database.
BENCH_LEDGER is the number of entries.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, Text, insert, select, text

from app.ledger import checkpoint, journal, tree
from app.ledger.checkpoint import stated
from app.ledger.entries import Entry
from app.ledger.export import verify_database, verify_export, write_export
from app.ledger.replay import Trust, Verdict
from app.ledger.tables import ledger_entry
from app.ledger.witness import cosign, witness_key
from app.store import schema
from app.store.engines import reading_engine, writing_engine

BATCH, ALONE, PROOFS = 1_000, 500, 1_000
PROOF_BUDGET = 0.01
"""Seconds that a proof may take, as a median."""
KEY, WITNESS = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
NAME = "bureau.example/witness"
TRUST = Trust(verifier=checkpoint.verifier_key(KEY))
COLUMNS = ("at", "event", "actor", "subject", "body", "leaf_hash")
PLAIN = Table(
    "plain_entry",
    MetaData(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *(Column(name, Text, nullable=False, index=name in {"event", "actor", "subject"}) for name in COLUMNS),
)
"""The table of the entries without tree, triggers and proofs."""


def ledger(_scale: float, _rounds: int) -> bool:
    """Print the figures; False when a harm is not found or a proof takes too long."""
    count = int(os.environ.get("BENCH_LEDGER", "1000000"))
    with TemporaryDirectory() as folder:
        place = Path(folder)
        engine = writing_engine(f"sqlite:///{place / 'ledger.db'}")
        schema.upgrade(engine)
        seconds = _appended(engine, count)
        plain_seconds = _plain(place, count)
        _line("appended", count, seconds, f"plain INSERTs {plain_seconds:.0f} s: ratio {seconds / plain_seconds:.2f}")
        _line("one entry a commit", ALONE, _alone(engine, count))
        _sizes(place, count)
        note = _signed(engine)
        usual = _proofs(engine, note)
        _exports(engine, place)
        return _harms(engine, note) and usual <= PROOF_BUDGET


def _line(what: str, count: int, seconds: float, more: str = "") -> None:
    print(f"{what:26}{count:>10,} in {seconds:8.1f} s{count / seconds:>12,.0f}/s  {more}", flush=True)


def _timed(action: Callable[[], Any]) -> float:
    begun = perf_counter()
    action()
    return perf_counter() - begun


def _event(number: int) -> dict[str, Any]:
    """What a platform with many jobs writes most."""
    return {
        "at": f"2026-11-23T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000000Z",
        "event": ("job:queued", "job:started", "job:run_finished", "job:sent_to_review")[number % 4],
        "actor": "machine:worker",
        "subject": f"job-{number // 4:016x}",
        "details": {"fence": number, "report_hash": f"{number:064x}"},
    }


def _write(connection: Connection, start: int, end: int) -> None:
    for number in range(start, end):
        journal.append(connection, **_event(number))


def _appended(engine: Engine, count: int) -> float:
    """Batches, with a checkpoint after each tenth of them."""
    begun = perf_counter()
    for start in range(0, count, BATCH):
        with engine.begin() as connection:
            _write(connection, start, min(count, start + BATCH))
            if start // BATCH % max(1, count // BATCH // 10) == 0:
                _sign(connection)
    return perf_counter() - begun


def _sign(connection: Connection) -> str:
    return journal.sign_checkpoint(connection, at="", sign=lambda size, root: checkpoint.sign(size, root, KEY))


def _alone(engine: Engine, count: int) -> float:
    """One transaction an entry, on the disk before the next: what a single change of state costs."""
    begun = perf_counter()
    for number in range(count, count + ALONE):
        with engine.begin() as connection:
            _write(connection, number, number + 1)
    return perf_counter() - begun


def _plain(folder: Path, count: int) -> float:
    engine = writing_engine(f"sqlite:///{folder / 'plain.db'}")
    with engine.begin() as connection:
        PLAIN.create(connection)
    statement = insert(PLAIN)
    begun = perf_counter()
    for start in range(0, count, BATCH):
        with engine.begin() as connection:
            for number in range(start, min(count, start + BATCH)):
                event = _event(number)
                entry = Entry(index=number, **event)
                row = {**event, "position": number, "body": entry.body(), "leaf_hash": entry.leaf().hex()}
                del row["details"]
                connection.execute(statement, row)
    seconds = perf_counter() - begun
    engine.dispose()
    return seconds


def _sizes(folder: Path, count: int) -> None:
    ours, plain = ((folder / f"{name}.db").stat().st_size for name in ("ledger", "plain"))
    print(f"{'bytes an entry':26}{ours / count:10.0f}  plain {plain / count:.0f}: ratio {ours / plain:.2f}", flush=True)


def _signed(engine: Engine) -> str:
    """The checkpoint of everything, with the signature of a witness; its time is printed."""
    begun = perf_counter()
    with engine.begin() as connection:
        note = _sign(connection)
    print(f"{'checkpoint':26}{1000 * (perf_counter() - begun):10.1f} ms", flush=True)
    return note + cosign(note, WITNESS, NAME, 1_795_000_000)


def _proofs(engine: Engine, note: str) -> float:
    """Proofs at random places, each verified; answers the larger median."""
    now, rnd, usual = stated(note), random.Random(6962), 0.0  # the same places in every run
    with engine.connect() as connection:
        for what, prove in (("inclusion", _inclusion), ("consistency", _consistency)):
            times = [prove(connection, rnd.randrange(1, now.size), now) for _ in range(PROOFS)]
            usual = max(usual, median(times))
            print(
                f"{f'{what} proof':26}{1000 * median(times):10.1f} ms, slowest {1000 * max(times):.1f} ms", flush=True
            )
    return usual


def _inclusion(connection: Connection, position: int, now: checkpoint.Checkpoint) -> float:
    subtree = journal.subtrees(connection)
    begun = perf_counter()
    path = tree.inclusion_proof(position, now.size, subtree)
    seconds = perf_counter() - begun
    if not tree.verify_inclusion(subtree(0, position), position, now.size, path, now.root):
        raise ValueError("a proof does not hold")
    return seconds


def _consistency(connection: Connection, size: int, now: checkpoint.Checkpoint) -> float:
    old = journal.root(connection, size)
    begun = perf_counter()
    proof = tree.consistency_proof(size, now.size, journal.subtrees(connection))
    seconds = perf_counter() - begun
    if not tree.verify_consistency(size, now.size, old, now.root, proof):
        raise ValueError("a proof does not hold")
    return seconds


def _exports(engine: Engine, folder: Path) -> None:
    file = folder / "ledger.jsonl"
    with engine.connect() as connection:
        size = journal.size(connection)
        _line("verified, database", size, _timed(lambda: verify_database(connection, TRUST)))
        _line("exported", size, _timed(lambda: write_export(connection, file, TRUST.verifier)))
    _line("verified, export", size, _timed(lambda: verify_export(file, TRUST)))
    file.unlink()


def _harms(engine: Engine, note: str) -> bool:
    """Harm the ledger in a transaction that is undone, and verify it there; whether each harm is found.

    A rewritten tail is exposed by the checkpoint that a witness signed too, which leaves the stretch since the last
    one that agrees; an export that was kept names the entry.
    """
    size = stated(note).size
    place, tail, good = size * 9 // 10, _tail(size), True
    witnessed = Trust(verifier=TRUST.verifier, witness=witness_key(WITNESS, NAME), notes=[note])
    with reading_engine(str(engine.url)).connect() as before:
        leaves = before.execute(select(ledger_entry.c.leaf_hash).order_by(ledger_entry.c.position)).scalars()
        kept = Trust(verifier=TRUST.verifier, leaves=leaves)
        for what, harm, trust, first in (
            ("a flipped byte", _flip, TRUST, (place, place)),
            ("a swapped pair", _swap, TRUST, (place, place)),
            ("a deleted row", _delete, TRUST, (place, place)),
            ("a rewritten tail", _rewrite, witnessed, (0, tail)),
            ("the same, export kept", _rewrite, kept, (tail, tail)),
        ):
            begun = perf_counter()
            fault = _harmed(engine, partial(harm, place=place, size=size), trust).fault
            said = "not found" if fault is None else f"entry {fault.first} to {fault.last}: {fault.why}"
            print(f"{what:26}{perf_counter() - begun:10.1f} s  {said}", flush=True)
            good = good and fault is not None and first[0] <= fault.first <= first[1]
    return good


def _tail(size: int) -> int:
    """The first entry of the tail that is rewritten."""
    return max(0, size - 5_000)


def _harmed(engine: Engine, harm: Callable[[Connection], None], trust: Trust) -> Verdict:
    with engine.connect() as connection, connection.begin() as transaction:
        for name in list(_triggers(connection)):
            connection.execute(text(f"DROP TRIGGER {name}"))
        harm(connection)
        verdict = verify_database(connection, trust)
        transaction.rollback()
    return verdict


def _triggers(connection: Connection) -> Iterator[str]:
    yield from connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()


def _flip(connection: Connection, *, place: int, size: int) -> None:
    flip = "UPDATE ledger_entry SET body = replace(body, 'fence', 'fencd') WHERE position = :place"
    connection.execute(text(flip), {"place": place})


def _swap(connection: Connection, *, place: int, size: int) -> None:
    for old, new in ((place, -1), (place + 1, place), (-1, place + 1)):
        change = "UPDATE ledger_entry SET position = :new WHERE position = :old"
        connection.execute(text(change), {"old": old, "new": new})


def _delete(connection: Connection, *, place: int, size: int) -> None:
    connection.execute(text("DELETE FROM ledger_entry WHERE position = :place"), {"place": place})


def _rewrite(connection: Connection, *, place: int, size: int) -> None:
    """Whoever has database and key: the last entries are others, as many, under a new checkpoint of the log's key."""
    first = _tail(size)
    for statement in (
        "DELETE FROM ledger_entry WHERE position >= :first",
        "DELETE FROM ledger_node WHERE ((position + 1) << level) > :first",
        "DELETE FROM ledger_checkpoint WHERE size > :first",
    ):
        connection.execute(text(statement), {"first": first})
    _write(connection, first + 1, size + 1)
    _sign(connection)
