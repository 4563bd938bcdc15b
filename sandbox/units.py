"""Who is behind a value, without saying who? Registries that turn identifiers into dense references and secret tags.

A reference tells nothing about the order of a file: new values are numbered in the order of a keyed hash. Tags and
that order come from a key of the operating system's generator that lives as long as the mount and is never written.

A tag is a unit's for good: the registry keeps it from version to version, so that what is counted of one version can be
held against what is counted of the next. Rows that are units themselves have tags by what they hold, under a key that
lies in a registry of its own.
"""

from __future__ import annotations

import secrets

import duckdb

from sandbox.engine import name, parquet, text

_BLANKS = " \t\r\n\u3000\u00a0"


def identifier_value(column: str) -> str:
    """SQL of the value of an identifier: text without surrounding blanks; the empty one is nobody's."""
    return f"nullif(trim(CAST({column} AS VARCHAR), {text(_BLANKS)}), '')"


def secret_tag(value: str, key: str) -> str:
    """SQL of a random-looking 64-bit number that only the holder of `key` could compute; never 0."""
    digest = f"sha256(concat({text(key)}, '|', {value}))"
    return f"greatest(CAST(concat('0x', substr({digest}, 1, 16)) AS UBIGINT), 1::UBIGINT)"


def row_tag(registry: Registry, columns: list[str], *, unique: bool) -> str:
    """SQL of the tag of a row, by its `columns`: the same in every version, as long as the registry of `ROWS` is.

    Unless they are `unique`, rows that are alike are told apart by their number among them: a row that changes is then
    one that left and another that came.
    """
    parts = [f"coalesce(concat(length({c}::VARCHAR), ':', {c}::VARCHAR), '-')" for c in columns]
    parts += [] if unique else [f"(row_number() OVER (PARTITION BY {', '.join(columns)}))::VARCHAR"]
    return secret_tag(f"concat_ws('|', {', '.join(parts)})", registry.secret())


class Registry:
    """The registry of one kind of unit while a mount runs: a temporary table (value, ref, tag)."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, identifier: str, installed: str | None) -> None:
        """`installed` is the file of the registry as it stands, None when there is none yet."""
        self.identifier = identifier
        self.table = name(f"registry {identifier}")
        self._connection = connection
        source = parquet(installed) if installed else "(SELECT '' AS value, 0 AS ref, 0 AS tag) WHERE false"
        columns = "value::VARCHAR AS value, ref::UINTEGER AS ref, tag::UBIGINT AS tag"
        connection.execute(f"CREATE TEMP TABLE {self.table} AS SELECT {columns} FROM {source}")

    def grow(self, table: str, values: list[str]) -> int:
        """Give a reference to every new value of the SQL expressions `values` over `table`; returns how many."""
        order, tags = secret_tag("value", secrets.token_hex(32)), secret_tag("value", secrets.token_hex(32))
        last = f"(SELECT coalesce(max(ref), 0) FROM {self.table})"
        every = " UNION ALL ".join(f"SELECT {value} AS value FROM {table}" for value in values)
        row = self._connection.execute(
            f"INSERT INTO {self.table} SELECT value, "
            f"{last} + row_number() OVER (ORDER BY {order}), "
            f"{tags} FROM (SELECT DISTINCT value FROM ({every}) WHERE value IS NOT NULL) AS new "
            f"ANTI JOIN {self.table} AS old USING (value)"
        ).fetchone()
        return int(row[0]) if row else 0

    def secret(self) -> str:
        """What the tags of this registry spell, which no value tells: for the registry of `ROWS`, its key."""
        return "-".join(
            str(tag) for (tag,) in self._connection.execute(f"SELECT tag FROM {self.table} ORDER BY ref").fetchall()
        )

    def write(self, path: str) -> None:
        """Write the registry as it is now."""
        options = "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false"
        self._connection.execute(f"COPY (FROM {self.table} ORDER BY ref) TO {text(path)} ({options})")
