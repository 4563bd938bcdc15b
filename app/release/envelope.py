"""Who signed these bytes? DSSE envelopes (Dead Simple Signing Envelope v1), signed by one key or by several.

The envelope is kept as canonical JSON and accepted in that form only, so that one statement has one file. The signed
statement names its signers: neither can a signature be taken away, nor one be added, without it being noticed. By
which suite a signature is checked follows from the trusted key (`app.signing.suites`), never from the envelope.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.signer import Signature  # type: ignore[attr-defined]  # its public name, not re-exported

from app.domain.errors import Invalid
from app.signing.dated import DatedKey
from app.signing.suites import PrivateKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_SIGNATURES = 8


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A statement whose signatures hold: its `body`, the hash of what was signed, and the trusted keys that signed.

    `named` are the ids of all signers, those that the reader does not know included.
    """

    body: Mapping[str, Any]
    payload_sha256: str
    signers: tuple[DatedKey, ...]
    named: tuple[str, ...]


def seal(statement: Mapping[str, Any], keys: Iterable[PrivateKey]) -> bytes:
    """The in-toto `statement`, naming its signers, signed with all of `keys`, as the bytes of the envelope file."""
    signing = {key.public.id: key for key in keys}
    signers = [{"key": name, "suite": key.suite} for name, key in sorted(signing.items())]
    payload = canonical({**statement, "predicate": {**statement["predicate"], "signers": signers}})
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    encoded = envelope.pae()
    envelope.signatures = {name: Signature(name, key.sign(encoded).hex()) for name, key in sorted(signing.items())}
    return canonical(envelope.to_dict())


def open_sealed(data: bytes, trusted: Iterable[DatedKey]) -> Opened:
    """The statement in the envelope `data`, signed by at least one of the `trusted` keys.

    Every signature of a trusted key must hold. Whether the keys were in force is for the caller to ask. Raises Invalid:
    "manifest-malformed" (not an envelope of this kind), "manifest-unknown-key" (signed by none of the keys),
    "manifest-bad-signature", "manifest-signers" (the signatures are not those that the statement names).
    """
    envelope = _parsed(data)
    known = {key.public.id: key for key in trusted}
    named = tuple(sorted(envelope.signatures))
    signers = tuple(known[name] for name in named if name in known)
    if not signers:
        raise Invalid("manifest-unknown-key", key=", ".join(named)[:200] or "-")
    encoded = envelope.pae()
    for key in signers:
        if not key.public.verify(encoded, bytes.fromhex(envelope.signatures[key.public.id].signature)):
            raise Invalid("manifest-bad-signature", key=key.public.id)
    body = _object(envelope.payload)
    _check_signers(body, named, signers)
    return Opened(body=body, payload_sha256=hashlib.sha256(envelope.payload).hexdigest(), signers=signers, named=named)


def payload_hash(data: bytes) -> str:
    """SHA-256 (hex) of what is signed in the envelope `data`."""
    return hashlib.sha256(_parsed(data).payload).hexdigest()


def canonical(value: object) -> bytes:
    """`value` as JSON in one form: UTF-8, keys sorted, no spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _check_signers(body: Mapping[str, Any], named: tuple[str, ...], signers: tuple[DatedKey, ...]) -> None:
    """What the statement says of its signers must be what the envelope carries, each under its own suite."""
    predicate = body.get("predicate")
    claimed = predicate.get("signers") if isinstance(predicate, dict) else None
    try:
        suites = {claim["key"]: claim["suite"] for claim in claimed or ()}
    except (TypeError, KeyError) as error:
        raise Invalid("manifest-malformed", what="signers that are not named") from error
    differing = set(suites) ^ set(named)
    differing |= {key.public.id for key in signers if suites.get(key.public.id) != key.public.suite}
    if differing:
        raise Invalid("manifest-signers", key=min(map(str, differing)))


def _parsed(data: bytes) -> Envelope:
    try:
        envelope = Envelope.from_dict(_object(data))
        same = canonical(envelope.to_dict()) == data
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid("manifest-malformed", what="not a DSSE envelope") from error
    if not same or envelope.payload_type != PAYLOAD_TYPE or len(envelope.signatures) > MAX_SIGNATURES:
        raise Invalid("manifest-malformed", what="not in canonical form")
    return envelope


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Invalid("manifest-malformed", what="not JSON") from error
    if not isinstance(value, dict):
        raise Invalid("manifest-malformed", what="not a JSON object")
    return value
