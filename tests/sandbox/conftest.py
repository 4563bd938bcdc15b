"""What do the tests of the sandbox share? Warm launchers, one small table, and short ways to run a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Export, Limits, QueryTask, Step, View

FUNCTIONS = ("count", "sum", "avg", "min", "max", "+", "-", "*", "/", "%", "||", "range", "upper", "row_number", "list")
DEFAULT = Limits()
Run = Callable[..., Answer]


def query(
    table: Path, sql: str, *, steps: tuple[Step, ...] = (), limits: Limits = DEFAULT, **more: object
) -> QueryTask:
    """A plan with one view `v(i, g, s)` and one export."""
    return QueryTask(
        views=(View(name="v", path=str(table), columns=("i", "g", "s")),),
        steps=steps,
        exports=(Export(file="out.parquet", sql=sql),),
        functions=FUNCTIONS + tuple(more.get("functions", ())),  # type: ignore[arg-type]
        limits=limits,
        reproducible=bool(more.get("reproducible", False)),
    )


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vault") / "v.parquet"
    rows = (
        "SELECT i::INTEGER AS i, (i % 7)::INTEGER AS g, 'row ' || i AS s, 'hidden ' || i AS h FROM range(10000) AS t(i)"
    )
    duckdb.sql(f"COPY ({rows}) TO '{path}'")
    return path


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    with Launcher() as started:
        yield started


@pytest.fixture(scope="session")
def without() -> Iterator[Callable[..., Launcher]]:
    """A launcher that leaves walls out."""
    started: dict[frozenset[str], Launcher] = {}

    def get(*walls: str) -> Launcher:
        key = frozenset(walls)
        if key not in started:
            started[key] = Launcher(unsafe_without=key)
        return started[key]

    yield get
    for one in started.values():
        one.close()


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture
def run(launcher: Launcher, table: Path, scratch: Path) -> Run:
    def go(sql: str, **more: object) -> Answer:
        return launcher.run(query(table, sql, **more), scratch, require_isolation=True)  # type: ignore[arg-type]

    return go


@pytest.fixture
def rows(scratch: Path) -> Callable[[str], list[tuple[object, ...]]]:
    def read(file: str) -> list[tuple[object, ...]]:
        return duckdb.connect().execute(f"FROM '{scratch / file}'").fetchall()

    return read
