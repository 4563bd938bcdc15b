"""Is a template's file of its form, is every domain closed, and is each value of its type read in one spelling?"""

from __future__ import annotations

from pathlib import Path

import pytest

from app.catalog.manifest import read_catalog
from app.catalog.mounting import described
from app.domain.errors import Finding, Invalid, SluiceError
from app.domain.parameters import (
    MAX_LISTED,
    Parameter,
    ParameterType,
    bind,
    parameter_from_json,
    read,
    representatives,
    within,
)
from app.domain.values import Bilingual
from app.templates.document import Template, declared_of, read_file, template_from_json
from tests.templates.world import RESCUE, SAMPLE

TITLE = Bilingual(zh="参数", en="parameter")
HEAD = """
[template]
name = "t"
title = { zh = "模板", en = "template" }
purpose = "p"
sql = "SELECT 1"
"""
DECLARED = declared_of(map(described, read_catalog(RESCUE).entries))


def parameter(kind: str, **more: str | tuple[str, ...]) -> Parameter:
    return Parameter(name="p", type=ParameterType(kind), title=TITLE, **more)  # type: ignore[arg-type]


def written(folder: Path, text: str) -> Template:
    file = folder / "t.toml"
    file.write_text(text, encoding="utf-8")
    return read_file(file, DECLARED)


def declared(folder: Path, body: str) -> Parameter:
    """The parameter of a template with the lines `body` in [parameters.p]."""
    text = f'{HEAD}[parameters.p]\ntitle = {{ zh = "参数", en = "parameter" }}\n{body}'
    return written(folder, text).parameters[0]


def wrong(folder: Path, text: str) -> list[Finding]:
    with pytest.raises(SluiceError) as caught:
        written(folder, text)
    return list(caught.value.findings)


def test_the_sample_template_is_sound() -> None:
    found = read_file(SAMPLE, DECLARED)
    assert [(p.name, p.type.value, p.default) for p in found.parameters] == [
        ("road", "text", None),
        ("from_day", "date", None),
        ("days", "integer", "31"),
        ("within_seconds", "integer", "900"),
    ]
    assert len(found.parameters[0].values) == 8
    assert found.sql == SAMPLE.with_suffix(".sql").read_text(encoding="utf-8")
    assert template_from_json(found.to_json()) == found


READ = [
    ("date", "2025-02-28", "2025-02-28"),
    ("date", "0001-01-01", "0001-01-01"),
    ("date", "9999-12-31", "9999-12-31"),
    ("date", "2025-02-29", None),
    ("date", "0000-00-00", None),
    ("date", "10000-01-01", None),
    ("date", "2025-1-1", None),
    ("date", " 2025-01-01", None),
    ("date", "2025-01-01\n", None),
    ("date", "2025-W01-1", None),
    ("date", "infinity", None),
    ("timestamp", "2025-01-01 00:00:00", "2025-01-01 00:00:00"),
    ("timestamp", "2025-01-01T08:30", "2025-01-01 08:30:00"),
    ("timestamp", "2025-01-01 08:30:00.5", "2025-01-01 08:30:00.500000"),
    ("timestamp", "2025-01-01", None),
    ("timestamp", "2025-01-01 08:30:00+08:00", None),
    ("timestamp", "2025-01-01 25:00:00", None),
    ("timestamp", "2025-01-01 08:30:00Z", None),
    ("integer", "-0", "0"),
    ("integer", "007", "7"),
    ("integer", "9223372036854775807", "9223372036854775807"),
    ("integer", "9223372036854775808", None),
    ("integer", "-9223372036854775808", "-9223372036854775808"),
    ("integer", "-9223372036854775809", None),
    ("integer", "+1", None),
    ("integer", "1_000", None),
    ("integer", "1.0", None),
    ("integer", "１２", None),
    ("integer", "", None),
    ("decimal", "-0.50", "-0.50"),
    ("decimal", "-0.0", "0.0"),
    ("decimal", "12", "12"),
    ("decimal", "1e3", None),
    ("decimal", ".5", None),
    ("decimal", "5.", None),
    ("decimal", "NaN", None),
    ("decimal", "Infinity", None),
    ("decimal", "1" * 19, None),
    ("decimal", "0." + "1" * 19, None),
    ("text", "G60 沪昆", "G60 沪昆"),
    ("text", "'; DROP TABLE t", "'; DROP TABLE t"),
    ("text", "a\0b", None),
    ("text", "a\nb", None),
    ("text", "a\u202eb", None),
    ("boolean", "true", "true"),
    ("boolean", "True", None),
    ("boolean", "1", None),
]


