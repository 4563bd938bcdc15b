"""What of a version may a task see? Secure views: listed columns, of rows that pass every filter, masked where told.

A filter or mask is data from a closed set; its SQL is written here alone. The views are secure: the optimiser may not
move an operator's expression below a filter, where an error or a statistic would tell of rows that are hidden.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from sandbox.engine import codes, name, parquet, text
from sandbox.protocol import CODING_KINDS, POSITION, Filter, Mask, View

_COMPARED = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def create_views(
    connection: duckdb.DuckDBPyConnection, views: Iterable[View], *, unsafe_plain_views: bool = False
) -> None:
    """Create the secure views of a task, before the engine is locked. Raises `Failed`.

    `unsafe_plain_views` makes them ordinary ones, for tests of what that would let out.
    """
    kind = "VIEW" if unsafe_plain_views else "SECURE VIEW"
    for view in views:
        with codes(view.name):
            connection.execute(f"CREATE {kind} {name(view.name)} AS {_query(connection, view)}")


def _query(connection: duckdb.DuckDBPyConnection, view: View) -> str:
    source = parquet(view.path, numbered=view.position)
    types = _types(connection, source) if view.filters or view.masks else {}
    masks = {mask.column: mask for mask in view.masks}
    passing = " AND ".join(_condition(each, types[each.column]) for each in view.filters)
    rows = f"{source} WHERE {passing or 'TRUE'}"
    units = [c for c in view.columns if f"{_TAG}{c}" in view.columns]

    def shown(column: str) -> str:
        mask, kind = masks[column], types[column]
        if mask.kind not in CODING_KINDS:
            return _masked(mask, kind)
        ends = mask.argument.split("/") if mask.kind == "code" else _tails(connection, mask, kind, rows, units)
        return f"{_coded(name(column), kind, ends)} AS {name(column)}"

    columns = [shown(c) if c in masks else name(c) for c in view.columns]
    columns += [f"CAST(file_row_number AS UINTEGER) AS {name(POSITION)}"] if view.position else []
    return f"SELECT {', '.join(columns)} FROM {rows if passing else source}"


def _types(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}


def _condition(of: Filter, kind: str) -> str:
    """SQL that is true for rows that pass; a row whose column is NULL passes none but "is-null"."""
    column, values = name(of.column), [f"CAST({text(value)} AS {kind})" for value in of.values]
    if of.test == "in":
        return f"{column} IN ({', '.join(values)})"
    if of.test in {"is-null", "is-not-null"}:
        return f"{column} {of.test.replace('-', ' ').upper()}"
    return f"{column} {_COMPARED[of.test]} {values[0]}"


def _masked(mask: Mask, kind: str) -> str:
    """SQL of a masked column under its own name."""
    column, argument = name(mask.column), text(mask.argument)
    width = f"CAST({argument} AS DECIMAL(18, 6))"
    made = {
        "month": f"date_trunc('month', {column})",
        "quarter": f"date_trunc('quarter', {column})",
        "year": f"date_trunc('year', {column})",
        "band": f"floor({column} / {width}) * {width}",
        "prefix": f"left({column}, CAST({argument} AS INTEGER))",
        "pseudonym": f"left(sha256({argument} || ':' || CAST({column} AS VARCHAR)), 16)",
        "null": "NULL",
    }[mask.kind]
    return f"CAST({made} AS {mask_type(mask, kind)}) AS {column}"


_TAG = "__tag_"


def _coded(column: str, kind: str, ends: list[str] | None) -> str:
    """SQL of a number that is nowhere beyond its ends, of which either may be empty; without any, of nothing."""
    if ends is None:
        return f"CAST(NULL AS {kind})"
    low, high = (f"CAST({text(end)} AS {kind})" if end else "" for end in ends)
    cases = [f"WHEN {column} < {low} THEN {low}"] if low else []
    cases += [f"WHEN {column} > {high} THEN {high}"] if high else []
    return f"CASE {' '.join(cases)} ELSE {column} END"


def _tails(
    connection: duckdb.DuckDBPyConnection, mask: Mask, kind: str, rows: str, units: list[str]
) -> list[str] | None:
    """The ends that at least a share of the units of each type, and at least k of them, reach; None: too few units.

    Of each unit its least and its greatest value count, so that no end stands for fewer than k units.
    """
    share, least = mask.argument.split("/")
    column, found = name(mask.column), []
    finite = f" AND isfinite({column})" if kind in ("FLOAT", "DOUBLE") else ""
    for unit in units:
        own = f"SELECT min({column}) AS low, max({column}) AS high FROM {rows} AND {column} IS NOT NULL{finite} "
        own += f"AND {name(unit)} IS NOT NULL GROUP BY {name(unit)}"
        number = f"greatest({int(least)}, ceil(count(*) * {share}))::BIGINT"
        ends = f"list_sort(list(low))[{number}], list_reverse_sort(list(high))[{number}]"
        row = connection.execute(f"SELECT count(*) >= 2 * {number}, {ends} FROM ({own})").fetchone()
        if row is None or not row[0]:
            return None
        found.append(row[1:])
    if not found:
        return None
    low, high = max(low for low, _ in found), min(high for _, high in found)
    return [str(low), str(high)] if low <= high else None


def mask_type(mask: Mask, kind: str) -> str:
    """The type of a column of type `kind` under a mask: its own, but for a pseudonym, which is text."""
    return "VARCHAR" if mask.kind == "pseudonym" else kind
