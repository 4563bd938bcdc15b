"""Does a parameter stand for a value wherever a literal may stand, and for nothing else?"""

from __future__ import annotations

from functools import cache

import pytest

from app import config
from app.catalog.manifest import read_catalog
from app.catalog.mounting import described
from app.domain.errors import Finding, SluiceError
from app.domain.parameters import ParameterType, Value, Values
from app.domain.values import Dataset
from app.policy.functions import FunctionTable, load_functions
from app.query.analysis import Understood, understand
from app.query.plain import plain_sql
from tests.architecture.source import ROOT

KINDS = {kind.value: kind for kind in ParameterType}
FROM = "FROM hw_incident"


@cache
def datasets() -> tuple[Dataset, ...]:
    return tuple(map(described, read_catalog(ROOT / "sample_data" / "s1_rescue").entries))


@cache
def functions() -> FunctionTable:
    return load_functions(config.read({}).policies)


def values(**given: str) -> Values:
    """`day="date:2025-01-01"` is the value 2025-01-01 of the date $day."""
    parts = {name: text.partition(":") for name, text in given.items()}
    return tuple(Value(name=name, type=KINDS[kind], text=text) for name, (kind, _, text) in parts.items())


def understood(sql: str, **given: str) -> Understood:
    return understand(sql, datasets(), functions(), values(**given))


def refused(sql: str, **given: str) -> list[Finding]:
    with pytest.raises(SluiceError) as caught:
        understood(sql, **given)
    return list(caught.value.findings)


def place(finding: Finding) -> tuple[int, int] | None:
    return (finding.position.line, finding.position.column) if finding.position else None


EVERYWHERE = {
    "WHERE": (f"SELECT count(*) AS n {FROM} WHERE call_hour = $p", "call_hour = 7"),
    "IN": (f"SELECT count(*) AS n {FROM} WHERE call_hour IN ($p, 3)", "call_hour IN (7, 3)"),
    "BETWEEN": (f"SELECT count(*) AS n {FROM} WHERE call_hour BETWEEN 1 AND $p", "call_hour BETWEEN 1 AND 7"),
    "FILTER": (f"SELECT count(*) FILTER (WHERE call_hour < $p) AS n {FROM}", "call_hour < 7"),
    "CASE": (f"SELECT sum(CASE WHEN call_hour = $p THEN 1 ELSE 0 END) AS n {FROM}", "call_hour = 7"),
    "CASE of a value": (f"SELECT sum(CASE call_hour WHEN $p THEN 1 ELSE 0 END) AS n {FROM}", "WHEN 7"),
    "THEN": (f"SELECT sum(CASE WHEN call_hour = 2 THEN $p ELSE 0 END) AS n {FROM}", "THEN 7"),
    "HAVING": (f"SELECT road {FROM} GROUP BY road HAVING count(*) > $p", "count(*) > 7"),
    "LIMIT": (f"SELECT road, count(*) AS n {FROM} GROUP BY road LIMIT $p", "LIMIT 7"),
    "OFFSET": (f"SELECT road, count(*) AS n {FROM} GROUP BY road LIMIT 3 OFFSET $p", "OFFSET 7"),
    "ON": ("SELECT count(*) AS n FROM hw_incident h JOIN weather_hourly w ON h.grid = w.grid AND w.grid = $p", "= 7"),
    "interval": (f"SELECT count(*) AS n {FROM} WHERE call_time + INTERVAL $p DAY > arrive_time", "INTERVAL '7' DAY"),
    "arithmetic": (f"SELECT count(*) * $p AS n {FROM}", "count(*) * 7"),
    "a function": (f"SELECT round(avg(call_hour), $p) AS n {FROM}", "7)"),
    "a window's frame": (
        "SELECT sum(rain_mm) OVER (ORDER BY hour ROWS BETWEEN $p PRECEDING AND CURRENT ROW) AS n FROM weather_hourly",
        "BETWEEN 7 PRECEDING",
    ),
    "a sub-query": (
        f"SELECT count(*) AS n FROM (SELECT road, call_hour {FROM} WHERE call_hour = $p) WHERE road IS NOT NULL",
        "call_hour = 7",
    ),
    "a CTE": (f"WITH c AS (SELECT call_hour {FROM} WHERE call_hour = $p) SELECT count(*) AS n FROM c", "call_hour = 7"),
}


def told(text: str) -> str:
    """Without quotes of names and qualifiers, in lower case."""
    return text.replace('"', "").replace("hw_incident.", "").replace("h.", "").replace("w.", "").lower()


@pytest.mark.parametrize("where", EVERYWHERE)
def test_a_value_stands_wherever_a_literal_may(where: str) -> None:
    sql, part = EVERYWHERE[where]
    assert part.lower() in told(plain_sql(understood(sql, p="integer:7")))


