"""How is one plan run? Opens its views, holds every text against the gate, runs the steps, writes the exports."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sandbox.confine import GATE, LOCK, SECURE_VIEWS
from sandbox.engine import Place, Statement, account, codes, connect, hold, lock, name, open_gate, progress, text
from sandbox.gate import framed
from sandbox.protocol import Answer, ColumnScan, Export, QueryTask, Step
from sandbox.stages import Failed, Run
from sandbox.text_scan import scan_table
from sandbox.views import create_views


def run_query(task: QueryTask, run: Run) -> Answer:
    """Run the steps and write the exports of `task` into the scratch folder. Raises `Failed`."""
    place = query_place(task, run.scratch)
    connection, statements = _open(task, place, run)
    rows: dict[str, int] = {}
    for statement in statements:
        with run.stages.time(statement.label), codes(statement.step), progress(connection, statement.step, run.report):
            written = connection.execute(_exact(connection, statement)).fetchall()
        account(connection, run.stages)
        if statement.label.startswith("export:"):
            rows[statement.step] = int(written[0][0])
            _check_export(task, run.scratch, statement.step, rows)
    return Answer(status="ok", files=tuple(rows), rows=rows, scan=_scan(connection, task, run))


def _scan(connection: duckdb.DuckDBPyConnection, task: QueryTask, run: Run) -> tuple[ColumnScan, ...]:
    """What the export that the task wants scanned holds, as it was written."""
    if task.scan is None:
        return ()
    with run.stages.time("scan"), codes(task.scan):
        return scan_table(connection, str(Path(run.scratch, task.scan)))


def query_place(task: QueryTask, scratch: str) -> Place:
    """The files of a plan: those under its views to read, its exports to write."""
    readable = tuple(dict.fromkeys(view.path for view in task.views))
    writable = tuple(str(Path(scratch, export.file)) for export in task.exports)
    return Place(scratch=scratch, readable=readable, writable=writable)


def _open(task: QueryTask, place: Place, run: Run) -> tuple[duckdb.DuckDBPyConnection, list[Statement]]:
    """The locked engine with the views of the plan, and its statements, held against the gate."""
    with run.stages.time("open:connect"), codes(None):
        threads = 1 if task.reproducible else task.limits.threads
        connection = connect(task.limits, place, threads=threads, ordered=task.reproducible)
    with run.stages.time("open:views"):
        create_views(connection, task.views, unsafe_plain_views=SECURE_VIEWS in run.unsafe_without)
    if LOCK not in run.unsafe_without:
        with run.stages.time("open:lock"), codes(None):
            lock(connection, place)
    with run.stages.time("open:guard"):
        return connection, _statements(task, place, connection, guarded=GATE not in run.unsafe_without)


def _statements(
    task: QueryTask, place: Place, connection: duckdb.DuckDBPyConnection, *, guarded: bool
) -> list[Statement]:
    """Every text of the plan, held against the gate, within the statement that will run it."""
    columns = [column for view in task.views for column in view.columns]
    items: list[Step | Export] = [*task.steps, *task.exports]
    gate = open_gate(connection, columns, task.functions, task.limits, [item.sql for item in items])
    tables = [view.name for view in task.views]
    statements = []
    for item in items:
        statement = _step(item) if isinstance(item, Step) else _export(item, task, place.scratch)
        if guarded:
            hold(gate, connection, item.sql, statement, tables)
        statements.append(statement)
        if isinstance(item, Step):
            tables.append(item.table)
    return statements


def _step(step: Step) -> Statement:
    sql = f"CREATE TEMP TABLE {name(step.table)} AS ({framed(step.sql)})"
    return Statement(step=step.table, label=f"step:{step.table}", sql=sql)


def _export(export: Export, task: QueryTask, scratch: str) -> Statement:
    """One row more than the limit is asked for, to see that it was passed without writing all of them."""
    path = text(str(Path(scratch, export.file)))
    options = "FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false"
    sql = f"COPY (SELECT * FROM ({framed(export.sql)}) LIMIT {_row_limit(export, task) + 1}) TO {path} ({options})"
    return Statement(step=export.file, label=f"export:{export.file}", sql=sql, exported=framed(export.sql))


def _exact(connection: duckdb.DuckDBPyConnection, statement: Statement) -> str:
    """The statement, with 128-bit integers (sums of whole numbers) as decimals: Parquet would make them DOUBLE."""
    if statement.exported is None:
        return statement.sql
    relation = connection.sql(statement.exported)
    wide = [c for c, t in zip(relation.columns, relation.types, strict=True) if str(t) in {"HUGEINT", "UHUGEINT"}]
    if not wide:
        return statement.sql
    casts = ", ".join(f"TRY_CAST({name(c)} AS DECIMAL(38, 0)) AS {name(c)}" for c in wide)
    return statement.sql.replace("SELECT *", f"SELECT * REPLACE ({casts})", 1)


def _row_limit(export: Export, task: QueryTask) -> int:
    return task.limits.result_rows if export.max_rows is None else export.max_rows


def _check_export(task: QueryTask, scratch: str, file: str, rows: dict[str, int]) -> None:
    export = next(e for e in task.exports if e.file == file)
    if rows[file] > _row_limit(export, task):
        raise Failed("limit-rows", file)
    if sum(Path(scratch, done).stat().st_size for done in rows) > task.limits.result_bytes:
        raise Failed("limit-bytes", file)
