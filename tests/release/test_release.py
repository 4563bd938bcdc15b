"""An approved output leaves once, in a bundle that a stranger can verify and that nothing can be slipped into."""

from __future__ import annotations

import base64
import csv
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyarrow import parquet as pq
from sqlalchemy import select

from app.cli.main import sluice
from app.domain.errors import Invalid, Refusal
from app.domain.proofs import Approval
from app.identity.keys import signing_key
from app.ledger import checkpoint
from app.release.archive import write_archive
from app.release.envelope import canonical, open_sealed, seal
from app.release.making import make_release
from app.release.records import bundle_file, listed, load, tidy
from app.release.trust import RELEASE, Trusted, key_lines, read_keys
from app.release.verify import verify_bundle
from app.store.tables import history_segment, release
from tests.jobs.deployment import EXECUTION, FLIGHTS, Deployment

STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


@pytest.fixture
def released(here: Deployment) -> tuple[Deployment, str, Path]:
    release_id = make_release(here.desk(), here.actor("officer"), here.approved())
    return here, release_id, here.services.config.home / "releases" / f"{release_id}.zip"


Released = tuple[Deployment, str, Path]


def contents(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_bundle_holds_data_report_dictionary_and_a_manifest_that_says_all(released: Released) -> None:
    here, release_id, bundle = released
    verified = verify_bundle(bundle, here.trusted())
    assert set(verified.files) == {"manifest.json", "data.parquet", "data.csv", "report.json", "dictionary.json"}
    claims = verified.claims
    assert (claims["bundle"], claims["recipient"]) == (release_id, "maps")
    assert claims["datasets"] == [{"name": "flights", "code": FLIGHTS.code, "version": FLIGHTS.version}]
    assert {v["organization"] for v in claims["votes"]} == {"city-roads", "city-data"}
    assert (claims["plan_hash"], claims["policy_version"]) == ("cd" * 32, "policy-1")
    assert (verified.approval.event, verified.approval.subject) == ("output:approved", claims["output"])
    assert (claims["reproducible"], claims["execution"]) == (False, EXECUTION)
    files = contents(bundle)
    assert list(csv.DictReader(io.StringIO(files["data.csv"].decode())))[1] == {"carrier": "=B6", "flights": "900"}
    assert pq.read_table(io.BytesIO(files["data.parquet"])).num_rows == 2
    words = {d["name"]: (d["label_zh"], d["source"]) for d in json.loads(files["dictionary.json"])}
    assert words == {"carrier": ("承运人", "flights.carrier"), "flights": ("由分析计算得出", "")}


def test_verifying_a_bundle_says_how_its_result_was_computed(released: Released, tmp_path: Path) -> None:
    here, _, bundle = released
    folder = here.services.config.home / "keys"
    keys = tmp_path / "platform.keys"
    keys.write_text(key_lines(signing_key(folder, "release"), signing_key(folder, "ledger")))
    shown = CliRunner().invoke(sluice, ["verify", str(bundle), "--key", str(keys)], catch_exceptions=False)
    assert (
        "Ran on DuckDB 2.0.0 not in reproducible mode, with 2 threads, behind 2 walls: landlock, seccomp."
        in shown.output
    )
    told = CliRunner().invoke(sluice, ["verify", str(bundle), "--key", str(keys), "--json"], catch_exceptions=False)
    assert json.loads(told.stdout)["claims"]["execution"] == EXECUTION


def test_a_bundle_shows_its_recipient_no_evidence_and_no_other_release(released: Released) -> None:
    everything = b"".join(contents(released[2]).values())
    manifest = json.loads(contents(released[2])["manifest.json"])
    everything += base64.b64decode(manifest["payload"])
    for secret in (b"contributors", b"largest_share", b"release-other", b'"salt"', b"quarantine"):
        assert secret not in everything


def test_a_release_moves_output_history_and_ledger_in_one(released: Released) -> None:
    here, release_id, bundle = released
    with here.store.reading() as connection:
        record = load(connection, release_id)
        assert [r.id for r in listed(connection, operator="maps")] == [release_id]
        assert listed(connection, operator="rivals") == []
        assert connection.execute(select(history_segment.c.status)).scalar_one() == "released"
    assert record.state == "released"
    assert here.events(release_id) == ["release:bundled"]
    assert here.events(record.output)[-1] == "output:released"
    assert [f.name for f in bundle.parent.iterdir()] == [bundle.name]


# ------------------------------------------------------------------------------------------------------ exactly once


def code(of: Callable[[], object]) -> str:
    with pytest.raises((Refusal, Invalid)) as caught:
        of()
    return str(caught.value.code)


def test_a_second_release_of_one_output_is_refused(here: Deployment) -> None:
    proof = here.approved()
    make_release(here.desk(), here.actor("officer"), proof)
    assert code(lambda: make_release(here.desk(), here.actor("officer"), proof)) == "release-already-made"


def test_two_concurrent_releases_of_one_output_give_one(here: Deployment) -> None:
    proof, answers = here.approved(), []
    together = threading.Barrier(2)

    def patient_checkpoint() -> str:
        note = here.services.checkpoint()
        together.wait(10)  # both have read the state before either changes it
        return note

    def go() -> None:
        try:
            answers.append(make_release(here.desk(checkpoint=patient_checkpoint), here.actor("officer"), proof))
        except Refusal as error:
            answers.append(error.code)

    threads = [threading.Thread(target=go) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with here.store.reading() as connection:
        made = list(connection.execute(select(release.c.id)).scalars())
    assert sorted(answers) == sorted([*made, "release-already-made"])
    assert len(list((here.services.config.home / "releases").iterdir())) == 1
    assert here.events(proof.output).count("output:released") == 1


def nothing_left(here: Deployment, proof: Approval) -> bool:
    with here.store.reading() as connection:
        rows = connection.execute(select(release.c.id)).all()
    files = list((here.services.config.home / "releases").glob("*"))
    return not rows and not files and "output:released" not in here.events(proof.output)


def test_what_the_firewall_stops_is_not_half_released(here: Deployment) -> None:
    proof = here.approved()

    def too_near(*_: object) -> None:
        raise Refusal("release-already-made", output="stands for any refusal")

    def failing(*_: object) -> None:
        raise RuntimeError("the power went")

    assert code(lambda: make_release(here.desk(admit=too_near), here.actor("officer"), proof))
    assert nothing_left(here, proof)
    with pytest.raises(RuntimeError):
        make_release(here.desk(admit=failing), here.actor("officer"), proof)
    assert nothing_left(here, proof)
    assert make_release(here.desk(), here.actor("officer"), proof)


def test_nothing_is_released_under_an_authorization_that_ended(here: Deployment) -> None:
    proof = here.approved()
    here.set_authorization("suspended")
    assert code(lambda: make_release(here.desk(), here.actor("officer"), proof)) == "release-authorization-ended"
    assert nothing_left(here, proof)


def test_only_a_release_officer_releases(here: Deployment) -> None:
    proof = here.approved()
    for person in ("ana", "rev-data", "regulator"):
        assert code(lambda p=person: make_release(here.desk(), here.actor(p), proof)) == "not-permitted"  # type: ignore[misc]


def test_an_output_that_was_not_approved_is_not_released(here: Deployment) -> None:
    forged = Approval(output=here.output(), report_hash="00", votes=())
    assert code(lambda: make_release(here.desk(), here.actor("officer"), forged)) == "release-not-approved"


def test_an_approval_of_another_report_does_not_count(here: Deployment) -> None:
    proof = here.approved()
    forged = Approval(output=proof.output, report_hash="00", votes=proof.votes)
    assert code(lambda: make_release(here.desk(), here.actor("officer"), forged)) == "release-approval-mismatch"


def test_a_table_altered_in_quarantine_is_not_released(here: Deployment) -> None:
    proof = here.approved()
    next(here.quarantine.rglob("output.parquet")).write_bytes(b"other")
    assert code(lambda: make_release(here.desk(), here.actor("officer"), proof)) == "release-table-altered"


def test_a_bundle_is_named_after_the_program_died_right_behind_the_transaction(released: Released) -> None:
    here, release_id, bundle = released
    bundle.rename(bundle.with_suffix(".pending"))
    with here.store.reading() as connection:
        record = load(connection, release_id)
    assert bundle_file(record, bundle.parent) == bundle
    assert verify_bundle(bundle, here.trusted()).claims["bundle"] == release_id
    bundle.rename(bundle.with_suffix(".pending"))
    (bundle.parent / "release-none.pending").write_bytes(b"never committed")
    assert tidy(here.store, bundle.parent, older_than=time.time() - 60) == []
    assert tidy(here.store, bundle.parent, older_than=time.time() + 60) == ["release-none.pending"]
    assert [f.name for f in bundle.parent.iterdir()] == [bundle.name]


# --------------------------------------------------------------------------------------------------- altered bundles


def rewritten(bundle: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    files = contents(bundle)
    change(files)
    target = bundle.with_name("altered.zip")
    write_archive(target, files)
    return target


@pytest.mark.parametrize("name", ["data.parquet", "data.csv", "report.json", "dictionary.json"])
def test_a_change_in_any_file_is_found_and_named(released: Released, name: str) -> None:
    here, _, bundle = released

    def flip(files: dict[str, bytes]) -> None:
        files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])

    with pytest.raises(Invalid) as caught:
        verify_bundle(rewritten(bundle, flip), here.trusted())
    assert [(f.code, dict(f.params)["file"]) for f in caught.value.findings] == [("bundle-file-altered", name)]


def test_missing_and_added_files_are_each_named(released: Released) -> None:
    here, _, bundle = released

    def swap(files: dict[str, bytes]) -> None:
        del files["report.json"]
        files["extra.exe"] = b"MZ"

    with pytest.raises(Invalid) as caught:
        verify_bundle(rewritten(bundle, swap), here.trusted())
    assert {f.code for f in caught.value.findings} == {"bundle-file-missing", "bundle-file-unexpected"}
    without = rewritten(bundle, lambda files: files.__delitem__("manifest.json"))
    assert code(lambda: verify_bundle(without, here.trusted())) == "bundle-file-missing"


def manifest_with(bundle: Path, key: Ed25519PrivateKey, change: Callable[[dict[str, Any]], None]) -> Path:
    """The bundle with a changed statement, signed again with `key`."""

    def again(files: dict[str, bytes]) -> None:
        body = json.loads(base64.b64decode(json.loads(files["manifest.json"])["payload"]))
        change(body)
        files["manifest.json"] = seal(body, key)

    return rewritten(bundle, again)


def test_an_unknown_key_and_an_altered_signature_are_told_apart(released: Released) -> None:
    here, _, bundle = released
    foreign = manifest_with(bundle, STRANGER, lambda _: None)
    assert code(lambda: verify_bundle(foreign, here.trusted())) == "manifest-unknown-key"

    def damage(files: dict[str, bytes]) -> None:
        envelope = json.loads(files["manifest.json"])
        body = json.loads(base64.b64decode(envelope["payload"]))
        body["predicate"]["recipient"] = "rivals"
        envelope["payload"] = base64.b64encode(canonical(body)).decode()
        files["manifest.json"] = canonical(envelope)

    assert code(lambda: verify_bundle(rewritten(bundle, damage), here.trusted())) == "manifest-bad-signature"


def edit_proof(body: dict[str, Any], **parts: object) -> None:
    body["predicate"]["approval"].update(parts)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: edit_proof(body, path=[]),
        lambda body: edit_proof(body, entry="{}"),
        lambda body: edit_proof(body, checkpoint="sluice/ledger\n9\nAAAA\n\n"),
        lambda body: body["predicate"].update(approval=None),
        lambda body: body["predicate"].update(approval={}),
        lambda body: body["predicate"].update(output="output-other"),
        lambda body: body["predicate"].update(report_hash="00"),
    ],
)
def test_a_ledger_proof_that_does_not_prove_this_approval_is_refused(
    released: Released, change: Callable[[dict[str, Any]], None]
) -> None:
    here, _, bundle = released
    key = here.desk().key  # even the platform's own release key cannot talk its way around the ledger's
    forged = manifest_with(bundle, key, change)
    assert code(lambda: verify_bundle(forged, here.trusted())) == "bundle-ledger-proof"


