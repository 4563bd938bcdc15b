"""What fits a column of which type? Values that filters compare, and masks that leave something of the type."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

_BITS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
_WHOLE = {kind: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for kind, bits in _BITS.items()}
_WHOLE |= {f"U{kind}": (0, 2**bits - 1) for kind, bits in _BITS.items()}
_DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")
DAYS = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
"""Types whose values a mask may cut to a month; a moment with a zone falls into another month elsewhere."""


def fits(value: str, kind: str, test: str) -> bool:
    """Whether `value` is a text of the type `kind` that `test` can compare; of an unknown type nothing fits."""
    if kind == "BOOLEAN" and test in {"<", "<=", ">", ">="}:
        return False
    try:
        return _reads(value, kind)
    except (ValueError, InvalidOperation):
        return False


def _reads(value: str, kind: str) -> bool:
    if kind in _WHOLE:
        low, high = _WHOLE[kind]
        return re.fullmatch(r"-?\d{1,20}", value, re.ASCII) is not None and low <= int(value) <= high
    found = _DECIMAL.fullmatch(kind)
    if found:
        return _is_decimal(value, int(found[1]), int(found[2]))
    return kind in _READERS and _READERS[kind](value)


def _is_decimal(value: str, digits: int, places: int) -> bool:
    if re.fullmatch(r"-?\d{1,38}(\.\d{1,38})?", value, re.ASCII) is None:
        return False
    whole, _, rest = value.lstrip("-").partition(".")
    return len(whole.lstrip("0")) <= digits - places and len(rest) <= places


def _is_number(value: str) -> bool:
    return re.fullmatch(r"-?\d{1,38}(\.\d{1,38})?", value, re.ASCII) is not None


def _is_day(value: str) -> bool:
    return date.fromisoformat(value).isoformat() == value


def _is_moment(value: str) -> bool:
    return len(value) >= len("2026-01-01 00:00") and datetime.fromisoformat(value).tzinfo is None


_READERS: Mapping[str, Callable[[str], bool]] = {
    "VARCHAR": lambda _: True,
    "BOOLEAN": lambda value: value in {"true", "false"},
    "FLOAT": _is_number,
    "DOUBLE": _is_number,
    "DATE": _is_day,
    **dict.fromkeys(DAYS[1:], _is_moment),
    "TIME": lambda value: time.fromisoformat(value).tzinfo is None,
    "UUID": lambda value: str(uuid.UUID(value)) == value,
}
"""Type → whether a text is one of its values; a moment with a zone is none that can be compared here."""


def coarsens(mask: str, argument: str, kind: str) -> bool:
    """Whether a mask of the kind `mask` leaves something of a column of type `kind` that this type can hold."""
    return kind != "" and _COARSENS[mask](argument, kind)


def _is_band(width: str, kind: str) -> bool:
    """A band's lower end must be a value of the column's type: no more decimal places than that has."""
    found = _DECIMAL.fullmatch(kind)
    places = 0 if kind in _WHOLE else int(found[2]) if found else None
    if kind in {"FLOAT", "DOUBLE"}:
        return True
    return places is not None and -int(Decimal(width).normalize().as_tuple().exponent) <= places


def _is_days(_: str, kind: str) -> bool:
    return kind in DAYS


_COARSENS: Mapping[str, Callable[[str, str], bool]] = {
    **dict.fromkeys(("month", "quarter", "year"), _is_days),
    "band": _is_band,
    "prefix": lambda _, kind: kind == "VARCHAR",
    "pseudonym": lambda _, kind: not kind.endswith("TIME ZONE"),
    "null": lambda *_: True,
}
