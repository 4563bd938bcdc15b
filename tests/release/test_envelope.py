"""Only a statement signed by a trusted key, under the key's own suite and in one canonical form, is believed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import pytest

from app.domain.errors import Invalid
from app.release.envelope import PAYLOAD_TYPE, canonical, open_sealed, payload_hash, seal
from app.signing.dated import DatedKey
from app.signing.suites import PrivateKey

KEY = PrivateKey(suite="ed25519", secret=b"k" * 32)
OTHER = PrivateKey(suite="ed25519", secret=b"o" * 32)
NATIONAL = PrivateKey(suite="sm2-sm3", secret=b"n" * 32)
BODY: dict[str, Any] = {"subject": [], "predicate": {"用途": "统计", "n": 1}}


def trusted(*keys: PrivateKey) -> tuple[DatedKey, ...]:
    return tuple(DatedKey(public=k.public, valid_from="2026", valid_until=None) for k in keys)


def refused(data: bytes, keys: Iterable[PrivateKey] = (KEY,)) -> str:
    with pytest.raises(Invalid) as caught:
        open_sealed(data, trusted(*keys))
    return caught.value.code


def opened(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data)
    return found


@pytest.mark.parametrize("keys", [(KEY,), (NATIONAL,), (KEY, NATIONAL), (OTHER, NATIONAL, KEY)])
def test_a_signed_statement_comes_back_as_it_was_and_names_its_signers(keys: tuple[PrivateKey, ...]) -> None:
    data = seal(BODY, keys)
    found = open_sealed(data, trusted(*keys))
    signers = found.body["predicate"].pop("signers")
    assert found.body == BODY
    assert {(s["key"], s["suite"]) for s in signers} == {(k.public.id, k.suite) for k in keys}
    assert {s.public.id for s in found.signers} == set(found.named) == {k.public.id for k in keys}
    assert found.payload_sha256 == payload_hash(data)


def test_the_signature_is_over_the_pre_authentication_encoding_of_dsse() -> None:
    envelope = opened(seal(BODY, [KEY]))
    payload = base64.b64decode(envelope["payload"])
    kind = PAYLOAD_TYPE.encode()
    encoded = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    assert KEY.public.verify(encoded, base64.b64decode(envelope["signatures"][0]["sig"]))


def test_one_key_that_the_reader_knows_is_enough_and_the_others_are_named() -> None:
    found = open_sealed(seal(BODY, [KEY, OTHER]), trusted(OTHER))
    assert [s.public.id for s in found.signers] == [OTHER.public.id]
    assert len(found.named) == 2


def test_an_unknown_key_is_refused() -> None:
    assert refused(seal(BODY, [OTHER])) == "manifest-unknown-key"
    envelope = opened(seal(BODY, [KEY]))
    assert refused(canonical({**envelope, "signatures": []})) == "manifest-unknown-key"


def test_a_changed_payload_or_type_is_refused() -> None:
    envelope = opened(seal(BODY, [KEY]))
    changed = {**envelope, "payload": base64.b64encode(b'{"a":2}').decode()}
    assert refused(canonical(changed)) == "manifest-bad-signature"
    assert refused(canonical({**envelope, "payloadType": "text/plain"})) == "manifest-malformed"


def test_another_key_cannot_sign_under_a_trusted_name() -> None:
    good, evil = opened(seal(BODY, [KEY])), opened(seal(BODY, [OTHER]))
    evil["signatures"][0]["keyid"] = good["signatures"][0]["keyid"]
    assert refused(canonical(evil)) == "manifest-bad-signature"


def without(data: bytes, key: PrivateKey) -> bytes:
    """The envelope without the signature of `key`."""
    envelope = opened(data)
    return canonical({**envelope, "signatures": [s for s in envelope["signatures"] if s["keyid"] != key.public.id]})


def test_a_signature_of_the_national_suite_cannot_be_taken_away() -> None:
    stripped = without(seal(BODY, [KEY, NATIONAL]), NATIONAL)
    assert refused(stripped, [KEY, NATIONAL]) == "manifest-signers"
    assert refused(stripped, [KEY]) == "manifest-signers"


def test_a_signature_cannot_be_added_that_the_statement_does_not_name() -> None:
    both, one = opened(seal(BODY, [KEY, OTHER])), opened(seal(BODY, [KEY]))
    one["signatures"] = sorted(
        [*one["signatures"], *(s for s in both["signatures"] if s["keyid"] == OTHER.public.id)],
        key=lambda s: s["keyid"],
    )
    assert refused(canonical(one), [KEY]) == "manifest-signers"


def test_one_bad_signature_of_a_trusted_key_spoils_a_good_one() -> None:
    envelope = opened(seal(BODY, [KEY, OTHER]))
    for signature in envelope["signatures"]:
        if signature["keyid"] == OTHER.public.id:
            signature["sig"] = base64.b64encode(b"\0" * 64).decode()
    assert refused(canonical(envelope), [KEY, OTHER]) == "manifest-bad-signature"


def test_a_statement_cannot_claim_another_suite_for_a_key() -> None:
    """Not even whoever holds the key: a reader is never told a stronger suite than the one that was checked."""
    liar = PrivateKey(suite="ed25519", secret=b"k" * 32)
    honest = seal({"predicate": {}}, [liar])
    payload = json.loads(base64.b64decode(opened(honest)["payload"]))
    payload["predicate"]["signers"][0]["suite"] = "sm2-sm3"
    text = canonical(payload)
    kind = PAYLOAD_TYPE.encode()
    signature = liar.sign(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(text), text))
    forged = {
        **opened(honest),
        "payload": base64.b64encode(text).decode(),
        "signatures": [{"keyid": liar.public.id, "sig": base64.b64encode(signature).decode()}],
    }
    assert refused(canonical(forged), [liar]) == "manifest-signers"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"payload":1}',
        b"[" * 100_000,
        b'{"payload":"!","payloadType":"x","signatures":[]}',
    ],
)
def test_what_is_not_an_envelope_is_refused(data: bytes) -> None:
    assert refused(data) == "manifest-malformed"


def test_a_second_way_to_write_the_same_envelope_is_refused() -> None:
    envelope = opened(seal(BODY, [KEY]))
    assert refused(json.dumps(envelope, indent=1).encode()) == "manifest-malformed"
    assert refused(canonical({**envelope, "extra": 1})) == "manifest-malformed"


def test_too_many_signatures_are_refused_before_any_is_checked() -> None:
    keys = [PrivateKey(suite="ed25519", secret=bytes([n]) * 32) for n in range(1, 10)]
    assert refused(seal(BODY, keys), keys) == "manifest-malformed"
