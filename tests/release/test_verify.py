"""Whatever is altered in a bundle, or signed by somebody else, is refused, and it is said what."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from app.domain.errors import Invalid
from app.ledger import checkpoint
from app.release.archive import write_archive
from app.release.envelope import canonical, open_sealed
from app.release.making import make_release
from app.release.trust import Trusted, read_trust, trust_json
from app.release.verify import MANIFEST, RECEIPT, UNSIGNED, verify_bundle
from app.signing.suites import PrivateKey
from app.store.tables import release
from tests.jobs.deployment import Deployment
from tests.release.bundles import FILES, Released, code, contents, manifest_with, rewritten

STRANGER = PrivateKey(suite="ed25519", secret=b"s" * 32)
FOREIGN_LEDGER = checkpoint.verifier_key(Ed25519PrivateKey.from_private_bytes(b"s" * 32))


@pytest.mark.parametrize("name", sorted(FILES))
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
    for name in sorted(UNSIGNED):
        without = rewritten(bundle, lambda files, gone=name: files.__delitem__(gone))  # type: ignore[misc]
        assert code(lambda b=without: verify_bundle(b, here.trusted())) == "bundle-file-missing"  # type: ignore[misc]


def test_an_unknown_key_and_an_altered_signature_are_told_apart(released: Released) -> None:
    here, _, bundle = released
    foreign = manifest_with(bundle, (STRANGER,), lambda _: None)
    assert code(lambda: verify_bundle(foreign, here.trusted())) == "manifest-unknown-key"

    def damage(files: dict[str, bytes]) -> None:
        envelope = json.loads(files["manifest.json"])
        body = json.loads(base64.b64decode(envelope["payload"]))
        body["predicate"]["recipient"] = "rivals"
        envelope["payload"] = base64.b64encode(canonical(body)).decode()
        files["manifest.json"] = canonical(envelope)

    assert code(lambda: verify_bundle(rewritten(bundle, damage), here.trusted())) == "manifest-bad-signature"


def receipt_with(bundle: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The bundle with a changed receipt, in canonical form."""

    def again(files: dict[str, bytes]) -> None:
        body = json.loads(files[RECEIPT])
        change(body)
        files[RECEIPT] = canonical(body)

    return rewritten(bundle, again)


RECEIPTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "no path": lambda body: body["signed"].update(path=[]),
    "no entry": lambda body: body["approval"].update(entry="{}"),
    "no checkpoint": lambda body: body["signed"].update(checkpoint="sluice/ledger\n9\nAAAA\n\n"),
    "no proof": lambda body: body.update(signed=None),
    "an empty proof": lambda body: body.update(approval={}),
    "exchanged": lambda body: body.update(signed=body["approval"], approval=body["signed"]),
    "another index": lambda body: body["signed"].update(index=0),
    "capital letters": lambda body: body["signed"].update(path=[s.upper() for s in body["signed"]["path"]]),
    "another signature": lambda body: body["signed"].update(checkpoint=body["signed"]["checkpoint"] + "— x AAAA\n"),
    "one more word": lambda body: body["signed"].update(more=1),
}


@pytest.mark.parametrize("change", RECEIPTS.values(), ids=RECEIPTS)
def test_a_receipt_that_does_not_prove_this_release_is_refused(
    released: Released, change: Callable[[dict[str, Any]], None]
) -> None:
    here, _, bundle = released
    assert code(lambda: verify_bundle(receipt_with(bundle, change), here.trusted())) == "bundle-ledger-proof"


def test_an_entry_that_is_no_approval_does_not_stand_in_for_one(released: Released) -> None:
    """Not even one about the same output and report, in the right ledger."""
    here, _, bundle = released
    claims = verify_bundle(bundle, here.trusted()).claims
    details = {"report_hash": claims["report_hash"]}
    with here.store.change(
        "review:commented", actor=here.machine(), subject=claims["output"], details=details
    ) as change:
        pass
    (proof,) = here.notary().prove(change.appended[0].index)
    forged = receipt_with(bundle, lambda body: body.update(approval=proof))
    assert code(lambda: verify_bundle(forged, here.trusted())) == "bundle-ledger-proof"


def test_a_receipt_in_another_form_counts_as_altered(released: Released) -> None:
    here, _, bundle = released
    for change in (lambda c: c + b"\n", lambda c: c[:-1] + b',"more":1}', lambda _: b"[]", lambda _: b"\xff"):
        altered = rewritten(bundle, lambda files, c=change: files.update({RECEIPT: c(files[RECEIPT])}))  # type: ignore[misc]
        assert code(lambda b=altered: verify_bundle(b, here.trusted())) == "bundle-file-altered"  # type: ignore[misc]


@pytest.mark.parametrize("claim", ["output", "report_hash", "bundle", "recipient"])
def test_the_key_of_releases_alone_cannot_make_a_bundle(released: Released, claim: str) -> None:
    """Whoever has it still needs the ledger to say that this very statement was signed."""
    here, _, bundle = released
    forged = manifest_with(bundle, here.desk().keys, lambda body: body["predicate"].update({claim: "other"}))
    assert code(lambda: verify_bundle(forged, here.trusted())) == "bundle-ledger-proof"


