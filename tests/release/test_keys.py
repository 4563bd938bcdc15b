"""Keys overlap, end and are followed by others; what was signed in a key's time verifies, what was signed after not."""

from __future__ import annotations

import base64
import shutil
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.bootstrap import build
from app.domain.errors import Refusal, Unavailable
from app.domain.times import moment, stamp
from app.identity.keys import release_key
from app.identity.signing_keys import create, find, first_key, listed, retire, rotate, signers
from app.release.making import make_release
from app.release.trust import Trusted
from app.release.verify import verify_bundle
from app.signing.dated import DatedKey
from tests.jobs.deployment import Deployment
from tests.release.bundles import code, manifest_with

MONTH = timedelta(days=30)


class Hand:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def timed(here: Deployment, clock: Hand) -> Deployment:
    """The deployment under a clock of ours."""
    return Deployment(services=build(here.services.config, clock=clock))


def released(here: Deployment) -> Path:
    release_id = make_release(here.desk(), here.actor("officer"), here.approved())
    return here.services.config.home / "releases" / f"{release_id}.zip"


def rotated(here: Deployment, overlap: timedelta = MONTH) -> tuple[DatedKey, DatedKey]:
    """The key of the deployment and its successor."""
    old = here.trusted().release[-1]
    folder = here.services.keys
    new = rotate(here.store, here.actor("security"), folder, old.public.id, overlap=overlap)
    return old, new


def test_while_keys_overlap_both_sign_and_each_reader_verifies(timed: Deployment) -> None:
    before = timed.trusted()
    old, new = rotated(timed)
    bundle = released(timed)
    assert set(verify_bundle(bundle, before).signers) == {old.public.id}
    only_new = Trusted(release=(new,), ledger=before.ledger)
    assert set(verify_bundle(bundle, only_new).signers) == {new.public.id}
    assert len(verify_bundle(bundle, timed.trusted()).signers) == 2


def test_what_was_signed_in_a_key_s_time_verifies_after_it(timed: Deployment, clock: Hand) -> None:
    bundle = released(timed)
    old, new = rotated(timed)
    clock.now += 2 * MONTH
    assert [k.public for k in timed.signers()] == [new.public]
    assert set(verify_bundle(bundle, timed.trusted()).signers) == {old.public.id}
    assert set(verify_bundle(released(timed), timed.trusted()).signers) == {new.public.id}


def test_what_a_key_signs_after_its_end_is_refused_with_the_reason(timed: Deployment, clock: Hand) -> None:
    """Somebody kept the old key, and even made the platform's own ledger take up the signature."""
    old, _ = rotated(timed)
    stolen = release_key(timed.services.keys, old.public)
    clock.now += 2 * MONTH
    proof = timed.approved()
    release_id = make_release(timed.desk(keys=(stolen,)), timed.actor("officer"), proof)
    bundle = timed.services.config.home / "releases" / f"{release_id}.zip"
    assert code(lambda: verify_bundle(bundle, timed.trusted())) == "manifest-key-not-in-force"
    ended = replace(old, valid_until=None)
    assert verify_bundle(bundle, Trusted(release=(ended,), ledger=timed.trusted().ledger)).files


def test_a_key_that_has_ended_is_named_as_the_reason_also_without_the_ledger_s_help(
    timed: Deployment, clock: Hand
) -> None:
    bundle = released(timed)
    old, _ = rotated(timed)
    stolen = release_key(timed.services.keys, old.public)
    clock.now += 2 * MONTH
    now = stamp(clock.now)
    forged = manifest_with(bundle, (stolen,), lambda body: body["predicate"].update(created=now))
    assert code(lambda: verify_bundle(forged, timed.trusted())) == "manifest-key-not-in-force"


def test_nobody_signs_into_the_past_with_a_key_that_has_ended(timed: Deployment, clock: Hand) -> None:
    """The time that a signer claims is held against the time at which the ledger took up the signature."""
    old, _ = rotated(timed)
    stolen = release_key(timed.services.keys, old.public)
    clock.now += 2 * MONTH
    desk = timed.desk(keys=(stolen,))
    past = stamp(clock.now - 2 * MONTH)
    real = desk.store.clock

    def lying() -> datetime:
        return moment(past)

    proof = timed.approved()
    timed.store.clock = lying  # what stands in the statement …
    notary = timed.notary()
    honest = notary.record

    def record(*words: object) -> int:
        timed.store.clock = real  # … and what the ledger says
        return honest(*words)  # type: ignore[arg-type]

    object.__setattr__(notary, "record", record)
    release_id = make_release(replace(desk, notary=notary), timed.actor("officer"), proof)
    bundle = timed.services.config.home / "releases" / f"{release_id}.zip"
    with pytest.raises(Exception, match="rotated out") as caught:
        verify_bundle(bundle, timed.trusted())
    assert str(clock.now.year) in str(caught.value)