@pytest.mark.parametrize("kind, text, spelling", READ)
def test_a_value_is_read_in_one_spelling_or_not_at_all(kind: str, text: str, spelling: str | None) -> None:
    found = read(ParameterType(kind), text)
    assert (found.text if found else None) == spelling


@pytest.mark.parametrize("kind, least, most", [("decimal", "0.5", "1.50"), ("integer", "-3", "12")])
def test_numbers_are_compared_as_numbers(kind: str, least: str, most: str) -> None:
    ranged = parameter(kind, least=least, most=most)
    for text, inside in ((least, True), (most, True), ("1", True), ("-4", False), ("100", False)):
        found = read(ranged.type, text)
        assert found is not None
        assert within(ranged, found) is inside


def test_a_domain_without_its_ends_lets_nothing_in() -> None:
    found = read(ParameterType.INTEGER, "1")
    assert found is not None
    assert not within(parameter("integer"), found)
    assert not within(parameter("integer", least="0"), found)
    assert not within(parameter("integer", least="0", most="many"), found)


SOUND = [
    ('type = "date"\nfrom = 2025-01-01\nuntil = "2025-12-31"', ("2025-01-01", "2025-12-31"), ()),
    ('type = "timestamp"\nfrom = 2025-01-01T00:00:00\nuntil = 2025-12-31 23:59:59', None, ()),
    ('type = "integer"\nfrom = -5\nuntil = 5\ndefault = 0', ("-5", "5"), ()),
    ('type = "decimal"\nfrom = 0.10\nuntil = 0.9', ("0.10", "0.9"), ()),
    ('type = "text"\nvalues = ["a", "b"]\ndefault = "b"', None, ("a", "b")),
    ('type = "text"\nfield = "hw_incident.period"', None, ("day", "night")),
    ('type = "boolean"\ndefault = false', None, ()),
]


@pytest.mark.parametrize("body, ends, values", SOUND)
def test_every_type_has_its_closed_domain(
    tmp_path: Path, body: str, ends: tuple[str, str] | None, values: tuple[str, ...]
) -> None:
    found = declared(tmp_path, body)
    assert ends is None or (found.least, found.most) == ends
    assert found.values == values
    assert parameter_from_json(found.to_json()) == found


UNSOUND = [
    ('type = "text"', "template-domain-open"),
    ('type = "text"\nvalues = ["a"]\nfield = "hw_incident.period"', "template-domain-open"),
    ('type = "text"\nfrom = "a"\nuntil = "z"', "template-domain-open"),
    ('type = "date"', "template-domain-open"),
    ('type = "date"\nfrom = 2025-01-01', "template-domain-open"),
    ('type = "integer"\nvalues = ["1"]', "template-domain-open"),
    ('type = "boolean"\nvalues = ["true"]', "template-domain-open"),
    ('type = "date"\nfrom = 2025-12-31\nuntil = 2025-01-01', "template-domain-malformed"),
    ('type = "date"\nfrom = 1\nuntil = 2', "template-domain-malformed"),
    ('type = "timestamp"\nfrom = 2025-01-01T00:00:00Z\nuntil = 2025-02-01T00:00:00Z', "template-domain-malformed"),
    ('type = "integer"\nfrom = 0.5\nuntil = 2', "template-domain-malformed"),
    ('type = "decimal"\nfrom = 1e300\nuntil = 2e300', "template-domain-malformed"),
    ('type = "decimal"\nfrom = nan\nuntil = inf', "template-domain-malformed"),
    ('type = "text"\nvalues = ["a\\u0000b"]', "template-domain-malformed"),
    ('type = "text"\nfield = "hw_incident.nothing"', "template-field-unknown"),
    ('type = "text"\nfield = "nothing.period"', "template-field-unknown"),
    ('type = "text"\nfield = "hw_incident.plate"', "template-field-open"),
    ('type = "integer"\nfrom = 1\nuntil = 5\ndefault = 6', "template-default-outside"),
    ('type = "text"\nvalues = ["a"]\ndefault = "b"', "template-default-outside"),
    ('type = "boolean"\ndefault = "yes"', "template-default-outside"),
    ('type = "uuid"', "template-malformed"),
    ('type = "text"\nvalues = []', "template-malformed"),
    ('type = "text"\nvalues = ["a", "a"]', "template-malformed"),
    ('type = "text"\nvalues = ["a"]\nmaximum = 3', "template-malformed"),
]


