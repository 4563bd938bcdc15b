"""Into which classes do rows fall, after one more output? Joins a stored partition with the classes of a run.

What the caller reads of it is counts per class; which row is in which class stays in files that only this process
reads.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sandbox.confine import LOCK
from sandbox.engine import Place, codes, connect, lock, parquet, text
from sandbox.protocol import Answer, RefinePart, RefineTask
from sandbox.results import refined_files
from sandbox.stages import Failed, Run

_OPTIONS = "(FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"


def refine_place(task: RefineTask, scratch: str) -> Place:
    """The files of a refinement: both of each part to read, two of each part to write."""
    readable = [file for part in task.parts for file in (part.stored, part.members) if file is not None]
    writable = [str(Path(scratch, file)) for number in range(len(task.parts)) for file in refined_files(number)]
    return Place(scratch=scratch, readable=tuple(dict.fromkeys(readable)), writable=tuple(writable))


def run_refine(task: RefineTask, run: Run) -> Answer:
    """Refine every part of `task`.

    Raises `Failed`: "source-rows" when a file has a row twice, "source-unreadable" for one that is damaged.
    """
    with run.stages.time("open"), codes(None):
        place = refine_place(task, run.scratch)
        connection = connect(task.limits, place, threads=task.limits.threads, ordered=False)
        if LOCK not in run.unsafe_without:
            lock(connection, place)
    rows: dict[str, int] = {}
    statistics: dict[str, dict[str, int]] = {}
    for number, part in enumerate(task.parts):
        step = f"partition_{number}"
        with run.stages.time(step), codes(step):
            _join(connection, part, step)
            statistics[step] = _classes(connection, max(part.contributors))
            statistics |= {f"{step}_{k}": {"small_units": _small_units(connection, k)} for k in part.contributors}
            for file, query in zip(refined_files(number), (_PARTITION, _COUNTS), strict=True):
                rows[file] = _write(connection, query, Path(run.scratch, file))
    if sum(Path(run.scratch, file).stat().st_size for file in rows) > task.limits.result_bytes:
        raise Failed("limit-bytes")
    return Answer(status="ok", files=tuple(rows), rows=rows, statistics=statistics)


_PARTITION = "SELECT j.row, j.unit, c.class FROM joined j JOIN classes c ON j.old = c.old AND j.local = c.local"
_COUNTS = "SELECT class, old, local, units FROM classes ORDER BY class"


def _files(number: int) -> tuple[str, str]:
    return f"partition_{number}.parquet", f"counts_{number}.parquet"


def _write(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> int:
    return _number(connection, f"COPY ({query}) TO {text(str(file))} {_OPTIONS}")


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _join(connection: duckdb.DuckDBPyConnection, part: RefinePart, step: str) -> None:
    """The table `joined`: every row of either file with its unit, its old and its local class."""
    files = [file for file in (part.stored, part.members) if file is not None]
    for file in files:
        if _number(connection, f"SELECT count(*) - count(DISTINCT row) FROM {parquet(file)}"):
            raise Failed("source-rows", step)
    if part.stored is None:
        rows = f"SELECT row, unit, 0::UINTEGER AS old, class AS local FROM {parquet(part.members)}"
    else:
        rows = (
            "SELECT row, coalesce(m.unit, s.unit) AS unit, coalesce(s.class, 0)::UINTEGER AS old, "
            "coalesce(m.class, 0)::UINTEGER AS local "
            f"FROM {parquet(part.stored)} s FULL JOIN {parquet(part.members)} m USING (row)"
        )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE joined AS {rows}")


def _classes(connection: duckdb.DuckDBPyConnection, enough: int) -> dict[str, int]:
    """The table `classes`: each pair of an old and a local class with its number and its units; and the totals.

    Where units have several rows, their low bits prove most classes large enough; the others are counted exactly.
    """
    totals = connection.execute("SELECT count(*), count(unit), count(DISTINCT unit) FROM joined").fetchall()[0]
    rows, filled, units = map(int, totals)
    single = filled == units
    least = "count(unit)" if single else "bit_count(bit_or(1::UBIGINT << (unit & 63)))::BIGINT"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE bounds AS "
        f"SELECT old, local, coalesce({least}, 0) AS least FROM joined GROUP BY old, local"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE open AS SELECT old, local FROM bounds WHERE least < {enough} AND NOT {single}"
    )
    exact = "SELECT old, local, count(DISTINCT unit) AS n FROM joined SEMI JOIN open USING (old, local) GROUP BY ALL"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE classes AS SELECT row_number() OVER (ORDER BY old, local)::UINTEGER AS class, "
        f"old, local, coalesce(n, least)::BIGINT AS units FROM bounds LEFT JOIN ({exact}) USING (old, local)"
    )
    return {"rows": rows, "units": units, "single": int(single)}


def _small_units(connection: duckdb.DuckDBPyConnection, k: int) -> int:
    """The distinct units of all classes with fewer than `k`."""
    few = f"SELECT old, local FROM classes WHERE units < {k}"
    return _number(connection, f"SELECT count(DISTINCT unit) FROM joined SEMI JOIN ({few}) few USING (old, local)")
