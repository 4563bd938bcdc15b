"""Whose signatures does a verifier believe? Public keys of a platform, one C2SP verifier key (name+id+key) a line.

`sluice/release` keys sign bundles, `sluice/ledger` keys sign checkpoints. Lines that begin with # are comments.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.domain.errors import Invalid
from app.ledger import checkpoint

RELEASE = "sluice/release"
MAX_KEY_FILE_BYTES = 64 << 10


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """The public keys that count: for bundles, and verifier keys (text) for the ledger's checkpoints."""

    release: tuple[Ed25519PublicKey, ...]
    ledger: tuple[str, ...]


def key_lines(release: Ed25519PrivateKey, ledger: Ed25519PrivateKey) -> str:
    """The public keys of a deployment as the text of a key file."""
    return "\n".join((checkpoint.verifier_key(release, RELEASE), checkpoint.verifier_key(ledger))) + "\n"


def read_keys(file: Path) -> Trusted:
    """The keys in `file`.

    Raises Invalid("verify-key-unreadable") when it cannot be read or is not a key file.
    """
    try:
        if file.stat().st_size > MAX_KEY_FILE_BYTES:
            raise ValueError("too large")
        return parse_keys(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid("verify-key-unreadable", file=file) from error


def parse_keys(text: str) -> Trusted:
    """The keys in the text of a key file.

    Raises ValueError when a line is no verifier key or either kind of key is missing.
    """
    release: list[Ed25519PublicKey] = []
    ledger: list[str] = []
    for line in (raw.strip() for raw in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        name, public = _parsed(line)
        if name == RELEASE:
            release.append(Ed25519PublicKey.from_public_bytes(public))
        else:
            ledger.append(line)
    if not release or not ledger:
        raise ValueError("a key for releases and one for the ledger are needed")
    return Trusted(release=tuple(release), ledger=tuple(ledger))


def _parsed(line: str) -> tuple[str, bytes]:
    checkpoint.check_verifier(line)
    name, _, encoded = line.split("+", 2)
    return name, base64.b64decode(encoded)[1:]
