"""Whose signatures does a verifier believe, and of which time? The trust file of a platform, as JSON.

It lists every key that ever signed releases, with its suite and period, and the keys (C2SP verifier keys) that sign
checkpoints of the ledger. It comes from the platform by a way that its reader trusts; nothing in a bundle adds to it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import Invalid
from app.domain.times import moment
from app.ledger import checkpoint
from app.signing.dated import DatedKey
from app.signing.suites import PublicKey

FORMAT = "sluice-trust-v1"
MAX_TRUST_FILE_BYTES = 1 << 20
_KEY_FIELDS = frozenset({"id", "suite", "public", "from", "until"})


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """The public keys that count: for releases, and verifier keys (text) for the ledger's checkpoints."""

    release: tuple[DatedKey, ...]
    ledger: tuple[str, ...]


def trust_json(trusted: Trusted) -> dict[str, Any]:
    """The trust file as plain data."""
    return {
        "format": FORMAT,
        "release": [key_json(key) for key in trusted.release],
        "ledger": list(trusted.ledger),
    }


def key_json(key: DatedKey) -> dict[str, Any]:
    """One key of a trust file."""
    return {
        "id": key.public.id,
        "suite": key.public.suite,
        "public": base64.b64encode(key.public.raw).decode(),
        "from": key.valid_from,
        "until": key.valid_until,
    }


def read_trust(file: Path) -> Trusted:
    """The keys in `file`.

    Raises Invalid("verify-trust-unreadable") when it cannot be read or is not a trust file.
    """
    try:
        if file.stat().st_size > MAX_TRUST_FILE_BYTES:
            raise ValueError("too large")
        return parse_trust(json.loads(file.read_bytes()))
    except (OSError, ValueError, RecursionError) as error:
        raise Invalid("verify-trust-unreadable", file=file) from error


def parse_trust(body: object) -> Trusted:
    """The keys in a trust file as plain data.

    Raises ValueError for any other form, for a key that is none of its suite or not of its id, for a key that stands
    there twice, and when either kind of key is missing.
    """
    if not isinstance(body, dict) or set(body) != {"format", "release", "ledger"} or body["format"] != FORMAT:
        raise ValueError("not a trust file")
    release = tuple(_dated(entry) for entry in _list(body["release"]))
    ledger = tuple(str(line) for line in _list(body["ledger"]))
    for line in ledger:
        checkpoint.check_verifier(line)
    if not release or not ledger or len({key.public.id for key in release}) != len(release):
        raise ValueError("a key for releases and one for the ledger are needed, each once")
    return Trusted(release=release, ledger=ledger)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("not a list")  # noqa: TRY004  whoever reads a trust file asks for one kind of error
    return value


def _dated(entry: object) -> DatedKey:
    if not isinstance(entry, Mapping) or set(entry) != _KEY_FIELDS:
        raise ValueError("not a key")
    public = PublicKey(suite=str(entry["suite"]), raw=base64.b64decode(str(entry["public"]), validate=True))
    if public.id != entry["id"]:
        raise ValueError("a key that is not of its id")
    begin, end = str(entry["from"]), None if entry["until"] is None else str(entry["until"])
    for text in (begin, *([] if end is None else [end])):
        moment(text)
    return DatedKey(public=public, valid_from=begin, valid_until=end)
