"""Whatever the value: a template with it is the same query as the text in which an operator writes it out."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.parameters import ParameterType, Read, read
from app.query.analysis import understand
from app.query.plain import plain_sql
from tests.templates.test_parameters_in_sql import FROM, datasets, functions, understood

PLACES = [
    "SELECT count(*) AS n {from_} WHERE {field} = {p}",
    "SELECT count(*) FILTER (WHERE {field} <> {p}) AS n {from_}",
    "SELECT road, sum(CASE WHEN {field} = {p} THEN 1 ELSE 0 END) AS n {from_} GROUP BY road",
    "WITH c AS (SELECT road {from_} WHERE {field} IN ({p})) SELECT count(*) AS n FROM c",
]
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40).filter(str.isprintable)


def plain(sql: str) -> str:
    return plain_sql(understand(sql, datasets(), functions()))


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS | st.sampled_from(["'", "''", "\\'", "$p", "$$", "--", "/*", '"', ";", "E'\\n'"]))
def test_any_text_is_the_literal_that_it_would_be(place: str, text: str) -> None:
    literal = "'" + text.replace("'", "''") + "'"
    template = understood(place.format(from_=FROM, field="kind", p="$p"), p=f"text:{text}")
    assert plain_sql(template) == plain(place.format(from_=FROM, field="kind", p=literal))


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=40, deadline=None)
@given(number=st.integers(-(2**63), 2**63 - 1))
def test_any_whole_number_is_the_literal_that_it_would_be(place: str, number: int) -> None:
    literal = f"({number})" if number < 0 else str(number)
    template = understood(place.format(from_=FROM, field="call_hour", p="$p"), p=f"integer:{number}")
    assert plain_sql(template) == plain(place.format(from_=FROM, field="call_hour", p=literal))


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=40, deadline=None)
@given(day=st.dates())
def test_any_day_is_the_literal_that_it_would_be(place: str, day: date) -> None:
    template = understood(place.format(from_=FROM, field="call_date", p="$p"), p=f"date:{day}")
    assert plain_sql(template) == plain(place.format(from_=FROM, field="call_date", p=f"DATE '{day}'"))


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(list(ParameterType)), text=st.text(max_size=30))
def test_what_is_read_reads_again_as_itself_and_nothing_ever_breaks(kind: ParameterType, text: str) -> None:
    found = read(kind, text)
    assert found is None or read(kind, found.text) == found


@settings(max_examples=200, deadline=None)
@given(value=st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.datetimes() | st.dates())
def test_a_value_of_its_type_is_read_as_that_value(value: int | Decimal | datetime | date) -> None:
    found = _read(value)
    assert found is None or found.order == value


def _read(value: int | Decimal | datetime | date) -> Read | None:
    if isinstance(value, datetime):
        return read(ParameterType.TIMESTAMP, str(value))
    if isinstance(value, date):
        return read(ParameterType.DATE, str(value))
    kind = ParameterType.INTEGER if isinstance(value, int) else ParameterType.DECIMAL
    return read(kind, format(value, "f") if isinstance(value, Decimal) else str(value))
