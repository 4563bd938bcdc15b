"""What does one entry of the ledger say, to the byte? Canonical JSON after RFC 8785.

Entries hold text, whole numbers, booleans, null, lists and objects only. Floating point numbers are refused: RFC 8785
gives them a form that few programs agree on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import Broken
from app.ledger.tree import leaf_hash

_SAFE_INTEGER = 2**53 - 1

MAX_BYTES = 2**16 - 1
"""The longest entry: bundles of entries (C2SP tlog-tiles) give lengths in two bytes."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event: who did what to which subject, when; `index` counts from 0."""

    index: int
    at: str
    event: str
    actor: str
    subject: str
    details: Mapping[str, object]

    def body(self) -> str:
        """The canonical JSON of the entry: what the tree covers."""
        return canonical(
            {
                "index": self.index,
                "at": self.at,
                "event": self.event,
                "actor": self.actor,
                "subject": self.subject,
                "details": dict(self.details),
            }
        )

    def leaf(self) -> bytes:
        """The leaf hash of the entry."""
        return leaf_hash(self.body().encode())


def canonical(value: object) -> str:
    """`value` as canonical JSON: keys sorted by UTF-16 code units, no spaces, UTF-8 text unescaped.

    Raises Broken("ledger-not-canonical") for a float, a number beyond ±(2^53 − 1), a lone surrogate or an unknown type.
    """
    text = json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Broken("ledger-not-canonical", what="a lone surrogate") from None
    return text


def _ordered(value: object) -> object:
    if isinstance(value, str):
        return str(value)  # an enum's text, not the enum
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= _SAFE_INTEGER:
        return value
    if isinstance(value, list | tuple):
        return [_ordered(v) for v in value]
    if isinstance(value, Mapping):
        if not all(isinstance(k, str) for k in value):
            raise Broken("ledger-not-canonical", what="a key that is not text")
        return {k: _ordered(value[k]) for k in sorted(value, key=lambda k: k.encode("utf-16-be", "surrogatepass"))}
    raise Broken("ledger-not-canonical", what=type(value).__name__)


def parse(body: str) -> Entry:
    """The entry that `body` holds.

    Raises ValueError when `body` is no entry or not canonical: two texts for one entry are one too many.
    """
    data = json.loads(body)
    if not isinstance(data, dict) or set(data) != {"index", "at", "event", "actor", "subject", "details"}:
        raise ValueError("not an entry")
    shapes = {"index": int, "details": dict}
    if not all(type(value) is shapes.get(key, str) for key, value in data.items()):
        raise ValueError("not an entry")
    entry = Entry(**data)
    try:
        same = entry.body() == body
    except Broken:
        same = False
    if not same:
        raise ValueError("not canonical")
    return entry
