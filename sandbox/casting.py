"""Does a value fit what is declared of it: its type without loss, its set, its range? SQL for the cast and the misfits.

The engine's own casts round (1.5 becomes the INTEGER 2) and cut (a TIMESTAMP becomes a DATE); here these are wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.engine import text
from sandbox.protocol import MountField

_INTEGER = r"\s*[+-]?[0-9]+\s*"
_REAL = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
_DAY = r"[0-9]{4,6}[-/][0-9]{1,2}[-/][0-9]{1,2}"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{0,%d}0*)?)?"
_ZONE = r"( ?([+-][0-9]{2}(:?[0-9]{2})?|Z|UTC))?"
_FRACTION = {"TIMESTAMP_S": 0, "TIMESTAMP_MS": 3, "TIMESTAMP": 6, "TIMESTAMP_NS": 9, "TIMESTAMP WITH TIME ZONE": 6}
_PATTERNS = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT"), _INTEGER),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"), r"\s*\+?[0-9]+\s*"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), _REAL),
    "DATE": _DAY,
    "TIME": _CLOCK % 6,
    **{
        name: f"{_DAY}([ T]{_CLOCK % digits}{_ZONE if 'ZONE' in name else 'Z?'})?" for name, digits in _FRACTION.items()
    },
}
# For columns without a declared type, the first that fits all values; codes with leading zeros stay text.
SNIFFED = {
    "BOOLEAN": r"(?i)true|false",
    "BIGINT": r"[+-]?(0|[1-9][0-9]{0,18})",
    "DOUBLE": r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?",
    "DATE": _DAY,
    "TIMESTAMP": _PATTERNS["TIMESTAMP"],
}


@dataclass(frozen=True, kw_only=True)
class Cast:
    """How a source column becomes a column: the SQL of its value, and of a condition that is true for a wrong one."""

    value: str
    wrong: str | None


def _pattern(declared: str) -> str | None:
    decimal = re.fullmatch(r"DECIMAL\(\d+,(\d+)\)", declared)
    if decimal:
        digits = int(decimal[1])
        return rf"\s*[+-]?([0-9]+(\.[0-9]{{0,{digits}}}0*)?|\.[0-9]{{1,{max(digits, 1)}}}0*)\s*"
    return _PATTERNS.get(declared)


def cast(column: str, found: str, declared: str) -> Cast:
    """The cast of the quoted `column`, of type `found` in the source, to the type `declared`."""
    if found == declared:
        return Cast(value=column, wrong=None)
    value = f"TRY_CAST({column} AS {declared})"
    if found == "VARCHAR":
        pattern = _pattern(declared)
        misfit = f" OR NOT regexp_full_match({column}, '{pattern}')" if pattern else ""
        return Cast(value=value, wrong=f"({column} IS NOT NULL AND ({value} IS NULL{misfit}))")
    back = f"TRY_CAST({value} AS {found})"
    return Cast(value=value, wrong=f"({column} IS NOT NULL AND ({value} IS NULL OR {back} IS DISTINCT FROM {column}))")


def outside(value: str, declared: MountField) -> str | None:
    """SQL of a condition that is true for a typed `value` which is none of those declared; None when none are."""
    if declared.values:
        return f"{value} NOT IN ({', '.join(_typed(v, declared.type) for v in declared.values)})"
    ends = ((declared.minimum, "<"), (declared.maximum, ">"))
    past = [f"{value} {sign} {_typed(end, declared.type)}" for end, sign in ends if end is not None]
    return f"({' OR '.join(past)})" if past else None


def _typed(value: str, kind: str) -> str:
    return f"CAST({text(value)} AS {kind})"


def fits(column: str, sniffed: str) -> str:
    """SQL of whether every value of the text `column` is of the type `sniffed`, and there is one."""
    values = f"regexp_full_match({column}, '{SNIFFED[sniffed]}') AND TRY_CAST({column} AS {sniffed}) IS NOT NULL"
    return f"coalesce(bool_and({values}), false)"
