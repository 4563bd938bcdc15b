"""Is a number coded at its ends before anything is computed, and are computed ends those of enough people?"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from app.domain.report_json import from_json, to_json
from app.domain.report_view import operators_view, reviewers_view
from app.domain.values import Decision
from app.engine import Engine
from app.trial import Outcome
from sandbox.protocol import Mask, View
from sandbox.views import create_views
from tests.disclosure.repair_world import CATALOG, STATIONS, engine, rows, write_world
from tests.disclosure.test_merging import tried

PEOPLE = sum(STATIONS.values())


@pytest.fixture(scope="module")
def allowing() -> Iterator[Engine]:
    with engine() as found:
        yield found


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("town"))


def coded(allowing: Engine, town: Path, sql: str, **more: Any) -> Outcome:
    return tried(allowing, town, sql, "top-bottom", **more)


def test_declared_ends_are_the_last_bands_of_a_key(allowing: Engine, town: Path) -> None:
    found = coded(allowing, town, "select age, count(*) as n from trip where region = 'East' group by age")
    old = sum(int(str(r[5])) >= 70 for r in rows() if r[3] == "East")
    assert max(r["age"] for r in found.rows) == 70
    assert [r["n"] for r in found.rows if r["age"] == 70] == [old]


def test_declared_ends_winsorise_a_measure_and_hold_in_conditions(allowing: Engine, town: Path) -> None:
    fees: dict[str, int] = defaultdict(int)
    for row in rows():
        fees[str(row[2])] += min(60, max(10, int(str(row[7]))))
    found = coded(allowing, town, "select road, sum(fee) as n from trip group by road")
    assert {r["road"]: r["n"] for r in found.rows} == fees
    assert coded(allowing, town, "select count(*) as n from trip where fee > 60").rows == []
    (some,) = tried(allowing, town, "select count(*) as n from trip where fee > 60", None).rows
    assert some["n"] > 0


def test_ends_that_are_not_declared_are_those_that_enough_people_reach(allowing: Engine, town: Path) -> None:
    most: dict[object, int] = defaultdict(int)
    least: dict[object, int] = defaultdict(lambda: 10**9)
    for row in rows():
        income = int(str(row[8]))
        most[row[0]], least[row[0]] = max(most[row[0]], income), min(least[row[0]], income)
    reach = max(10, -(-PEOPLE // 100))
    high, low = sorted(most.values())[-reach], sorted(least.values())[reach - 1]
    sums: dict[str, int] = defaultdict(int)
    for row in rows():
        sums[str(row[2])] += min(high, max(low, int(str(row[8]))))
    found = coded(allowing, town, "select road, sum(income) as n from trip group by road")
    assert {r["road"]: r["n"] for r in found.rows} == sums
    assert found.report is not None
    (ends,) = found.report.coded
    assert min(ends.at_low, ends.at_high) >= reach, "so many people at either end, as the level asks for"


def test_ends_do_not_move_with_what_a_query_picks(allowing: Engine, town: Path) -> None:
    whole = coded(allowing, town, "select road, sum(income) as n from trip group by road")
    part = coded(allowing, town, "select road, sum(income) as n from trip where region = 'West' group by road")
    assert part.rows == [r for r in whole.rows if r["road"] == "G3"]


def _view(source: str, argument: str, *, kind: str = "tails", units: tuple[str, ...] = ("u",)) -> list[Any]:
    """The column x of a view over the rows of `source`, under a mask."""
    connection = duckdb.connect()
    tags = tuple(f"__tag_{u}" for u in units)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/v.parquet"
        columns = ", ".join(f"1 AS {tag}" for tag in tags)
        connection.execute(f"COPY (SELECT *, {columns} FROM ({source})) TO '{path}' (FORMAT parquet)")
        mask = Mask(column="x", kind=kind, argument=argument)
        create_views(connection, [View(name="v", path=path, columns=("x", *units, *tags), masks=(mask,))])
        return [x for (x,) in connection.execute("SELECT x FROM v ORDER BY ALL").fetchall()]


def test_of_too_few_people_nothing_is_shown() -> None:
    assert _view("SELECT i AS x, i AS u FROM range(19) t(i)", "0.01/10") == [None] * 19
    assert _view("SELECT i AS x, i AS u FROM range(20) t(i)", "0.01/10") == [9] * 10 + [10] * 10


def test_one_person_with_many_rows_makes_no_end() -> None:
    many = "SELECT 1000 AS x, 0 AS u FROM range(500) UNION ALL SELECT i AS x, i + 1 AS u FROM range(100) t(i)"
    assert max(_view(many, "0.05/10")) == 91


def test_of_two_kinds_of_subjects_each_must_reach_an_end() -> None:
    two = "SELECT i AS x, i AS u, i // 10 AS w FROM range(1000) t(i)"
    assert max(_view(two, "0.000000001/5", units=("u", "w"))) == 959, "five firms of ten people each"
    assert max(_view(two, "0.000000001/5", units=("u",))) == 995


def test_what_is_no_number_makes_no_end_and_missing_values_stay_missing() -> None:
    odd = "SELECT CASE WHEN i < 5 THEN 'nan'::DOUBLE WHEN i < 10 THEN NULL ELSE i END AS x, i AS u FROM range(60) t(i)"
    found = _view(odd, "0.01/10")
    assert found.count(None) == 5
    assert {x for x in found if x is not None} <= set(map(float, range(19, 51)))


def test_declared_ends_may_be_one_only() -> None:
    assert _view("SELECT i AS x, i AS u FROM range(5) t(i)", "/3", kind="code") == [0, 1, 2, 3, 3]
    assert _view("SELECT i AS x, i AS u FROM range(5) t(i)", "2/", kind="code") == [2, 2, 2, 3, 4]


@pytest.mark.parametrize(
    ("sql", "code", "use"),
    [
        ("select sum(income) from trip where income > 5000", "code-no-ends", "filter:range"),
        ("select road, sum(income), median(income) from trip group by road", "code-no-ends", "aggregate:median"),
        ("select road, count(*) from trip group by road", "code-nothing", None),
    ],
)
def test_what_cannot_be_coded_is_refused_with_its_place(
    allowing: Engine, town: Path, sql: str, code: str, use: str | None
) -> None:
    found = coded(allowing, town, sql)
    assert found.decision is Decision.REFUSED
    (finding,) = found.refusals
    assert (finding.code, finding.use, finding.position is None) == (code, use, use is None)


def test_the_firewall_compares_coded_numbers_with_those_that_are_not(
    allowing: Engine, town: Path, tmp_path: Path
) -> None:
    few = write_world(tmp_path / "few")
    wide = CATALOG.replace("bottom_code = 10, top_code = 60", "top_code = 98")
    (few / "catalog.toml").write_text(wide, encoding="utf-8")
    sql = "select region, sum(fee) as n from trip group by region"
    for place, left in ((few, 0), (town, 2)):
        history = tmp_path / f"after-{left}"
        assert len(coded(allowing, place, sql, history=history).rows) == 2
        found = tried(allowing, place, sql, None, history=history)
        assert len(found.rows) == left, "what lies between the two is about those beyond the ends: a few, or many"


def test_the_report_tells_the_ends_and_only_reviewers_how_many_are_there(allowing: Engine, town: Path) -> None:
    report = coded(allowing, town, "select road, sum(fee) as n, count(*) from trip group by road").report
    assert report is not None
    assert from_json(to_json(report, salt="s")) == report
    (ends,) = report.coded
    assert (ends.field, ends.low, ends.high, ends.of) == ("fee", "10", "60", PEOPLE)
    shown, told = reviewers_view(report, {}), operators_view(report, {}, "maps")
    done = [(c["measure"], c["repairs"][0]["words"]["en"]) for c in shown["cells"]["items"] if c["repairs"]]
    assert {measure for measure, _ in done} == {
        c["measure"] for c in shown["cells"]["items"] if "SUM" in str(c["measure"])
    }
    assert {words for _, words in done} == {"trip.fee coded at its ends"}
    assert any("values below 10 count as 10" in s["en"] for s in told["summary"])
    assert any(f"of {PEOPLE} subjects" in s["en"] for s in shown["summary"])
    assert not any(str(PEOPLE) in s["en"] for s in told["summary"])
    assert set(told["coded"][0]) == {"dataset", "field", "low", "high", "share"}
