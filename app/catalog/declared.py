"""Is a declared value of its field's type, and how is it written? One spelling and one order for each type.

A value of `catalog.toml` is a text, a number, a truth value, or a date or time that became text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

UNORDERED = ("VARCHAR", "BOOLEAN")
"""Types of which a field has no range."""
_MOST_FLOAT = 3.4028234663852886e38
_BITS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
_WHOLE = {kind: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for kind, bits in _BITS.items()}
_WHOLE |= {f"U{kind}": (0, 2**bits - 1) for kind, bits in _BITS.items()}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A value of some type: the text that is kept, and what it is compared by with others of its type."""

    text: str
    order: Any


def declared(kind: str, value: object) -> Declared | None:
    """`value` as one of the catalog type `kind` (in its own spelling); None when it is none."""
    if isinstance(value, bool) != (kind == "BOOLEAN") and not isinstance(value, str):
        return None
    try:
        return _READERS[kind](value) if kind in _READERS else _decimal(kind, value)
    except (ValueError, InvalidOperation, OverflowError):
        return None


def _text(value: object) -> Declared | None:
    return Declared(text=value, order=value) if isinstance(value, str) else None


def _boolean(value: object) -> Declared | None:
    text = str(value).lower()
    return Declared(text=text, order=text) if text in ("true", "false") else None


def _whole(kind: str) -> Callable[[object], Declared | None]:
    least, most = _WHOLE[kind]

    def read(value: object) -> Declared | None:
        if isinstance(value, float) or not re.fullmatch(r"[+-]?[0-9]+", str(value)):
            return None
        number = int(str(value))
        return Declared(text=str(number), order=number) if least <= number <= most else None

    return read


def _real(most: float) -> Callable[[object], Declared | None]:
    def read(value: object) -> Declared | None:
        number = float(str(value))
        return Declared(text=repr(number), order=number) if abs(number) <= most else None

    return read


def _decimal(kind: str, value: object) -> Declared | None:
    """A number that the digits of `kind` hold exactly."""
    number = Decimal(str(value))
    precision, scale = (int(n) for n in re.findall(r"[0-9]+", kind))
    scaled = Fraction(number) * 10**scale
    if scaled.denominator != 1 or abs(scaled) >= 10**precision:
        return None
    return Declared(text=format(number, "f"), order=scaled)


def _date(value: object) -> Declared | None:
    day = date.fromisoformat(str(value))
    return Declared(text=str(day), order=day) if str(day) == value else None


def _time(value: object) -> Declared | None:
    moment = time.fromisoformat(str(value))
    return Declared(text=moment.isoformat(), order=moment) if moment.tzinfo is None and ":" in str(value) else None


def _moment(value: object) -> Declared | None:
    moment = datetime.fromisoformat(str(value))
    return Declared(text=str(moment), order=moment) if moment.tzinfo is None and "-" in str(value) else None


def _zoned(value: object) -> Declared | None:
    """A moment of which a text without zone is in UTC."""
    moment = datetime.fromisoformat(str(value))
    fixed = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return Declared(text=str(fixed), order=fixed) if "-" in str(value) else None


_READERS: dict[str, Callable[[object], Declared | None]] = {
    "VARCHAR": _text,
    "BOOLEAN": _boolean,
    "FLOAT": _real(_MOST_FLOAT),
    "DOUBLE": _real(math.nextafter(math.inf, 0)),
    "DATE": _date,
    "TIME": _time,
    "TIMESTAMP": _moment,
    "TIMESTAMPTZ": _zoned,
    **{kind: _whole(kind) for kind in _WHOLE},
}
