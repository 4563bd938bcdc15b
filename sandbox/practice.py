"""What is done once, before processes are forked, so that no task pays for it? A task on nothing, from end to end.

What libraries keep for themselves stays: tables of the engine's parser, types of the messages. No connection does, and
there never is a second thread, with which a fork would not be safe.
"""

from __future__ import annotations

import duckdb

from sandbox import seccomp
from sandbox.decoding import decode_task
from sandbox.engine import open_gate
from sandbox.linux import machine
from sandbox.protocol import Answer, Export, QueryTask, Step, View, encode

_SQL = "SELECT count(*) AS n FROM v"
_TASK = QueryTask(
    views=(View(name="v", path="/v", columns=("c",)),),
    steps=(Step(table="s", sql=_SQL),),
    exports=(Export(file="e", sql=_SQL),),
    functions=("count",),
)


def practise() -> None:
    """Read a task, hold its text against the gate of an engine, close the engine, write an answer, compile a filter."""
    decode_task(encode(_TASK))
    with duckdb.connect(":memory:", config={"threads": 1, "async_threads": 0}) as connection:
        open_gate(connection, (), _TASK.functions, _TASK.limits).check(_SQL, ("v",))
        list(connection.sql("SELECT 1 AS n").types)
    encode(Answer(status="ok"))
    if seccomp.supported():
        seccomp.program(seccomp.TABLES[machine()], 0)
