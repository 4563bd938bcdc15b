"""What has a witness seen of a ledger, and does the next checkpoint continue it? A folder of the witness's own.

`witness.key` is its private key, `witness.pub` and `log.pub` are verifier keys (its own, and the log's), `seen` is the
newest checkpoint that it signed. The folder lies on the witness's machine; nothing but exports ever comes there.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from app.domain.errors import Invalid, Refusal, Unavailable
from app.ledger import request, tree
from app.ledger.checkpoint import Checkpoint, check_verifier, open_checkpoint, stated
from app.ledger.export import read_export, verify_export
from app.ledger.replay import FAULTS, Trust
from app.ledger.witness import cosign, witness_key

_NAME = re.compile(r"[^\s+]{1,100}")
_KEY, _OWN, _LOG, _SEEN, _LOCK = "witness.key", "witness.pub", "log.pub", "seen", "lock"


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A witness of one log: its name and key, the log's verifier key, the checkpoint that it signed last."""

    name: str
    key: Ed25519PrivateKey
    log: str
    seen: str | None

    @property
    def size(self) -> int:
        """The entries of the newest checkpoint that it signed."""
        return 0 if self.seen is None else stated(self.seen).size


def create(folder: Path, name: str, log: str) -> str:
    """Make a witness `name` for the log with this verifier key; answers the witness's own verifier key.

    Raises Invalid("witness-name"), Invalid("ledger-key-malformed") and Refusal("witness-exists").
    """
    if not _NAME.fullmatch(name):
        raise Invalid("witness-name", name=name)
    try:
        check_verifier(log)
    except ValueError:
        raise Invalid("ledger-key-malformed", key=log) from None
    key = Ed25519PrivateKey.generate()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(folder / _KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refusal("witness-exists", folder=folder) from None
    with os.fdopen(handle, "wb") as opened:
        opened.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = witness_key(key, name)
    for file, text in ((_OWN, public), (_LOG, log.strip())):
        (folder / file).write_text(text + "\n", encoding="utf-8")
    return public


def sign(folder: Path, place: Path, seconds: int) -> str:
    """The newest checkpoint of an export, a folder of tiles or a request, with the witness's signature under it.

    An export is replayed entry by entry; a request brings a consistency proof and no entry. What was seen last must be
    continued, and what is signed is remembered before it is answered. Raises Refusal("witness-refused") with the
    stretch that was changed, Refusal("witness-stale") for a request from another size, Unavailable("witness-missing").
    """
    with _opened(folder) as (witness, remember):
        asked = _request(place)
        note = _exported(witness, place) if asked is None else _requested(witness, asked)
        signed = note + cosign(note, witness.key, witness.name, seconds)
        remember(signed)
        return signed


def _exported(witness: Witness, place: Path) -> str:
    kept = () if witness.seen is None else (witness.seen,)
    verdict = verify_export(place, Trust(verifier=witness.log, notes=kept))
    newest = max(read_export(place).notes, key=lambda note: stated(note).size, default=None)
    if verdict.fault is not None:
        zh, en = FAULTS[verdict.fault.why]
        raise Refusal("witness-refused", first=verdict.fault.first, last=verdict.fault.last, why_zh=zh, why_en=en)
    if newest is None:
        raise Invalid("ledger-unsigned", file=place)
    return newest


def _requested(witness: Witness, asked: request.Request) -> str:
    try:
        new = open_checkpoint(asked.note, witness.log)
    except ValueError as error:
        raise Invalid("ledger-checkpoint-foreign", why=error) from None
    if asked.old != witness.size:
        raise Refusal("witness-stale", asked=asked.old, size=witness.size)
    before = (
        Checkpoint(origin=new.origin, size=0, root=tree.EMPTY_ROOT) if witness.seen is None else stated(witness.seen)
    )
    if not tree.verify_consistency(before.size, new.size, before.root, new.root, asked.proof):
        zh, en = FAULTS["root"]
        raise Refusal("witness-refused", first=0, last=max(0, new.size - 1), why_zh=zh, why_en=en)
    return asked.note


def _request(place: Path) -> request.Request | None:
    """The request in a file; None when the file is an export."""
    if place.is_dir():
        return None
    with place.open(encoding="utf-8", errors="replace") as opened:
        if opened.read(len(request.MARK)) != request.MARK:
            return None
    try:
        return request.parsed(place.read_text(encoding="utf-8"))
    except ValueError:
        raise Invalid("ledger-export-unreadable", file=place) from None


def load(folder: Path) -> Witness:
    """The witness of a folder; raises Unavailable("witness-missing") and Refusal("key-exposed")."""
    if not (folder / _KEY).is_file():
        raise Unavailable("witness-missing", folder=folder)
    return _load(folder)


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Witness, Callable[[str], None]]]:
    """The witness of a folder, and how it remembers what it signed; one at a time."""
    if not (folder / _KEY).is_file():
        raise Unavailable("witness-missing", folder=folder)
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield _load(folder), lambda note: _remember(folder, note)


def _load(folder: Path) -> Witness:
    if stat.S_IMODE((folder / _KEY).stat().st_mode) & 0o077:
        raise Refusal("key-exposed", name="witness", file=folder / _KEY)
    try:
        key = load_pem_private_key((folder / _KEY).read_bytes(), password=None)
        own, log = ((folder / name).read_text(encoding="utf-8").strip() for name in (_OWN, _LOG))
        name = own.partition("+")[0]
        if not isinstance(key, Ed25519PrivateKey) or witness_key(key, name) != own:
            raise ValueError("another key")
        seen = (folder / _SEEN).read_text(encoding="utf-8") if (folder / _SEEN).exists() else None
        if seen is not None:
            open_checkpoint(seen, log)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise Unavailable("witness-missing", folder=folder) from None
    return Witness(name=name, key=key, log=log, seen=seen)


def _remember(folder: Path, note: str) -> None:
    """Replace what was seen, on the disk before anything is answered."""
    fresh = folder / f"{_SEEN}.new"
    with fresh.open("w", encoding="utf-8") as out:
        out.write(note)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(folder / _SEEN)
