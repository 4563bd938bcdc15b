"""What would a text answer on rows that look like the data? Synthetic rows from declarations; no real value is here.

The process may read the operator's own tables and nothing else: no version, no registry.
"""

from __future__ import annotations

import duckdb

from sandbox.confine import GATE, LOCK
from sandbox.engine import Place, Statement, codes, connect, hold, lock, name, open_gate, progress
from sandbox.gate import framed
from sandbox.pages import read_page
from sandbox.protocol import Answer, RehearseTask, SyntheticTable
from sandbox.stages import Failed, Run
from sandbox.synthetic import table_sql
from sandbox.views import create_views

RESULT = "result"
"""How the step that runs the text is called in answers."""
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
    with run.stages.time("open:views"):
        create_views(connection, task.views)
    with run.stages.time("open:tables"):
        most = max((table.rows for table in task.tables), default=0)
        for table in task.tables:
            _create_table(connection, table, seed=task.seed, most_rows=most)
    if LOCK not in run.unsafe_without:
        with run.stages.time("open:lock"), codes(None):
            lock(connection, place)
    with run.stages.time("open:guard"):
        statement = _statement(task, connection, guarded=GATE not in run.unsafe_without)
    with run.stages.time("run"), codes(RESULT), progress(connection, RESULT, run.report):
        connection.execute(statement.sql)
    with run.stages.time("page"), codes(RESULT):
        page = read_page(connection, f"SELECT * FROM {_TABLE}", offset=0, limit=task.page_rows)
    if page.total > task.limits.result_rows:
        raise Failed("limit-rows", RESULT)
    return Answer(status="ok", columns=page.columns, page=page.rows, page_of=page.total)


def _create_table(connection: duckdb.DuckDBPyConnection, table: SyntheticTable, *, seed: int, most_rows: int) -> None:
    """Fill one synthetic table; a declaration that contradicts itself makes the task malformed."""
    try:
        rows = table_sql(table, seed=seed, most_rows=most_rows)
    except (ValueError, ArithmeticError):
        raise Failed("task-malformed", table.name) from None
    with codes(table.name):
        connection.execute(f"CREATE TABLE {name(table.name)} AS {rows}")


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
