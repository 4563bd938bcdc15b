"""Does `sluice rehearse` show synthetic rows as such, in both languages, from a folder and within a deployment?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import bootstrap
from app.cli.main import sluice
from app.domain.errors import Invalid, Refusal
from tests.catalog.conftest import GOOD

SQL = "select road, count(*) as n from incident group by road order by road"
DECLARED = GOOD.replace('name = "road"\n', 'name = "road"\n  values = ["G0", "[G1]", "G2"]\n')


@pytest.fixture
def described(folder: Path) -> Path:
    """The sound folder with a declared set, and with no data in its file: a rehearsal needs none."""
    (folder / "catalog.toml").write_text(DECLARED, encoding="utf-8")
    (folder / "incident.csv").write_text("plate,road,seconds\n", encoding="utf-8")
    return folder


def run(*words: str | Path, sql: str = SQL) -> Result:
    return CliRunner().invoke(sluice, ["rehearse", "--sql", "-", *map(str, words)], input=sql)


def test_rows_are_shown_as_synthetic_in_both_languages(described: Path) -> None:
    done = run("--catalog", described)
    assert done.exit_code == 0, done.output
    for text in ("Synthetic rows", "合成行", "For real 真实运行: checked", "3 of 3 synthetic rows", "incident 1000"):
        assert text in done.output
    assert "[G1]" in done.output


def test_what_would_be_refused_for_real_is_shown_all_the_same(described: Path) -> None:
    done = run("--catalog", described, sql="select plate, seconds from incident\nwhere road = 'G2' limit 3")
    assert done.exit_code == 0, done.output
    assert "For real 真实运行: refused" in done.output
    assert "1:8 use-denied incident.plate show" in done.output
    assert "3 of 3 synthetic rows" in done.output


def test_json_has_the_rows_and_the_findings(described: Path) -> None:
    done = run("--catalog", described, "--rows", "100", "--seed", "9", "--json")
    body = json.loads(done.stdout)
    assert body["synthetic"] is True
    assert [row[0] for row in body["rows"]] == ["G0", "G2", "[G1]"]
    assert sum(int(row[1]) for row in body["rows"]) == 100
    assert body["tables"] == [{"name": "incident", "synthetic_rows": 100}]
    assert body["for_real"]["decision"] == "checked"
    assert (
        run("--catalog", described, "--rows", "100", "--seed", "9", "--json").stdout.split('"timings"')[0]
        == (done.stdout.split('"timings"')[0])
    )


def test_a_text_that_is_not_understood_exits_with_4_and_its_place(described: Path) -> None:
    done = run("--catalog", described, sql="select rode\nfrom incident")
    assert isinstance(done.exception, Refusal)
    assert done.exception.exit_code == 4
    position = done.exception.findings[0].position
    assert position is not None
    assert (position.line, position.column) == (1, 8)


def test_bad_input_exits_with_1(described: Path, tmp_path: Path) -> None:
    broken = run("--catalog", described, sql="select (")
    assert isinstance(broken.exception, Invalid)
    assert (broken.exception.code, broken.exception.exit_code) == ("sql-syntax", 1)
    nowhere = run("--catalog", tmp_path / "nowhere")
    assert isinstance(nowhere.exception, Invalid)
    assert nowhere.exception.code == "catalog-missing"
    assert run("--catalog", described, "--rows", "0").exit_code == 2


def test_an_own_table_is_read(described: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("road,trucks\nG2,4\n", encoding="utf-8")
    sql = "select m.trucks, count(*) as n from incident i join mine m on m.road = i.road group by m.trucks"
    body = json.loads(run("--catalog", described, "--enterprise", f"mine={file}", "--json", sql=sql).stdout)
    assert [row[0] for row in body["rows"]] == ["4"]
    assert {"name": "mine", "synthetic_rows": None} in body["tables"]


def test_within_a_deployment_the_published_catalog_is_rehearsed(
    described: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SLUICE_DATABASE_URL", raising=False)
    monkeypatch.delenv("SLUICE_AS", raising=False)

    def command(*words: str | Path) -> Result:
        bootstrap.services.cache_clear()
        return CliRunner().invoke(sluice, list(map(str, words)))

    assert command("init", "--sample").exit_code == 0
    bootstrap.services.cache_clear()
    unpublished = run("--as", "analyst-rescue")
    assert isinstance(unpublished.exception, Refusal)
    assert unpublished.exception.code == "unknown-table"
    assert command("catalog", "add", described, "--as", "steward-highway").exit_code == 0
    assert isinstance(run("--as", "analyst-rescue").exception, Refusal)
    assert command("catalog", "publish", "incident", "--as", "officer-highway").exit_code == 0
    body = json.loads(run("--as", "analyst-rescue", "--json").stdout)
    assert [row[0] for row in body["rows"]] == ["G0", "G2", "[G1]"]
    stranger = run("--as", "nobody")
    assert isinstance(stranger.exception, Refusal)
    assert stranger.exception.code == "person-unknown"
    anonymous = run()
    assert isinstance(anonymous.exception, Invalid)
    assert anonymous.exception.code == "person-missing"
