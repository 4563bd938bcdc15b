"""Is a uses file read as its schema and its documentation say, and is what is wrong named with its place?"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import app
from app.domain.errors import Invalid
from app.domain.values import USE_KINDS
from app.policy.uses_file import KEYS, MAX_BYTES, MAX_PURPOSE, load_uses, nearest, parse_uses, read_uses
from tests.policies.policy_world import DATASETS, a_dataset, a_field

HERE = Path(app.__file__).parent
SCHEMA: dict[str, Any] = json.loads((HERE / "policy" / "uses.schema.json").read_text(encoding="utf-8"))
SCHEMA_CHECK = Draft202012Validator(SCHEMA)
DOCS = [HERE / "docs" / f"uses-file.{language}.md" for language in ("en", "zh")]
DOCUMENTED = (
    a_dataset(
        "hw_incident", a_field("road", "L2"), a_field("seconds_to_arrive", "L2"), a_field("plate", "L3", "vehicle")
    ),
    a_dataset("weather_hourly", a_field("hour", "L1"), a_field("rain_mm", "L1")),
)
RIGHT: dict[str, Any] = {
    "purpose": "statistics",
    "uses": {
        "hw_incident": {"road": ["group", "filter:eq"], "*": ["aggregate:count"]},
        "weather_hourly": {"hour": ["link"]},
    },
}


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", DOCS, ids=lambda p: p.name)
def test_the_examples_of_the_docs_are_right_and_say_the_same_in_both_forms(page: Path) -> None:
    (toml,), (json_text,) = _blocks(page, "toml"), _blocks(page, "json")
    SCHEMA_CHECK.validate(tomllib.loads(toml))
    assert parse_uses(toml, DOCUMENTED) == parse_uses(json_text, DOCUMENTED, form="json")


@pytest.mark.parametrize("form", ["toml", "json"])
def test_an_application_is_read_for_its_uses_and_its_purpose(tmp_path: Path, form: str) -> None:
    told = {"title": "t", "scenario": "s", "purpose": "statistics", "products": ["report"], "reason": "r"}
    document = {"application": told, "uses": RIGHT["uses"], "reasons": {"hw_incident": "r"}}
    file = tmp_path / f"application.{form}"
    text = "[application]\npurpose = 'statistics'\n[uses.hw_incident]\nroad = ['group', 'filter:eq']\n"
    text += "'*' = ['aggregate:count']\n[uses.weather_hourly]\nhour = ['link']\n[reasons]\nhw_incident = 'r'\n"
    file.write_text(json.dumps(document) if form == "json" else text, encoding="utf-8")
    assert load_uses(file, DATASETS) == read_uses(RIGHT, DATASETS)


@pytest.mark.parametrize("page", DOCS, ids=lambda p: p.name)
def test_the_docs_name_every_key_and_every_use_of_the_schema(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    uses = SCHEMA["properties"]["uses"]["additionalProperties"]["additionalProperties"]["items"]["anyOf"]
    assert set(SCHEMA["properties"]) == set(KEYS)
    assert set(uses[0]["enum"]) == set(USE_KINDS)
    assert all(f"`{word}`" in text for word in (*KEYS, *USE_KINDS, "aggregate:*"))
    assert str(MAX_PURPOSE) in text
    assert SCHEMA["properties"]["purpose"]["maxLength"] == MAX_PURPOSE


def test_toml_text_of_uses_reads_as_the_same_uses() -> None:
    uses = read_uses(RIGHT, DATASETS)
    assert parse_uses(uses.to_toml(), DATASETS) == uses
    assert read_uses(uses.to_document(), DATASETS) == uses
    SCHEMA_CHECK.validate(uses.to_document())


def test_names_are_found_in_any_case_and_kept_as_the_catalog_has_them() -> None:
    uses = read_uses({"uses": {"HW_Incident": {"ROAD": ["show"]}}}, DATASETS)
    assert list(uses) == [("hw_incident", "road", "show")]


@pytest.mark.parametrize(
    ("document", "code", "place", "hint"),
    [
        ({"use": {}, **RIGHT}, "uses-unknown-key", "use", "uses"),
        ({"uses": {"hw_incidents": {"road": ["show"]}}}, "uses-unknown-dataset", "uses.hw_incidents", "hw_incident"),
        ({"uses": {"hw_incident": {"raod": ["show"]}}}, "uses-unknown-field", "uses.hw_incident.raod", "road"),
        ({"uses": {"hw_incident": {"road": ["filter"]}}}, "uses-unknown-use", "uses.hw_incident.road", "filter:eq"),
        ({"uses": {"hw_incident": {"road": ["aggregat:sum"]}}}, "uses-unknown-use", "incident.road", "aggregate:sum"),
        ({"uses": {"hw_incident": {"road": "show"}}}, "uses-shape", "uses.hw_incident.road", ""),
        ({"uses": {"hw_incident": {"road": []}}}, "uses-shape", "uses.hw_incident.road", ""),
        ({"uses": {"hw_incident": {"road": ["show", "show"]}}}, "uses-shape", "uses.hw_incident.road", ""),
        ({"uses": {"hw_incident": ["road"]}}, "uses-shape", "uses.hw_incident", ""),
        ({"uses": {}}, "uses-shape", "uses", ""),
        ({"purpose": "statistics"}, "uses-shape", "uses", ""),
        ({"purpose": "", "uses": RIGHT["uses"]}, "uses-shape", "purpose", ""),
        ([], "uses-shape", "(document)", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place_and_the_nearest_right_word(
    document: Any, code: str, place: str, hint: str
) -> None:
    with pytest.raises(Invalid) as caught:
        read_uses(document, DATASETS, file="uses.toml")
    (finding,) = caught.value.findings
    assert finding.code == code
    message = finding.message()
    assert "uses.toml" in message.en
    assert place in message.en
    assert hint in message.en
    assert message.zh != message.en


def test_all_problems_are_named_at_once() -> None:
    broken = {
        "purpose": 3,
        "uses": {"nowhere": {"x": ["y"]}, "hw_incident": {"nothing": ["show"], "road": ["look", "show"]}},
    }
    with pytest.raises(Invalid) as caught:
        read_uses(broken, DATASETS)
    assert {f.code for f in caught.value.findings} == {
        "uses-shape",
        "uses-unknown-dataset",
        "uses-unknown-field",
        "uses-unknown-use",
    }


def test_suggestions_come_only_from_the_data_sets_given() -> None:
    with pytest.raises(Invalid) as caught:
        read_uses({"uses": {"hw_incidnt": {"road": ["show"]}}}, DATASETS[1:])
    assert "hw_incident" not in caught.value.findings[0].message().en.replace("hw_incidnt", "")
    assert nearest("xyz", ["hw_incident"]) is None


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    texts = {
        "missing.toml": None,
        "latin.toml": b"purpose = \"\xe9\"",
        "big.toml": b"#" * (MAX_BYTES + 1),
        "syntax.toml": b"[uses",
        "twice.json": b'{"uses": {"hw_incident": {"road": ["show"], "road": ["group"]}}}',
        "syntax.json": b"{",
        "deep.json": b"[" * 100_000,
    }  # fmt: skip
    codes = {}
    for name, text in texts.items():
        if text is not None:
            (tmp_path / name).write_bytes(text)
        with pytest.raises(Invalid) as caught:
            load_uses(tmp_path / name, DATASETS)
        codes[name] = caught.value.code
        assert name in caught.value.findings[0].message().en
    assert set(codes.values()) == {"uses-unreadable", "uses-syntax"}
    assert all(codes[n] == "uses-syntax" for n in ("syntax.toml", "twice.json", "syntax.json", "deep.json"))


names = st.sampled_from(["hw_incident", "road", "*", "purpose", "x"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)
paths = st.sampled_from(
    [
        (),
        ("purpose",),
        ("uses",),
        ("uses", "hw_incident"),
        ("uses", "hw_incident", "road"),
        ("uses", "hw_incident", "road", 0),
        ("more",),
    ]
)
words = st.sampled_from(
    ["show", "link", "aggregate:*", "aggregate:sum", "aggregate:Sum", "aggregate:", "*", "filter:*", ""]
)


@given(path=paths, value=anything | words | st.lists(words, max_size=3))
def test_the_parser_accepts_just_what_the_schema_accepts(path: tuple[str | int, ...], value: Any) -> None:
    document: Any = copy.deepcopy(RIGHT)
    if path:
        target = document
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value
    else:
        document = value
    try:
        read_uses(document, DATASETS)
        accepted = True
    except Invalid as refusal:
        names = {"uses-unknown-dataset", "uses-unknown-field"}
        assume(not names & {f.code for f in refusal.findings})
        accepted = False
    assert accepted == SCHEMA_CHECK.is_valid(document), document
