"""Does the page about the catalog format say what the schema says, and does its example work?"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from app.catalog.manifest import read_catalog
from app.catalog.syntax import schema
from app.cli.main import sluice

WORDS = {"en": ("description", "yes"), "zh": ("x-zh", "是")}


def _page(language: str) -> str:
    return files("app").joinpath("docs", f"catalog-format.{language}.md").read_text(encoding="utf-8")


def _tables() -> list[tuple[dict[str, Any], list[str]]]:
    whole = schema()
    parts = [whole, whole["properties"]["catalog"], whole["$defs"]["provider"], whole["$defs"]["dataset"]]
    return [(p["properties"], p.get("required", [])) for p in (*parts, whole["$defs"]["field"])]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_has_a_row_for_every_key_and_no_other(language: str) -> None:
    text, yes = WORDS[language]
    expected = [
        (key, value[text], key in required) for properties, required in _tables() for key, value in properties.items()
    ]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", _page(language), re.MULTILINE)
    assert [(key, value, required == yes) for key, required, value in rows] == expected


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_example_of_the_page_is_a_sound_catalog(language: str, tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", _page(language), re.DOTALL)
    (tmp_path / "catalog.toml").write_text(example, encoding="utf-8")
    (tmp_path / "hw_incident.csv").write_text("road,seconds_to_arrive,plate\n", encoding="utf-8")
    assert [e.name for e in read_catalog(tmp_path).entries] == ["hw_incident", "tow_station"]


def test_the_schema_is_a_schema_and_every_key_is_described_in_both_languages() -> None:
    Draft202012Validator.check_schema(schema())
    for properties, _ in _tables():
        for key, value in properties.items():
            assert value.get("description"), key
            assert value.get("x-zh"), key


def test_the_command_prints_the_schema() -> None:
    shown = CliRunner().invoke(sluice, ["catalog", "schema"])
    assert json.loads(shown.stdout) == schema()
