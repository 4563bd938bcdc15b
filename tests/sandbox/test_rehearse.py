"""Does a rehearsal run on rows that only the declarations made, the same ones again, within walls and limits?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from sandbox.confine import GATE, LANDLOCK, LOCK, OWN_ROOT, OWN_USER
from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Limits, RehearseTask, SyntheticColumn, SyntheticTable, View
from tests.sandbox.conftest import FUNCTIONS

Rehearse = Callable[..., Answer]
Without = Callable[..., Launcher]
ROADS = ("G60", "G25", "S2")
DAY = SyntheticColumn(name="day", type="DATE", minimum="2025-03-01", maximum="2025-04-30")
WHO = SyntheticColumn(name="who", type="UINTEGER", subjects=50)
EVENT = SyntheticTable(
    name="event",
    rows=1000,
    columns=(
        WHO,
        SyntheticColumn(name="road", type="VARCHAR", values=ROADS),
        SyntheticColumn(name="km", type="SMALLINT", minimum="0", maximum="149", missing=0.1),
        SyntheticColumn(name="note", type="VARCHAR"),
        DAY,
    ),
)
WEATHER = SyntheticTable(
    name="weather",
    rows=1000,
    columns=(
        SyntheticColumn(name="road", type="VARCHAR", values=ROADS),
        DAY,
        SyntheticColumn(name="rain", type="DOUBLE", minimum="0", maximum="50"),
    ),
)
OWNER = SyntheticTable(name="owner", rows=200, columns=(WHO, SyntheticColumn(name="since", type="DATE")))
TABLES = (EVENT, WEATHER, OWNER)


def rehearsal(sql: str, *tables: SyntheticTable, **more: object) -> RehearseTask:
    functions = (*FUNCTIONS, "year", "month", "list_sort")
    task = RehearseTask(tables=tables or TABLES, views=(), sql=sql, functions=functions, seed=7)
    return replace(task, **more)  # type: ignore[arg-type]


@pytest.fixture
def rehearse(launcher: Launcher, tmp_path: Path) -> Rehearse:
    count = iter(range(1000))

    def go(sql: str, *tables: SyntheticTable, **more: object) -> Answer:
        scratch = tmp_path / f"scratch{next(count)}"
        answer = launcher.run(rehearsal(sql, *tables, **more), scratch, require_isolation=True)
        assert list(scratch.iterdir()) == []
        return answer

    return go


def column(*answers: Answer) -> list[str | None]:
    return [row[0] for answer in answers for row in answer.page]


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


# ---------------------------------------------------------------------------------------------------- walls, limits


ATTACKS = {
    "rows": "SELECT * FROM read_parquet('{vault}')",
    "bytes": "SELECT octet_length(content) AS n FROM read_blob('{vault}')",
    "registry": "SELECT * FROM read_parquet('{registry}')",
    "names": "SELECT * FROM glob('{folder}/*')",
}
PAST_THE_LOCK = "SELECT content FROM read_blob('{vault}' || chr(0) || '{climb}' || '{own}')"


@pytest.fixture
def vault(tmp_path: Path) -> dict[str, str]:
    """A vault with a version and a registry, and a file of the operator's own."""
    places = {"folder": tmp_path / "vault", "own": tmp_path / "own.parquet"}
    places |= {"vault": places["folder"] / "v.parquet", "registry": places["folder"] / "registry" / "person.parquet"}
    places["registry"].parent.mkdir(parents=True)
    for place in ("vault", "registry", "own"):
        duckdb.sql(f"COPY (SELECT 'from the {place}' AS s) TO '{places[place]}'")
    return {n: str(p) for n, p in places.items()} | {"climb": "/.." * str(places["vault"]).count("/")}


def attacking(sql: str, vault: dict[str, str]) -> RehearseTask:
    """A rehearsal that may read its operator's own file, and goes for another one."""
    return rehearsal(sql.format_map(vault), views=(View(name="mine", path=vault["own"], columns=("s",)),))


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_file_of_the_vault_can_be_read(without: Without, vault: dict[str, str], tmp_path: Path, attack: str) -> None:
    task = attacking(ATTACKS[attack], vault)
    shut = without(GATE, LOCK).run(task, tmp_path / "a", require_isolation=True)
    assert shut.code == "engine-error" or shut.page == ()  # a file that is not there at all is no error in a pattern
    unwalled = without(GATE, LOCK, LANDLOCK, OWN_USER, OWN_ROOT)
    assert unwalled.run(task, tmp_path / "b", require_isolation=False).page
    assert without().run(task, tmp_path / "c", require_isolation=True).code == "guard-refused"


