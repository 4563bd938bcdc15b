"""Where are the keys? Files in the home folder, for their owner alone, and never in the database.

Ed25519 keys that sign, and one secret from which the keys of pseudonyms are derived.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app.domain.errors import Refusal, Unavailable

NAMES = ("ledger", "release")
"""The keys of a deployment: one signs checkpoints of the ledger, one signs release bundles."""


PSEUDONYMS = "pseudonyms"
"""The secret from which the key of each authorization's pseudonyms is derived."""
_SECRET_BYTES = 32


def create_keys(folder: Path) -> tuple[str, ...]:
    """Create the keys and the secret that `folder` lacks, mode 0600 in a folder 0700.

    Answers the names of the signing keys that were created.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    _create(folder / f"{PSEUDONYMS}.secret", secrets.token_bytes(_SECRET_BYTES))
    return tuple(name for name in NAMES if _create(folder / f"{name}.key", _new_key()))


def pseudonym_secret(folder: Path) -> bytes:
    """The secret `PSEUDONYMS`; raises what `signing_key` raises."""
    found = _private(folder, f"{PSEUDONYMS}.secret", PSEUDONYMS)
    if len(found) != _SECRET_BYTES:
        raise Unavailable("key-missing", name=PSEUDONYMS, folder=folder)
    return found


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _create(file: Path, content: bytes) -> bool:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as opened:
        opened.write(content)
    return True


def signing_key(folder: Path, name: str) -> Ed25519PrivateKey:
    """The private key `name`.

    Raises Unavailable("key-missing") when there is no usable key and Refusal("key-exposed") when others may read it.
    """
    pem = _private(folder, f"{name}.key", name)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unavailable("key-missing", name=name, folder=folder) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Unavailable("key-missing", name=name, folder=folder)
    return key


def _private(folder: Path, file_name: str, name: str) -> bytes:
    """What a file that nobody else may read holds."""
    file = folder / file_name
    if not file.is_file():
        raise Unavailable("key-missing", name=name, folder=folder)
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise Refusal("key-exposed", name=name, file=file)
    return file.read_bytes()


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of the public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
