"""Do reviewers see the rows of a result as they are, a page at a time, from a process that can read nothing else?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from sandbox.confine import LANDLOCK, OWN_ROOT, OWN_USER, SECCOMP
from sandbox.launcher import Launcher
from sandbox.protocol import (
    MAX_ANSWER_BYTES,
    MAX_CELL_CHARACTERS,
    MAX_PAGE_ROWS,
    Answer,
    InspectTask,
    Limits,
)
from tests.sandbox.test_walls import FILES, taken_over

LIMITS = Limits(wall_seconds=20, memory_bytes=512 << 20, threads=1)
Inspect = Callable[..., Answer]
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def go(sql: str) -> Path:
        path = tmp_path / "quarantine" / "result.parquet"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with duckdb.connect() as engine:
            engine.execute("SET TimeZone='Asia/Shanghai'")
            engine.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        return path

    return go


@pytest.fixture
def inspect(launcher: Launcher, tmp_path: Path) -> Inspect:
    runs = iter(range(1000))

    def go(path: Path, **asked: object) -> Answer:
        task = InspectTask(**({"path": str(path), "offset": 0, "limit": 100, "limits": LIMITS} | asked))  # type: ignore[arg-type]
        return launcher.run(task, tmp_path / f"scratch{next(runs)}", require_isolation=True)

    return go


def column(answer: Answer, number: int = 0) -> list[str | None]:
    assert answer.status == "ok", answer.code
    return [row[number] for row in answer.page]


def test_a_page_has_rows_as_texts_with_the_types_of_their_columns(write: Write, inspect: Inspect) -> None:
    answer = inspect(write("SELECT i, 'row ' || i AS s FROM range(7) AS t(i)"), limit=2)
    assert answer.columns == (("i", "BIGINT"), ("s", "VARCHAR"))
    assert (answer.page, answer.page_of) == ((("0", "row 0"), ("1", "row 1")), 7)
    assert answer.files == ()


def test_pages_follow_one_another_in_the_order_of_the_file(write: Write, inspect: Inspect) -> None:
    path = write("SELECT (i * 7919) % 300000 AS i FROM range(300000) AS t(i)")
    pages = [inspect(path, offset=offset, limit=MAX_PAGE_ROWS) for offset in (0, MAX_PAGE_ROWS, 299_500)]
    expected = [str(i * 7919 % 300_000) for i in range(300_000)]
    assert [column(page) for page in pages] == [expected[:1000], expected[1000:2000], expected[299_500:]]


def test_a_page_beyond_the_end_is_empty_and_says_how_many_rows_there_are(write: Write, inspect: Inspect) -> None:
    answer = inspect(write("SELECT i FROM range(7) AS t(i)"), offset=7)
    assert (answer.status, answer.page, answer.page_of) == ("ok", (), 7)
    assert answer.columns == (("i", "BIGINT"),)


def test_a_result_without_rows_has_an_empty_page(write: Write, inspect: Inspect) -> None:
    answer = inspect(write("SELECT 1 AS a, 'x' AS b WHERE false"))
    assert (answer.status, answer.page, answer.page_of) == ("ok", (), 0)
    assert answer.columns == (("a", "INTEGER"), ("b", "VARCHAR"))


def test_columns_come_as_they_are_asked_for(write: Write, inspect: Inspect) -> None:
    path = write('SELECT 1 AS a, 2 AS "B ""q""", 3 AS c')
    answer = inspect(path, columns=("c", 'B "q"'))
    assert (answer.columns, answer.page) == ((("c", "INTEGER"), ('B "q"', "INTEGER")), (("3", "2"),))


SORTED = {
    "whole numbers": ("BIGINT", "10", "9", "-1"),
    "128-bit numbers": ("DECIMAL(38,0)", "170141183460469231731687303715884105", "9", "-1"),
    "decimals": ("DECIMAL(9,2)", "10.50", "9.99", "-0.01"),
    "floating numbers": ("DOUBLE", "1e+300", "2.5", "-inf"),
    "texts": ("VARCHAR", "b", "a", "B"),
    "dates": ("DATE", "2024-01-10", "2024-01-09", "1999-12-31"),
    "times": ("TIME", "10:00:00", "09:59:59.5", "00:00:00"),
    "timestamps": ("TIMESTAMP", "2024-01-01 10:00:00", "2024-01-01 09:00:00", "1969-12-31 23:59:59"),
    "timestamps with a zone": (
        "TIMESTAMP WITH TIME ZONE",
        "2024-01-01 02:00:00+00",
        "2024-01-01 01:00:00+00",
        "1969-12-31 23:59:59+00",
    ),
    "truths": ("BOOLEAN", "true", "false", "false"),
    "references": ("UUID", "ffffffff-ffff-4fff-bfff-ffffffffffff", "2e000000-0000-4000-8000-000000000000", ""),
}


