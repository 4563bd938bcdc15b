"""What is on a page of a result in quarantine? For reviewers; the file is the only thing that this process can read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.confine import LOCK
from sandbox.engine import Place, codes, connect, lock, name, parquet
from sandbox.pages import read_page
from sandbox.protocol import Answer, InspectTask
from sandbox.stages import Failed, Run

STEP = "page"


def inspect_place(task: InspectTask, scratch: str) -> Place:
    """The files of an inspection: the result to read, none to write."""
    return Place(scratch=scratch, readable=(task.path,), writable=())


def run_inspect(task: InspectTask, run: Run) -> Answer:
    """Read the page of `task`.

    Raises `Failed`: "source-columns" when a column is asked for that is not there, "source-unreadable" for a file that
    is damaged or no Parquet file.
    """
    with run.stages.time("open"), codes(None):
        place = inspect_place(task, run.scratch)
        connection = connect(task.limits, place, threads=1)
        if LOCK not in run.unsafe_without:
            lock(connection, place)
    # A folder above the file may be called year=2024: that makes no column of the result.
    source = parquet(task.path)
    with run.stages.time(STEP), _damage():
        asked = {*task.columns, *([] if task.order_by is None else [task.order_by])}
        if not asked <= set(connection.sql(f"FROM {source}").columns):
            raise Failed("source-columns", STEP)
        query = f"SELECT {', '.join(map(name, task.columns)) or '*'} FROM {source}"
        if task.order_by is not None:
            query += f" ORDER BY {name(task.order_by)} {'DESC' if task.descending else 'ASC'} NULLS LAST"
        page = read_page(connection, query, offset=task.offset, limit=task.limit)
    return Answer(status="ok", columns=page.columns, page=page.rows, page_of=page.total)


@contextmanager
def _damage() -> Iterator[None]:
    """The engine runs nothing here but reading: where it fails, and no limit was hit, the file is at fault."""
    try:
        with codes(STEP):
            yield
    except Failed as end:
        raise Failed("source-unreadable", STEP) if end.code == "engine-error" else end from None
