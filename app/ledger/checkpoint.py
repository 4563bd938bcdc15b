"""Who vouches for the ledger as it stood? Signed notes: C2SP tlog-checkpoint with Ed25519 (C2SP signed-note).

A checkpoint is text: origin, size, root (base64), an empty line, and one line per signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN = "sluice/ledger"
"""Name of the log and of the key that signs for it."""

_ED25519 = b"\x01"
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a checkpoint states: the log `origin` had `size` entries under `root`."""

    origin: str
    size: int
    root: bytes


def sign(size: int, root: bytes, key: Ed25519PrivateKey, origin: str = ORIGIN) -> str:
    """The signed checkpoint."""
    text = _text(origin, size, root)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = base64.b64encode(key_id(origin, public) + key.sign(text.encode())).decode()
    return f"{text}\n— {origin} {signature}\n"


def verifier_key(key: Ed25519PrivateKey, origin: str = ORIGIN) -> str:
    """The public half as a C2SP verifier key: `origin+id+base64`, for whoever verifies."""
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"{origin}+{key_id(origin, public).hex()}+{base64.b64encode(_ED25519 + public).decode()}"


def key_id(origin: str, public: bytes) -> bytes:
    """The first four bytes of the hash of name, algorithm and public key (C2SP signed-note)."""
    return hashlib.sha256(origin.encode() + b"\n" + _ED25519 + public).digest()[:4]


def open_checkpoint(note: str, verifier: str) -> Checkpoint:
    """The content of `note` when the key `verifier` (see `verifier_key`) has signed it.

    Raises ValueError saying what is wrong: no checkpoint, another log, or no valid signature.
    """
    origin, public = _parse_verifier(verifier)
    text, separator, signatures = note.partition("\n\n")
    if not separator or not _signed(text + "\n", signatures, origin, public):
        raise ValueError("no valid signature of the expected key")
    lines = text.split("\n")
    if len(lines) < 3 or lines[0] != origin or not _SIZE.fullmatch(lines[1]):
        raise ValueError("not a checkpoint of this log")
    return Checkpoint(origin=origin, size=int(lines[1]), root=_decode(lines[2], 32))


def check_verifier(verifier: str) -> None:
    """Raise ValueError unless `verifier` is a well-formed Ed25519 verifier key."""
    _parse_verifier(verifier)


def _text(origin: str, size: int, root: bytes) -> str:
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def _signed(text: str, signatures: str, origin: str, public: bytes) -> bool:
    prefix = f"— {origin} "
    for line in signatures.splitlines():
        if not line.startswith(prefix):
            continue  # a witness's signature, or another key of ours
        try:
            blob = _decode(line.removeprefix(prefix), 68)
            if blob[:4] == key_id(origin, public):
                Ed25519PublicKey.from_public_bytes(public).verify(blob[4:], text.encode())
                return True
        except (ValueError, InvalidSignature):
            return False
    return False


def _parse_verifier(verifier: str) -> tuple[str, bytes]:
    origin, _, rest = verifier.strip().partition("+")
    identifier, _, encoded = rest.partition("+")
    blob = _decode(encoded, 33)
    if blob[:1] != _ED25519 or key_id(origin, blob[1:]).hex() != identifier:
        raise ValueError("not an Ed25519 verifier key")
    return origin, blob[1:]


def _decode(text: str, length: int) -> bytes:
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if len(blob) != length:
        raise ValueError("wrong length")
    return blob
