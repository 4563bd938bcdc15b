"""Has somebody else seen this ledger, too? Cosignatures of a witness: C2SP tlog-cosignature, `cosignature/v1`.

A witness signs, with a key of its own and on a machine of its own, that a checkpoint is the largest consistent one it
has seen at that time. Who holds the ledger's database and key can then not rewrite what lies under it unnoticed.
"""

from __future__ import annotations

import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.ledger.checkpoint import key_id, parse_verifier, public_bytes, signature_line, signatures, verifier_key

COSIGNATURE = b"\x04"
"""The algorithm of a timestamped Ed25519 cosignature."""

_STAMPED = struct.Struct(">Q64s")
_LATEST = 2**63 - 1


def witness_key(key: Ed25519PrivateKey, name: str) -> str:
    """The public half of a witness's key as a C2SP verifier key."""
    return verifier_key(key, name, COSIGNATURE)


def cosign(note: str, key: Ed25519PrivateKey, name: str, seconds: int) -> str:
    """The line by which the witness `name` signs the checkpoint `note` at a POSIX time; it is appended to the note."""
    text = note.partition("\n\n")[0] + "\n"
    identifier = key_id(name, public_bytes(key), COSIGNATURE)
    return signature_line(name, identifier + _STAMPED.pack(seconds, key.sign(_message(text, seconds))))


def cosigned_at(note: str, witness: str) -> int | None:
    """When the witness with this verifier key signed `note` (POSIX seconds, the newest time); None when it did not.

    Raises ValueError for a signature of that key that does not hold, and for a malformed key.
    """
    newest = max(_verified(note, witness), default=None)
    return None if newest is None else newest[0]


def cosignature(note: str, witness: str) -> str:
    """The newest line that the witness with this verifier key has put under `note`; ValueError when there is none."""
    name, public = parse_verifier(witness, COSIGNATURE)
    newest = max(_verified(note, witness), default=None)
    if newest is None:
        raise ValueError("no signature of this witness")
    return signature_line(name, key_id(name, public, COSIGNATURE) + newest[1])


def check_witness(witness: str) -> None:
    """Raise ValueError unless `witness` is a well-formed verifier key of a witness."""
    parse_verifier(witness, COSIGNATURE)


def _verified(note: str, witness: str) -> list[tuple[int, bytes]]:
    """(seconds, signature as it stands) of every signature of that key; ValueError when one does not hold."""
    name, public = parse_verifier(witness, COSIGNATURE)
    text, blobs = signatures(note, name, key_id(name, public, COSIGNATURE), _STAMPED.size)
    found = []
    for blob in blobs:
        seconds, signature = _STAMPED.unpack(blob)
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, _message(text, seconds))
        except InvalidSignature:
            raise ValueError("a cosignature does not hold") from None
        if seconds > _LATEST:
            raise ValueError("a cosignature from beyond time")
        found.append((seconds, blob))
    return found


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
