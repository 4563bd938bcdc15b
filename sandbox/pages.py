"""What do people see of a table at once? A page: rows as texts, cut to what a message can carry."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import duckdb

from sandbox.engine import name
from sandbox.protocol import MAX_ANSWER_BYTES, MAX_CELL_CHARACTERS

_REST_BYTES = 64 << 10
"""Room in an answer for all that is no page."""
_CHARACTER_BYTES = 6
"""The most that JSON takes for a character."""
_QUOTES = 4
"""The most that JSON takes around a text."""
_MAX_LABEL = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Row = tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows of a table with `total` rows; `columns` are (name, type)."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    total: int


def read_page(connection: duckdb.DuckDBPyConnection, query: str, *, offset: int, limit: int) -> Page:
    """At most `limit` rows of `query` from `offset` on, fewer when they would not fit into an answer, but at least one.

    A text that was cut ends in "…": one of more than `MAX_CELL_CHARACTERS`, or of fewer where a row has many columns.
    Raises what the engine raises.
    """
    relation = connection.sql(query)
    columns = tuple((_label(n), _label(str(t))) for n, t in zip(relation.columns, relation.types, strict=True))
    total = connection.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0]
    room = MAX_ANSWER_BYTES - _REST_BYTES - _size(columns)
    most = min(MAX_CELL_CHARACTERS, (room // len(columns) - _QUOTES) // _CHARACTER_BYTES)
    # By position: two columns of a result may have one name.
    numbered = ", ".join(name(f"c{number}") for number in range(len(columns)))
    texts = ", ".join(_text(name(f"c{number}"), most) for number in range(len(columns)))
    rows = connection.execute(
        f"SELECT {texts} FROM ({query}) AS page({numbered}) LIMIT {limit} OFFSET {offset}"
    ).fetchall()
    return Page(columns=columns, rows=_fitting(rows, room), total=int(total))


def _label(label: str) -> str:
    """A name or type as an answer may hold it."""
    return _CONTROL.sub("\ufffd", label)[:_MAX_LABEL]


def _text(column: str, most: int) -> str:
    """SQL of a column's values as texts of at most `most` characters."""
    value = f"CAST({column} AS VARCHAR)"
    return f"CASE WHEN length({value}) > {most} THEN left({value}, {most - 1}) || '…' ELSE {value} END"


def _size(data: object) -> int:
    return len(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))


def _fitting(rows: list[Row], room: int) -> tuple[Row, ...]:
    """The first rows that fit into `room` bytes together."""
    kept: list[Row] = []
    for row in rows:
        room -= _size(row)
        if room < 0:
            break
        kept.append(row)
    return tuple(kept)