@pytest.mark.parametrize("where", [w for w in EVERYWHERE if w != "interval"])
def test_a_template_means_what_the_same_text_with_literals_means(where: str) -> None:
    sql, _ = EVERYWHERE[where]
    literal = understand(sql.replace("$p", "7"), datasets(), functions())
    template = understood(sql, p="integer:7")
    assert plain_sql(template) == plain_sql(literal)
    assert {(u.dataset, u.field, u.use, u.position) for u in template.uses if place_is_before(u, sql)} == {
        (u.dataset, u.field, u.use, u.position) for u in literal.uses if place_is_before(u, sql)
    }
    assert {(u.dataset, u.field, u.use) for u in template.uses} == {(u.dataset, u.field, u.use) for u in literal.uses}


def place_is_before(use: object, sql: str) -> bool:
    """Whether a use stands before the parameter, where both texts are the same."""
    position = getattr(use, "position", None)
    return position is not None and position.column < sql.index("$p")


@pytest.mark.parametrize("days, written", [("2", "INTERVAL '2' DAY"), ("-2", "INTERVAL (-2) DAY")])
def test_an_interval_has_a_number_of_days(days: str, written: str) -> None:
    sql = f"SELECT count(*) AS n {FROM} WHERE call_time + INTERVAL $p DAY > arrive_time"
    assert written in plain_sql(understood(sql, p=f"integer:{days}"))


def test_a_unit_may_be_a_parameter_and_the_column_is_called_after_it() -> None:
    sql = f"SELECT date_trunc($unit, call_time), count(*) {FROM} GROUP BY 1"
    found = understood(sql, unit="text:month")
    assert found.resolved.outputs == ("date_trunc($unit, call_time)", "count(*)")
    assert "DATE_TRUNC('MONTH'" in plain_sql(found)


def test_output_columns_have_the_same_names_for_all_values() -> None:
    sql = f"SELECT $a, 1 + $a, road, $a AS kept, max(call_hour) * $a {FROM} GROUP BY road"
    names = {understood(sql, a=f"integer:{n}").resolved.outputs for n in (1, -4, 10**12)}
    assert names == {("$a", "1 + $a", "road", "kept", "max(call_hour) * $a")}


TYPED = [
    ("date:2025-03-01", "CAST('2025-03-01' AS DATE)", "call_date"),
    ("timestamp:2025-03-01 08:00:00", "CAST('2025-03-01 08:00:00' AS TIMESTAMP)", "call_time"),
    ("integer:-5", "(-5)", "call_hour"),
    ("decimal:-0.50", "(-0.50)", "call_hour"),
    ("decimal:12.25", "12.25", "call_hour"),
    ("text:day", "'day'", "period"),
]


@pytest.mark.parametrize("value, written, field", TYPED)
def test_each_type_is_written_as_a_literal_of_that_type(value: str, written: str, field: str) -> None:
    assert written in plain_sql(understood(f"SELECT count(*) AS n {FROM} WHERE {field} = $p", p=value))


def test_a_truth_is_a_condition_of_its_own() -> None:
    text = plain_sql(understood("SELECT count(*) AS n FROM weather_hourly WHERE $p OR bad_weather", p="boolean:true"))
    assert "CAST('true' AS BOOLEAN) OR" in text


def test_a_negative_number_stays_together_under_a_power() -> None:
    assert "(-2)" in plain_sql(understood(f"SELECT count(*) * $p ** 2 AS n {FROM}", p="integer:-2"))


INJECTED = [
    "'; DROP TABLE t; --",
    "1 OR 1=1",
    '"',
    "''",
    "\\",
    "$$",
    "$p",
    "*/ /*",
    "-- x",
    "x\ty",
    "😀",
    "' || road || '",
]


@pytest.mark.parametrize("text", INJECTED)
def test_nothing_in_a_value_is_syntax(text: str) -> None:
    found = understood(f"SELECT count(*) AS n {FROM} WHERE road = $p", p=f"text:{text}")
    quoted = text.replace("'", "''")
    assert plain_sql(found).count(f"'{quoted}'") == 1
    assert {(u.field, u.use) for u in found.uses} == {("road", "filter:eq")}


def test_a_unit_cannot_carry_more_than_a_unit() -> None:
    sql = f"SELECT date_trunc($u, call_time) AS m, count(*) AS n {FROM} GROUP BY 1"
    text = plain_sql(understood(sql, u="text:month', road); --"))
    assert "'MONTH'', ROAD); --'" in text


MISPLACED = [
    ("SELECT * FROM $p", (1, 15)),
    ("SELECT hw_incident.$p FROM hw_incident", (1, 20)),
    ("SELECT road AS $p FROM hw_incident", (1, 16)),
    ("SELECT road, count(*) FROM hw_incident GROUP BY $p", (1, 49)),
    ("SELECT road, count(*) FROM hw_incident GROUP BY road ORDER BY $p", (1, 63)),
    ("SELECT DISTINCT ON ($p) road FROM hw_incident", (1, 21)),
    ("SELECT road, count(*) FROM hw_incident GROUP BY ROLLUP ($p, road)", (1, 57)),
    ("SELECT count(*) FROM hw_incident AS h($p)", (1, 39)),
]


