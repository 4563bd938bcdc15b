"""How long and how deep may the SQL of an operator be? The one place of these numbers, for every door it comes in by.

What Sluice generates from it is longer and deeper; `policies/limits.toml` says how much.
"""

from __future__ import annotations

from app.domain.errors import Finding, Invalid
from app.domain.values import Position

MAX_BYTES = 64 << 10
"""Bytes of UTF-8: what a person writes is far shorter, and the engine's parser slows down far above."""
MAX_NESTING = 30
"""Brackets and CASEs within one another, and NOTs in a row: what the parser's own stack holds wherever it is called."""
MAX_DEPTH = 150
"""Levels of the tree; what every walk over it can do without exhausting the interpreter's stack."""


def check_text(sql: str) -> None:
    """Raise Invalid "sql-too-long", or "sql-syntax" at the first character that no query can hold."""
    try:
        size = len(sql.encode())
    except UnicodeEncodeError as error:
        raise Invalid(Finding(code="sql-syntax", position=position_at(error.start, sql))) from None
    if size > MAX_BYTES:
        raise Invalid("sql-too-long", limit=MAX_BYTES, size=size)
    if "\0" in sql:
        raise Invalid(Finding(code="sql-syntax", position=position_at(sql.index("\0"), sql)))


def position_at(offset: int, sql: str) -> Position:
    """Line and column, from 1, of the character at `offset`."""
    before = sql[:offset]
    return Position(line=before.count("\n") + 1, column=offset - (before.rfind("\n") + 1) + 1)
