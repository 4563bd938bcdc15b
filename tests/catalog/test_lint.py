"""Does lint say what a text uses, what is permitted, and the smallest application that would permit it?"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import config
from app.authorization.content import parse
from app.catalog.manifest import read_catalog
from app.catalog.mounting import described
from app.cli.main import sluice
from app.domain.errors import Invalid
from app.domain.values import Dataset, Decision
from app.engine import Engine
from app.lint import Draft, Head, Linted, application, lint
from app.policy.conditions import Context
from app.policy.grants import Uses, collect
from sandbox.launcher import Launcher
from tests.architecture.source import ROOT

ANALYSES = sorted((ROOT / "sample_data").glob("*/analyses/*.sql"))
NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
RESCUE = ROOT / "sample_data" / "s1_rescue"
SHARE = """SELECT road, count(*) AS n
FROM hw_incident WHERE period = 'day' GROUP BY road"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    settings = config.read()
    with Launcher() as launcher:
        yield Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation)


@cache
def datasets(folder: Path) -> tuple[Dataset, ...]:
    return tuple(map(described, read_catalog(folder).entries))


def linted(engine: Engine, sql: str, folder: Path = RESCUE, held: Uses | None = None) -> Linted:
    draft = Draft(sql=sql, datasets=datasets(folder), held=held or collect(()), context=Context(now=NOW))
    return lint(engine, draft)


def test_every_use_has_its_place_and_whether_it_is_permitted(engine: Engine) -> None:
    found = linted(engine, SHARE, held=collect([("hw_incident", "road", "group")]))
    uses = {(u.use.field, u.use.use): (u.use.position, u.allowed) for u in found.uses}
    places = {key: (p.line, p.column, allowed) for key, (p, allowed) in uses.items() if p is not None}
    assert places[("road", "group")][2] is True
    assert places[("period", "filter:eq")] == (2, 24, False)
    assert not found.permitted
    assert found.decision is Decision.CHECKED
    assert set(found.missing) == {("hw_incident", "period", "filter:eq")}


def test_relations_tell_whose_rows_there_are(engine: Engine) -> None:
    found = linted(engine, SHARE)
    assert found.relations == (("hw_incident", "unit", ("vehicle",)), ("aggregation 1", "safe", ("vehicle",)))
    assert linted(engine, "SELECT count(*) AS n FROM weather_hourly").relations[0][1] == "public"


@pytest.mark.parametrize("file", ANALYSES, ids=lambda f: f"{f.parts[-3]}-{f.stem}")
def test_the_smallest_application_is_enough_and_no_part_of_it_too_much(engine: Engine, file: Path) -> None:
    sql, folder = file.read_text(encoding="utf-8"), file.parents[1]
    first = linted(engine, sql, folder)
    if first.decision is Decision.REFUSED:
        assert first.findings
        return
    asked = tuple(first.missing)
    again = linted(engine, sql, folder, held=first.missing)
    assert (again.permitted, again.decision, tuple(again.missing)) == (True, first.decision, ())
    for left_out in asked:
        fewer = linted(engine, sql, folder, held=collect(use for use in asked if use != left_out))
        assert tuple(fewer.missing) == (left_out,)


def test_what_no_application_helps_is_refused_by_its_rule(engine: Engine) -> None:
    found = linted(engine, "SELECT plate FROM hw_incident WHERE plate = 17")
    assert found.decision is Decision.REFUSED
    assert {f.rule for f in found.findings if f.rule} == {"deny-identifier-show", "deny-identifier-filter"}
    assert not {use for _, field, use in found.missing if field == "plate"}


def test_a_text_that_is_not_understood_is_refused_with_its_place(engine: Engine) -> None:
    found = linted(engine, "SELECT rode FROM hw_incident")
    assert (found.decision, found.findings[0].code) == (Decision.REFUSED, "unknown-column")
    assert dict(found.findings[0].params)["suggestion"] == "road"
    assert linted(engine, "SELEC 1").findings[0].code == "sql-syntax"


def test_the_application_is_ready_to_submit(engine: Engine) -> None:
    found = linted(engine, SHARE)
    head = Head(title="t", scenario="s-rescue", purpose="statistics", products=("statistics",), reason='"why"')
    content = parse(tomllib.loads(application(found, head)))
    assert set(content.uses) == set(found.missing)
    permitted = linted(engine, SHARE, held=found.missing)
    with pytest.raises(ValueError, match="nothing"):
        application(permitted, head)


def test_it_starts_no_sandbox(engine: Engine) -> None:
    linted(engine, SHARE)
    assert engine.launcher._zygote is None


def run(*arguments: str, text: str = SHARE) -> Result:
    return CliRunner().invoke(sluice, ["lint", "-", "--catalog", str(RESCUE), *arguments], input=text)


def test_the_command_answers_people_and_machines() -> None:
    shown = run()
    assert shown.exit_code == 0
    assert "hw_incident.period" in shown.output
    assert "[uses.hw_incident]" in shown.output
    answer = json.loads(run("--json").output)
    assert (answer["decision"], answer["permitted"]) == ("checked", False)
    assert answer["missing"]["hw_incident"]["period"] == ["filter:eq"]


def test_the_command_writes_an_application(tmp_path: Path) -> None:
    target = tmp_path / "application.toml"
    assert run("--apply", str(target), "--purpose", "public_service").exit_code == 0
    content = parse(tomllib.loads(target.read_text(encoding="utf-8")))
    assert content.purpose == "public_service"
    printed = run("--apply", "-")
    assert parse(tomllib.loads(printed.stdout)).uses == content.uses


def test_the_command_tells_by_its_exit_code_what_is_not_held(tmp_path: Path) -> None:
    held = tmp_path / "uses.toml"
    held.write_text('[uses.hw_incident]\nroad = ["group"]\n"*" = ["aggregate:count"]\n', encoding="utf-8")
    assert run("--uses", str(held)).exit_code == 4
    assert run("--uses", str(held), text="SELECT road, count(*) AS n FROM hw_incident GROUP BY road").exit_code == 0
    assert run(text="SELECT plate FROM hw_incident").exit_code == 4
    unwritable = run("--apply", str(tmp_path / "none" / "a.toml")).exception
    assert isinstance(unwritable, Invalid)
    assert unwritable.code == "lint-unwritable"
