"""Does a witness sign only what continues what it has seen, and does its signature expose a rewritten ledger?"""

from __future__ import annotations

import base64
import hashlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.domain.errors import Invalid, Refusal, SluiceError, Unavailable
from app.identity.keys import ledger_key
from app.ledger import checkpoint, cosigning, request, tile_folder, watch
from app.ledger.export import leaves, verify_database, verify_export, write_export
from app.ledger.proof import continuation
from app.ledger.replay import Fault, Trust
from app.ledger.witness import cosign, cosignature, cosigned_at, witness_key
from tests.governance.test_ledger import lengthen
from tests.governance.world import World

NAME, NOON = "bureau.example/witness", 1_795_000_000
KEY = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
LOG = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
NOTE = checkpoint.sign(3, b"r" * 32, LOG)


# ---------------------------------------------------------------------------------- the signature


def test_a_cosignature_is_what_the_standard_says() -> None:
    line = cosign(NOTE, KEY, NAME, NOON)
    mark, name, encoded = line.rstrip("\n").split(" ")
    blob, public = base64.b64decode(encoded), KEY.public_key().public_bytes_raw()
    assert (mark, name, len(blob)) == ("—", NAME, 4 + 8 + 64)
    assert blob[:4] == hashlib.sha256(NAME.encode() + b"\n\x04" + public).digest()[:4]
    assert int.from_bytes(blob[4:12], "big") == NOON
    root = base64.b64encode(b"r" * 32).decode()
    message = f"cosignature/v1\ntime {NOON}\nsluice/ledger\n3\n{root}\n"
    Ed25519PublicKey.from_public_bytes(public).verify(blob[12:], message.encode())
    assert witness_key(KEY, NAME).split("+")[1] == blob[:4].hex()


def test_it_is_found_under_the_log_s_own_and_the_newest_counts() -> None:
    verifier = witness_key(KEY, NAME)
    assert cosigned_at(NOTE, verifier) is None
    note = NOTE + cosign(NOTE, KEY, NAME, NOON) + cosign(NOTE, KEY, NAME, NOON + 60)
    assert cosigned_at(note, verifier) == NOON + 60
    assert cosignature(note, verifier) == cosign(NOTE, KEY, NAME, NOON + 60)
    assert checkpoint.open_checkpoint(note, checkpoint.verifier_key(LOG)).size == 3


