"""Who signed these bytes? DSSE envelopes (Dead Simple Signing Envelope v1) with Ed25519 keys.

The envelope is kept as canonical JSON and accepted in that form only, so that one statement has one file.
"""

from __future__ import annotations

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, Key, SSlibKey  # type: ignore[attr-defined]  # its public names, not re-exported in so many words

from app.domain.errors import Invalid

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def seal(statement: dict[str, object], key: Ed25519PrivateKey) -> bytes:
    """The in-toto `statement` signed with `key`, as the bytes of the envelope file."""
    envelope = Envelope(canonical(statement), PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key, _public(key.public_key())))
    return canonical(envelope.to_dict())


def open_sealed(data: bytes, keys: tuple[Ed25519PublicKey, ...]) -> dict[str, object]:
    """The statement in the envelope `data`, signed by one of `keys`.

    Raises Invalid: "manifest-malformed" (not an envelope of this kind), "manifest-unknown-key" (signed by none of
    the keys), "manifest-bad-signature" (a trusted key is named but its signature does not fit).
    """
    envelope = _parsed(data)
    trusted: list[Key] = [_public(key) for key in keys]
    named = {key.keyid for key in trusted} & set(envelope.signatures)
    if not named:
        raise Invalid("manifest-unknown-key", key=", ".join(sorted(envelope.signatures))[:200] or "-")
    try:
        envelope.verify(trusted, 1)
    except (VerificationError, ValueError) as error:
        raise Invalid("manifest-bad-signature", key=min(named)) from error
    return _object(envelope.payload)


def key_id(key: Ed25519PublicKey) -> str:
    """The name under which a signature refers to `key`."""
    return _public(key).keyid


def canonical(value: object) -> bytes:
    """`value` as JSON in one form: UTF-8, keys sorted, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _public(key: Ed25519PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(key)


def _parsed(data: bytes) -> Envelope:
    try:
        envelope = Envelope.from_dict(_object(data))
        same = canonical(envelope.to_dict()) == data
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid("manifest-malformed", what="not a DSSE envelope") from error
    if not same or envelope.payload_type != PAYLOAD_TYPE or len(envelope.signatures) > 8:
        raise Invalid("manifest-malformed", what="not in canonical form")
    return envelope


def _object(data: bytes) -> dict[str, object]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Invalid("manifest-malformed", what="not JSON") from error
    if not isinstance(value, dict):
        raise Invalid("manifest-malformed", what="not a JSON object")
    return value
