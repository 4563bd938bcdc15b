"""Where are the signing keys? Ed25519 files in the home folder, for their owner alone; never in the database."""

from __future__ import annotations

import os
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


def create_keys(folder: Path) -> tuple[str, ...]:
    """Create the keys that `folder` lacks, mode 0600 in a folder 0700; answers the names of those created."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return tuple(name for name in NAMES if _create(folder / f"{name}.key"))


def _create(file: Path) -> bool:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as opened:
        opened.write(pem)
    return True


def signing_key(folder: Path, name: str) -> Ed25519PrivateKey:
    """The private key `name`.

    Raises Unavailable("key-missing") when there is no usable key and Refusal("key-exposed") when others may read it.
    """
    file = folder / f"{name}.key"
    if not file.is_file():
        raise Unavailable("key-missing", name=name, folder=folder)
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise Refusal("key-exposed", name=name, file=file)
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unavailable("key-missing", name=name, folder=folder) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Unavailable("key-missing", name=name, folder=folder)
    return key


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of the public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
