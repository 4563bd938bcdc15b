"""Does a long evaluation tell how far it is, and coarsely what it cost?"""

from __future__ import annotations

from collections.abc import Iterator
from shutil import rmtree

import pytest

from app.casework import _cost, _execution
from app.disclosure.history import folder_history
from app.workflow import Evaluated, evaluate
from tests.sql.ask import Desk, desk
from tests.sql.tables import PROTECTED, write

SLOW = "select clinic, count(*) n from visit, area a, area b, area c, area d where a.region + b.region > 3 group by 1"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(write(tmp_path_factory.mktemp("slow"), PROTECTED)) as found:
        yield found


@pytest.fixture(scope="module")
def run(asked: Desk) -> tuple[Evaluated, list[tuple[int, int, float]]]:
    """A query that takes a while, and what was told meanwhile."""
    told: list[tuple[int, int, float]] = []
    folder = asked.home / "run"
    rmtree(folder, ignore_errors=True)
    found = evaluate(
        asked.engine,
        asked.question(SLOW, reproducible=True),
        folder_history(asked.home / "none"),
        folder,
        steps=lambda number, steps, share: told.append((number, steps, share)),
    )
    return found, told


def test_each_step_is_told_by_its_number_with_its_share(run: tuple[Evaluated, list[tuple[int, int, float]]]) -> None:
    found, told = run
    task = found.plan.task
    assert told
    assert {steps for _, steps, _ in told} == {len(task.steps) + len(task.exports)}
    assert [number for number, _, _ in told] == sorted(number for number, _, _ in told)
    assert all(1 <= number <= steps and 0 <= share <= 1 for number, steps, share in told)


def test_the_exact_figures_of_a_run_stay_inside(run: tuple[Evaluated, list[tuple[int, int, float]]]) -> None:
    found, _ = run
    exact = found.result.usage
    assert {"spill_bytes", "read_bytes", "written_bytes", "waited_seconds"} <= set(exact)
    assert exact["written_bytes"] > 0
    told = _cost(found)
    assert {n: v % 16 for n, v in told.items() if n.endswith("_mib")} == {
        "peak_memory_mib": 0,
        "spill_mib": 0,
        "read_mib": 0,
        "written_mib": 0,
    }
    assert all(v == round(v, 1) for v in told.values())


def test_how_it_ran_is_known(run: tuple[Evaluated, list[tuple[int, int, float]]]) -> None:
    import duckdb

    execution = _execution(run[0])
    assert (execution["engine"], execution["reproducible"], execution["threads"]) == (
        f"DuckDB {duckdb.__version__}",
        True,
        1,
    )
    assert {"landlock", "seccomp"} <= set(run[0].result.walls)
