"""Is a Parquet file that hurts its reader refused before anyone reads it, and is every honest one still taken?"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sandbox.launcher as launcher_module
from sandbox.confine import ANSWER
from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Limits, MountField, MountTask
from sandbox.results import accept, registry_file
from sandbox.tablefile import Bounds, check
from sandbox.thrift import TooMuch, Unreadable
from tests.sandbox.conftest import Run, query
from tests.sandbox.crafted import real
from tests.sandbox.hostile_tables import BOMBS, LIES, ROWS, made, rows_of
from tests.sandbox.test_hostile_answers import REPLACED
from tests.sandbox.test_walls import taken_over

ROOT = Path(__file__).parents[2]
SMALL = Limits(result_bytes=16 << 20)
BOUNDS = Bounds(rows=ROWS, chunks=1 << 16, decoded=64 << 20)
LEFT = """
def act(order, fd):
    import shutil
    shutil.copyfile(SOURCE, 'out.parquet')
    return ok('out.parquet', rows={'out.parquet': int(open(SOURCE + '.rows').read())})
"""
READ = """
import resource, sys
import pyarrow as pa, pyarrow.parquet as pq
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
try:
    pq.read_table(sys.argv[1])
    print("read")
except (MemoryError, pa.ArrowException) as error:
    print(type(error).__name__)
"""
CHECK = """
import json, os, resource, sys, time
from sandbox.tablefile import Bounds, check
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
files = json.loads(sys.stdin.read())
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
begun, before = time.monotonic(), peak()
found = {}
for path, rows in files.items():
    handle = os.open(path, os.O_RDONLY)
    try:
        check(handle, os.fstat(handle).st_size, Bounds(rows=rows, chunks=1 << 16, decoded=64 << 20))
        found[path] = "taken"
    except Exception as error:
        found[path] = type(error).__name__
