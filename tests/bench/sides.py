"""How is one text run in the sandbox and without it? Over the same Parquet files, into a Parquet file, all warm.

Without it means: by a plain DuckDB connection with as many threads, as much memory and, as in the sandbox, no cache of
files but the system's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter

import duckdb

from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Export, Limits, QueryTask, View

RESULT = "result.parquet"
FUNCTIONS = ("+", "-", "*", "~~", "avg", "count", "date_trunc", "max", "min", "sum", "year")
STATEMENTS = ("step:", "export:")
"""Beginnings of the stages in which the engine runs statements of a plan; the other stages lie around the query."""


def usual_threads() -> int:
    """How many threads a lone task gets on this machine."""
    return min(Limits().threads, len(os.sched_getaffinity(0)))


def statement_seconds(stages: Mapping[str, float]) -> float:
    """What the statements of a plan took."""
    return sum(seconds for stage, seconds in stages.items() if stage.startswith(STATEMENTS))


@dataclass(frozen=True, kw_only=True)
class Sides:
    """A launcher and a plain connection over the same files; `table_columns` are the columns of each table."""

    launcher: Launcher
    plain: duckdb.DuckDBPyConnection
    files: Mapping[str, Path]
    table_columns: Mapping[str, tuple[str, ...]]
    folder: Path
    numbers: Iterator[int]

    def task(self, sql: str, limits: Limits, columns: Mapping[str, tuple[str, ...]] | None = None) -> QueryTask:
        """The plan with one export, over all columns of all tables unless `columns` says which."""
        shown = self.table_columns if columns is None else columns
        return QueryTask(
            views=tuple(View(name=t, path=str(self.files[t].resolve()), columns=c) for t, c in shown.items()),
            steps=(),
            exports=(Export(file=RESULT, sql=sql),),
            functions=FUNCTIONS,
            limits=limits,
        )

    def sandboxed(self, task: QueryTask) -> Answer:
        """Run the plan in a process of its own. Raises RuntimeError when it fails."""
        with self.room() as room:
            answer = self.launcher.run(task, room, require_isolation=True)
        if answer.status != "ok":
            raise RuntimeError(f"a task of the bench failed: {answer.code}")
        return answer

    def raw(self, sql: str) -> float:
        """Run the text on the plain connection; returns the seconds."""
        with self.room() as room:
            begun = perf_counter()
            run_plain(self.plain, sql, room)
            return perf_counter() - begun

    @contextmanager
    def room(self) -> Iterator[Path]:
        """An empty folder, gone after the block."""
        room = self.folder / f"run-{next(self.numbers)}"
        room.mkdir()
        yield room
        shutil.rmtree(room)


def open_plain(files: Mapping[str, Path], threads: int, memory_bytes: int) -> duckdb.DuckDBPyConnection:
    """A plain connection with a view of each file, which the engine reads as if the file were named."""
    connection = duckdb.connect(config={"threads": threads, "memory_limit": f"{memory_bytes}B"})
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET enable_external_file_cache = false")
    for table, file in files.items():
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{file}')")
    return connection


def run_plain(connection: duckdb.DuckDBPyConnection, sql: str, room: Path) -> None:
    """Write the rows of the text into a file, as an export does."""
    target = room / RESULT
    connection.execute(f"COPY ({sql}) TO '{target}' (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)").fetchall()


@contextmanager
def both_sides(files: Mapping[str, Path], folder: Path) -> Iterator[Sides]:
    """Both sides over `files` (by table); `folder` is emptied before and after."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    limits = Limits()
    with Launcher() as launcher, open_plain(files, usual_threads(), limits.memory_bytes) as plain:
        launcher.warm()
        columns = {t: tuple(plain.table(t).columns) for t in files}
        yield Sides(
            launcher=launcher,
            plain=plain,
            files=files,
            table_columns=columns,
            folder=folder.resolve(),
            numbers=count(),
        )
    shutil.rmtree(folder, ignore_errors=True)
