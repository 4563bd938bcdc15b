"""Can every sample analysis be tried at once on synthetic rows, and does the answer say what would happen for real?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import config
from app.catalog.manifest import read_catalog
from app.catalog.synthetic import synthetic_table
from app.catalog.values import Entry
from app.domain.errors import Invalid, Refusal
from app.engine import Engine
from app.rehearsal import Rehearsal, Rehearsed, rehearse
from sandbox.launcher import Launcher
from tests.catalog.analyses import SAMPLES, Analysis, everything

ALL = everything()
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
BEFORE_DECIDING = {"unknown-table", "unknown-column", "function-refused", "construct-refused", "one-statement"}
"""Codes of texts that are not understood; they cannot be rehearsed either."""
MORE_ROWS = {"s1_rescue/busiest_segments.sql": 100_000}
"""Analyses that keep groups of more rows than a thousand rows have."""
EMPTY = {"s3_finance/one_firm.sql": "looks for the names of two firms, and names are not declared"}
RESCUE = SAMPLES / "s1_rescue"
Try = Callable[..., Rehearsed]


@pytest.fixture(scope="session")
def engine(launcher: Launcher) -> Engine:
    return Engine.load(config.read({}).policies, launcher, require_isolation=True)


@pytest.fixture(scope="session")
def entries() -> Callable[[Path], tuple[Entry, ...]]:
    known: dict[Path, tuple[Entry, ...]] = {}

    def read(folder: Path) -> tuple[Entry, ...]:
        if folder not in known:
            known[folder] = read_catalog(folder).entries
        return known[folder]

    return read


@pytest.fixture
def attempt(engine: Engine, entries: Callable[[Path], tuple[Entry, ...]]) -> Try:
    def go(sql: str, folder: Path = RESCUE, **more: object) -> Rehearsed:
        rehearsal = replace(Rehearsal(sql=sql, entries=entries(folder)), **more)  # type: ignore[arg-type]
        return rehearse(engine, rehearsal, lambda: NOW)

    return go


@pytest.mark.parametrize("analysis", [a for a in ALL if a.code not in BEFORE_DECIDING], ids=lambda a: a.name)
def test_a_sample_analysis_has_rows_and_says_what_would_happen(analysis: Analysis, attempt: Try) -> None:
    rows = MORE_ROWS.get(analysis.name, 1000)
    rehearsed = attempt(analysis.sql, analysis.folder, enterprise=analysis.enterprise, rows=rows)
    assert (rehearsed.total > 0) is (analysis.name not in EMPTY)
    assert len(rehearsed.page) == min(rehearsed.total, 200)
    assert any(cell is not None for row in rehearsed.page for cell in row) or not rehearsed.page
    if analysis.uses is not None:
        return  # what one operator does not hold is no matter of a rehearsal
    assert rehearsed.decision == analysis.decision
    codes = {f.code for f in rehearsed.findings}
    assert bool(codes) is (analysis.decision != "checked")
    if analysis.decision == "refused":
        places = {f"{f.position.line}:{f.position.column}" for f in rehearsed.findings if f.position}
        assert analysis.code in codes
        assert analysis.at in places


@pytest.mark.parametrize("analysis", [a for a in ALL if a.code in BEFORE_DECIDING], ids=lambda a: a.name)
def test_a_text_that_is_not_understood_is_refused_with_its_place(analysis: Analysis, attempt: Try) -> None:
    with pytest.raises(Refusal) as caught:
        attempt(analysis.sql, analysis.folder)
    assert caught.value.code == analysis.code
    place = caught.value.findings[0].position
    assert analysis.at == (f"{place.line}:{place.column}" if place else None)


@pytest.mark.parametrize(
    ("sql", "code", "place"),
    [
        ("select road\nfrom hw_incident\nwhere (", "sql-syntax", 3),
        ("select count(*) from hw_incident where sleep_ms(5) is null", "function-refused", 1),
        ("select *\nfrom read_parquet('x')", "construct-refused", 2),
        ("insert into hw_incident values (1)", "construct-refused", 1),
        ("", "one-statement", None),
    ],
)
def test_bad_texts_are_refused_as_usual(attempt: Try, sql: str, code: str, place: int | None) -> None:
    with pytest.raises((Invalid, Refusal)) as caught:
        attempt(sql)
    found = caught.value.findings[0]
    assert (found.code, found.position.line if found.position else None) == (code, place)


def test_the_same_seed_gives_the_same_answer(attempt: Try) -> None:
    sql = "select road, kind, count(*) as n from hw_incident group by road, kind order by road, kind"
    first, again, other = (attempt(sql, seed=seed).page for seed in (5, 5, 6))
    assert first == again != other


def test_own_tables_that_are_not_brought_are_made_up(attempt: Try) -> None:
    sql = "select t.road, count(*) from tow_station t join hw_incident i on i.road = t.road group by t.road"
    made = attempt(sql)
    assert made.tables == (("tow_station", 1000), ("hw_incident", 1000))
    assert made.total == 8


def test_an_own_table_that_is_brought_is_read(attempt: Try, tmp_path: Path) -> None:
    file = tmp_path / "stations.csv"
    file.write_text("station,road,stake_km,trucks\nA,G60 沪昆,5,2\nB,S2 杭甬,9,3\n", "utf-8")
    sql = "select s.station, count(*) from tow_station s join hw_incident i using (road) group by s.station order by 1"
    brought = attempt(sql, enterprise=(("tow_station", file),))
    assert [row[0] for row in brought.page] == ["A", "B"]
    assert brought.tables == (("hw_incident", 1000), ("tow_station", None))
    undeclared = attempt("select station from mine order by station", enterprise=(("mine", file),))
    assert undeclared.page == (("A",), ("B",))


def test_an_own_table_that_is_bad_is_refused_with_its_place(attempt: Try, tmp_path: Path) -> None:
    file = tmp_path / "stations.csv"
    file.write_text("station,road,stake_km,trucks\nA,Nowhere,5,2\n", "utf-8")
    with pytest.raises(Invalid) as caught:
        attempt("select station from tow_station", enterprise=(("tow_station", file),))
    found = caught.value.findings[0]
    assert (found.code, found.field) == ("catalog-undeclared-value", "road")
    assert found.position is not None
    assert (found.position.line, found.position.column) == (2, 2)


def test_a_public_table_cannot_be_brought(attempt: Try, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\n1\n", "utf-8")
    with pytest.raises(Invalid) as caught:
        attempt("select 1 as a", enterprise=(("HW_incident", tmp_path / "x.csv"),))
    assert caught.value.code == "catalog-enterprise-not-declared-so"


def test_what_passes_a_limit_has_the_code_of_the_limit(attempt: Try) -> None:
    with pytest.raises(Invalid) as caught:
        attempt("select a.road from hw_incident a, hw_incident b")
    assert caught.value.code == "limit-rows"


def test_what_the_engine_cannot_do_is_a_code(attempt: Try) -> None:
    with pytest.raises(Invalid) as caught:
        attempt("select road + 1 as x from hw_incident")
    assert caught.value.code == "engine-error"
    assert "road" not in str(caught.value)


def test_no_more_rows_are_made_than_the_catalog_says_there_are(entries: Callable[[Path], tuple[Entry, ...]]) -> None:
    lot, event = entries(SAMPLES / "s5_parking")
    assert [synthetic_table(e, 1000, frozenset()).rows for e in (lot, event)] == [36, 1000]
    assert synthetic_table(event, 1_000_000, frozenset()).rows == 40_000


def test_days_and_moments_lie_in_the_time_of_the_data_set(entries: Callable[[Path], tuple[Entry, ...]]) -> None:
    incident, *_ = entries(RESCUE)
    read = frozenset({"call_date", "call_time", "plate", "caller_phone"})
    columns = {c.name: c for c in synthetic_table(incident, 100, read).columns}
    assert set(columns) == read
    assert (columns["call_date"].minimum, columns["call_date"].maximum) == ("2025-01-01", "2025-12-31")
    assert (columns["call_time"].minimum, columns["call_time"].maximum) == ("2025-01-01", "2025-12-31 23:59:59")
    assert columns["plate"].type == "UINTEGER"
    assert columns["plate"].subjects == columns["caller_phone"].subjects == 25


def test_what_is_made_does_not_depend_on_what_else_is_read(attempt: Try) -> None:
    narrow, wide = (f"select road, kind{more} from hw_incident" for more in ("", ", grid, plate"))
    assert attempt(narrow).page == tuple(row[:2] for row in attempt(wide).page)
    assert attempt("select count(*) from hw_incident").page == (("1000",),)


def test_the_answer_as_data_says_that_it_is_synthetic(attempt: Try) -> None:
    data = attempt("select plate from hw_incident limit 1").to_json()
    assert data["synthetic"] is True
    assert "合成行" in data["notice_zh"]
    assert data["for_real"]["decision"] == "refused"
    assert {f["code"] for f in data["for_real"]["findings"]} == {"use-denied", "rows-of-units"}
    assert data["total"] == 1
