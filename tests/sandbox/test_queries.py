"""Does a plan run from end to end, within its limits, and does every ending have its code?"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import sandbox.launcher as launcher_module
from sandbox.launcher import Launcher
from sandbox.launcher import run as run_cold
from sandbox.process import End, Gone, Zygote
from sandbox.protocol import Answer, Export, Limits, QueryTask, Step, View
from tests.sandbox.conftest import Run, query

Rows = Callable[[str], list[tuple[object, ...]]]
BOMB = "SELECT count(*) FROM range(100000) a(x), range(100000) b(y), v WHERE x * y % 7 = i"


def test_steps_feed_later_steps_and_exports(run: Run, rows: Rows, scratch: Path) -> None:
    steps = (
        Step(table="grouped", sql="SELECT g, count(*) AS n FROM v GROUP BY g"),
        Step(table="big", sql="SELECT * FROM grouped WHERE n > 1428"),
    )
    answer = run("SELECT g, n FROM big ORDER BY g DESC", steps=steps)
    assert (answer.status, answer.files, answer.rows) == ("ok", ("out.parquet",), {"out.parquet": 4})
    assert rows("out.parquet") == [(3, 1429), (2, 1429), (1, 1429), (0, 1429)]
    assert [p.name for p in scratch.iterdir()] == ["out.parquet"]
    assert (scratch / "out.parquet").stat().st_uid == os.geteuid()


def test_stages_and_costs_are_accounted(run: Run) -> None:
    answer = run("SELECT * FROM a", steps=(Step(table="a", sql="SELECT g FROM v"),))
    opened = {"open:connect", "open:views", "open:lock", "open:guard"}
    assert set(answer.usage.stages) == {"start", "confine", *opened, "step:a", "export:out.parquet"}
    assert answer.usage.cpu_seconds > 0
    assert answer.usage.peak_memory_bytes > 10 << 20
    assert answer.usage.wall_seconds >= sum(answer.usage.stages.values()) * 0.9


def test_a_cold_start_gives_the_same_answer(table: Path, scratch: Path) -> None:
    answer = run_cold(query(table, "SELECT count(*) FROM v"), scratch, require_isolation=True)
    assert answer.rows == {"out.parquet": 1}


def test_columns_that_no_view_shows_are_not_there(run: Run) -> None:
    answer = run("SELECT h FROM v")
    assert (answer.code, answer.step) == ("engine-error", "out.parquet")


def test_engine_text_never_leaves(run: Run) -> None:
    answer = run("SELECT CAST(s AS INTEGER) FROM v")
    assert (answer.code, answer.step, answer.files) == ("engine-error", "out.parquet", ())
    assert "row 0" not in repr(answer)


def test_a_failed_step_is_named_and_leaves_nothing(run: Run, scratch: Path) -> None:
    answer = run("SELECT * FROM a", steps=(Step(table="a", sql="SELECT CAST(s AS DATE) AS d FROM v"),))
    assert (answer.code, answer.step) == ("engine-error", "a")
    assert list(scratch.iterdir()) == []


def test_a_missing_source_is_an_engine_error(launcher: Launcher, scratch: Path, tmp_path: Path) -> None:
    answer = launcher.run(query(tmp_path / "none.parquet", "SELECT 1 AS a"), scratch, require_isolation=True)
    assert (answer.code, answer.step) == ("engine-error", "v")


def test_order_and_limit_of_an_export_are_kept(run: Run, rows: Rows) -> None:
    run("SELECT i FROM v ORDER BY i DESC LIMIT 3")
    assert rows("out.parquet") == [(9999,), (9998,), (9997,)]


def test_the_order_of_an_export_of_many_row_groups_is_kept(run: Run, scratch: Path) -> None:
    answer = run("SELECT a.i * 100 + b.i AS n FROM v a JOIN v b ON b.i < 100 ORDER BY n DESC", limits=Limits(threads=2))
    assert answer.rows == {"out.parquet": 1_000_000}
    written = duckdb.read_parquet(str(scratch / "out.parquet"), file_row_number=True)
    assert written.filter("n + file_row_number <> 999999").fetchall() == []


def test_reproducible_runs_give_the_same_bytes(run: Run, scratch: Path) -> None:
    seen = set()
    for _ in range(3):
        run("SELECT g, avg(i / 3) AS a FROM v GROUP BY g ORDER BY g", reproducible=True)
        seen.add((scratch / "out.parquet").read_bytes())
        (scratch / "out.parquet").unlink()
    assert len(seen) == 1


def test_wall_limit(run: Run, scratch: Path) -> None:
    start = time.monotonic()
    answer = run(BOMB, limits=Limits(wall_seconds=0.6))
    assert answer.code == "limit-wall"
    assert time.monotonic() - start < 10
    assert list(scratch.iterdir()) == []


def test_cpu_limit(run: Run) -> None:
    assert run(BOMB, limits=Limits(wall_seconds=20, cpu_seconds=1)).code == "limit-cpu"


def test_memory_limit(run: Run) -> None:
    answer = run(
        "SELECT list(x) AS l FROM range(50000000) t(x)", limits=Limits(memory_bytes=256 << 20, scratch_bytes=4 << 30)
    )
    assert (answer.code, answer.step) == ("limit-memory", "out.parquet")


def test_memory_that_the_engine_does_not_count_is_limited_too(run: Run) -> None:
    limits = Limits(memory_bytes=128 << 20, wall_seconds=20)
    answer = run("SELECT length(printf('%2000000000d', i)) AS n FROM v", limits=limits, functions=("printf", "length"))
    assert answer.code in {"limit-memory", "engine-error", "child-died"}
    assert answer.usage.peak_memory_bytes < 1 << 30


def test_scratch_limit(run: Run) -> None:
    limits = Limits(memory_bytes=192 << 20, scratch_bytes=20 << 20)
    answer = run("SELECT count(*) AS n FROM big", steps=(Step(table="big", sql=WIDE),), limits=limits)
    assert (answer.code, answer.step) == ("limit-scratch", "big")


WIDE = "SELECT x, upper('some text that takes room ' || x) AS t FROM range(5000000) a(x)"


def test_larger_than_memory_spills_and_finishes(run: Run) -> None:
    limits = Limits(memory_bytes=192 << 20, scratch_bytes=4 << 30)
    answer = run("SELECT count(*) AS n FROM big", steps=(Step(table="big", sql=WIDE),), limits=limits)
    assert answer.status == "ok"


def test_row_limit_of_the_task_and_of_an_export(run: Run, launcher: Launcher, table: Path, scratch: Path) -> None:
    assert run("SELECT i FROM v", limits=Limits(result_rows=9999)).code == "limit-rows"
    assert run("SELECT i FROM v", limits=Limits(result_rows=10000)).status == "ok"
    (scratch / "out.parquet").unlink()
    task = QueryTask(
        views=(View(name="v", path=str(table), columns=("i",)),),
        steps=(),
        exports=(Export(file="a.parquet", sql="SELECT i FROM v", max_rows=5),),
        functions=(),
    )
    answer = launcher.run(task, scratch, require_isolation=True)
    assert (answer.code, answer.step, answer.files) == ("limit-rows", "a.parquet", ())


def test_byte_limit(run: Run) -> None:
    answer = run("SELECT i, s FROM v", limits=Limits(result_bytes=2000))
    assert (answer.code, answer.step) == ("limit-bytes", "out.parquet")


def test_cancelling_kills(launcher: Launcher, table: Path, scratch: Path) -> None:
    asked = threading.Event()
    threading.Timer(0.3, asked.set).start()
    start = time.monotonic()
    answer = launcher.run(query(table, BOMB), scratch, require_isolation=True, cancelled=asked.is_set)
    assert answer.code == "task-cancelled"
    assert time.monotonic() - start < 10
    assert list(scratch.iterdir()) == []


def test_progress_names_the_running_step(launcher: Launcher, table: Path, scratch: Path) -> None:
    seen: list[tuple[str, float]] = []
    task = query(table, "SELECT count(*) AS n FROM a", steps=(Step(table="a", sql=WIDE),))
    launcher.run(task, scratch, require_isolation=True, on_progress=lambda step, share: seen.append((step, share)))
    assert {"a", "out.parquet"} <= {step for step, _ in seen}
    assert all(0 <= share <= 1 for _, share in seen)


def test_many_threads_share_one_launcher(launcher: Launcher, table: Path, tmp_path: Path) -> None:
    answers: dict[int, Answer] = {}

    def one(number: int) -> None:
        task = query(table, f"SELECT count(*) AS n FROM v WHERE i < {number}")
        answers[number] = launcher.run(task, tmp_path / str(number), require_isolation=True)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[n].status for n in range(12)] == ["ok"] * 12


def test_a_dead_zygote_is_replaced(table: Path, tmp_path: Path) -> None:
    with Launcher() as launcher:
        assert launcher.run(query(table, "SELECT 1 AS a"), tmp_path / "a", require_isolation=True).status == "ok"
        assert launcher._zygote is not None
        launcher._zygote._process.kill()
        assert launcher.run(query(table, "SELECT 1 AS a"), tmp_path / "b", require_isolation=True).status == "ok"


def test_a_task_whose_zygote_is_killed_runs_again_and_ends_once(table: Path, scratch: Path, rows: Rows) -> None:
    slow = "SELECT count(*) AS n FROM range(12000) a(x), range(12000) b(y) WHERE x * y % 7 = 1"
    of = [len(range(rest, 12000, 7)) for rest in range(7)]
    with Launcher() as launcher:
        launcher.warm()
        first = launcher._zygote
        assert first is not None
        threading.Timer(0.3, first._process.kill).start()
        answer = launcher.run(query(table, slow), scratch, require_isolation=True)
        assert launcher._zygote is not first
        assert (answer.status, answer.files) == ("ok", ("out.parquet",))
        assert rows("out.parquet") == [(sum(of[a] * of[b] for a in range(7) for b in range(7) if a * b % 7 == 1),)]


def test_a_task_whose_zygote_never_lives_long_ends_as_dead(
    table: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short_lived(zygote: Zygote, *_: object) -> End:
        zygote.close()
        raise Gone("again")

    monkeypatch.setattr(Zygote, "run", short_lived)
    with Launcher() as launcher:
        assert launcher.run(query(table, "SELECT 1 AS a"), scratch, require_isolation=True).code == "child-died"


def test_a_zygote_that_dies_while_it_starts_costs_no_task_its_result(
    table: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = launcher_module._start_program
    programs: list[subprocess.Popen[bytes]] = []

    def stillborn_first(descriptor: int) -> subprocess.Popen[bytes]:
        programs.append(subprocess.Popen(["true"]) if not programs else start(descriptor))
        return programs[-1]

    monkeypatch.setattr(launcher_module, "_start_program", stillborn_first)
    with Launcher() as launcher:
        assert launcher.run(query(table, "SELECT 1 AS a"), scratch, require_isolation=True).status == "ok"
    assert len(programs) == 2


def test_a_folder_that_is_not_empty_is_not_used(launcher: Launcher, table: Path, scratch: Path) -> None:
    scratch.mkdir()
    (scratch / "mine").write_text("kept")
    with pytest.raises(ValueError, match="empty"):
        launcher.run(query(table, "SELECT 1 AS a"), scratch, require_isolation=True)
    assert (scratch / "mine").read_text() == "kept"


def test_no_process_is_left_behind(table: Path, scratch: Path) -> None:
    with Launcher() as launcher:
        launcher.run(query(table, "SELECT 1 AS a"), scratch, require_isolation=True)
        assert launcher._zygote is not None
        process = launcher._zygote._process
    assert process.poll() is not None
