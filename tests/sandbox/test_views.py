"""Does a view show only the rows and the parts of values that it may, whatever is asked of it?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from sandbox.confine import GATE, SECURE_VIEWS
from sandbox.decoding import decode_task
from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Export, Filter, Mask, QueryTask, View, encode
from sandbox.shape import Malformed

COLUMNS = ("day", "moment", "region", "fee", "name", "subject")
FUNCTIONS = ("count", "max", "min", "stats", "+", "/", "error")
Rows = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vault") / "source.parquet"
    duckdb.sql(f"""COPY (
        SELECT DATE '2025-01-15' + (i * 20)::INTEGER AS day,
               TIMESTAMP '2025-01-15 10:30:00' + INTERVAL (i) HOUR AS moment,
               CASE i % 3 WHEN 0 THEN 'Hangzhou' WHEN 1 THEN 'Ningbo' END AS region, (i * 37.5)::DECIMAL(9,2) AS fee,
               CASE WHEN i = 7 THEN 'secret' ELSE i::VARCHAR END AS name, i::UINTEGER AS subject
        FROM range(12) t(i)) TO '{path}'""")
    return path


def task(source: Path, sql: str, *, filters: tuple[Filter, ...] = (), masks: tuple[Mask, ...] = ()) -> QueryTask:
    view = View(name="v", path=str(source), columns=COLUMNS, filters=filters, masks=masks)
    return QueryTask(views=(view,), steps=(), exports=(Export(file="out.parquet", sql=sql),), functions=FUNCTIONS)


def run(launcher: Launcher, scratch: Path, wanted: QueryTask) -> Answer:
    return launcher.run(wanted, scratch, require_isolation=True)


FILTERS: dict[str, tuple[Filter, list[int]]] = {
    "equal": (Filter(column="region", test="=", values=("Hangzhou",)), [0, 3, 6, 9]),
    "unequal passes no NULL": (Filter(column="region", test="<>", values=("Hangzhou",)), [1, 4, 7, 10]),
    "one of": (Filter(column="subject", test="in", values=("2", "5")), [2, 5]),
    "from a day on": (Filter(column="day", test=">=", values=("2025-08-01",)), [10, 11]),
    "before a moment": (Filter(column="moment", test="<", values=("2025-01-15 12:30:00",)), [0, 1]),
    "number": (Filter(column="fee", test="<=", values=("75",)), [0, 1, 2]),
    "missing": (Filter(column="region", test="is-null"), [2, 5, 8, 11]),
    "there": (Filter(column="region", test="is-not-null"), [0, 1, 3, 4, 6, 7, 9, 10]),
}


@pytest.mark.parametrize("name", FILTERS)
def test_only_rows_that_pass_are_there(launcher: Launcher, source: Path, scratch: Path, rows: Rows, name: str) -> None:
    passing, expected = FILTERS[name]
    answer = run(launcher, scratch, task(source, "SELECT subject FROM v ORDER BY subject", filters=(passing,)))
    assert answer.status == "ok"
    assert [row[0] for row in rows("out.parquet")] == expected


MASKS: dict[str, tuple[Mask, str]] = {
    "month": (Mask(column="day", kind="month"), "2025-06-01"),
    "quarter": (Mask(column="day", kind="quarter"), "2025-04-01"),
    "year of a moment": (Mask(column="moment", kind="year"), "2025-01-01 00:00:00"),
    "band": (Mask(column="fee", kind="band", argument="100"), "200.00"),
    "prefix": (Mask(column="name", kind="prefix", argument="2"), "se"),
    "null": (Mask(column="name", kind="null"), "None"),
}


@pytest.mark.parametrize("name", MASKS)
def test_a_masked_column_shows_what_its_mask_leaves(
    launcher: Launcher, source: Path, scratch: Path, rows: Rows, name: str
) -> None:
    mask, expected = MASKS[name]
    sql = f"SELECT {mask.column} FROM v WHERE subject = 7"
    assert run(launcher, scratch, task(source, sql, masks=(mask,))).status == "ok"
    assert [str(row[0]) for row in rows("out.parquet")] == [expected]


def test_a_pseudonym_is_the_same_under_one_key_only(launcher: Launcher, source: Path, tmp_path: Path) -> None:
    seen = []
    for number, key in enumerate(("a" * 32, "a" * 32, "b" * 32)):
        mask = Mask(column="subject", kind="pseudonym", argument=key)
        scratch = tmp_path / str(number)
        answer = run(launcher, scratch, task(source, "SELECT DISTINCT subject FROM v", masks=(mask,)))
        assert answer.rows == {"out.parquet": 12}
        seen.append({row[0] for row in duckdb.connect().execute(f"FROM '{scratch}/out.parquet'").fetchall()})
    assert seen[0] == seen[1]
    assert not seen[0] & seen[2]


def test_a_filter_may_use_what_is_masked_or_not_shown(
    launcher: Launcher, source: Path, scratch: Path, rows: Rows
) -> None:
    view = View(
        name="v",
        path=str(source),
        columns=("day",),
        filters=(
            Filter(column="day", test="=", values=("2025-06-04",)),
            Filter(column="subject", test="=", values=("7",)),
        ),
        masks=(Mask(column="day", kind="year"),),
    )
    wanted = QueryTask(views=(view,), steps=(), exports=(Export(file="out.parquet", sql="FROM v"),), functions=())
    assert run(launcher, scratch, wanted).status == "ok"
    assert [str(row[0]) for row in rows("out.parquet")] == ["2025-01-01"]


HIDDEN = (Filter(column="region", test="=", values=("Hangzhou",)),)
PRYING = {
    "an error that only a hidden row raises": (
        "SELECT count(*) AS n FROM v WHERE CASE WHEN name = 'secret' THEN name::INTEGER ELSE 1 END > 0"
    ),
    "a cast of a hidden value": "SELECT subject FROM v WHERE name::INTEGER >= 0 ORDER BY subject",
}


@pytest.mark.parametrize("name", PRYING)
def test_no_expression_meets_a_hidden_row(launcher: Launcher, source: Path, scratch: Path, name: str) -> None:
    answer = run(launcher, scratch, task(source, PRYING[name], filters=HIDDEN))
    assert answer.status == "ok"


def test_a_statistic_tells_of_hidden_rows_only_through_a_plain_view(source: Path, tmp_path: Path) -> None:
    sql = "SELECT CAST(stats(subject) AS VARCHAR) AS s FROM v LIMIT 1"
    shown = {}
    for name, walls in {"plain": {GATE, SECURE_VIEWS}, "secure": {GATE}}.items():
        with Launcher(unsafe_without=frozenset(walls)) as open_launcher:
            assert run(open_launcher, tmp_path / name, task(source, sql, filters=HIDDEN)).status == "ok"
        shown[name] = str(duckdb.connect().execute(f"FROM '{tmp_path / name}/out.parquet'").fetchall())
    assert "11" in shown["plain"]
    assert "11" not in shown["secure"]


def view(*parts: Filter | Mask) -> View:
    filters = tuple(p for p in parts if isinstance(p, Filter))
    return View(
        name="v", path="/x", columns=("a",), filters=filters, masks=tuple(p for p in parts if isinstance(p, Mask))
    )


BAD = {
    "unknown test": view(Filter(column="a", test="like", values=("x",))),
    "no value": view(Filter(column="a", test="=")),
    "two values": view(Filter(column="a", test="<", values=("1", "2"))),
    "a NUL byte": view(Filter(column="a", test="=", values=("\0",))),
    "unknown mask": view(Mask(column="a", kind="hash")),
    "a mask of nothing": view(Mask(column="b", kind="null")),
    "two masks": view(Mask(column="a", kind="null"), Mask(column="a", kind="null")),
    "a band of zero": view(Mask(column="a", kind="band", argument="0")),
    "a band that is SQL": view(Mask(column="a", kind="band", argument="1)")),
    "a short key": view(Mask(column="a", kind="pseudonym", argument="ab")),
}


@pytest.mark.parametrize("name", BAD)
def test_a_view_that_is_not_of_the_protocol_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        decode_task(encode(QueryTask(views=(BAD[name],), steps=(), exports=(), functions=())))


def test_a_filter_that_does_not_fit_its_column_is_an_engine_error(
    launcher: Launcher, source: Path, scratch: Path
) -> None:
    wrong = (Filter(column="day", test="=", values=("Hangzhou",)),)
    answer = run(launcher, scratch, task(source, "SELECT count(*) AS n FROM v", filters=wrong))
    assert answer.code == "engine-error"


def test_a_folder_named_like_a_column_adds_none(launcher: Launcher, source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "region=Wenzhou"
    folder.mkdir()
    moved = folder / "v.parquet"
    moved.write_bytes(source.read_bytes())
    for number, column in enumerate(("region", "year")):
        wanted = task(moved, f"SELECT count(*) AS n FROM v WHERE {column} = 'Wenzhou'")
        answer = run(launcher, tmp_path / str(number), wanted)
        assert answer.status == ("ok" if column == "region" else "failed")
    assert duckdb.connect().execute(f"FROM '{tmp_path}/0/out.parquet'").fetchall() == [(0,)]
