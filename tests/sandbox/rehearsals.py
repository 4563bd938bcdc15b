"""Synthetic tables for the tests of rehearsals, and a short way to rehearse a text on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sandbox.launcher import Launcher
from sandbox.protocol import Answer, RehearseTask, SyntheticColumn, SyntheticTable
from tests.sandbox.conftest import FUNCTIONS

Rehearse = Callable[..., Answer]
ROADS = ("G60", "G25", "S2")
DAY = SyntheticColumn(name="day", type="DATE", minimum="2025-03-01", maximum="2025-04-30")
WHO = SyntheticColumn(name="who", type="UINTEGER", subjects=50)
EVENT = SyntheticTable(
    name="event",
    rows=1000,
    columns=(
        WHO,
        SyntheticColumn(name="road", type="VARCHAR", values=ROADS),
        SyntheticColumn(name="km", type="SMALLINT", minimum="0", maximum="149", missing=0.1),
        SyntheticColumn(name="note", type="VARCHAR"),
        DAY,
    ),
)
WEATHER = SyntheticTable(
    name="weather",
    rows=1000,
    columns=(
        SyntheticColumn(name="road", type="VARCHAR", values=ROADS),
        DAY,
        SyntheticColumn(name="rain", type="DOUBLE", minimum="0", maximum="50"),
    ),
)
OWNER = SyntheticTable(name="owner", rows=200, columns=(WHO, SyntheticColumn(name="since", type="DATE")))
TABLES = (EVENT, WEATHER, OWNER)


def rehearsal(sql: str, *tables: SyntheticTable, **more: object) -> RehearseTask:
    functions = (*FUNCTIONS, "year", "month", "list_sort")
    task = RehearseTask(tables=tables or TABLES, views=(), sql=sql, functions=functions, seed=7)
    return replace(task, **more)  # type: ignore[arg-type]


def rehearser(launcher: Launcher, tmp_path: Path) -> Rehearse:
    """Rehearses texts one after the other, every wall demanded; no file is left behind."""
    count = iter(range(1000))

    def go(sql: str, *tables: SyntheticTable, **more: object) -> Answer:
        scratch = tmp_path / f"scratch{next(count)}"
        answer = launcher.run(rehearsal(sql, *tables, **more), scratch, require_isolation=True)
        assert list(scratch.iterdir()) == []
        return answer

    return go