print(json.dumps([sorted(set(found.values())), time.monotonic() - begun, (peak() - before) / 1024]))
"""


def look(data: bytes, bounds: Bounds = BOUNDS) -> int:
    handle = os.memfd_create("table")
    try:
        os.write(handle, data)
        return check(handle, len(data), bounds)
    finally:
        os.close(handle)


def run_apart(code: str, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], input=given, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.strip()


# ------------------------------------------------------------------------------------------------------------ lies


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("left") / "table"


def leaving(left: Path, *walls: str) -> Iterator[Launcher]:
    """A launcher whose children leave the file `left` as their result."""
    boot = launcher_module._BOOT
    with taken_over(f"{REPLACED}{LEFT}", *walls, source=str(left)) as launcher:
        launcher_module._BOOT = boot  # for the other launchers of this module
        yield launcher


@pytest.fixture(scope="module")
def doubting(left: Path) -> Iterator[Launcher]:
    yield from leaving(left)


@pytest.fixture(scope="module")
def believing(left: Path) -> Iterator[Launcher]:
    yield from leaving(left, ANSWER)


def result(launcher: Launcher, left: Path, data: bytes, rows: int, table: Path, scratch: Path) -> Answer:
    left.write_bytes(data)
    Path(f"{left}.rows").write_text(str(rows))
    answer = launcher.run(query(table, "SELECT 1 AS a", limits=SMALL), scratch, require_isolation=False)
    assert [p.name for p in scratch.iterdir()] == (["out.parquet"] if answer.status == "ok" else [])
    return answer


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_found_for_what_it_is(name: str) -> None:
    with pytest.raises(Unreadable, match=LIES[name].why):
        look(made(name))


@pytest.mark.parametrize("name", LIES)
def test_a_file_that_lies_is_refused(name: str, doubting: Launcher, left: Path, table: Path, scratch: Path) -> None:
    assert result(doubting, left, made(name), ROWS, table, scratch).code == "answer-refused"


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_takes_too_much_is_refused(
    name: str, doubting: Launcher, left: Path, table: Path, scratch: Path
) -> None:
    assert result(doubting, left, made(name), rows_of(name), table, scratch).code == "limit-bytes"


def test_what_is_left_is_taken_when_it_is_true(doubting: Launcher, left: Path, table: Path, scratch: Path) -> None:
    assert result(doubting, left, real(), ROWS, table, scratch).status == "ok"


def test_more_rows_than_were_asked_for_are_refused(doubting: Launcher, left: Path, table: Path, scratch: Path) -> None:
    rows = SMALL.result_rows + 1
    data = real(f"SELECT NULL AS n FROM range({rows})")
    assert result(doubting, left, data, rows, table, scratch).code == "answer-refused"


def test_a_sparse_file_of_a_gigabyte_is_refused_unread(
    doubting: Launcher, left: Path, table: Path, scratch: Path
) -> None:
    answer = result(doubting, left, b"PAR1", ROWS, table, scratch)
    assert answer.code == "answer-refused"
    handle = os.memfd_create("sparse")
    os.truncate(handle, 1 << 30)
    with pytest.raises(Unreadable, match="not a Parquet file"):
        check(handle, 1 << 30, BOUNDS)
    os.close(handle)


def test_changed_bytes_are_refused_or_read_without_harm(tmp_path: Path) -> None:
    """Whatever of a file is changed: the check knows two endings, and what it takes pyarrow reads or refuses."""
    data, dice = real("SELECT i, 'text ' || (i % 3) AS s, [i] AS l FROM range(1000) AS t(i)"), random.Random(7)
    endings = Counter[str]()
    for _ in range(600):
        changed = bytearray(data)
        for _ in range(dice.choice((1, 1, 2, 4))):
            changed[dice.randrange(len(data))] = dice.choice((0, 127, 128, 255, dice.randrange(256)))
        try:
            look(bytes(changed))
        except (Unreadable, TooMuch) as refused:
            endings[type(refused).__name__] += 1
            continue
        (tmp_path / "table").write_bytes(changed)
        try:
            pq.read_table(tmp_path / "table")
            endings["read"] += 1
        except (pa.ArrowException, OSError, ValueError):
            endings["not read"] += 1
    assert min(endings["Unreadable"], endings["not read"]) > 50


HURTING = (
    "texts in a dictionary",
    "texts in a dictionary, in lists",
    "2 GB in a page, as all say",
    "a page of 2 GB, it says",
    "a dictionary of 2 thousand million",
)


@pytest.mark.parametrize("name", HURTING)
def test_without_the_check_it_takes_more_than_two_gigabytes_to_read(
    name: str, believing: Launcher, left: Path, table: Path, scratch: Path
) -> None:
    assert result(believing, left, made(name), rows_of(name), table, scratch).status == "ok"
    assert run_apart(READ, str(scratch / "out.parquet")) == "ArrowMemoryError"


def test_without_the_check_every_lie_and_every_bomb_is_taken(
    believing: Launcher, left: Path, table: Path, tmp_path: Path
) -> None:
    small = [name for name in (*LIES, *BOMBS) if len(made(name)) <= SMALL.result_bytes]
    for name in small:
        assert result(believing, left, made(name), rows_of(name), table, tmp_path / name).status == "ok"


def test_looking_takes_neither_memory_nor_time(tmp_path: Path) -> None:
    files = {str(tmp_path / name): rows_of(name) for name in (*LIES, *BOMBS)}
    for name in (*LIES, *BOMBS):
        (tmp_path / name).write_bytes(made(name))
    kinds, seconds, mebibytes = json.loads(run_apart(CHECK, given=json.dumps(files)))
    assert kinds == ["TooMuch", "Unreadable"]
    assert seconds < 10  # 0.4 on a free machine, the import of pyarrow included
    assert mebibytes < 200


# ---------------------------------------------------------------------------------------------------------- honest

TYPES = duckdb.execute("SELECT column_name FROM (DESCRIBE SELECT * FROM test_all_types())").fetchall()
WITHOUT_FILES = {"empty_struct"}  # the engine does not write it either
HONEST = {
    "nothing": "SELECT 1 AS a WHERE false",
    "one row": "SELECT 1 AS a",
    "many groups": "SELECT i, hash(i) AS h, 'text ' || (i % 50) AS s, i % 3 = 0 AS b FROM range(400000) AS t(i)",
    "long texts": "SELECT repeat('x', 1000) || i AS s FROM range(30000) AS t(i)",
    "nulls": "SELECT NULL AS n, NULL::INTEGER[] AS l, CASE WHEN i % 9 = 0 THEN i END AS i FROM range(9999) AS t(i)",
    "lists": "SELECT range(i % 20) AS l, [{'a': [i], 'b': map {i: 'x'}}] AS n FROM range(20000) AS t(i)",
    "decimals": "SELECT (i % 3)::DECIMAL(9, 2) AS d, sum(i) OVER ()::DECIMAL(38, 0) AS h FROM range(200000) AS t(i)",
    "evidence": "SELECT i AS cell, hash(i) AS key, (i % 2 = 0) AS exact, 7 AS n0, true AS row_ok FROM range(9) AS t(i)",
}


@pytest.mark.parametrize("name", [name for (name,) in TYPES if name not in WITHOUT_FILES])
def test_a_column_of_every_type_is_taken(name: str) -> None:
    assert look(real(f'SELECT "{name}" FROM test_all_types()'), replace(BOUNDS, rows=3)) > 0


@pytest.mark.parametrize("name", HONEST)
def test_the_bound_holds_what_a_reader_takes(name: str, tmp_path: Path) -> None:
    data = real(HONEST[name])
    bound = look(data, replace(BOUNDS, rows=None))
    (tmp_path / "table").write_bytes(data)
    table = pq.read_table(tmp_path / "table")
    marks = 64 + table.num_rows * table.num_columns  # the bits that tell what is NULL, generously
    assert table.nbytes <= bound + marks


def test_one_long_text_among_many_short_ones_is_counted_once() -> None:
    text = "CASE WHEN i = 77 THEN repeat('z', 1000000) ELSE (i % 1000)::VARCHAR END"
    data = real(f"SELECT {text} AS s, [{text}, 'x'] AS l FROM range(200000) AS t(i)")
    exact = sum(len(str(i % 1000)) + 4 for i in range(200_000)) + 10**6
    bound = look(data, replace(BOUNDS, rows=200_000, decoded=16 << 20))
    assert 2 * exact <= bound <= 2 * exact + (4 << 20)


def test_an_honest_query_that_makes_a_bomb_is_told_its_limit(run: Run, scratch: Path) -> None:
    answer = run("SELECT repeat('x', 1000000) AS s FROM range(200)", limits=SMALL, functions=("repeat",))
    assert (answer.code, answer.files, list(scratch.iterdir())) == ("limit-bytes", (), [])


def test_looking_is_quick() -> None:
    def milliseconds(sql: str) -> float:
        data, best = real(sql), float("inf")
        for _ in range(5):
            begun = time.perf_counter()
            look(data, replace(BOUNDS, rows=None, decoded=1 << 30))
            best = min(best, time.perf_counter() - begun)
        return best * 1000

    assert milliseconds("SELECT i, 'row ' || i AS s, i / 3 AS d, i % 2 = 0 AS b FROM range(10) AS t(i)") < 3
    numbers = ", ".join(f"hash(i + {n}) AS h{n}" for n in range(3))
    assert milliseconds(f"SELECT i, i % 64 AS bucket, 'unit' AS unit, {numbers} FROM range(1000000) AS t(i)") < 100


# ---------------------------------------------------------------------------------------------------------- mounts


def mounted(tmp_path: Path, version: bytes, registry: bytes, rows: int = ROWS) -> str | None:
    fields = (MountField(name="i", type="BIGINT"), MountField(name="s", type="VARCHAR", identifier="person"))
    task = MountTask(source="/x.csv", format="csv", fields=fields, units=(), row_unit=False, registry="/registry")
    (tmp_path / "version.parquet").write_bytes(version)
    (tmp_path / registry_file("person")).write_bytes(registry)
    files = ("version.parquet", registry_file("person"))
    return accept(task, Answer(status="ok", files=files, rows={"version.parquet": rows}), tmp_path)


def test_a_version_and_a_registry_are_looked_into_as_well(tmp_path: Path) -> None:
    assert mounted(tmp_path, real(), real("SELECT 'a' AS value, 1 AS ref, 2 AS tag")) is None
    assert mounted(tmp_path, real(), real(), rows=ROWS + 1) == "answer-refused"
    assert mounted(tmp_path, real(), b"value,ref,tag\n") == "answer-refused"
    assert mounted(tmp_path, made("chunks that overlap"), real()) == "answer-refused"


def test_a_version_may_be_larger_than_anyone_could_read_at_once(tmp_path: Path) -> None:
    version = made("texts in a dictionary")
    with pytest.raises(TooMuch):
        look(version, replace(BOUNDS, rows=None))
    assert mounted(tmp_path, version, real(), rows=3000) is None


def test_neither_the_zygote_nor_a_start_of_the_launcher_loads_pyarrow() -> None:
    code = "import sys, sandbox.zygote, sandbox.launcher, sandbox.results; print('pyarrow' in sys.modules)"
    assert run_apart(code) == "False"
