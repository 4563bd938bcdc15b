"""Do the trial, lint, the rehearsal and the commands of stewards see what the rules about rows and masks leave?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app import config
from app.catalog.manifest import read_catalog
from app.catalog.mounting import described
from app.cli.main import sluice
from app.domain.errors import Refusal
from app.domain.values import Decision
from app.engine import Engine
from app.lint import Draft, Linted, lint
from app.policy.conditions import Context
from app.policy.grants import collect
from app.policy.rules_files import load_standing, write_rules
from app.policy.views_file import read_views
from app.rehearsal import Rehearsal, Rehearsed, rehearse
from app.trial import Outcome, Trial, run_trial
from sandbox.launcher import Launcher
from tests.sql.ask import NOW
from tests.sql.test_restricted import HANGZHOU, MONTH, NAMES, PSEUDONYM, tables, write

BY_DAY = "SELECT day, count(*) AS n FROM visit GROUP BY day"
UNFIT = tables("mask", field="name:region", kind="month", level="L1")
PERIOD = tables("rows", column="day", within="period")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("visits"))


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with Launcher() as found:
        yield found


def engine(launcher: Launcher, views: str) -> Engine:
    policies = config.read({}).policies
    standing = replace(load_standing(policies), views=read_views(views, "views.toml")[0])
    return Engine.load(policies, launcher, require_isolation=True, standing=standing)


def tried(launcher: Launcher, catalog: Path, views: str, sql: str) -> Outcome:
    return run_trial(engine(launcher, views), Trial(catalog=catalog, sql=sql), lambda: NOW)


def test_a_trial_shows_what_would_be_seen_and_by_which_rules(launcher: Launcher, catalog: Path) -> None:
    found = tried(launcher, catalog, HANGZHOU + MONTH, BY_DAY)
    assert (found.decision, len(found.rows), sum(row["n"] for row in found.rows)) == (Decision.CHECKED, 5, 1200)
    assert [r["rule"] for r in found.to_json()["restrictions"]] == ["r-rows", "r-mask"]


def test_a_trial_takes_another_secret_each_time(launcher: Launcher, catalog: Path) -> None:
    first, second = ({r["name"] for r in tried(launcher, catalog, PSEUDONYM, NAMES).rows} for _ in range(2))
    assert len(first) == len(second) == 41
    assert not first & second


@pytest.mark.parametrize(("views", "code"), [(UNFIT, "view-mask-type"), (PERIOD, "view-no-period")])
def test_a_trial_under_a_rule_that_does_not_fit_is_refused(
    launcher: Launcher, catalog: Path, views: str, code: str
) -> None:
    found = tried(launcher, catalog, views, BY_DAY)
    assert (found.decision, [f.code for f in found.refusals]) == (Decision.REFUSED, [code])


def linted(launcher: Launcher, catalog: Path, views: str, sql: str, **more: Any) -> Linted:
    datasets = tuple(map(described, read_catalog(catalog).entries))
    draft = Draft(sql=sql, datasets=datasets, held=collect(()), context=Context(now=NOW), **more)
    return lint(engine(launcher, views), draft)


def test_lint_knows_the_level_of_a_masked_field_and_whose_mask_it_is(launcher: Launcher, catalog: Path) -> None:
    mine = MONTH + 'subject = "a-1"\n'
    assert [linted(launcher, catalog, v, BY_DAY).level for v in ("", MONTH, mine)] == ["L3", "L2", "L3"]
    assert linted(launcher, catalog, mine, BY_DAY, authorization="a-1").level == "L2"


def test_lint_names_the_mask_of_a_field_that_is_refused_and_a_rule_that_does_not_fit(
    launcher: Launcher, catalog: Path
) -> None:
    found = linted(launcher, catalog, MONTH, "SELECT day FROM visit")
    assert ("field-masked", "r-mask") in [(f.code, f.rule) for f in found.findings]
    assert [f.code for f in linted(launcher, catalog, UNFIT, BY_DAY).findings] == ["view-mask-type"]


def rehearsed(launcher: Launcher, catalog: Path, views: str, sql: str) -> Rehearsed:
    rehearsal = Rehearsal(sql=sql, entries=read_catalog(catalog).entries, rows=200)
    return rehearse(engine(launcher, views), rehearsal, lambda: NOW)


def test_a_rehearsal_has_the_types_that_masks_leave_and_no_rule_about_rows(launcher: Launcher, catalog: Path) -> None:
    fee = tables("mask", id="r-fee", field="name:fee", kind="pseudonym", level="L2")
    gone = tables("mask", id="r-gone", field="name:region", kind="null", level="L2")
    sql = "SELECT fee, region, count(*) AS n FROM visit GROUP BY fee, region"
    found = rehearsed(launcher, catalog, fee + gone + PERIOD, sql)
    assert found.columns[0] == ("fee", "VARCHAR")
    assert found.total
    assert {row[1] for row in found.page} == {None}
    assert found.level == "L2"
    with pytest.raises(Refusal) as refused:
        rehearsed(launcher, catalog, UNFIT, BY_DAY)
    assert refused.value.code == "view-mask-type"


def test_stewards_commands_know_the_rules(catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("SLUICE_LANGUAGE", "en")
    known = load_standing(config.read({}).policies)
    write_rules(replace(known, views=read_views(HANGZHOU + MONTH, "views.toml")[0]), tmp_path / "mine")

    def run(*words: object) -> str:
        done = CliRunner().invoke(sluice, ["policy", *map(str, words)], catch_exceptions=False)
        assert done.exit_code == 0
        return done.output

    checked = json.loads(run("check", tmp_path / "mine", "--catalog", catalog, "--json"))
    assert (checked["rules"], checked["notes"]) == (len(known.rules) + 2, [])
    told = run("diff", "files", tmp_path / "mine")
    assert "+ r-rows · stricter" in told
    assert "+ r-mask · see the replay" in told
    assert "only the month, which is of level L2" in told
    asked = ("--dataset", "visit", "--field", "day", "--use", "extreme", "--policy", tmp_path / "mine")
    explained = run("explain", *asked, "--catalog", catalog)
    assert "no rule forbids it" in explained
    assert "the field is masked (month, rule r-mask)" in explained
    assert json.loads(run("explain", *asked, "--catalog", catalog, "--json"))["mask"]["rule"] == "r-mask"