def test_a_checkpoint_of_a_foreign_ledger_does_not_count(released: Released) -> None:
    here, _, bundle = released
    trusted = Trusted(release=here.trusted().release, ledger=(FOREIGN_LEDGER,))
    assert code(lambda: verify_bundle(bundle, trusted)) == "bundle-ledger-proof"


def swapped(bundle: Path, other: Path, *names: str) -> Path:
    return rewritten(bundle, lambda files: files.update({n: contents(other)[n] for n in names}))


def test_the_statement_or_the_receipt_of_another_release_does_not_fit(here: Deployment) -> None:
    home = here.services.config.home / "releases"
    one, other = (home / f"{make_release(here.desk(), here.actor('officer'), here.approved())}.zip" for _ in range(2))
    both = verify_bundle(one, here.trusted()), verify_bundle(other, here.trusted())
    assert both[0].claims["watermark"] != both[1].claims["watermark"]
    with pytest.raises(Invalid) as caught:
        verify_bundle(swapped(one, other, MANIFEST), here.trusted())
    assert {f.code for f in caught.value.findings} == {"bundle-file-altered"}
    assert code(lambda: verify_bundle(swapped(one, other, RECEIPT), here.trusted())) == "bundle-ledger-proof"
    assert {f.code for f in caught.value.findings} == {"bundle-file-altered"}
    with pytest.raises(Invalid) as caught:
        verify_bundle(swapped(one, other, MANIFEST, RECEIPT), here.trusted())
    assert "data.parquet" in {dict(f.params)["file"] for f in caught.value.findings}


@pytest.mark.slow
def test_no_byte_of_a_bundle_can_be_changed(released: Released) -> None:
    """A sample of all places: contents, names, headers, directory."""
    here, _, bundle = released
    content, trusted = bundle.read_bytes(), here.trusted()
    altered = bundle.with_name("altered.zip")
    step = max(1, len(content) // 400)
    ends = [*range(200), *range(len(content) - 700, len(content))]
    for place in sorted({*ends, *range(0, len(content), step)}):
        altered.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(Invalid):
            verify_bundle(altered, trusted)
    assert verify_bundle(bundle, trusted).files


def test_no_byte_of_a_file_can_be_changed_even_with_a_new_sum(released: Released) -> None:
    here, _, bundle = released
    files, trusted = contents(bundle), here.trusted()
    altered = bundle.with_name("altered.zip")
    for name, content in files.items():
        for place in sorted({0, len(content) - 1, *range(1, len(content), max(1, len(content) // 12))}):
            other = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
            write_archive(altered, {**files, name: other})
            with pytest.raises(Invalid) as caught:
                verify_bundle(altered, trusted)
            if name not in UNSIGNED:
                assert [dict(f.params).get("file") for f in caught.value.findings] == [name]


def test_a_trust_file_comes_back_as_it_was_and_in_no_other_form(here: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "trust.json"
    good = trust_json(here.trusted())
    file.write_text(json.dumps(good))
    assert read_trust(file) == here.trusted()
    key = good["release"][0]
    wrong: list[object] = [
        [],
        {**good, "format": "v0"},
        {**good, "more": 1},
        {**good, "release": []},
        {**good, "release": {}},
        {**good, "release": [key, key]},
        {**good, "release": [{**key, "suite": "sm2-sm3"}]},
        {**good, "release": [{**key, "id": "0" * 64}]},
        {**good, "release": [{**key, "until": "soon"}]},
        {**good, "release": [{k: v for k, v in key.items() if k != "until"}]},
        {**good, "ledger": []},
        {**good, "ledger": ["nonsense"]},
    ]
    for body in wrong:
        file.write_text(json.dumps(body))
        assert code(lambda: read_trust(file)) == "verify-trust-unreadable"
    file.write_bytes(b"\xff")
    assert code(lambda: read_trust(file)) == "verify-trust-unreadable"
    assert code(lambda: read_trust(tmp_path / "none.json")) == "verify-trust-unreadable"


def test_a_signed_statement_of_another_kind_is_not_a_manifest(released: Released) -> None:
    here, _, bundle = released
    other = manifest_with(bundle, here.desk().keys, lambda body: body.update(predicateType="https://slsa.dev/x"))
    assert code(lambda: verify_bundle(other, here.trusted())) == "manifest-malformed"
    twice = manifest_with(bundle, here.desk().keys, lambda body: body["subject"].append(body["subject"][0]))
    assert code(lambda: verify_bundle(twice, here.trusted())) == "manifest-malformed"


def test_the_kept_manifest_is_the_one_in_the_bundle(released: Released) -> None:
    here, release_id, bundle = released
    with here.store.reading() as connection:
        kept = connection.execute(select(release.c.manifest).where(release.c.id == release_id)).scalar_one()
    assert canonical(kept) == contents(bundle)["manifest.json"]
    assert open_sealed(canonical(kept), here.trusted().release).body["predicate"]["bundle"] == release_id