@pytest.mark.parametrize("sql, where", MISPLACED)
@pytest.mark.parametrize("value", ["integer:1", "text:road"])
def test_a_parameter_names_nothing_and_numbers_no_column(sql: str, where: tuple[int, int], value: str) -> None:
    (found,) = refused(sql, p=value)
    assert found.code in {"parameter-misplaced", "sql-syntax"}
    if found.code == "parameter-misplaced":
        assert place(found) == where


def test_a_type_cannot_be_a_parameter() -> None:
    sql = f"SELECT CAST(call_hour AS DECIMAL($p, 2)) {FROM}"
    assert [f.code for f in refused(sql, p="integer:5")] == ["parameter-misplaced"]


UNFIT = [
    ("WHERE road = $p", "integer:1", "text"),
    ("WHERE call_hour = $p", "text:1", "integer, decimal"),
    ("WHERE call_date >= $p", "text:2025-01-01", "time"),
    ("WHERE call_date >= $p", "integer:20250101", "time"),
    ("WHERE call_hour IN (1, $p)", "date:2025-01-01", "integer, decimal"),
    ("WHERE $p BETWEEN call_date AND call_date", "decimal:0.1", "time"),
    ("WHERE road LIKE $p", "integer:1", "text"),
    ("WHERE $p", "integer:1", "boolean"),
    ("WHERE road = 'a' AND $p", "text:true", "boolean"),
    ("WHERE call_hour * $p > 2", "text:2", "integer, decimal"),
    ("WHERE call_hour + $p > 2", "date:2025-01-01", "integer, decimal"),
    ("WHERE CASE WHEN $p THEN true ELSE false END", "integer:1", "boolean"),
    ("WHERE CASE road WHEN $p THEN true ELSE false END", "integer:1", "text"),
    ("LIMIT $p", "text:3", "integer"),
    ("LIMIT $p", "decimal:3.5", "integer"),
    ("WHERE call_time + INTERVAL $p DAY > call_time", "text:3 days", "integer"),
    ("WHERE call_time > date_trunc($p, call_time)", "integer:3", "text"),
]


@pytest.mark.parametrize("clause, value, wanted", UNFIT)
def test_a_type_that_does_not_fit_is_refused_with_its_place(clause: str, value: str, wanted: str) -> None:
    sql = f"SELECT count(*) AS n\n{FROM}\n{clause}"
    (found,) = refused(sql, p=value)
    assert (found.code, dict(found.params)["wanted"]) == ("parameter-type", wanted)
    assert place(found) == (3, clause.index("$") + 1)


def test_the_type_behind_a_sub_query_is_known_too() -> None:
    sql = f"WITH c AS (SELECT road AS r, count(*) AS n {FROM} GROUP BY road) SELECT r, n FROM c WHERE r = $p"
    assert [f.code for f in refused(sql, p="integer:1")] == ["parameter-type"]
    assert understood(sql, p="text:G60").uses


def test_what_is_not_declared_or_not_used_is_refused() -> None:
    sql = f"SELECT count(*) AS n {FROM}\nWHERE road = $raod AND period = $period"
    found = refused(sql, road="text:G60", period="text:day")
    assert [(f.code, place(f)) for f in found] == [("parameter-undeclared", (2, 14)), ("parameter-unused", None)]
    assert dict(found[0].params) == {"name": "raod", "known": "road, period"}


def test_a_dollar_in_a_text_or_a_comment_is_no_parameter() -> None:
    sql = f"SELECT count(*) AS n {FROM} WHERE road = '$p' /* $p */ -- $p"
    assert [f.code for f in refused(sql, p="text:x")] == ["parameter-unused"]


@pytest.mark.parametrize("marker", ["$1", "?", ":p", "$ p", '$"p"', "@p"])
@pytest.mark.parametrize("template", [True, False])
def test_other_markers_stay_refused(marker: str, template: bool) -> None:
    sql = f"SELECT count(*) AS n {FROM} WHERE call_hour = {marker}"
    with pytest.raises(SluiceError) as caught:
        understand(sql, datasets(), functions(), () if template else None)
    assert caught.value.code in {"construct-refused", "sql-syntax", "parameter-undeclared", "unknown-column"}


def test_a_text_that_is_no_template_has_no_parameters() -> None:
    with pytest.raises(SluiceError) as caught:
        understand(f"SELECT count(*) AS n {FROM} WHERE road = $p", datasets(), functions())
    assert caught.value.code == "construct-refused"


def test_a_parameter_that_stands_twice_has_one_value() -> None:
    text = plain_sql(understood(f"SELECT count(*) AS n {FROM} WHERE call_hour > $p AND stake_km < $p", p="integer:9"))
    assert 'call_hour" > 9' in text
    assert 'stake_km" < 9' in text
