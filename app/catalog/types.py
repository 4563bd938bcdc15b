"""Which column types may a catalog declare? A closed list of DuckDB types and their everyday aliases."""

from __future__ import annotations

import difflib
import re

SIMPLE = (
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ",
)  # fmt: skip
ALIASES = {
    "BOOL": "BOOLEAN",
    "INT": "INTEGER",
    "LONG": "BIGINT",
    "REAL": "FLOAT",
    "STRING": "VARCHAR",
    "TEXT": "VARCHAR",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
}
ALLOWED = ", ".join((*SIMPLE, "DECIMAL(p,s)"))
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\s*\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)")
_MAX_PRECISION = 38


def canonical(text: str) -> str | None:
    """The type in DuckDB's own spelling, or None when a catalog may not declare it."""
    wanted = " ".join(text.upper().split())
    wanted = ALIASES.get(wanted, wanted)
    if wanted in SIMPLE:
        return wanted
    match = _DECIMAL.fullmatch(wanted)
    if match is None:
        return None
    precision, scale = int(match[1]), int(match[2])
    return f"DECIMAL({precision},{scale})" if scale <= precision and 1 <= precision <= _MAX_PRECISION else None


def nearest(text: str) -> str:
    """The allowed type that looks most like `text`."""
    names = (*SIMPLE, *ALIASES, "DECIMAL(18,2)")
    found = difflib.get_close_matches(text.upper(), names, n=1, cutoff=0.0)[0]
    return ALIASES.get(found, found)
