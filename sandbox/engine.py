"""How is an engine opened so that a plan can do nothing but read its views? DuckDB with limits, locked, and its gate.

The order of the settings is the one that works for DuckDB 2.0: the last four are one-way. LocalFileSystem cannot be
disabled, because the views read their files while a query runs; that the lock on files can be fooled (a NUL byte in a
path) is why Landlock stands around this process. An engine's text never leaves this module.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sandbox.gate import Gate, Refused, TooLarge, framed
from sandbox.protocol import Limits
from sandbox.stages import Failed, Report, Stages

_ENGINE_SHARE = 0.75
_PROGRESS_SECONDS = 0.25
_TOGETHER = 64 << 10
_Setting = str | bool | int | float | list[str]
_FIXED: dict[str, _Setting] = {
    "async_threads": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
    "max_expression_depth": 250,
    "enable_external_file_cache": False,
}
_SPILL_SETTING = "max_temp_directory_size"
_kept: list[duckdb.DuckDBPyConnection] = []


def text(value: str) -> str:
    """`value` as a SQL string."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """`value` as a quoted SQL identifier."""
    return '"' + value.replace('"', '""') + '"'


def parquet(path: str, *, numbered: bool = False) -> str:
    """SQL that reads one Parquet file as it is: names of folders above it (`year=2024`) are no columns.

    `numbered` adds the column file_row_number.
    """
    return f"read_parquet({text(path)}, hive_partitioning=false{', file_row_number=true' if numbered else ''})"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an engine works: its scratch folder, and the files it may read and write."""

    scratch: str
    readable: tuple[str, ...]
    writable: tuple[str, ...]


def connect(limits: Limits, place: Place, *, threads: int, ordered: bool = True) -> duckdb.DuckDBPyConnection:
    """An engine with limits and a spill folder, in which trusted definitions may still be made before `lock`.

    It stays open until the process ends: closing it would only free, piece by piece, what ends with the process.
    Not `ordered` means: rows that no ORDER BY puts in order may come in any, which lets all threads write them.
    """
    config: dict[str, _Setting] = {
        "threads": threads,
        "memory_limit": f"{int(limits.memory_bytes * _ENGINE_SHARE)}B",
        "preserve_insertion_order": ordered,
    }
    connection = duckdb.connect(":memory:", config=_FIXED | config)
    spill = str(Path(place.scratch, "spill"))
    for setting in (
        f"temp_directory={text(spill)}",
        f"{_SPILL_SETTING}='{limits.scratch_bytes}B'",  # among the other settings at the start it would do nothing
        "allow_extension_repositories='forbidden'",
        f"secret_directory={text(spill)}",
        "TimeZone='UTC'",
        "enable_progress_bar=true",
        "enable_progress_bar_print=false",
        "progress_bar_time=0",
        "enable_profiling='no_output'",
        "profiling_coverage='ALL'",
        "tracked_metrics=['io.*', 'system.*']",
    ):
        connection.execute(f"SET {setting}")
    _kept.append(connection)
    return connection


def lock(connection: duckdb.DuckDBPyConnection, place: Place) -> None:
    """Close the engine's files and settings for good: only the files of `place` can be named."""
    paths = ", ".join(text(path) for path in (*place.readable, *place.writable))
    connection.execute(f"SET allowed_paths=[{paths}]")
    connection.execute("SET enable_external_access=false")
    connection.execute("SET lock_configuration=true")


@contextmanager
def codes(step: str | None) -> Iterator[None]:
    """Turn whatever the engine raises into a code and the name of the step; its text stays behind."""
    try:
        yield
    except (Failed, Refused):
        raise
    except duckdb.OutOfMemoryException as error:
        # The engine has one class for both; the name of the setting that was hit is all that tells them apart.
        raise Failed("limit-scratch" if _SPILL_SETTING in str(error) else "limit-memory", step) from None
    except MemoryError:
        raise Failed("limit-memory", step) from None
    except Exception:  # noqa: BLE001 - the engine raises many classes, some of them not its own; none may get out
        raise Failed("engine-error", step) from None


@contextmanager
def progress(connection: duckdb.DuckDBPyConnection, step: str, report: Report | None) -> Iterator[None]:
    """Report the engine's estimate of the running step (0 to 1) now and then, when someone wants to know."""
    if report is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_PROGRESS_SECONDS):
            report(step, min(max(connection.query_progress() / 100, 0.0), 1.0))

    report(step, 0.0)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def account(connection: duckdb.DuckDBPyConnection, stages: Stages) -> None:
    """Note what the statement that has just run spilled and read, as the engine counts it."""
    profile = json.loads(connection.get_profiling_information() or "{}")
    stages.add(
        spill_bytes=int(profile.get("system", {}).get("peak_temp_dir_size", 0)),
        read_bytes=int(profile.get("io", {}).get("total_bytes_read", 0)),
    )


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A guarded text within the statement that runs it."""

    step: str
    label: str
    sql: str
    exported: str | None = None


def open_gate(
    connection: duckdb.DuckDBPyConnection,
    columns: Iterable[str],
    functions: Iterable[str],
    limits: Limits,
    texts: Iterable[str] = (),
) -> Gate:
    """The gate for the texts of a task, which sees them as this very engine does.

    `texts` are those that are going to be checked: the engine gives their trees all at once in a third of the time.
    """
    trees = _trees(connection, [framed(sql) for sql in texts])

    def serialize(sql: str) -> str:
        return trees[sql] if sql in trees else _trees_of(connection, [sql]).get(sql, "")

    return Gate(serialize, columns=columns, functions=functions, limits=limits)


def _trees(connection: duckdb.DuckDBPyConnection, texts: list[str]) -> dict[str, str]:
    """Text → tree, none when they are too long together or one cannot be read: then each is asked for by itself."""
    if sum(map(len, texts)) > _TOGETHER:
        return {}
    try:
        return _trees_of(connection, texts)
    except (duckdb.Error, UnicodeError):
        return {}


def _trees_of(connection: duckdb.DuckDBPyConnection, texts: list[str]) -> dict[str, str]:
    rows = connection.execute("SELECT t, json_serialize_sql(t) FROM (SELECT unnest(?::VARCHAR[]) AS t)", [texts])
    return dict(rows.fetchall())


def hold(
    gate: Gate, connection: duckdb.DuckDBPyConnection, sql: str, statement: Statement, tables: Iterable[str]
) -> None:
    """Raise `Failed` unless the text passes the gate and is still one statement where it is put."""
    try:
        gate.check(sql, tables)
        if len(connection.extract_statements(statement.sql)) != 1:
            raise Refused("not one statement")
    except TooLarge:
        raise Failed("limit-sql", statement.step) from None
    except (Refused, duckdb.Error, RecursionError):
        raise Failed("guard-refused", statement.step) from None
