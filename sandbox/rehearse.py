"""What would a text answer on rows that look like the data? Synthetic rows from declarations; no real value is here.

The process may read the operator's own tables and nothing else: no version, no registry.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb

from sandbox.column_types import column_type
from sandbox.confine import GATE, LOCK
from sandbox.engine import Place, Statement, account, codes, connect, hold, lock, name, open_gate, progress, text
from sandbox.gate import framed
from sandbox.pages import read_page
from sandbox.protocol import Answer, RehearseTask, SyntheticColumn, View
from sandbox.stages import Failed, Run
from sandbox.synthetic import table_sql
from sandbox.views import create_views

RESULT = "result"
"""How the step that runs the text is called in answers."""
_MOST_VALUES = 1000
_TABLE = name("the result")
"""Where the result lies: no table of a task can have a name with a blank."""


def rehearse_place(task: RehearseTask, scratch: str) -> Place:
    """The files of a rehearsal: the operator's own tables to read, none to write."""
    return Place(scratch=scratch, readable=tuple(dict.fromkeys(view.path for view in task.views)), writable=())


def run_rehearse(task: RehearseTask, run: Run) -> Answer:
    """Run the text of `task` on synthetic rows, in one thread so that it answers the same again. Raises `Failed`."""
    place = rehearse_place(task, run.scratch)
    with run.stages.time("open:connect"), codes(None):
        connection = connect(task.limits, place, threads=1)
        # Declarations know of no keys: where a sub-query has one row for real, synthetic tables may have more.
        connection.execute("SET scalar_subquery_error_on_multiple_rows=false")
    with run.stages.time("open:views"):
        create_views(connection, task.views)
    with run.stages.time("open:tables"):
        _create_tables(connection, task)
    if LOCK not in run.unsafe_without:
        with run.stages.time("open:lock"), codes(None):
            lock(connection, place)
    with run.stages.time("open:guard"):
        statement = _statement(task, connection, guarded=GATE not in run.unsafe_without)
    with run.stages.time("run"), codes(RESULT), progress(connection, RESULT, run.report):
        connection.execute(statement.sql)
    account(connection, run.stages)
    with run.stages.time("page"), codes(RESULT):
        page = read_page(connection, f"SELECT * FROM {_TABLE}", offset=0, limit=task.page_rows)
    if page.total > task.limits.result_rows:
        raise Failed("limit-rows", RESULT)
    return Answer(status="ok", columns=page.columns, page=page.rows, page_of=page.total)


def _create_tables(connection: duckdb.DuckDBPyConnection, task: RehearseTask) -> None:
    """Fill the synthetic tables; a declaration that contradicts itself makes the task malformed."""
    most = max((table.rows for table in task.tables), default=0)
    for table in task.tables:
        columns = tuple(_partner(connection, column, task.views) for column in table.columns)
        try:
            rows = table_sql(replace(table, columns=columns), seed=task.seed, most_rows=most)
        except (ValueError, ArithmeticError):
            raise Failed("task-malformed", table.name) from None
        with codes(table.name):
            connection.execute(f"CREATE TABLE {name(table.name)} AS {rows}")


def _partner(
    connection: duckdb.DuckDBPyConnection, column: SyntheticColumn, views: tuple[View, ...]
) -> SyntheticColumn:
    """The column; if nothing is declared of it, with the values that one of its name has in the operator's own table.

    So joins with that table find partners: the operator's own codes are no secret to it.
    """
    if column.values or column.minimum or column.maximum or column.subjects:
        return column
    wanted = column.name.lower()
    for view, found in ((v, c) for v in views for c in v.columns if c.lower() == wanted):
        with codes(view.name):
            values = _values(connection, view, found, column_type(column.type) or column.type)
        if values:
            return replace(column, values=values)
    return column


def _values(connection: duckdb.DuckDBPyConnection, view: View, column: str, kind: str) -> tuple[str, ...]:
    """The first values of a column as texts; none when it is of another type than `kind`."""
    value = f"CAST({name(column)} AS VARCHAR)"
    wanted = f"typeof({name(column)}) = {text(kind)}"
    rows = connection.execute(
        f"SELECT DISTINCT {value} FROM {name(view.name)} WHERE {name(column)} IS NOT NULL AND {wanted} "
        f"ORDER BY 1 LIMIT {_MOST_VALUES}"
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


def _statement(task: RehearseTask, connection: duckdb.DuckDBPyConnection, *, guarded: bool) -> Statement:
    """The text, held against the gate, within the statement that runs it; one row more than may be shows too many."""
    limited = f"SELECT * FROM ({framed(task.sql)}) LIMIT {task.limits.result_rows + 1}"
    statement = Statement(step=RESULT, label="run", sql=f"CREATE TEMP TABLE {_TABLE} AS ({limited})")
    if guarded:
        columns = [c.name for table in task.tables for c in table.columns]
        columns += [column for view in task.views for column in view.columns]
        gate = open_gate(connection, columns, task.functions, task.limits)
        tables = [table.name for table in task.tables] + [view.name for view in task.views]
        hold(gate, connection, task.sql, statement, tables)
    return statement
