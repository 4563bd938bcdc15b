"""Does a replay find whatever was changed, in the database and in an export?"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.errors import Broken, Invalid, Refusal
from app.ledger import checkpoint, journal, tree
from app.ledger.export import read_export, verify_database, verify_export, write_export
from app.ledger.proof import check_entry, continuation, prove_entry
from app.ledger.replay import Fault, Trust, Verdict
from tests.governance.forest import Forest
from tests.governance.world import World

# ---------------------------------------------------------------------------------- the ledger of a deployment


def judged(world: World) -> Verdict:
    with world.store.reading() as connection:
        return verify_database(connection, Trust(verifier=world.services.ledger_verifier()))


def tampered(world: World, *statements: str) -> Verdict:
    """The verdict after somebody with the file in their hands took the triggers off and ran `statements`."""
    with sqlite3.connect(world.services.config.home / "control.db", isolation_level=None) as plain:
        for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            plain.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            plain.executescript(statement)
    plain.close()
    return judged(world)


def test_an_honest_ledger_verifies(world: World) -> None:
    world.signed()
    world.services.checkpoint()
    world.clock.forward(days=1)
    world.drafted()
    verdict = judged(world)
    assert verdict.fault is None
    assert (verdict.size, verdict.signed, verdict.checkpoints) == (world.entries(), world.entries() - 1, 1)


def test_a_checkpoint_is_kept_once_per_size(world: World) -> None:
    assert world.services.checkpoint() == world.services.checkpoint()
    assert judged(world).checkpoints == 1


def lengthen(world: World, size: int) -> None:
    """Entries until there are `size` of them: a tile has 256."""
    with world.changing() as change:
        for n in range(world.entries() + 1, size):
            change.record("vote:cast", subject=f"output-{n}")


FLIP = 'UPDATE ledger_entry SET body = replace(body, \'"actor":"machine\', \'"actor":"maschin\') WHERE position = 7;'
SWAP = """
UPDATE ledger_entry SET position = -1 WHERE position = 5;
UPDATE ledger_entry SET position = 5 WHERE position = 6;
UPDATE ledger_entry SET position = 6 WHERE position = -1;
"""


@pytest.mark.parametrize(
    "statement, fault",
    [
        (FLIP, Fault(first=7, last=7, why="changed")),
        ("UPDATE ledger_entry SET body = 'x' WHERE position = 4;", Fault(first=4, last=4, why="unreadable")),
        ("UPDATE ledger_entry SET actor = 'innocent' WHERE position = 3;", Fault(first=3, last=3, why="columns")),
        ("UPDATE ledger_entry SET leaf_hash = 'aa' WHERE position = 9;", Fault(first=9, last=9, why="changed")),
        (SWAP, Fault(first=5, last=5, why="order")),
        ("DELETE FROM ledger_entry WHERE position = 8;", Fault(first=8, last=8, why="missing")),
        ("UPDATE ledger_node SET hash = 'aa' WHERE position = 1;", Fault(first=256, last=511, why="node")),
        ("DELETE FROM ledger_node WHERE position = 0;", Fault(first=0, last=255, why="node")),
        ("UPDATE ledger_checkpoint SET note = 'x';", Fault(first=0, last=0, why="signature")),
    ],
)
def test_whatever_is_changed_in_the_database_is_found_and_named(world: World, statement: str, fault: Fault) -> None:
    lengthen(world, 520)
    world.services.checkpoint()
    assert tampered(world, statement).fault == fault


def test_a_truncated_tail_is_found(world: World) -> None:
    lengthen(world, 256)
    size = world.entries()
    verdict = tampered(world, f"DELETE FROM ledger_entry WHERE position >= {size - 3};")
    assert verdict.fault == Fault(first=size - 3, last=size - 1, why="missing")


def test_a_truncated_tail_is_found_by_the_checkpoint_even_when_the_nodes_went_too(world: World) -> None:
    lengthen(world, 256)
    world.services.checkpoint()
    size = world.entries()
    cut = f"DELETE FROM ledger_entry WHERE position >= {size - 3};"
    nodes = f"DELETE FROM ledger_node WHERE ((position + 1) << level) > {size - 3};"
    assert tampered(world, cut + nodes).fault == Fault(first=size - 3, last=size - 1, why="missing")


def test_nothing_is_signed_over_a_history_that_contradicts_the_last_checkpoint(world: World) -> None:
    world.services.checkpoint()
    size = world.entries()
    tampered(world, f"UPDATE ledger_entry SET leaf_hash = '{'ab' * 32}' WHERE position = {size - 1};")
    world.drafted()
    with pytest.raises(Broken) as refused:
        world.services.checkpoint()
    assert refused.value.code == "ledger-contradicted"


def test_nothing_is_signed_for_a_ledger_shorter_than_it_was(world: World) -> None:
    world.services.checkpoint()
    tampered(world, f"DELETE FROM ledger_entry WHERE position = {world.entries() - 1};")
    with pytest.raises(Broken) as refused:
        world.services.checkpoint()
    assert refused.value.code == "ledger-contradicted"


def test_an_entry_that_no_bundle_could_hold_is_not_written(world: World) -> None:
    size = world.entries()
    with pytest.raises(Invalid) as refused, world.changing() as change:
        change.record("vote:cast", subject="x", details={"reason": "长" * 22_000})
    assert refused.value.code == "ledger-entry-long"
    assert world.entries() == size


def test_a_history_rewritten_with_all_its_hashes_does_not_match_the_signed_root(world: World) -> None:
    world.services.checkpoint()
    signed = world.entries()
    world.drafted()
    world.services.checkpoint()
    with world.store.reading() as connection:
        bodies = list(journal.bodies(connection))
    bodies[signed] = bodies[signed].replace('"actor":"applicant"', '"actor":"somebody"')
    forest = Forest([b.encode() for b in bodies])
    new = f"body = '{bodies[signed]}', actor = 'somebody', leaf_hash = '{forest.at(0, signed).hex()}'"
    fixes = [
        f"UPDATE ledger_entry SET {new} WHERE position = {signed};",
        *(
            f"UPDATE ledger_node SET hash = '{v.hex()}' WHERE level = {level} AND position = {position};"
            for (level, position), v in forest.nodes.items()
            if level % 8 == 0 < level
        ),
    ]
    assert tampered(world, *fixes).fault == Fault(first=signed, last=len(bodies) - 1, why="root")


def test_a_checkpoint_that_an_outsider_kept_exposes_a_new_history_signed_anew(world: World, tmp_path: Path) -> None:
    kept = world.services.checkpoint()
    home = tmp_path / "other"
    shutil.copytree(world.services.config.home, home)
    tampered(
        world,
        "DELETE FROM ledger_checkpoint;",
        "DELETE FROM ledger_entry WHERE position > 2;",
        "DELETE FROM ledger_node WHERE ((position + 1) << level) > 3;",
    )
    world.drafted()
    world.services.checkpoint()
    assert judged(world).fault is None  # it agrees with itself …
    with world.store.reading() as connection:
        again = verify_database(connection, Trust(verifier=world.services.ledger_verifier(), notes=[kept]))
    assert again.fault is not None  # … and not with what was signed before
    assert again.fault.first == 4


# ---------------------------------------------------------------------------------- exports and proofs


def exported(world: World, file: Path) -> str:
    world.services.checkpoint()
    verifier = world.services.ledger_verifier()
    with world.store.reading() as connection:
        write_export(connection, file, verifier)
    return verifier


def test_an_export_verifies_offline(world: World, tmp_path: Path) -> None:
    verifier = exported(world, tmp_path / "l")
    verdict = verify_export(tmp_path / "l", Trust(verifier=verifier))
    assert verdict.fault is None
    assert verdict.size == verdict.signed == world.entries()
    with world.store.reading() as connection:
        assert verdict.root == journal.root(connection, verdict.size)


def harm_line(number: int, old: str, new: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [line.replace(old, new) if n == number else line for n, line in enumerate(lines)]


@pytest.mark.parametrize(
    "harm, fault",
    [
        (harm_line(8, '"actor":"machine', '"actor":"maschin'), Fault(first=7, last=7, why="changed")),
        (harm_line(8, '"event"', ' "event"'), Fault(first=7, last=7, why="unreadable")),
        (lambda x: [*x[:3], x[4], x[3], *x[5:]], Fault(first=2, last=2, why="order")),
        (lambda x: [*x[:5], *x[6:]], Fault(first=4, last=4, why="order")),
        (lambda x: [*x[:5], x[4], *x[5:]], Fault(first=4, last=4, why="order")),
        (lambda x: [x[0], *x[2:]], Fault(first=0, last=0, why="order")),
    ],
)
def test_a_changed_export_names_the_first_bad_entry(
    world: World, tmp_path: Path, harm: Callable[[list[str]], list[str]], fault: Fault
) -> None:
    file = tmp_path / "l"
    verifier = exported(world, file)
    file.write_text("\n".join(harm(file.read_text().splitlines())) + "\n")
    assert verify_export(file, Trust(verifier=verifier)).fault == fault


def test_an_export_cut_off_at_its_end_is_found(world: World, tmp_path: Path) -> None:
    file = tmp_path / "l"
    verifier = exported(world, file)
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:-3], lines[-1]]) + "\n")
    size = world.entries()
    assert verify_export(file, Trust(verifier=verifier)).fault == Fault(first=size - 2, last=size - 1, why="missing")


def test_an_export_signed_by_somebody_else_is_found(world: World, tmp_path: Path) -> None:
    exported(world, tmp_path / "l")
    stranger = checkpoint.verifier_key(Ed25519PrivateKey.generate())
    assert verify_export(tmp_path / "l", Trust(verifier=stranger)).fault == Fault(first=0, last=0, why="signature")


def test_an_export_that_leaves_out_what_was_signed_before_is_found(world: World, tmp_path: Path) -> None:
    kept = world.services.checkpoint()
    file = tmp_path / "l"
    verifier = exported(world, file)
    lines = [line for line in file.read_text().splitlines() if "checkpoint" not in line]
    file.write_text("\n".join(lines[:-1]) + "\n")
    assert verify_export(file, Trust(verifier=verifier)).fault is None
    fault = verify_export(file, Trust(verifier=verifier, notes=[kept])).fault
    assert fault is not None
    assert fault.why == "missing"


@pytest.mark.parametrize("content", ["", "{}", "no json", '{"format":"sluice-ledger/2","key":"k"}', "\xff"])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "l").write_bytes(content.encode("latin-1"))
    with pytest.raises(Invalid) as refused:
        read_export(tmp_path / "l")
    assert refused.value.code == "ledger-export-unreadable"


def test_one_entry_is_proved_without_the_rest(world: World) -> None:
    note, verifier = world.services.checkpoint(), world.services.ledger_verifier()
    with world.store.reading() as connection:
        proofs = [prove_entry(connection, n, note, verifier) for n in range(world.entries())]
        found = list(journal.entries(connection))
    assert [check_entry(json.loads(json.dumps(p)), verifier) for p in proofs] == found
    with pytest.raises(ValueError, match="does not lead"):
        check_entry({**proofs[3], "entry": proofs[4]["entry"]}, verifier)


def test_an_entry_after_the_checkpoint_is_not_proved(world: World) -> None:
    note, verifier = world.services.checkpoint(), world.services.ledger_verifier()
    world.drafted()
    with world.store.reading() as connection, pytest.raises(Refusal) as refused:
        prove_entry(connection, world.entries() - 1, note, verifier)
    assert refused.value.code == "ledger-entry-unproved"


def test_a_later_checkpoint_is_proved_to_continue_an_earlier_one(world: World) -> None:
    verifier, old = world.services.ledger_verifier(), world.services.checkpoint()
    world.signed()
    new = world.services.checkpoint()
    with world.store.reading() as connection:
        proof = continuation(connection, checkpoint.stated(old).size, new)
        with pytest.raises(Refusal) as refused:
            continuation(connection, world.entries() + 1, new)
    assert refused.value.code == "ledger-checkpoint-shorter"
    first, second = checkpoint.open_checkpoint(old, verifier), checkpoint.open_checkpoint(new, verifier)
    assert tree.verify_consistency(first.size, second.size, first.root, second.root, proof)


def test_entries_are_found_by_subject_event_and_place(world: World) -> None:
    subject = world.drafted()
    with world.store.reading() as connection:
        assert [e.event for e in journal.entries(connection, subject=subject)] == ["application:drafted"]
        assert [e.index for e in journal.entries(connection, start=3, limit=2)] == [3, 4]
        assert {e.event for e in journal.entries(connection, event="person:registered")} == {"person:registered"}
