"""Do the commands of stewards do what their doors do, in words and as JSON?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.bootstrap import services
from app.cli.main import sluice
from app.domain.errors import Invalid, Refusal, SluiceError
from tests.policies.law_world import BY_ROAD, Law
from tests.policies.policy_world import POLICIES

Run = Callable[..., Result]
ROW = "deny-road-group,*,incident,name:road,group,,deny\n"
TEXT = '\n[deny-road-group]\nzh = "道路太细。"\nen = "Roads are too fine."\n'
SAMPLE = POLICIES.parent / "sample_data" / "s1_rescue"


@pytest.fixture
def run(law: Law, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("SLUICE_HOME", str(law.services.config.home))
    monkeypatch.delenv("SLUICE_AS", raising=False)
    monkeypatch.delenv("SLUICE_LANGUAGE", raising=False)
    services.cache_clear()

    def invoke(*arguments: object, by: str | None = None) -> Result:
        acting = ["--as", by] if by else []
        return CliRunner().invoke(sluice, ["policy", *map(str, arguments), *acting])

    yield invoke
    services().store.close()
    services.cache_clear()


def answered(result: Result) -> Any:
    assert result.exception is None, result.exception
    return json.loads(result.output)


def refusal(result: Result) -> SluiceError:
    assert isinstance(result.exception, SluiceError), result.output
    return result.exception


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.fixture
def mine(run: Run, tmp_path: Path) -> Path:
    """The policy in force as files, with one rule more."""
    folder = tmp_path / "my-policy"
    answered(run("show", "published", "--write", folder, "--json"))
    append(folder / "standing.csv", ROW)
    append(folder / "rules.toml", TEXT)
    return folder


def test_a_change_of_the_rules_goes_from_files_into_force_by_commands(run: Run, law: Law, mine: Path) -> None:
    law.asked(law.authorized(), BY_ROAD)
    assert answered(run("check", mine, "--json"))["notes"] == []
    told = answered(run("simulate", mine, "--json", by="steward"))
    assert (told["counts"]["jobs_refused"], len(told["changes"])) == (1, 2)
    subject = answered(run("draft", mine, "--note", "too fine", "--json", by="steward"))["policy"]
    assert answered(run("submit", subject, "--json", by="steward"))["state"] == "under_review"
    assert refusal(run("publish", subject, by="steward")).code == "not-permitted"
    assert refusal(run("publish", subject, by="roads-officer")).code == "policy-replay-unseen"
    done = run("publish", subject, "--changes", 2, by="roads-officer")
    assert f"{subject} is in force in place of policy-first" in done.output
    assert "1:8 incident.road group: permitted by" in done.output
    assert [(v["id"], v["state"]) for v in answered(run("history", "--json"))] == [
        ("policy-first", "superseded"),
        (subject, "published"),
    ]
    assert "too fine" in run("history").output
    assert run("diff", "published", mine).output.strip() == "No difference."
    assert answered(run("test", "files", "--json"))["failed"] == 0
    back = answered(run("draft", "policy-first", "--note", "it was better", "--json", by="steward"))["policy"]
    assert "- deny-road-group · looser" in run("diff", "published", back).output


def test_a_draft_is_returned_revised_and_withdrawn(run: Run, mine: Path) -> None:
    subject = answered(run("draft", mine, "--note", "x", "--json", by="steward"))["policy"]
    assert run("submit", subject, by="steward").output.strip() == f"{subject}: under_review"
    assert run("return", subject, "--reason", "why", by="regulator").output.strip() == f"{subject}: draft"
    append(mine / "rules.toml", "# more\n")
    assert run("draft", mine, "--note", "because", "--revise", subject, by="steward").exit_code == 0
    assert run("withdraw", subject, "--reason", "no need", by="steward").output.strip() == f"{subject}: withdrawn"


def test_the_difference_is_told_in_the_configured_language(
    run: Run, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = run("diff", "published", mine).output
    assert "+ deny-road-group · stricter" in shown
    assert "forbids every authorization to use field road of data set incident for labelling groups (group)" in shown
    assert "says: Roads are too fine." in shown
    assert "added 1, removed 0, changed 0, reworded 0" in shown
    monkeypatch.setenv("SLUICE_LANGUAGE", "zh")
    shown = run("diff", "published", mine).output
    assert "+ deny-road-group · 收紧" in shown
    assert "禁止任何授权将数据集 incident 的字段 road 用于分组标签（group）" in shown
    (change,) = answered(run("diff", "published", mine, "--json"))["changes"]
    assert change["after"]["zh"].startswith("禁止")


def test_a_changed_and_a_removed_rule_are_shown_from_both_sides(run: Run, mine: Path) -> None:
    table = mine / "standing.csv"
    rows = table.read_text(encoding="utf-8").replace("level:L3,extreme", "level:L3,link").splitlines(keepends=True)
    table.write_text("".join(row for row in rows if not row.startswith("allow-enterprise")), encoding="utf-8")
    texts = (mine / "rules.toml").read_text(encoding="utf-8").replace("[allow-enterprise]", "[gone]")
    (mine / "rules.toml").write_text(texts.partition("[gone]")[0] + TEXT, encoding="utf-8")
    shown = run("diff", "published", mine).output
    assert "~ deny-l3-extreme [use] · see the replay" in shown
    assert "was: forbids" in shown
    assert "now: forbids" in shown
    assert "- allow-enterprise · stricter" in shown


def test_what_is_wrong_with_a_policy_is_named_with_file_and_line(run: Run, mine: Path) -> None:
    append(mine / "standing.csv", "bad,*,*,road,look,,deny\n")
    error = refusal(run("check", mine))
    assert isinstance(error, Invalid)
    assert error.exit_code == 1
    assert [f.code for f in error.findings] == [
        "policy-rule-value",
        "policy-rule-value",
        "policy-rule-without-text",
    ]
    assert all("standing.csv:15" in f.message().en and f.remedy().en for f in error.findings)


def test_notes_look_names_up_in_the_catalog_of_the_deployment(run: Run, mine: Path) -> None:
    append(mine / "standing.csv", "typo,*,incidnt,*,show,,deny\n")
    append(mine / "rules.toml", TEXT.replace("deny-road-group", "typo"))
    shown = run("check", mine).output
    assert "14 rules, 1 notes" in shown
    assert "policy-note-unknown-name" in shown
    assert "Did you mean incident?" in shown


def test_an_explanation_names_every_rule_and_who_it_is_about(run: Run, law: Law) -> None:
    ask = ("--dataset", "incident", "--field", "plate", "--use", "show")
    shown = run("explain", *ask).output
    assert shown.startswith("refused: forbidden by deny-identifier-show, deny-l3-show")
    assert "policy version policy-first" in shown
    assert "✗ deny-identifier-show" in shown
    held = law.authorized()
    road = ("--dataset", "INCIDENT", "--field", "road", "--use", "group")
    told = answered(run("explain", *road, "--authorization", held, "--json"))
    assert (told["allowed"], [r["id"] for r in told["rules"]]) == (True, [f"{held}/incident.road/group"])
    told = answered(run("explain", *road, "--authorization", held, "--purpose", "research", "--json"))
    assert (told["allowed"], [n["id"] for n in told["nearly"]]) == (False, [f"{held}/incident.road/group"])
    assert "an authorization may grant it" in run("explain", *road).output


def test_an_explanation_of_any_moment_and_policy(run: Run, mine: Path) -> None:
    table = (mine / "standing.csv").read_text(encoding="utf-8")
    night = table.replace("name:road,group,,deny", 'name:road,group,"{""hours"":[20,24]}",deny')
    (mine / "standing.csv").write_text(night, encoding="utf-8")
    ask = ("--dataset", "incident", "--field", "road", "--use", "group", "--policy", mine, "--json")
    late, early = (answered(run("explain", *ask, "--at", f"2026-11-23T{h}:00:00+08:00")) for h in (21, 10))
    assert [r["id"] for r in late["rules"]] == ["deny-road-group"]
    assert [n["id"] for n in early["nearly"]] == ["deny-road-group"]
    assert refusal(run("explain", *ask, "--at", "2026-11-23")).code == "policy-moment-malformed"


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (("--dataset", "incidents", "--field", "road", "--use", "show"), "policy-unknown-dataset"),
        (("--dataset", "incident", "--field", "rode", "--use", "show"), "policy-no-such-field"),
        (("--dataset", "incident", "--field", "road", "--use", "show", "--policy", "no"), "policy-unknown-source"),
        (("--dataset", "incident", "--field", "road", "--use", "show", "--policy", "policy-no"), "not-found"),
        (("--dataset", "incident", "--field", "road", "--use", "show", "--authorization", "no"), "not-found"),
    ],
)
def test_what_is_not_there_is_said(run: Run, ask: tuple[str, ...], code: str) -> None:
    assert refusal(run("explain", *ask)).code == code


def test_a_use_that_is_none_is_a_mistake_of_usage(run: Run) -> None:
    assert run("explain", "--dataset", "incident", "--field", "road", "--use", "look").exit_code == 2


@pytest.mark.parametrize("person", ["analyst", "applicant", "auditor", "sysadmin"])
def test_what_other_operators_use_is_shown_only_to_those_who_make_the_law(run: Run, mine: Path, person: str) -> None:
    error = refusal(run("simulate", mine, by=person))
    assert isinstance(error, Refusal)
    assert error.code == "not-permitted"
    assert refusal(run("simulate", mine)).code == "person-missing"


def test_a_failed_policy_test_says_what_was_asked_expected_and_found(run: Run, mine: Path, tmp_path: Path) -> None:
    file = tmp_path / "cases.toml"
    file.write_text(
        '[dataset.incident]\nfields.road = { level = "L2" }\n[[case]]\nname = "roads are grouped"\n'
        'uses.incident.road = ["group"]\nask = { dataset = "incident", field = "road", use = "group" }\n'
        'expect = "allowed"\nrules = ["granted"]\n',
        encoding="utf-8",
    )
    assert run("test", "files", "--tests", file).output.strip() == "1 of 1 cases pass"
    failed = run("test", mine, "--tests", file)
    assert refusal(failed).code == "policy-cases-failed"
    assert "✗ cases.toml: roads are grouped" in failed.output
    assert "expected permitted by granted; found refused by deny-road-group" in failed.output
    told = json.loads(run("test", mine, "--tests", file, "--json").output)
    assert (told["cases"], told["failed"], told["verdicts"][0]["found"]["rules"]) == (1, 1, ["deny-road-group"])


def test_files_are_checked_compared_explained_and_tested_without_a_deployment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "nowhere"))
    services.cache_clear()

    def alone(*arguments: object) -> Result:
        return CliRunner().invoke(sluice, ["policy", *map(str, arguments)])

    assert answered(alone("check", POLICIES / "use", "--catalog", SAMPLE, "--json"))["notes"] == []
    assert alone("diff", "files", POLICIES / "use" / "standing.csv").output.strip() == "No difference."
    assert alone("test").exit_code == 0
    ask = ("--dataset", "hw_incident", "--field", "plate", "--use", "link")
    assert "may grant it" in alone("explain", *ask, "--catalog", SAMPLE).output
    assert refusal(alone("explain", *ask)).code == "policy-no-catalog"
    assert refusal(alone("history")).code == "home-missing"
    assert not (tmp_path / "nowhere").exists()


def test_init_enters_the_rules_of_the_program_as_the_first_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    services.cache_clear()
    first = json.loads(CliRunner().invoke(sluice, ["init", "--json"]).output)["policy"]
    assert first.startswith("policy-")
    assert json.loads(CliRunner().invoke(sluice, ["init", "--json"]).output)["policy"] is None
    (version,) = json.loads(CliRunner().invoke(sluice, ["policy", "history", "--json"]).output)
    assert (version["id"], version["state"]) == (first, "published")
    services().store.close()
    services.cache_clear()
