"""What identifiers does a result hold, column by column? Counts only: no value leaves the process that looks.

Texts, and everything that reads as text (lists, structures, bytes), are searched as they stand. Of numbers, those that
are whole and have 11 to 19 digits are, by their digits: a phone or a bank card may have been read as a number. Each
distinct value is looked at once.
"""

from __future__ import annotations

from collections import Counter

import duckdb

from sandbox.engine import name, parquet
from sandbox.identifiers import seek
from sandbox.protocol import ColumnScan, Found

_BATCH = 4096
_NUMBERS = frozenset(
    f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
) | {"FLOAT", "DOUBLE"}
_OTHER = frozenset({"BOOLEAN", "DATE", "INTERVAL", "UUID", '"NULL"'})
_LEAST, _MOST = 10**10, 10**19


def scan_table(connection: duckdb.DuckDBPyConnection, path: str) -> tuple[ColumnScan, ...]:
    """The scan of every column of the Parquet file `path`, in their order. Raises what the engine raises."""
    types = [str(type_) for type_ in connection.sql(f"FROM {parquet(path)}").types]
    # By position: two columns of a result may have one name.
    numbered = ", ".join(name(f"c{number}") for number in range(len(types)))
    source = f"(FROM {parquet(path)}) AS result({numbered})"
    numbers = _counted(connection, source, [n for n, type_ in enumerate(types) if _form(type_) == "number"])
    return tuple(_scan(connection, source, number, _form(type_), numbers) for number, type_ in enumerate(types))


def _form(type_: str) -> str:
    """How a column of an engine's type is looked at; one that is not known, as text."""
    if type_ in _NUMBERS or type_.startswith("DECIMAL("):
        return "number"
    return "other" if type_ in _OTHER or (type_.startswith("TIME") and "[" not in type_) else "text"


def _scan(
    connection: duckdb.DuckDBPyConnection, source: str, number: int, form: str, numbers: dict[int, tuple[int, int]]
) -> ColumnScan:
    column = name(f"c{number}")
    if form == "other":
        return ColumnScan(form=form, values=0, distinct=0)
    if form == "text":
        return _searched(connection, f"SELECT CAST({column} AS VARCHAR) AS value FROM {source}", form, None)
    values, long = numbers[number]
    if not long:
        return ColumnScan(form=form, values=values, distinct=0)
    text = f"CAST(CAST(abs({column}) AS DECIMAL(38, 0)) AS VARCHAR)"
    return _searched(connection, f"SELECT {text} AS value FROM {source} WHERE {_long(column)}", form, values)


def _counted(connection: duckdb.DuckDBPyConnection, source: str, numbers: list[int]) -> dict[int, tuple[int, int]]:
    """For each column of numbers: how many are not NULL, and how many are to be looked at."""
    if not numbers:
        return {}
    columns = [name(f"c{number}") for number in numbers]
    counts = ", ".join(f"count({column}), count_if({_long(column)})" for column in columns)
    found = connection.execute(f"SELECT {counts} FROM {source}").fetchall()[0]
    return {number: (found[2 * place], found[2 * place + 1]) for place, number in enumerate(numbers)}


def _long(column: str) -> str:
    """SQL: whether a number is whole and has 11 to 19 digits."""
    return f"(abs({column}) >= {_LEAST} AND abs({column}) < {_MOST} AND {column} = trunc({column}))"


def _searched(connection: duckdb.DuckDBPyConnection, query: str, form: str, values: int | None) -> ColumnScan:
    """The scan of the texts that `query` gives; `values` None means that it gives every value of the column."""
    connection.execute(f"SELECT value, count(*) FROM ({query}) WHERE value IS NOT NULL GROUP BY value")
    total = distinct = 0
    rows: Counter[str] = Counter()
    matches: Counter[str] = Counter()
    candidates: Counter[str] = Counter()
    while batch := connection.fetchmany(_BATCH):
        distinct += len(batch)
        for value, count in batch:
            total += count
            for kind, seen in seek(value).items():
                candidates[kind] += seen.candidates
                matches[kind] += seen.matches
                rows[kind] += count if seen.matches else 0
    found = tuple(Found(kind=k, rows=rows[k], matches=matches[k], candidates=candidates[k]) for k in sorted(candidates))
    return ColumnScan(form=form, values=total if values is None else values, distinct=distinct, found=found)
