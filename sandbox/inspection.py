"""What is on a page of a result in quarantine? For reviewers; the file is the only thing that this process can read."""

from __future__ import annotations

from sandbox.confine import LOCK
from sandbox.engine import Place, codes, connect, lock, name, text
from sandbox.pages import read_page
from sandbox.protocol import Answer, InspectTask
from sandbox.stages import Run


def inspect_place(task: InspectTask, scratch: str) -> Place:
    """The files of an inspection: the result to read, none to write."""
    return Place(scratch=scratch, readable=(task.path,), writable=())


def run_inspect(task: InspectTask, run: Run) -> Answer:
    """Read the page of `task`. Raises `Failed`."""
    with run.stages.time("open"), codes(None):
        place = inspect_place(task, run.scratch)
        connection = connect(task.limits, place, threads=1)
        if LOCK not in run.unsafe_without:
            lock(connection, place)
    columns = ", ".join(map(name, task.columns)) or "*"
    query = f"SELECT {columns} FROM read_parquet({text(task.path)})"
    if task.order_by is not None:
        query += f" ORDER BY {name(task.order_by)} {'DESC' if task.descending else 'ASC'} NULLS LAST"
    with run.stages.time("page"), codes("page"):
        page = read_page(connection, query, offset=task.offset, limit=task.limit)
    return Answer(status="ok", columns=page.columns, page=page.rows, page_of=page.total)