@pytest.mark.parametrize("kind", SORTED)
def test_a_page_is_sorted_by_value_and_not_by_text_and_null_comes_last(
    kind: str, write: Write, inspect: Inspect
) -> None:
    type_, *texts = SORTED[kind]
    values = [text for text in texts if text]
    rows = ", ".join(f"('{text}')" for text in (values[1], *values[2:], values[0]))
    path = write(f"SELECT v::{type_} AS v, n FROM (VALUES {rows}, (NULL)) AS t(v), (VALUES (1)) AS u(n)")
    answer = inspect(path, order_by="v", descending=True)
    assert answer.columns[0] == ("v", type_)
    assert column(answer) == [*values, None]
    assert column(inspect(path, order_by="v")) == [*reversed(values), None]


def test_a_page_may_be_sorted_by_a_column_that_is_not_on_it(write: Write, inspect: Inspect) -> None:
    path = write("SELECT i, 9 - i AS j FROM range(10) AS t(i)")
    answer = inspect(path, columns=("i",), order_by="j", limit=3)
    assert (column(answer), answer.page_of) == (["9", "8", "7"], 10)


NESTED = {
    "list": ("[1, NULL, 3]", "[1, NULL, 3]"),
    "struct": ("{'a': 1, 'b': ['x']}", "{'a': 1, 'b': [x]}"),
    "map": ("map {'k': 1}", "{k=1}"),
    "blob": ("'\\xAB\\x00'::BLOB", "\\xAB\\x00"),
    "interval": ("INTERVAL 3 DAY", "3 days"),
    "control characters": ("'a' || chr(10) || chr(0) || chr(27)", "a\n\0\x1b"),
    "not a number": ("'nan'::DOUBLE", "nan"),
}


@pytest.mark.parametrize("kind", NESTED)
def test_other_types_are_shown_as_the_engine_writes_them(kind: str, write: Write, inspect: Inspect) -> None:
    sql, expected = NESTED[kind]
    assert column(inspect(write(f"SELECT {sql} AS v"))) == [expected]


def test_a_whole_sum_of_128_bits_keeps_all_its_digits(write: Write, inspect: Inspect) -> None:
    assert column(inspect(write("SELECT (10::DECIMAL(38, 0) * 9223372036854775807) AS v"))) == ["92233720368547758070"]


def test_times_are_shown_in_universal_time(write: Write, inspect: Inspect) -> None:
    path = write("SELECT '2024-07-01 08:00:00+08'::TIMESTAMPTZ AS v")
    assert column(inspect(path)) == ["2024-07-01 00:00:00+00"]


def test_long_texts_are_cut_where_it_shows(write: Write, inspect: Inspect) -> None:
    whole, long = "水" * MAX_CELL_CHARACTERS, "水" * (MAX_CELL_CHARACTERS + 1)
    answer = inspect(write(f"SELECT '{whole}' AS a, '{long}' AS b, range(100000) AS c"))
    a, b, c = answer.page[0]
    assert a == whole
    assert b == "水" * (MAX_CELL_CHARACTERS - 1) + "…"
    assert c is not None
    assert (len(c), c[-1]) == (MAX_CELL_CHARACTERS, "…")


def test_a_page_that_does_not_fit_into_an_answer_has_fewer_rows(write: Write, inspect: Inspect) -> None:
    path = write("SELECT i, repeat('水', 2000) AS s FROM range(1000) AS t(i)")
    answer = inspect(path, limit=MAX_PAGE_ROWS)
    assert 100 < len(answer.page) < 200
    assert answer.page_of == 1000
    assert len(json.dumps(answer.page, ensure_ascii=False).encode()) < MAX_ANSWER_BYTES
    following = inspect(path, limit=MAX_PAGE_ROWS, offset=len(answer.page))
    assert column(following)[0] == str(len(answer.page))


@pytest.mark.parametrize("text", ["repeat('水', 5000)", "repeat(chr(1), 5000)", "repeat('😀', 5000)"])
def test_one_row_always_fits_however_many_columns_it_has(text: str, write: Write, inspect: Inspect) -> None:
    columns = ", ".join(f"{text} AS a_column_with_a_rather_long_name_{n}" for n in range(1500))
    answer = inspect(write(f"SELECT {columns} FROM range(2)"))
    assert (answer.status, len(answer.page) > 0, answer.page_of) == ("ok", True, 2)
    assert all(cell is not None and cell.endswith("…") for cell in answer.page[0])


