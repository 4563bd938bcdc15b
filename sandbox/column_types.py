"""Which type may a column have? DuckDB's types for columns, each spelled in one way."""

from __future__ import annotations

import re

_TYPE = re.compile(
    r"(BOOLEAN|U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\((?:[1-9]|[12]\d|3[0-8]), ?(?:\d|[12]\d|3[0-8])\)"
    r"|VARCHAR|DATE|TIME|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE|UUID)"
)
_SYNONYMS = {
    "INT": "INTEGER",
    "REAL": "FLOAT",
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
    "BOOL": "BOOLEAN",
    "LONG": "BIGINT",
}
_SYNONYMS |= {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE", "DATETIME": "TIMESTAMP", "NUMERIC": "DECIMAL(18,3)"}
_SYNONYMS |= {"DECIMAL": "DECIMAL(18,3)"}


def column_type(text: str) -> str | None:
    """The DuckDB type that `text` names, spelled in the one way of the sandbox; None if a column cannot have it."""
    name = " ".join(text.upper().split())
    name = _SYNONYMS.get(name, name)
    name = re.sub(r"^NUMERIC\(", "DECIMAL(", name).replace(", ", ",")
    return name if _TYPE.fullmatch(name) else None