@pytest.mark.parametrize("body, code", UNSOUND)
def test_a_domain_that_is_not_closed_and_sound_is_refused(tmp_path: Path, body: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        declared(tmp_path, body)
    assert caught.value.code == code


FORM = [
    ("x", "template-unreadable"),
    (HEAD + "[extra]\n", "template-malformed"),
    (HEAD.replace('name = "t"', 'name = "T t"'), "template-malformed"),
    (HEAD.replace('sql = "SELECT 1"', ""), "template-malformed"),
    (HEAD.replace("[template]", '[template]\nsql_file = "a.sql"'), "template-malformed"),
    (HEAD.replace('sql = "SELECT 1"', 'sql_file = "missing.sql"'), "template-unreadable"),
    (HEAD.replace('sql = "SELECT 1"', 'sql_file = "../t.sql"'), "template-malformed"),
    (HEAD.replace('sql = "SELECT 1"', 'sql_file = "/etc/passwd"'), "template-malformed"),
    (HEAD.replace("SELECT 1", "SELECT '" + "x" * 70_000 + "'"), "sql-too-long"),
    (HEAD + '[parameters.P]\ntype = "boolean"\ntitle = { zh = "a", en = "b" }\n', "template-malformed"),
    (HEAD + '[parameters.p]\ntype = "boolean"\ntitle = { en = "b" }\n', "template-malformed"),
]


@pytest.mark.parametrize("text, code", FORM)
def test_a_file_that_is_not_of_the_form_is_refused(tmp_path: Path, text: str, code: str) -> None:
    assert wrong(tmp_path, text)[0].code == code


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    title = 'title = { zh = "a", en = "b" }'
    text = (
        f'{HEAD}[parameters.a]\n{title}\ntype = "text"\n[parameters.b]\n{title}\ntype = "date"\nfrom = 3\nuntil = 2\n'
    )
    assert [f.code for f in wrong(tmp_path, text)] == ["template-domain-open", "template-domain-malformed"]


def test_representative_values_are_the_ends_and_every_listed_value() -> None:
    parameters = [
        Parameter(name="day", type=ParameterType.DATE, title=TITLE, least="2025-01-01", most="2025-12-31"),
        Parameter(name="road", type=ParameterType.TEXT, title=TITLE, values=("a", "b", "c"), default="b"),
        Parameter(name="all", type=ParameterType.BOOLEAN, title=TITLE),
    ]
    sets = [tuple(v.text for v in values) for values in representatives(parameters)]
    assert len(sets) == len(set(sets))
    assert {s[0] for s in sets} == {"2025-01-01", "2025-12-31"}
    assert {s[1] for s in sets} == {"a", "b", "c"}
    assert {s[2] for s in sets} == {"true", "false"}
    assert ("2025-12-31", "c", "false") in sets
    assert representatives([]) == ((),)


def test_a_long_list_is_looked_at_up_to_a_number_of_values() -> None:
    long = parameter("text", values=tuple(f"v{n}" for n in range(400)))
    assert len(representatives([long])) <= MAX_LISTED + 3
    assert bind([long], {"p": "v399"})[0].text == "v399"
    assert long.allowed() == "v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, … (400)"
