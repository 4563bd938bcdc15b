"""Where are the secrets? Files in one folder, for their owner alone, and never in the database.

The key that signs checkpoints of the ledger, the keys that sign releases (`app.identity.signing_keys` says which of
them count), and one secret from which the keys of pseudonyms are derived.
"""

from __future__ import annotations

import base64
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from app.domain.errors import Refusal, Unavailable
from app.signing.suites import PrivateKey, PublicKey

LEDGER = "ledger"
"""The key that signs checkpoints of the ledger, Ed25519 as C2SP asks."""

PSEUDONYMS = "pseudonyms"
"""The secret from which the key of each authorization's pseudonyms is derived."""
_SECRET_BYTES = 32
_ID_IN_NAME = 16


def create_keys(folder: Path) -> tuple[str, ...]:
    """Create the ledger's key and the secret if `folder` lacks them, mode 0600 in a folder 0700.

    Answers the names of the signing keys that were created.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    _create(folder / f"{PSEUDONYMS}.secret", secrets.token_bytes(_SECRET_BYTES))
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (LEDGER,) if _create(folder / f"{LEDGER}.key", pem) else ()


def pseudonym_secret(folder: Path) -> bytes:
    """The secret `PSEUDONYMS`; raises what `ledger_key` raises."""
    found = _private(folder, f"{PSEUDONYMS}.secret", PSEUDONYMS)
    if len(found) != _SECRET_BYTES:
        raise Unavailable("key-missing", name=PSEUDONYMS, folder=folder)
    return found


def ledger_key(folder: Path) -> Ed25519PrivateKey:
    """The private key `LEDGER`.

    Raises Unavailable("key-missing") when there is no usable key and Refusal("key-exposed") when others may read it.
    """
    pem = _private(folder, f"{LEDGER}.key", LEDGER)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unavailable("key-missing", name=LEDGER, folder=folder) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Unavailable("key-missing", name=LEDGER, folder=folder)
    return key


def keep_release_key(folder: Path, key: PrivateKey) -> Path:
    """Write a key that signs releases into `folder`, one line: suite and secret (base64); answers its file."""
    file = folder / _file_name(key.public)
    _create(file, f"{key.suite} {base64.b64encode(key.secret).decode()}\n".encode())
    return file


def release_key(folder: Path, public: PublicKey) -> PrivateKey:
    """The private half of `public`; raises what `ledger_key` raises, also when the file holds another key."""
    name = _file_name(public).removesuffix(".key")
    suite, _, encoded = _private(folder, f"{name}.key", name).decode("ascii", "replace").strip().partition(" ")
    try:
        key = PrivateKey(suite=suite, secret=base64.b64decode(encoded, validate=True))
    except ValueError:
        raise Unavailable("key-missing", name=name, folder=folder) from None
    if key.public != public:
        raise Unavailable("key-missing", name=name, folder=folder)
    return key


def _file_name(public: PublicKey) -> str:
    return f"release-{public.id[:_ID_IN_NAME]}.key"


def _create(file: Path, content: bytes) -> bool:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as opened:
        opened.write(content)
    return True


def _private(folder: Path, file_name: str, name: str) -> bytes:
    """What a file that nobody else may read holds."""
    file = folder / file_name
    if not file.is_file():
        raise Unavailable("key-missing", name=name, folder=folder)
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise Refusal("key-exposed", name=name, file=file)
    return file.read_bytes()
