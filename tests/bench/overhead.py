"""What does a job cost around its query? From a warm launcher and from a cold start, by stage.

What is measured is what the caller of the launcher waits for, without the statement itself. Held against what a plain
connection costs around the same statement: opening it, and a view.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

from sandbox.launcher import run as run_cold
from sandbox.protocol import Answer, Limits, QueryTask
from tests.bench.data import CACHE, tpch
from tests.bench.sides import Sides, both_sides, open_plain, run_plain, statement_seconds, usual_threads

SQL = "SELECT o_orderstatus FROM orders LIMIT 1"
WARM_JOBS, COLD_JOBS = 50, 15
WARM_TARGET, COLD_TARGET = 60, 200
"""Milliseconds, from issue 3."""
STAGES = ("start", "confine", "open", "export", "rest")


def overhead(scale: float, rounds: int) -> bool:
    """Print the medians of at least 50 warm jobs and 15 cold ones; the rounds do not matter here."""
    del rounds
    files = {"orders": tpch(scale)["orders"]}
    with both_sides(files, CACHE / "job") as sides:
        task = sides.task(SQL, Limits(), {"orders": ("o_orderstatus",)})
        sides.sandboxed(task)
        plain = median(_around_plain(sides) for _ in range(COLD_JOBS))
        warm = [_around(lambda: sides.sandboxed(task)) for _ in range(WARM_JOBS)]
        cold = [_around(lambda: _cold(sides, task)) for _ in range(COLD_JOBS)]
    print(f"{'around one small query':32}{'median ms':>10}{'target':>8}{'to plain':>10}")
    print(f"{'opening a plain connection':32}{plain:10.1f}{'':8}{1:10.1f}")
    for name, found, target in (("warm job", warm, WARM_TARGET), ("cold start", cold, COLD_TARGET)):
        value = median(seconds for seconds, _ in found)
        print(f"{f'{name} ({len(found)})':32}{value:10.1f}{f'≤ {target}':>8}{value / plain:10.1f}")
    print(f"warm, by stage: {_by_stage(warm)}")
    print(f"cold, by stage: {_by_stage(cold)}")
    return True


def _around(job: Callable[[], Answer]) -> tuple[float, dict[str, float]]:
    """Milliseconds that a job took apart from its statement, and by stage; "rest" is in no stage."""
    begun = perf_counter()
    answer = job()
    total = perf_counter() - begun
    stages = {name: 1000 * seconds for name, seconds in answer.usage.stages.items()}
    rest = 1000 * total - sum(stages.values())
    return 1000 * (total - statement_seconds(answer.usage.stages)), stages | {"rest": rest}


def _around_plain(sides: Sides) -> float:
    """Milliseconds for a plain connection with the view and the statement, without the statement."""
    with sides.room() as room:
        begun = perf_counter()
        with open_plain(sides.files, usual_threads(), Limits().memory_bytes) as connection:
            opened = perf_counter()
            run_plain(connection, SQL, room)
            ran = perf_counter()
        return 1000 * (opened - begun + perf_counter() - ran)


def _cold(sides: Sides, task: QueryTask) -> Answer:
    with sides.room() as room:
        answer = run_cold(task, room, require_isolation=True)
    if answer.status != "ok":
        raise RuntimeError(f"a task of the bench failed: {answer.code}")
    return answer


def _by_stage(found: list[tuple[float, dict[str, float]]]) -> str:
    """The median of each stage in the order of a job's life."""
    names = sorted(found[0][1], key=lambda name: STAGES.index(name.partition(":")[0]))
    return " · ".join(f"{name} {median(stages[name] for _, stages in found):.1f}" for name in names)