def test_a_checkpoint_of_a_foreign_ledger_does_not_count(released: Released) -> None:
    here, _, bundle = released
    trusted = Trusted(release=here.trusted().release, ledger=(checkpoint.verifier_key(STRANGER),))
    assert code(lambda: verify_bundle(bundle, trusted)) == "bundle-ledger-proof"


def test_keys_are_read_from_a_file_with_both_kinds(here: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "keys.txt"
    file.write_text("# the city's keys\n" + key_lines(STRANGER, STRANGER))
    assert len(read_keys(file).release) == 1
    only = checkpoint.verifier_key(STRANGER, RELEASE)
    for text in ("", "nonsense\n", only, only.replace("+", "-"), "\xff"):
        file.write_bytes(text.encode("latin-1"))
        assert code(lambda: read_keys(file)) == "verify-key-unreadable"
    assert code(lambda: read_keys(tmp_path / "none.txt")) == "verify-key-unreadable"


def test_a_signed_statement_of_another_kind_is_not_a_manifest(released: Released) -> None:
    here, _, bundle = released
    other = manifest_with(bundle, here.desk().key, lambda body: body.update(predicateType="https://slsa.dev/x"))
    assert code(lambda: verify_bundle(other, here.trusted())) == "manifest-malformed"
    twice = manifest_with(bundle, here.desk().key, lambda body: body["subject"].append(body["subject"][0]))
    assert code(lambda: verify_bundle(twice, here.trusted())) == "manifest-malformed"


def test_the_kept_manifest_is_the_one_in_the_bundle(released: Released) -> None:
    here, release_id, bundle = released
    with here.store.reading() as connection:
        kept = connection.execute(select(release.c.manifest).where(release.c.id == release_id)).scalar_one()
    assert canonical(kept) == contents(bundle)["manifest.json"]
    assert open_sealed(canonical(kept), here.trusted().release)