def test_a_key_of_the_national_suite_signs_beside_the_default_one(timed: Deployment) -> None:
    national = create(timed.store, timed.actor("security"), timed.services.keys, "sm2-sm3")
    bundle, trusted = released(timed), timed.trusted()
    assert set(verify_bundle(bundle, trusted, suites=["sm2-sm3", "ed25519"]).signers.values()) == {"sm2-sm3", "ed25519"}
    assert verify_bundle(bundle, Trusted(release=(national,), ledger=trusted.ledger), suites=["sm2-sm3"]).files
    default = tuple(k for k in trusted.release if k.public.suite == "ed25519")
    only_default = Trusted(release=default, ledger=trusted.ledger)
    assert verify_bundle(bundle, only_default).files
    assert code(lambda: verify_bundle(bundle, only_default, suites=["sm2-sm3"])) == "manifest-suite-missing"


def test_a_deployment_may_sign_with_the_national_suite_alone(timed: Deployment) -> None:
    (default,) = timed.trusted().release
    create(timed.store, timed.actor("security"), timed.services.keys, "sm2-sm3")
    retire(timed.store, timed.actor("security"), default.public.id)
    assert set(verify_bundle(released(timed), timed.trusted()).signers.values()) == {"sm2-sm3"}
    _, new = rotated(timed, timedelta(0))
    assert new.public.suite == "sm2-sm3"


def test_keys_are_created_rotated_and_retired_on_the_ledger(timed: Deployment) -> None:
    old, new = rotated(timed)
    assert timed.events(old.public.id) == ["key:created", "key:rotated"]
    assert timed.events(new.public.id) == ["key:created"]
    retire(timed.store, timed.actor("security"), old.public.id[:8])
    assert timed.events(old.public.id)[-1] == "key:retired"
    assert [k.public.id for k in timed.signers()] == [new.public.id]


def test_an_end_is_only_moved_nearer_and_the_last_key_stays(timed: Deployment, clock: Hand) -> None:
    security, folder = timed.actor("security"), timed.services.keys
    old, new = rotated(timed)
    before = sorted(folder.iterdir())
    assert code(lambda: rotate(timed.store, security, folder, old.public.id, overlap=2 * MONTH)) == "key-ended"
    assert sorted(folder.iterdir()) == before  # no secret is left of a key that does not count
    files = len(list(folder.iterdir()))
    rotate(timed.store, security, folder, old.public.id, overlap=MONTH / 2)
    assert len(list(folder.iterdir())) == files + 1
    clock.now += MONTH
    assert code(lambda: retire(timed.store, security, old.public.id)) == "key-ended"
    assert code(lambda: rotate(timed.store, security, folder, old.public.id, overlap=MONTH)) == "key-ended"
    retire(timed.store, security, new.public.id)
    (last,) = timed.signers()
    assert code(lambda: retire(timed.store, security, last.public.id)) == "key-last"
    assert [k.public for k in timed.signers()] == [last.public]
    for wrong in ("00000000", last.public.id[:4], ""):
        assert code(lambda w=wrong: retire(timed.store, security, w)) == "key-unknown"  # type: ignore[misc]


def test_only_the_security_administrator_handles_keys(timed: Deployment) -> None:
    key, folder = timed.trusted().release[0].public.id, timed.services.keys
    before = sorted(f.name for f in folder.iterdir())
    for person in ("officer", "ana", "regulator"):
        actor = timed.actor(person)
        assert code(lambda a=actor: create(timed.store, a, folder, "ed25519")) == "not-permitted"  # type: ignore[misc]
        assert code(lambda a=actor: rotate(timed.store, a, folder, key, overlap=MONTH)) == "not-permitted"  # type: ignore[misc]
        assert code(lambda a=actor: retire(timed.store, a, key)) == "not-permitted"  # type: ignore[misc]
    assert sorted(f.name for f in folder.iterdir()) == before
    assert first_key(timed.store, folder) == ()


def test_secrets_are_files_for_their_owner_alone_and_belong_to_their_key(timed: Deployment) -> None:
    folder, at = timed.services.keys, stamp(timed.store.clock())
    (key,) = timed.trusted().release
    file = next(folder.glob("release-*.key"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key.public.id.startswith(file.stem.removeprefix("release-"))
    line = file.read_text()
    for spoiled in (
        "",
        "rsa AAAA",
        line.replace("ed25519", "sm2-sm3"),
        f"ed25519 {base64.b64encode(b'x' * 32).decode()}",
    ):
        file.write_text(spoiled)
        with timed.store.reading() as connection, pytest.raises(Unavailable, match=file.stem):
            signers(connection, folder, at)
    file.write_text(line)
    file.chmod(0o640)
    with timed.store.reading() as connection, pytest.raises(Refusal, match="others"):
        signers(connection, folder, at)
    file.unlink()
    with timed.store.reading() as connection, pytest.raises(Unavailable, match=file.stem):
        signers(connection, folder, at)


def test_nothing_is_signed_when_no_key_is_in_force(here: Deployment) -> None:
    with here.store.reading() as connection:
        (key,) = listed(connection)
        assert find(connection, key.public.id[:8]) == key
        with pytest.raises(Unavailable, match="No key"):
            signers(connection, here.services.keys, "2000-01-01T00:00:00.000000Z")


def test_keys_may_lie_apart_from_the_home(here: Deployment, tmp_path: Path) -> None:
    from app.config import read

    apart = tmp_path / "secrets"
    shutil.move(here.services.keys, apart)
    settings = read({"SLUICE_HOME": str(here.services.config.home), "SLUICE_KEYS": str(apart)})
    moved = Deployment(services=build(settings))
    assert verify_bundle(released(moved), moved.trusted()).files
