"""Only a statement signed by a trusted key, in one canonical form, is believed."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.errors import Invalid
from app.release.envelope import PAYLOAD_TYPE, canonical, open_sealed, seal

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
TRUSTED = (OTHER.public_key(), KEY.public_key())


def refused(data: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        open_sealed(data, (KEY.public_key(),))
    return caught.value.code


def test_a_signed_statement_comes_back_as_it_was() -> None:
    body: dict[str, object] = {"用途": "统计", "n": 1}
    assert open_sealed(seal(body, KEY), TRUSTED) == body


def test_the_signature_is_over_the_pre_authentication_encoding_of_dsse() -> None:
    envelope = json.loads(seal({"a": 1}, KEY))
    payload = base64.b64decode(envelope["payload"])
    kind = PAYLOAD_TYPE.encode()
    encoded = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    KEY.public_key().verify(base64.b64decode(envelope["signatures"][0]["sig"]), encoded)


def test_an_unknown_key_is_refused() -> None:
    assert refused(seal({"a": 1}, OTHER)) == "manifest-unknown-key"
    envelope = json.loads(seal({"a": 1}, KEY))
    assert refused(canonical({**envelope, "signatures": []})) == "manifest-unknown-key"


def test_a_changed_payload_or_type_is_refused() -> None:
    envelope = json.loads(seal({"a": 1}, KEY))
    changed = {**envelope, "payload": base64.b64encode(b'{"a":2}').decode()}
    assert refused(canonical(changed)) == "manifest-bad-signature"
    assert refused(canonical({**envelope, "payloadType": "text/plain"})) == "manifest-malformed"


def test_another_key_cannot_sign_under_a_trusted_name() -> None:
    good, evil = json.loads(seal({"a": 1}, KEY)), json.loads(seal({"a": 2}, OTHER))
    evil["signatures"][0]["keyid"] = good["signatures"][0]["keyid"]
    assert refused(canonical(evil)) == "manifest-bad-signature"


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
    envelope = json.loads(seal({"a": 1}, KEY))
    assert refused(json.dumps(envelope, indent=1).encode()) == "manifest-malformed"
    assert refused(canonical({**envelope, "extra": 1})) == "manifest-malformed"