def test_a_name_that_no_answer_may_hold_does_not_spoil_the_page(write: Write, inspect: Inspect) -> None:
    answer = inspect(write(f'SELECT 1 AS "a\nb", 2 AS "{"c" * 300}"'))
    assert answer.columns == (("a\ufffdb", "INTEGER"), ("c" * 255, "INTEGER"))
    assert answer.page == (("1", "2"),)


def test_the_path_makes_no_column(tmp_path: Path, write: Write, inspect: Inspect) -> None:
    path = tmp_path / "year=2024" / "a[1]*.parquet"
    path.parent.mkdir()
    write("SELECT 1 AS a").rename(path)
    assert inspect(path).columns == (("a", "INTEGER"),)


@pytest.mark.parametrize("asked", [{"columns": ("a", "nowhere")}, {"order_by": "nowhere"}, {"order_by": "A"}])
def test_a_column_that_is_not_there_has_a_code_of_its_own(
    asked: dict[str, object], write: Write, inspect: Inspect
) -> None:
    answer = inspect(write("SELECT 1 AS a"), **asked)
    assert (answer.code, answer.step, answer.page) == ("source-columns", "page", ())


def test_a_name_is_never_sql(write: Write, inspect: Inspect) -> None:
    hostile = "a\" FROM read_text('/etc/passwd') --"
    path = write("SELECT 1 AS a")
    assert inspect(path, columns=(hostile,)).code == "source-columns"
    assert inspect(path, order_by="1; DROP TABLE x").code == "source-columns"


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "text": lambda _: b"a,b\n1,2\n",
    "half": lambda data: data[: len(data) // 2],
    "other data": lambda data: data[:40] + bytes(2000) + data[2040:],
    "other footer": lambda data: data[:-300] + bytes(100) + data[-200:],
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_has_a_code_of_its_own(how: str, write: Write, inspect: Inspect) -> None:
    path = write("SELECT i, 'text ' || i AS s FROM range(5000) AS t(i)")
    path.write_bytes(DAMAGE[how](path.read_bytes()))
    answer = inspect(path)
    assert (answer.code, answer.page, answer.columns) == ("source-unreadable", (), ())


def test_a_file_that_is_gone_has_a_code(tmp_path: Path, inspect: Inspect) -> None:
    assert inspect(tmp_path / "gone.parquet").code == "source-unreadable"


def test_sorting_more_than_there_is_memory_for_ends_with_a_limit(write: Write, inspect: Inspect) -> None:
    path = write("SELECT md5(i::VARCHAR) AS a, sha256(i::VARCHAR) AS b FROM range(2000000) AS t(i)")
    small = Limits(wall_seconds=20, memory_bytes=24 << 20, scratch_bytes=1 << 20, threads=1)
    assert inspect(path, order_by="b", limits=small).code in {"limit-memory", "limit-scratch"}
    assert inspect(path, order_by="b").status == "ok"


@pytest.mark.parametrize("name", ["read", "secret", "list", "climb", "write outside", "source"])
def test_the_process_can_read_that_one_file_and_nothing_else(
    name: str, write: Write, table: Path, tmp_path: Path
) -> None:
    """Even taken over, with no other wall around it but that of files."""
    secret = write("SELECT 1 AS a").with_name("other.parquet")
    secret.write_text("another operator's result")
    task = InspectTask(path=str(secret.with_name("result.parquet")), offset=0, limit=1, limits=LIMITS)
    with taken_over(FILES[name], SECCOMP, secret=str(secret), source=task.path) as launcher:
        answer = launcher.run(task, tmp_path / "scratch", require_isolation=False)
    assert answer.step in {"EACCES", "ENOENT", "EROFS", "EPERM"}


def test_without_the_walls_around_files_the_other_result_is_read(write: Write, tmp_path: Path) -> None:
    secret = write("SELECT 1 AS a").with_name("other.parquet")
    secret.write_text("another operator's result")
    task = InspectTask(path=str(secret.with_name("result.parquet")), offset=0, limit=1, limits=LIMITS)
    with taken_over(FILES["secret"], LANDLOCK, OWN_ROOT, OWN_USER, secret=str(secret)) as launcher:
        answer = launcher.run(task, tmp_path / "scratch", require_isolation=False)
    assert answer.step == "done"


def test_looking_leaves_the_file_as_it_was(write: Write, inspect: Inspect) -> None:
    path = write("SELECT i FROM range(100) AS t(i)")
    before, seen = path.read_bytes(), path.stat()
    assert inspect(path).status == "ok"
    now = path.stat()
    assert path.read_bytes() == before
    assert (now.st_uid, now.st_mode, now.st_mtime_ns) == (seen.st_uid, seen.st_mode, seen.st_mtime_ns)
