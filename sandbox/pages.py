"""What do people see of a table at once? A page: rows as texts, cut to what a message can carry."""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb

from sandbox.engine import name
from sandbox.protocol import MAX_ANSWER_BYTES, MAX_CELL_CHARACTERS

_PAGE_BYTES = MAX_ANSWER_BYTES * 3 // 4

Row = tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows of a table with `total` rows; `columns` are (name, type)."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    total: int


def read_page(connection: duckdb.DuckDBPyConnection, query: str, *, offset: int, limit: int) -> Page:
    """At most `limit` rows of `query` from `offset` on, fewer when they would not fit into an answer.

    A text that was cut ends in "…". Raises what the engine raises.
    """
    relation = connection.sql(query)
    columns = tuple((str(n), str(t)) for n, t in zip(relation.columns, relation.types, strict=True))
    total = connection.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0]
    # By position: two columns of a result may have one name.
    numbered = ", ".join(name(f"c{number}") for number in range(len(columns)))
    texts = ", ".join(_text(name(f"c{number}")) for number in range(len(columns)))
    rows = connection.execute(
        f"SELECT {texts} FROM ({query}) AS page({numbered}) LIMIT {limit} OFFSET {offset}"
    ).fetchall()
    return Page(columns=columns, rows=_fitting(rows), total=int(total))


def _text(column: str) -> str:
    """SQL of a column's values as texts that a cell may hold."""
    value = f"CAST({column} AS VARCHAR)"
    cut = f"left({value}, {MAX_CELL_CHARACTERS - 1}) || '…'"
    return f"CASE WHEN length({value}) > {MAX_CELL_CHARACTERS} THEN {cut} ELSE {value} END"


def _fitting(rows: list[Row]) -> tuple[Row, ...]:
    """The first rows that fit into an answer together."""
    kept: list[Row] = []
    size = 0
    for row in rows:
        size += len(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
        if size > _PAGE_BYTES:
            break
        kept.append(row)
    return tuple(kept)