@pytest.mark.parametrize(
    "line",
    [
        cosign(checkpoint.sign(4, b"r" * 32, LOG), KEY, NAME, NOON),
        cosign(NOTE, KEY, NAME, NOON).replace(NAME, NAME, 1)[:-6] + "AAA=\n",
        cosign(NOTE, KEY, NAME, NOON)[:-9] + "\n",
        f"— {NAME} !!!\n",
    ],
)
def test_a_cosignature_of_something_else_does_not_pass(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        cosigned_at(NOTE + line, witness_key(KEY, NAME))


def test_a_logs_key_is_no_witness_and_another_key_of_that_name_is_not_meant() -> None:
    with pytest.raises(ValueError, match="expected kind"):
        cosigned_at(NOTE, checkpoint.verifier_key(LOG))
    assert cosigned_at(NOTE + cosign(NOTE, LOG, NAME, NOON), witness_key(KEY, NAME)) is None


# ---------------------------------------------------------------------------------- the witness


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    watch.create(tmp_path / "watch", NAME, world.services.ledger_verifier())
    return tmp_path / "watch"


def export(world: World, place: Path, *, tiles: bool = False) -> Path:
    world.services.checkpoint()
    with world.store.reading() as connection:
        (tile_folder.write if tiles else write_export)(connection, place, world.services.ledger_verifier())
    return place


def asked(world: World, place: Path, since: int) -> Path:
    note = world.services.checkpoint()
    with world.store.reading() as connection:
        proof = continuation(connection, since, note)
    place.write_text(request.written(request.Request(old=since, proof=proof, note=note)))
    return place


def rewrite(world: World, first: int) -> None:
    """Somebody with database and log key rewrites the tail: a shorter ledger, signed anew, and longer again."""
    with sqlite3.connect(world.services.config.home / "control.db", isolation_level=None) as plain:
        kept = dict(plain.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
        for name in kept:
            plain.execute(f"DROP TRIGGER {name}")
        for table, place in (("ledger_cosignature", "size"), ("ledger_checkpoint", "size")):
            plain.execute(f"DELETE FROM {table} WHERE {place} > {first}")
        plain.execute(f"DELETE FROM ledger_entry WHERE position >= {first}")
        plain.execute(f"DELETE FROM ledger_node WHERE ((position + 1) << level) > {first}")
        for statement in kept.values():
            plain.execute(statement)
    plain.close()
    with world.changing("vote:cast", "another past"):
        pass


@pytest.mark.parametrize("tiles", [False, True])
def test_a_witness_signs_what_continues_what_it_saw(world: World, folder: Path, tmp_path: Path, tiles: bool) -> None:
    for size in (300, 600):
        lengthen(world, size)
        note = watch.sign(folder, export(world, tmp_path / f"e{size}", tiles=tiles), NOON + size)
        witness = witness_key(watch.load(folder).key, NAME)
        assert cosigned_at(note, witness) == NOON + size
        assert (watch.load(folder).size, watch.load(folder).seen) == (size, note)


def test_a_request_needs_no_entry(world: World, folder: Path, tmp_path: Path) -> None:
    lengthen(world, 300)
    watch.sign(folder, asked(world, tmp_path / "first", 0), NOON)
    lengthen(world, 777)
    watch.sign(folder, asked(world, tmp_path / "second", 300), NOON)
    assert watch.load(folder).size == 777
    assert "event" not in (tmp_path / "second").read_text()
    watch.sign(folder, asked(world, tmp_path / "again", 777), NOON)


@pytest.mark.parametrize("form", ["file", "tiles", "request"])
def test_a_rewritten_tail_is_not_signed_even_under_a_new_checkpoint(
    world: World, folder: Path, tmp_path: Path, form: str
) -> None:
    lengthen(world, 300)
    watch.sign(folder, export(world, tmp_path / "before"), NOON)
    rewrite(world, 290)
    lengthen(world, 350)
    place = tmp_path / "after"
    after = asked(world, place, 300) if form == "request" else export(world, place, tiles=form == "tiles")
    with pytest.raises(Refusal) as refused:
        watch.sign(folder, after, NOON)
    assert refused.value.code == "witness-refused"
    assert watch.load(folder).size == 300


def test_a_ledger_shorter_than_it_was_is_not_signed(world: World, folder: Path, tmp_path: Path) -> None:
    lengthen(world, 300)
    watch.sign(folder, export(world, tmp_path / "before"), NOON)
    rewrite(world, 280)
    with pytest.raises(Refusal) as refused:
        watch.sign(folder, export(world, tmp_path / "after"), NOON)
    assert refused.value.code == "witness-refused"
    with pytest.raises(Refusal) as stale:
        watch.sign(folder, asked(world, tmp_path / "ask", 0), NOON)
    assert stale.value.code == "witness-stale"


def test_a_changed_entry_is_named_and_not_signed(world: World, folder: Path, tmp_path: Path) -> None:
    place = export(world, tmp_path / "e")
    place.write_text(place.read_text().replace('"actor":"machine', '"actor":"maschin', 1))
    with pytest.raises(Refusal) as refused:
        watch.sign(folder, place, NOON)
    assert (refused.value.code, dict(refused.value.findings[0].params)["first"]) == ("witness-refused", "0")


def test_what_another_log_signed_is_not_signed(world: World, tmp_path: Path) -> None:
    watch.create(tmp_path / "watch", NAME, checkpoint.verifier_key(LOG))
    for place in (export(world, tmp_path / "e"), asked(world, tmp_path / "r", 0)):
        with pytest.raises(SluiceError) as refused:
            watch.sign(tmp_path / "watch", place, NOON)
        assert refused.value.code in {"witness-refused", "ledger-checkpoint-foreign"}
    assert watch.load(tmp_path / "watch").seen is None


def test_an_export_that_nobody_signed_is_not_signed(world: World, folder: Path, tmp_path: Path) -> None:
    place = export(world, tmp_path / "e")
    place.write_text("".join(x for x in place.read_text().splitlines(keepends=True) if "checkpoint" not in x))
    with pytest.raises(Invalid) as refused:
        watch.sign(folder, place, NOON)
    assert refused.value.code == "ledger-unsigned"


@pytest.mark.parametrize(
    "text", ["old x\n\nnote", "old 1", "old 01\n\nn", "old 1\n!\n\nn", "old 1\n" + "AA==\n" * 64 + "\nn"]
)
def test_a_malformed_request_is_refused(folder: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "r").write_text(text)
    with pytest.raises(Invalid) as refused:
        watch.sign(folder, tmp_path / "r", NOON)
    assert refused.value.code == "ledger-export-unreadable"


def test_a_witness_keeps_its_key_to_itself(folder: Path, tmp_path: Path) -> None:
    assert (folder / "witness.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Refusal) as again:
        watch.create(folder, NAME, checkpoint.verifier_key(LOG))
    assert again.value.code == "witness-exists"
    (folder / "witness.key").chmod(0o644)
    with pytest.raises(Refusal) as exposed:
        watch.load(folder)
    assert exposed.value.code == "key-exposed"
    with pytest.raises(Unavailable) as missing:
        watch.sign(tmp_path / "nowhere", tmp_path, NOON)
    assert missing.value.code == "witness-missing"


@pytest.mark.parametrize("file", ["witness.pub", "log.pub", "seen"])
def test_a_damaged_witness_signs_nothing(world: World, folder: Path, tmp_path: Path, file: str) -> None:
    place = export(world, tmp_path / "e")
    watch.sign(folder, place, NOON)
    (folder / file).write_text("x")
    with pytest.raises(Unavailable) as refused:
        watch.sign(folder, place, NOON)
    assert refused.value.code == "witness-missing"


@pytest.mark.parametrize(
    "name, log, code",
    [
        ("a b", checkpoint.verifier_key(LOG), "witness-name"),
        ("a+b", checkpoint.verifier_key(LOG), "witness-name"),
        ("w", "no key", "ledger-key-malformed"),
        ("w", witness_key(KEY, NAME), "ledger-key-malformed"),
    ],
)
def test_a_witness_needs_a_name_and_a_log(tmp_path: Path, name: str, log: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        watch.create(tmp_path / "w", name, log)
    assert refused.value.code == code


# ---------------------------------------------------------------------------------- its signature in the ledger


def taken(world: World, note: str, witness: str) -> int:
    with world.changing("ledger:cosigned", "ledger") as change:
        return cosigning.take(
            change.connection, note, verifier=world.services.ledger_verifier(), witness=witness, at=change.at
        )


def test_a_signature_that_was_taken_in_is_exported_and_demanded(world: World, folder: Path, tmp_path: Path) -> None:
    lengthen(world, 300)
    witness = watch.load(folder)
    key, trusted = witness_key(witness.key, NAME), world.services.ledger_verifier()
    note = watch.sign(folder, export(world, tmp_path / "e"), NOON)
    trust = Trust(verifier=trusted, witness=key)
    assert verify_export(tmp_path / "e", trust).fault == Fault(first=0, last=300, why="unwitnessed")
    assert (taken(world, note, key), taken(world, note, key)) == (300, 300)
    for place in (export(world, tmp_path / "f"), export(world, tmp_path / "t", tiles=True)):
        verdict = verify_export(place, trust)
        assert (verdict.fault, verdict.witnessed, verdict.witnessed_at) == (None, 300, NOON)
    with world.store.reading() as connection:
        assert verify_database(connection, trust).witnessed == 300


def test_a_rewritten_tail_is_exposed_by_the_checkpoint_that_the_witness_signed(
    world: World, folder: Path, tmp_path: Path
) -> None:
    lengthen(world, 300)
    note = watch.sign(folder, export(world, tmp_path / "before"), NOON)
    key, log = witness_key(watch.load(folder).key, NAME), world.services.ledger_verifier()
    rewrite(world, 290)
    lengthen(world, 350)
    after = export(world, tmp_path / "after")
    assert verify_export(after, Trust(verifier=log)).fault is None  # it agrees with itself …
    assert verify_export(after, Trust(verifier=log, witness=key)).fault == Fault(first=0, last=350, why="unwitnessed")
    fault = Fault(first=0, last=299, why="root")
    assert verify_export(after, Trust(verifier=log, witness=key, notes=[note])).fault == fault
    exactly = Trust(verifier=log, leaves=leaves(tmp_path / "before"))
    assert verify_export(after, exactly).fault == Fault(first=290, last=290, why="rewritten")


def test_an_export_that_was_kept_names_what_was_cut_off(world: World, tmp_path: Path) -> None:
    lengthen(world, 300)
    export(world, tmp_path / "before")
    rewrite(world, 280)
    after = export(world, tmp_path / "after")
    trust = Trust(verifier=world.services.ledger_verifier(), leaves=list(leaves(tmp_path / "before"))[:280])
    assert verify_export(after, trust).fault is None
    shutil.copy(tmp_path / "before", tmp_path / "longer")
    lines = after.read_text().splitlines(keepends=True)
    after.write_text("".join([*lines[:281], lines[-1]]))
    trust = Trust(verifier=world.services.ledger_verifier(), leaves=leaves(tmp_path / "longer"))
    assert verify_export(after, trust).fault == Fault(first=280, last=299, why="missing")


@pytest.mark.parametrize("how", ["unsigned", "foreign", "other", "forked", "longer"])
def test_only_a_signature_of_a_checkpoint_of_ours_is_taken_in(world: World, how: str) -> None:
    note, key, own = world.services.checkpoint(), witness_key(KEY, NAME), ledger_key(world.services.keys)
    size = world.entries()
    others = {
        "foreign": checkpoint.sign(size, b"r" * 32, LOG),
        "forked": checkpoint.sign(size, b"r" * 32, own),  # our key, another ledger
        "longer": checkpoint.sign(size + 9, b"r" * 32, own),
    }
    other = others.get(how, note)
    harmed = other + {"unsigned": "", "other": cosign(NOTE, KEY, NAME, NOON)}.get(how, cosign(other, KEY, NAME, NOON))
    with pytest.raises(Invalid) as refused:
        taken(world, harmed, key)
    assert refused.value.code == "ledger-cosignature-foreign"
    assert world.entries() == size
