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

ED25519 = b"\x01"
"""The algorithm of a log's own signature; a witness's is another (`app.ledger.witness`)."""
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
    return f"{text}\n{signature_line(origin, key_id(origin, public_bytes(key)) + key.sign(text.encode()))}"


def verifier_key(key: Ed25519PrivateKey, origin: str = ORIGIN, algorithm: bytes = ED25519) -> str:
    """The public half as a C2SP verifier key: `name+id+base64`, for whoever verifies."""
    public = public_bytes(key)
    return f"{origin}+{key_id(origin, public, algorithm).hex()}+{base64.b64encode(algorithm + public).decode()}"


def key_id(name: str, public: bytes, algorithm: bytes = ED25519) -> bytes:
    """The first four bytes of the hash of name, algorithm and public key (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + algorithm + public).digest()[:4]


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of the public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def signature_line(name: str, blob: bytes) -> str:
    """One line of a note's signatures; `blob` is key id and signature."""
    return f"— {name} {base64.b64encode(blob).decode()}\n"


def open_checkpoint(note: str, verifier: str) -> Checkpoint:
    """The content of `note` when the key `verifier` (see `verifier_key`) has signed it.

    Raises ValueError saying what is wrong: no checkpoint, another log, or no valid signature.
    """
    origin, public = parse_verifier(verifier)
    text, blobs = signatures(note, origin, key_id(origin, public), 64)
    if not blobs or not all(_holds(public, signature, text) for signature in blobs):
        raise ValueError("no valid signature of the expected key")
    if text.split("\n")[0] != origin:
        raise ValueError("not a checkpoint of this log")
    return stated(note)


def stated(note: str) -> Checkpoint:
    """What `note` states, whoever signed it; ValueError when it is no checkpoint."""
    lines = note.split("\n")
    if len(lines) < 3 or not _SIZE.fullmatch(lines[1]):
        raise ValueError("not a checkpoint")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=_decode(lines[2], 32))


def signatures(note: str, name: str, identifier: bytes, length: int) -> tuple[str, list[bytes]]:
    """The signed text of `note`, and what the key `name` with this id has put under it; other keys' lines are left.

    Raises ValueError for a note without signatures and for a malformed line of that name.
    """
    text, separator, lines = note.partition("\n\n")
    if not separator:
        raise ValueError("not a signed note")
    prefix = f"— {name} "
    blobs = [_base64(line.removeprefix(prefix)) for line in lines.splitlines() if line.startswith(prefix)]
    own = [blob[4:] for blob in blobs if blob[:4] == identifier]
    if any(len(blob) != length for blob in own):
        raise ValueError("wrong length")
    return text + "\n", own


def check_verifier(verifier: str) -> None:
    """Raise ValueError unless `verifier` is a well-formed Ed25519 verifier key of a log."""
    parse_verifier(verifier)


def parse_verifier(verifier: str, algorithm: bytes = ED25519) -> tuple[str, bytes]:
    """Name and public key (32 bytes) of a verifier key.

    Raises ValueError unless `verifier` is a well-formed key of this algorithm.
    """
    name, _, rest = verifier.strip().partition("+")
    identifier, _, encoded = rest.partition("+")
    blob = _decode(encoded, 33)
    if blob[:1] != algorithm or key_id(name, blob[1:], algorithm).hex() != identifier:
        raise ValueError("not a verifier key of the expected kind")
    return name, blob[1:]


def _text(origin: str, size: int, root: bytes) -> str:
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def _holds(public: bytes, signature: bytes, text: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
    except InvalidSignature:
        return False
    return True


def _decode(text: str, length: int) -> bytes:
    blob = _base64(text)
    if len(blob) != length:
        raise ValueError("wrong length")
    return blob


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
