"""Is the page for stewards true: its outputs, its diagram, its tables, its example of a policy test?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import app
from app import bootstrap
from app.cli.main import sluice
from app.domain.lifecycles import POLICY, diagram
from app.policy.cases import read_cases, run_cases
from app.policy.conditions import ALLOWED
from app.policy.rules import COLUMNS
from app.policy.view_rules import MaskRule, RowRule
from app.policy.views_file import read_views
from sandbox.protocol import FILTER_TESTS, MASK_KINDS
from tests.policies.pages import Reader, blocks
from tests.policies.policy_world import STANDING

DOCS = Path(app.__file__).parent / "docs"
ROOT = DOCS.parents[1]
PAGES = {language: DOCS / f"policy.{language}.md" for language in ("en", "zh")}
SAMPLE = ROOT / "sample_data" / "s1_rescue"


def run(*words: object, by: str | None = None) -> Any:
    asked = [str(w) for w in words] + (["--as", by] if by else []) + ["--json"]
    done = CliRunner().invoke(sluice, asked)
    return json.loads(done.stdout) if done.exception is None else done.exception


@pytest.fixture(params=PAGES)
def reader(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Someone in a deployment with scenario S1: one authorization, three jobs of which one was refused."""
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SLUICE_LANGUAGE", request.param)
    for name in ("SLUICE_AS", "SLUICE_DATABASE_URL", "SLUICE_POLICIES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    bootstrap.services.cache_clear()
    _prepare()
    yield Reader(folder=tmp_path)
    bootstrap.services().store.close()
    bootstrap.services.cache_clear()


def _prepare() -> None:
    run("init", "--sample")
    for provider, dataset in (("highway", "hw_incident"), ("weather", "weather_hourly")):
        run("catalog", "add", SAMPLE, by=f"steward-{provider}")
        run("catalog", "publish", dataset, by=f"officer-{provider}")
    application = run("application", "submit", SAMPLE / "application.toml", by="applicant-rescue")["application"]
    for provider in ("highway", "weather"):
        run("application", "consent", application, "--reason", "fine", by=f"officer-{provider}")
    decided = run("application", "decide", application, "approve", "--reason", "good", by="regulator-zhao")
    held = decided["authorization"]
    run("authorization", "sign", held, "--agreement", "2026-1", by="applicant-rescue")
    for name in ("answered_by_road", "kinds_by_segment", "by_phone"):
        file = SAMPLE / "analyses" / f"{name}.sql"
        run("job", "submit", file, "--authorization", held, by="analyst-rescue")


@pytest.mark.slow
def test_the_outputs_on_the_page_are_real(reader: Reader, request: pytest.FixtureRequest) -> None:
    """With SLUICE_WRITE_PAGES=1 the page is written anew instead."""
    page = PAGES[request.node.callspec.params["reader"]]
    told = page.read_text(encoding="utf-8")
    real = reader.follow(told)
    if os.environ.get("SLUICE_WRITE_PAGES") == "1":
        page.write_text(real, encoding="utf-8")
    else:
        assert real == told


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda p: p.name)
def test_the_page_names_every_column_predicate_and_state(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in (*COLUMNS, *ALLOWED))
    assert diagram(POLICY) in text


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda p: p.name)
def test_the_policy_test_on_the_page_passes(page: Path, tmp_path: Path) -> None:
    (case,) = (text for text in blocks(page.read_text(encoding="utf-8"), "toml") if "[[case]]" in text)
    file = tmp_path / "case.toml"
    file.write_text(case, encoding="utf-8")
    assert all(v.passed for v in run_cases(read_cases(file), STANDING))


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda p: p.name)
def test_the_rules_about_rows_and_masks_on_the_page_are_sound_and_every_word_of_them_is_explained(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    (example,) = (block for block in blocks(text, "toml") if "[[rows]]" in block)
    views, places, findings = read_views(example, "views.toml")
    assert findings == []
    assert len(places) == len(views.rows) + len(views.masks) == 2
    keys = {name for table in (RowRule, MaskRule) for name in table.__dataclass_fields__} - {"text"}
    assert all(f"`{word}`" in text for word in (*keys, "zh", "en", *MASK_KINDS, *FILTER_TESTS))


def test_both_pages_tell_one_story() -> None:
    told = [
        [line.partition(" --note")[0] for line in page.read_text(encoding="utf-8").splitlines() if line[:2] == "$ "]
        for page in PAGES.values()
    ]
    assert told[0] == told[1]
    assert len(told[0]) >= 10
