"""A template as its users have it: commands, real data, the sandbox, a worker, review, a signed bundle."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import bootstrap
from app.cli.main import sluice
from app.domain.errors import SluiceError
from tests.templates.world import RESCUE, SAMPLE

VALUES = ("--set", "road=G60 沪昆", "--set", "from_day=2025-03-01", "--set", "days=92")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    for name in ("SLUICE_REQUIRE_ISOLATION", "SLUICE_AS", "SLUICE_DATABASE_URL", "SLUICE_POLICIES"):
        monkeypatch.delenv(name, raising=False)
    bootstrap.services.cache_clear()
    yield tmp_path / "home"
    bootstrap.services.cache_clear()


def invoked(*words: object, by: str | None = None) -> Result:
    asked = [str(w) for w in words] + (["--as", by] if by else [])
    return CliRunner().invoke(sluice, asked)


def run(*words: object, by: str | None = None) -> Any:
    """What a command answers as JSON."""
    done = invoked(*words, "--json", by=by)
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def code(*words: object, by: str | None = None) -> str:
    """Why a command refuses."""
    error = invoked(*words, by=by).exception
    assert isinstance(error, SluiceError), error
    return error.code


def authorized() -> str:
    run("init", "--sample")
    for provider, dataset in (("highway", "hw_incident"), ("weather", "weather_hourly")):
        run("catalog", "add", RESCUE, by=f"steward-{provider}")
        run("catalog", "publish", dataset, by=f"officer-{provider}")
    application = run("application", "submit", RESCUE / "application.toml", by="applicant-rescue")["application"]
    for provider in ("highway", "weather"):
        run("application", "consent", application, "--reason", "fine", by=f"officer-{provider}")
    decided = run("application", "decide", application, "approve", "--reason", "good", by="regulator-zhao")
    run("authorization", "sign", decided["authorization"], "--agreement", "2026-1", by="applicant-rescue")
    return str(decided["authorization"])


@pytest.mark.slow
def test_a_template_is_approved_once_and_its_runs_leave_with_their_values(home: Path, tmp_path: Path) -> None:
    authorization = authorized()
    analyst, reviewer = "analyst-rescue", "reviewer-wu"
    checked = run("template", "check", SAMPLE, "--authorization", authorization, by=analyst)
    assert (checked["decision"], checked["permitted"], checked["analyses"]) == ("checked", True, 13)

    subject = run("template", "propose", SAMPLE, "--authorization", authorization, by=analyst)["id"]
    assert code("job", "submit", "--template", subject, *VALUES, by=analyst) == "template-not-approved"
    run("template", "submit", subject, by=analyst)
    assert code("template", "approve", subject, by=analyst) == "not-permitted"
    assert [t["id"] for t in run("template", "list", "--state", "in_review", by=reviewer)] == [subject]
    shown = run("template", "show", subject, by=reviewer)
    assert shown["may_review"] is True
    assert [p["allowed"] for p in shown["parameters"]][1:] == ["2025-01-01 … 2025-12-31", "28 … 366", "300 … 3600"]
    assert run("template", "approve", subject, by=reviewer)["state"] == "approved"

    outside = ("--set", "road=G60 沪昆", "--set", "from_day=2024-12-31")
    assert code("job", "submit", "--template", subject, *outside, by=analyst) == "parameter-value-outside"
    assert code("job", "submit", "--template", subject, *VALUES, by="analyst-aero") == "template-foreign"
    first = run("job", "submit", "--template", subject, *VALUES, by=analyst)
    second = run("job", "submit", "--template", subject, *VALUES[:2], "--set", "from_day=2025-07-01", by=analyst)
    assert {first["state"], second["state"]} == {"queued"}
    ended = run("worker", "run", "--drain")["ended"]
    assert {(e["job"], e["ending"]) for e in ended} == {(j["id"], "send_to_review") for j in (first, second)}

    output = run("job", "show", first["id"], by=analyst)["output"]
    run("review", "request", output, by=analyst)
    seen = run("review", "show", output, by=reviewer)
    assert seen["template"]["values"]["days"] == "92"
    assert seen["sql"] == SAMPLE.with_suffix(".sql").read_text(encoding="utf-8")
    assert all(count < 200_000 for count in [row["incidents"] for row in seen["table"]])
    assert f"template help_in_weather, version 1 ({subject})" in invoked("review", "show", output, by=reviewer).stdout
    run("review", "approve", output, by=reviewer)

    bundle = run("release", "make", output, by="release-officer")["bundle"]
    assert run("verify", bundle)["valid"] is True
    with zipfile.ZipFile(bundle) as archive:
        manifest, report = (json.loads(archive.read(f"{n}.json")) for n in ("manifest", "report"))
    claims = json.loads(base64.b64decode(manifest["payload"]))["predicate"]
    assert claims["template"] == report["template"] == seen["template"]
    assert claims["template"]["template"] == subject

    run("template", "retire", subject, "--reason", "a new year", by=analyst)
    assert code("job", "submit", "--template", subject, *VALUES, by=analyst) == "template-not-approved"
    assert run("ledger", "verify")["valid"] is True


@pytest.mark.slow
def test_a_template_gives_what_its_sql_with_literals_gives(home: Path, tmp_path: Path) -> None:
    sql = SAMPLE.with_suffix(".sql").read_text(encoding="utf-8")
    for name, literal in (
        ("$within_seconds", "900"),
        ("$road", "'G60 沪昆'"),
        ("$from_day", "DATE '2025-03-01'"),
        ("$days", "92"),
    ):
        sql = sql.replace(name, literal)
    (tmp_path / "literal.sql").write_text(sql, encoding="utf-8")
    template = run("try", "--catalog", RESCUE, "--template", SAMPLE, *VALUES)
    literal = run("try", "--catalog", RESCUE, "--sql", tmp_path / "literal.sql")
    assert template["decision"] == "checked"
    assert template["rows"] == literal["rows"]
    assert template["columns"] == literal["columns"]


def test_lint_and_try_take_one_source(tmp_path: Path) -> None:
    sql = SAMPLE.with_suffix(".sql")
    linted = run("lint", "--template", SAMPLE, *VALUES, "--catalog", RESCUE)
    assert linted["decision"] == "checked"
    assert {u["line"] for u in linted["uses"] if u["field"] == "road"} == {7}
    for words in (
        ("lint", sql, "--template", SAMPLE, "--catalog", RESCUE),
        ("lint", "--catalog", RESCUE),
        ("lint", sql, "--set", "a=b", "--catalog", RESCUE),
        ("try", "--catalog", RESCUE),
        ("try", "--catalog", RESCUE, "--sql", sql, "--set", "a=b"),
        ("rehearse", "--catalog", RESCUE, "--sql", sql, "--template", SAMPLE),
    ):
        assert invoked(*words).exit_code == 2, words
    assert code("lint", "--template", SAMPLE, "--catalog", RESCUE) == "parameter-missing"
    assert code("lint", "--template", SAMPLE, "--set", "x", "--catalog", RESCUE) == "parameter-option"
    twice = ("--set", "days=30", "--set", "days=31")
    assert code("lint", "--template", SAMPLE, *twice, "--catalog", RESCUE) == "parameter-option"


def test_check_says_why_a_template_cannot_be_approved(tmp_path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8").replace('"help_in_weather.sql"', '"own.sql"')
    (tmp_path / "t.toml").write_text(text, encoding="utf-8")
    sql = SAMPLE.with_suffix(".sql").read_text(encoding="utf-8")
    (tmp_path / "own.sql").write_text(sql.replace("i.road = $road", "i.call_hour = $road"), encoding="utf-8")
    done = invoked("template", "check", tmp_path / "t.toml", "--catalog", RESCUE)
    assert done.exit_code == 4
    assert "7:21 parameter-type" in done.stdout
    refused = invoked("template", "check", tmp_path / "t.toml", "--catalog", RESCUE, "--json")
    assert json.loads(refused.stdout)["findings"][0]["code"] == "parameter-type"


STATIONS = """
[template]
name = "by_station"
title = { zh = "有无救援站", en = "with and without a station" }
purpose = "Where trucks should stand 救援车驻点"
sql = '''
WITH near AS (SELECT road, stake_km // 10 AS segment, count(*) AS stations FROM tow_station GROUP BY road, segment)
SELECT i.road, CASE WHEN n.stations IS NULL THEN 'no' ELSE 'yes' END AS station, count(*) AS incidents
FROM hw_incident AS i LEFT JOIN near AS n ON n.road = i.road AND n.segment = i.segment_10km
WHERE i.period = $period
GROUP BY i.road, station'''
[parameters.period]
title = { zh = "时段", en = "day or night" }
type = "text"
field = "hw_incident.period"
"""


@pytest.mark.slow
def test_a_template_over_a_table_of_the_operator_runs_with_the_file_of_the_day(home: Path, tmp_path: Path) -> None:
    """What is approved is the same whether the table is only described or a file is there."""
    authorization = authorized()
    run("catalog", "add", RESCUE, by="steward-highway")
    (tmp_path / "t.toml").write_text(STATIONS, encoding="utf-8")
    analyst = "analyst-rescue"
    subject = run("template", "propose", tmp_path / "t.toml", "--authorization", authorization, by=analyst)["id"]
    run("template", "submit", subject, by=analyst)
    run("template", "approve", subject, by="reviewer-wu")
    stations = f"tow_station={RESCUE / 'enterprise' / 'tow_station.csv'}"
    words = ("job", "submit", "--template", subject, "--set", "period=night")
    job = run(*words, "--enterprise", stations, by=analyst)
    assert job["state"] == "queued"
    assert run("worker", "run", "--drain")["ended"] == [{"job": job["id"], "ending": "send_to_review"}]
    assert code(*words, by=analyst) == "unknown-table"


@pytest.mark.slow
def test_a_template_is_rehearsed_on_synthetic_rows() -> None:
    found = run("rehearse", "--catalog", RESCUE, "--template", SAMPLE, *VALUES)
    assert found["for_real"]["decision"] == "checked"
    assert [c["name"] for c in found["columns"]] == ["bad_weather", "period", "incidents", "on_site_pct"]
