"""Is the machine shared out, so that tasks wait for one another instead of failing, starving or filling it?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.launcher import Launcher
from sandbox.pool import Machine, Pool, Waived
from sandbox.protocol import InspectTask, Limits, QueryTask, Task
from tests.architecture.source import ROOT
from tests.sandbox.conftest import query

GIB = 1 << 30
MACHINE = Machine(cores=4, memory_bytes=16 * GIB)
SLOW = "SELECT count(*) AS n FROM range(6000) a(x), range(6000) b(y) WHERE x * y % 7 = 1"


def task(**limits: float) -> QueryTask:
    return QueryTask(views=(), steps=(), exports=(), functions=(), limits=Limits(**limits))  # type: ignore[arg-type]


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    made = Pool(tmp_path / "places", MACHINE)
    yield made
    made.close()


def hold(stack: ExitStack, pool: Pool, wanted: Task, scratch: Path) -> Limits:
    return stack.enter_context(pool.share(wanted, scratch))


def is_full(pool: Pool, wanted: Task, scratch: Path) -> bool:
    """Whether a task that would rather not wait has to."""
    try:
        with pool.share(wanted, scratch, lambda: True):
            return False
    except Waived:
        return True


def test_there_are_as_many_places_as_cores_and_memory_allow() -> None:
    sizes = [(1, 8, 2), (2, 8, 2), (8, 64, 8), (8, 4, 4), (64, 1, 1)]
    for cores, gib, places in sizes:
        made = Pool(None, Machine(cores=cores, memory_bytes=gib * GIB))
        made.close()
        assert made.places == places, (cores, gib)


def test_this_machine_has_room() -> None:
    machine = Machine.this()
    assert 1 <= machine.cores <= len(os.sched_getaffinity(0))
    assert 256 << 20 < machine.memory_bytes <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_a_full_machine_makes_tasks_wait_and_a_free_place_lets_one_in(pool: Pool, tmp_path: Path) -> None:
    with ExitStack() as stack:
        for _ in range(pool.places):
            hold(stack, pool, task(memory_bytes=GIB), tmp_path)
        assert is_full(pool, task(memory_bytes=GIB), tmp_path)
    assert not is_full(pool, task(memory_bytes=GIB), tmp_path)


def test_a_lone_task_has_every_core_and_later_ones_share(pool: Pool, tmp_path: Path) -> None:
    with ExitStack() as stack:
        threads = [hold(stack, pool, task(memory_bytes=GIB, threads=8), tmp_path).threads for _ in range(4)]
    assert threads == [4, 3, 2, 1]


def test_a_task_never_gets_more_than_its_plan_allows(pool: Pool, tmp_path: Path) -> None:
    wanted = task(memory_bytes=GIB, threads=1, scratch_bytes=1 << 20)
    with pool.share(wanted, tmp_path) as granted:
        assert granted == wanted.limits


def test_memory_is_never_promised_twice(pool: Pool, tmp_path: Path) -> None:
    with ExitStack() as stack:
        granted = hold(stack, pool, task(memory_bytes=100 * GIB), tmp_path)
        assert granted.memory_bytes < 0.75 * MACHINE.memory_bytes
        assert is_full(pool, task(memory_bytes=1), tmp_path)


def test_a_large_task_takes_several_places(pool: Pool, tmp_path: Path) -> None:
    with ExitStack() as stack:
        assert hold(stack, pool, task(memory_bytes=5 * GIB), tmp_path).memory_bytes == 5 * GIB
        for _ in range(pool.places - 2):
            hold(stack, pool, task(memory_bytes=GIB), tmp_path)
        assert is_full(pool, task(memory_bytes=GIB), tmp_path)


def test_a_large_task_is_not_passed_by_small_ones_for_ever(pool: Pool, tmp_path: Path) -> None:
    small, large, order = task(memory_bytes=GIB), task(memory_bytes=100 * GIB), []

    def run(name: str, wanted: Task) -> None:
        with pool.share(wanted, tmp_path):
            order.append(name)
            time.sleep(0.02)

    with ExitStack() as stack:
        hold(stack, pool, small, tmp_path)
        first = threading.Thread(target=run, args=("large", large))
        first.start()
        time.sleep(0.05)
        others = [threading.Thread(target=run, args=("small", small)) for _ in range(4)]
        for thread in others:
            thread.start()
        time.sleep(0.05)
    for thread in (first, *others):
        thread.join()
    assert order == ["large", *["small"] * 4]


def test_what_people_wait_for_has_places_of_its_own(pool: Pool, tmp_path: Path) -> None:
    page = InspectTask(path="/x", offset=0, limit=1, limits=Limits(memory_bytes=256 << 20))
    with ExitStack() as stack:
        hold(stack, pool, task(memory_bytes=100 * GIB), tmp_path)
        assert not is_full(pool, page, tmp_path)


def test_scratch_is_never_more_than_the_disk_can_take(pool: Pool, tmp_path: Path) -> None:
    status = os.statvfs(tmp_path)
    with pool.share(task(memory_bytes=GIB, scratch_bytes=1 << 50), tmp_path) as granted:
        assert granted.scratch_bytes * pool.places <= status.f_bavail * status.f_frsize


def test_a_private_pool_holds_places_too(tmp_path: Path) -> None:
    private = Pool(None, MACHINE)
    with private.share(task(memory_bytes=100 * GIB), tmp_path):
        assert is_full(private, task(memory_bytes=1), tmp_path)
    assert not is_full(private, task(memory_bytes=1), tmp_path)
    private.close()


HOLDER = """
import sys, time
from pathlib import Path
from sandbox.pool import Machine, Pool
from sandbox.protocol import Limits, QueryTask
pool = Pool(Path(sys.argv[1]), Machine(cores=4, memory_bytes=16 << 30))
task = QueryTask(views=(), steps=(), exports=(), functions=(), limits=Limits(memory_bytes=100 << 30))
with pool.share(task, Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_processes_share_places_and_a_killed_one_gives_them_back(pool: Pool, tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "places")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert is_full(pool, task(memory_bytes=1), tmp_path)
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert not is_full(pool, task(memory_bytes=1), tmp_path)


def test_tasks_wait_for_a_place_and_the_wait_is_no_part_of_their_time(table: Path, tmp_path: Path) -> None:
    limits = Limits(wall_seconds=20.0, threads=1)
    with Launcher() as launcher:
        answers: list[tuple[str, float, float]] = []

        def run(number: int) -> None:
            answer = launcher.run(query(table, SLOW, limits=limits), tmp_path / str(number), require_isolation=True)
            answers.append((answer.status, answer.usage.waited_seconds, answer.usage.wall_seconds))

        threads = [threading.Thread(target=run, args=(n,)) for n in range(3 * launcher.places)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [status for status, _, _ in answers] == ["ok"] * len(answers)
    assert max(waited for _, waited, _ in answers) > min(wall for _, _, wall in answers)


def test_a_task_can_be_cancelled_while_it_waits(table: Path, tmp_path: Path) -> None:
    busy = query(table, "SELECT 1 AS a", limits=replace(Limits(), memory_bytes=1 << 50))
    with Launcher() as launcher, launcher._pool.share(busy, tmp_path):
        answer = launcher.run(
            query(table, "SELECT 1 AS a"), tmp_path / "s", require_isolation=True, cancelled=lambda: True
        )
        assert (answer.code, list((tmp_path / "s").iterdir())) == ("task-cancelled", [])