def test_landlock_alone_keeps_the_vault_shut(without: Without, vault: dict[str, str], tmp_path: Path) -> None:
    for number, attack in enumerate(ATTACKS.values()):
        alone = without(GATE, LOCK, OWN_USER, OWN_ROOT)
        answer = alone.run(attacking(attack, vault), tmp_path / str(number), require_isolation=True)
        assert answer.code == "engine-error" or answer.page == ()


def test_what_fools_the_lock_does_not_open_the_vault(without: Without, vault: dict[str, str], tmp_path: Path) -> None:
    task = attacking(PAST_THE_LOCK, vault)
    fooled = without(GATE, LANDLOCK, OWN_USER, OWN_ROOT).run(task, tmp_path / "a", require_isolation=False)
    assert "from the vault" in repr(fooled)
    shut = without(GATE).run(task, tmp_path / "b", require_isolation=True)
    assert shut.code == "engine-error" or shut.page == ()
    assert "from the vault" not in repr(shut)


def test_the_own_table_is_all_that_can_be_read(without: Without, vault: dict[str, str], tmp_path: Path) -> None:
    task = attacking("SELECT s FROM read_parquet('{own}')", vault)
    assert without(GATE, LOCK).run(task, tmp_path / "a", require_isolation=True).page == (("from the own",),)
    mine = without().run(attacking("SELECT s FROM mine", vault), tmp_path / "b", require_isolation=True)
    assert mine.page == (("from the own",),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT current_setting('allowed_paths')",
        "SELECT * FROM duckdb_tables()",
        "SELECT 1; SELECT 2",
        "SELECT 1) AS x; COPY (SELECT 1) TO 'x'; SELECT (1",
        "CREATE TABLE x AS SELECT 1",
        'SELECT * FROM "the result"',
        "SELECT upper(road), lower(road) FROM event",
        "SELECT current_user",
        "SELECT * FROM memory.main.event",
        "SELECT * FROM elsewhere",
    ],
)
def test_the_gate_holds_as_for_queries(rehearse: Rehearse, sql: str) -> None:
    answer = rehearse(sql)
    assert (answer.code, answer.step, answer.page) == ("guard-refused", "result", ())


def test_errors_are_codes(rehearse: Rehearse) -> None:
    answer = rehearse("SELECT CAST(road AS INTEGER) FROM event")
    assert (answer.code, answer.step) == ("engine-error", "result")
    assert "G60" not in repr(answer)


SLOW = "SELECT count(*) FROM event a, event b, event c, event d WHERE a.km + b.km + c.km + d.km = 17"


@pytest.mark.parametrize(
    ("sql", "limits", "code"),
    [
        ("SELECT who FROM event", {"result_rows": 999}, "limit-rows"),
        (SLOW, {"wall_seconds": 1.5}, "limit-wall"),
        ("SELECT list(a.note) FROM event a, event b, event c", {"memory_bytes": 64 << 20}, "limit-memory"),
        ("SELECT count(*) FROM event WHERE km IN (" + ", ".join("1" * 200) + ")", {"sql_bytes": 200}, "limit-sql"),
        ("SELECT " + "(" * 40 + "1" + " + 1)" * 40, {"sql_depth": 20}, "limit-sql"),
    ],
    ids=["rows", "wall", "memory", "bytes of sql", "depth of sql"],
)
def test_limits_hold_as_for_queries(rehearse: Rehearse, sql: str, limits: dict[str, int], code: str) -> None:
    assert rehearse(sql, limits=Limits(**limits)).code == code


@pytest.mark.parametrize(
    "bad",
    [
        {"minimum": "5", "maximum": "4"},
        {"minimum": "40000"},
        {"minimum": "soon"},
        {"maximum": "1.5"},
    ],
)
def test_a_declaration_that_contradicts_itself_is_malformed(rehearse: Rehearse, bad: dict[str, str]) -> None:
    made = SyntheticTable(name="t", rows=5, columns=(SyntheticColumn(name="c", type="SMALLINT", **bad),))  # type: ignore[arg-type]
    answer = rehearse("SELECT c FROM t", made)
    assert (answer.code, answer.step) == ("task-malformed", "t")


def test_a_table_may_be_empty(rehearse: Rehearse) -> None:
    answer = rehearse("SELECT * FROM event", replace(EVENT, rows=0))
    assert (answer.page_of, len(answer.columns)) == (0, 5)
