"""Does a rehearsal run on rows that only the declarations made, the same ones again, within walls and limits?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.decoding import decode_task
from sandbox.launcher import Launcher
from sandbox.protocol import Answer, SyntheticColumn, SyntheticTable, View, encode
from sandbox.shape import Malformed
from tests.sandbox.rehearsals import EVENT, OWNER, ROADS, Rehearse, rehearsal, rehearser


@pytest.fixture
def rehearse(launcher: Launcher, tmp_path: Path) -> Rehearse:
    return rehearser(launcher, tmp_path)


def column(*answers: Answer) -> list[str | None]:
    return [row[0] for answer in answers for row in answer.page]


# ---------------------------------------------------------------------------------------------------- the door


def test_a_rehearsal_comes_through_the_door_as_it_was() -> None:
    task = rehearsal("SELECT 1", views=(View(name="v", path="/own.parquet", columns=("a",)),))
    assert decode_task(encode(task)) == task


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.update(seed=-1),
        lambda b: b.update(seed=2**53),
        lambda b: b.update(page_rows=1001),
        lambda b: b.update(sql=""),
        lambda b: b["tables"][0].update(name="event e"),
        lambda b: b["tables"][0].update(name="WEATHER"),
        lambda b: b["tables"][0].update(rows=1_000_001),
        lambda b: b["tables"][0].update(columns=[]),
        lambda b: b["tables"][0]["columns"][0].update(type="STRUCT(a INTEGER)"),
        lambda b: b["tables"][0]["columns"][0].update(name="ROAD"),
        lambda b: b["tables"][0]["columns"][0].update(subjects=0),
        lambda b: b["tables"][0]["columns"][1].update(values=["a\n"]),
        lambda b: b["tables"][0]["columns"][1].update(values=["a"] * 5000),
        lambda b: b["tables"][0]["columns"][2].update(minimum="\0"),
        lambda b: b["tables"][0]["columns"][2].update(missing=1.5),
    ],
)
def test_a_rehearsal_that_is_not_of_the_protocol_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    message = json.loads(encode(rehearsal("SELECT 1")))
    change(message["body"])
    with pytest.raises(Malformed):
        decode_task(json.dumps(message).encode())


# ---------------------------------------------------------------------------------------------------- the rows


def test_the_answer_is_a_page_of_the_result(rehearse: Rehearse) -> None:
    answer = rehearse("SELECT road, km FROM event ORDER BY km DESC NULLS LAST, road", page_rows=5)
    assert (answer.status, answer.page_of, len(answer.page), answer.files) == ("ok", 1000, 5, ())
    assert answer.columns == (("road", "VARCHAR"), ("km", "SMALLINT"))
    assert answer.page[0][1] is not None
    assert 100 < int(answer.page[0][1]) < 150
    assert {"open:connect", "open:tables", "open:guard", "run", "page"} < set(answer.usage.stages)


def test_the_same_seed_gives_the_same_rows_and_another_one_others(rehearse: Rehearse) -> None:
    pages = [rehearse("SELECT * FROM event", seed=seed).page for seed in (1, 1, 2)]
    assert pages[0] == pages[1]
    assert pages[0] != pages[2]
    differ = [sum(a[c] != b[c] for a, b in zip(pages[0], pages[2], strict=True)) for c in range(5)]
    assert min(differ) > 20


def test_these_rows_stay_the_same_from_version_to_version(rehearse: Rehearse) -> None:
    assert rehearse("SELECT * FROM event LIMIT 3").page == PINNED


PINNED = (
    ("50", "G60", "58", "〈note 076〉", "2025-03-22"),
    ("27", "G25", "135", "〈note 083〉", "2025-04-11"),
    ("1", "S2", "29", "〈note 090〉", "2025-04-30"),
)


def test_a_table_does_not_depend_on_the_tables_beside_it(rehearse: Rehearse) -> None:
    sql = "SELECT who, road, km, day FROM event"
    assert rehearse(sql, EVENT).page == rehearse(sql).page == rehearse(sql, OWNER, EVENT).page


TYPES = {
    "BOOLEAN": ("false", "true"),
    "TINYINT": ("-128", "127"),
    "UBIGINT": ("0", "18446744073709551615"),
    "BIGINT": ("-9223372036854775808", "9223372036854775807"),
    "FLOAT": ("-1.5", "1.5"),
    "DOUBLE": ("0.001", "0.002"),
    "DECIMAL(4,2)": ("-99.99", "99.99"),
    "DECIMAL(38,0)": ("-99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
    "DECIMAL(38,38)": ("-0.5", "0.5"),
    "DATE": ("2024-02-28", "2024-03-01"),
    "TIME": ("08:00:00", "09:30:00"),
    "TIMESTAMP": ("2025-01-01", "2025-01-02T12:00:00"),
    "TIMESTAMP_S": ("0001-01-01", "9999-12-31"),
    "TIMESTAMP_MS": ("2025-01-01", "2025-01-01"),
    "TIMESTAMP_NS": ("2025-01-01", "2026-01-01 00:00:00.5"),
    "TIMESTAMPTZ": ("2025-01-01T08:00:00+08:00", "2025-01-02"),
}


@pytest.mark.parametrize("kind", TYPES)
def test_values_of_every_type_keep_the_declared_range(rehearse: Rehearse, kind: str) -> None:
    low, high = TYPES[kind]
    bounded = {} if kind == "BOOLEAN" else {"minimum": low, "maximum": high}
    made = SyntheticTable(name="t", rows=300, columns=(SyntheticColumn(name="c", type=kind, **bounded),))  # type: ignore[arg-type]
    within = f"c >= CAST('{low}' AS {kind}) AND c <= CAST('{high}' AS {kind})"
    sql = f"SELECT count(*), count(c), sum(CASE WHEN {within} THEN 1 ELSE 0 END), count(DISTINCT c) FROM t"
    ((rows, there, inside, distinct),) = rehearse(sql, made).page
    assert (rows, there, inside) == ("300", "300", "300")
    assert int(distinct or 0) > (1 if low != high else 0)


@pytest.mark.parametrize("kind", ["SMALLINT", "UTINYINT", "DOUBLE", "DECIMAL(5,2)", "VARCHAR", "DATE", "UUID", "TIME"])
def test_a_column_of_which_only_the_type_is_known_has_values(rehearse: Rehearse, kind: str) -> None:
    made = SyntheticTable(name="t", rows=100, columns=(SyntheticColumn(name="c", type=kind),))
    ((there, distinct),) = rehearse("SELECT count(c), count(DISTINCT c) FROM t", made).page
    assert there == "100"
    assert int(distinct or 0) > 10


@pytest.mark.parametrize(
    ("given", "low", "high"),
    [({"minimum": "500"}, 500, 600), ({"maximum": "-500"}, -600, -500), ({"maximum": "7"}, 0, 7)],
)
def test_an_end_that_is_not_declared_lies_near_the_other(
    rehearse: Rehearse, given: dict[str, str], low: int, high: int
) -> None:
    made = SyntheticTable(name="t", rows=500, columns=(SyntheticColumn(name="c", type="INTEGER", **given),))  # type: ignore[arg-type]
    ((least, most),) = rehearse("SELECT min(c), max(c) FROM t", made).page
    assert low <= int(least or 0) <= int(most or 0) <= high


def test_every_declared_value_is_there_and_no_other(rehearse: Rehearse) -> None:
    values = tuple(f"it's {n}" for n in range(300))
    made = SyntheticTable(name="t", rows=300, columns=(SyntheticColumn(name="c", type="VARCHAR", values=values),))
    found = column(rehearse("SELECT c FROM t", made, page_rows=300))
    assert sorted(map(str, found)) == sorted(values)
    numbers = SyntheticTable(name="t", rows=50, columns=(SyntheticColumn(name="c", type="INTEGER", values=("9", "5")),))
    assert rehearse("SELECT DISTINCT c FROM t ORDER BY c", numbers).page == (("5",), ("9",))


def test_text_without_declared_values_is_plainly_no_value(rehearse: Rehearse) -> None:
    found = column(rehearse("SELECT note FROM event"))
    assert all(str(text).startswith("〈note ") and str(text).endswith("〉") for text in found)


def test_as_many_values_are_missing_as_declared(rehearse: Rehearse) -> None:
    ((missing, others),) = rehearse("SELECT count(*) - count(km), count(*) - count(road) FROM event").page
    assert 60 < int(missing or 0) < 140
    assert others == "0"


def test_subjects_are_many_and_none_has_most_of_the_rows(rehearse: Rehearse) -> None:
    made = replace(EVENT, columns=(SyntheticColumn(name="who", type="UINTEGER", subjects=250),))
    counts = Counter(column(rehearse("SELECT who FROM event", made, page_rows=1000)))
    assert {int(str(who)) for who in counts} <= set(range(1, 251))
    assert len(counts) > 150
    ((_, most), (_, second), *_) = counts.most_common()
    assert 2 * sum(counts.values()) / len(counts) < most < 120
    assert second < most


def test_columns_are_independent_of_each_other(rehearse: Rehearse) -> None:
    answer = rehearse("SELECT road, day, count(*) AS n FROM event GROUP BY road, day")
    days = {row[1] for row in answer.page}
    assert len(answer.page) == len(ROADS) * len(days)


# ---------------------------------------------------------------------------------------------------- joins


def test_joins_find_partners(rehearse: Rehearse) -> None:
    sql = "SELECT count(*) FROM event e JOIN weather w ON w.road = e.road AND w.day = e.day WHERE w.rain > 10"
    assert int(column(rehearse(sql))[0] or 0) > 1000
    assert int(column(rehearse("SELECT count(*) FROM event JOIN owner USING (who)"))[0] or 0) > 1000


def test_some_rows_find_no_partner(rehearse: Rehearse) -> None:
    wide = SyntheticColumn(name="code", type="INTEGER", minimum="0", maximum="1000000000")
    left, right = (SyntheticTable(name=name, rows=400, columns=(wide,)) for name in ("a", "b"))
    sql = "SELECT count(*), count(b.code) FROM a LEFT JOIN b ON b.code = a.code"
    ((rows, found),) = rehearse(sql, left, right).page
    assert (rows, found) == ("400", "300")


def test_another_width_of_the_type_is_the_same_domain(rehearse: Rehearse) -> None:
    small, large = (SyntheticColumn(name="n", type=t, minimum="0", maximum="30000") for t in ("SMALLINT", "BIGINT"))
    left, right = (SyntheticTable(name=n, rows=100, columns=(c,)) for n, c in (("a", small), ("b", large)))
    assert column(rehearse("SELECT count(*) FROM a JOIN b USING (n)", left, right)) == ["75"]


def test_ranges_of_days_that_overlap_share_days(rehearse: Rehearse) -> None:
    ends = ("2013-12-31", "2013-12-30")
    days = [SyntheticColumn(name=f"d{end}", type="DATE", minimum="2013-01-01", maximum=end) for end in ends]
    left, right = (SyntheticTable(name=n, rows=100, columns=(d,)) for n, d in zip("ab", days, strict=True))
    sql = 'SELECT count(DISTINCT a."d2013-12-31") FROM a JOIN b ON a."d2013-12-31" = b."d2013-12-30"'
    assert int(column(rehearse(sql, left, right))[0] or 0) > 20


def test_an_own_table_of_the_operator_is_joined(rehearse: Rehearse, tmp_path: Path) -> None:
    own = tmp_path / "own.parquet"
    duckdb.sql(f"COPY (SELECT 'G60' AS road, 3 AS trucks, 'hidden' AS h) TO '{own}'")
    views = (View(name="station", path=str(own), columns=("road", "trucks")),)
    answer = rehearse("SELECT trucks, count(*) FROM event JOIN station USING (road) GROUP BY trucks", views=views)
    assert [row[0] for row in answer.page] == ["3"]
    assert rehearse("SELECT h FROM station", views=views).code == "engine-error"


def test_columns_without_declaration_take_the_codes_of_the_own_table(rehearse: Rehearse, tmp_path: Path) -> None:
    own = tmp_path / "own.parquet"
    duckdb.sql(f"COPY (SELECT 'it''s ' || i AS note, i::VARCHAR AS km FROM range(30) AS t(i)) TO '{own}'")
    views = (View(name="mine", path=str(own), columns=("note", "km")),)
    sql = "SELECT count(DISTINCT event.note), count(DISTINCT mine.note) FROM event LEFT JOIN mine USING (note)"
    assert rehearse(sql, views=views).page == (("30", "30"),)
    kept = "SELECT max(km) <= 149 AS declared FROM event"
    assert rehearse(kept, views=views, functions=("max",)).page == (("true",),)


def test_a_subquery_of_one_row_for_real_may_have_more_synthetic_ones(rehearse: Rehearse) -> None:
    sql = "SELECT e.who, (SELECT o.since FROM owner o WHERE o.who = e.who) AS since FROM event e"
    assert rehearse(sql).page_of == 1000
