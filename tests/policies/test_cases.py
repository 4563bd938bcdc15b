"""Do the policy's own tests hold, and does a policy that is changed fail them?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import Invalid
from app.policy.cases import Case, read_cases, run_cases
from tests.policies.policy_world import POLICIES, STANDING

CASES = read_cases(POLICIES / "tests")
RIGHT = """
[dataset.rain]
fields.mm = { level = "L1" }
[[case]]
name = "rain may be grouped"
uses.rain.mm = ["group"]
ask = { dataset = "rain", field = "mm", use = "group" }
expect = "allowed"
rules = ["granted"]
"""


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.file}: {c.name}")
def test_the_standing_rules_answer_as_their_tests_say(case: Case) -> None:
    (verdict,) = run_cases([case], STANDING)
    assert verdict.passed, verdict.to_json()


def test_there_are_enough_cases_and_no_two_have_one_name() -> None:
    names = [(c.file, c.name) for c in CASES]
    assert len(names) >= 25
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("rule", STANDING.rules, ids=lambda r: r.id)
def test_a_policy_without_any_one_of_its_rules_fails_a_case(rule: object) -> None:
    weaker = replace(STANDING, rules=tuple(r for r in STANDING.rules if r != rule))
    assert not all(v.passed for v in run_cases(CASES, weaker))


@pytest.mark.parametrize(
    ("broken", "code", "place"),
    [
        ("[dataset\n", "policy-cases-unreadable", "line 1"),
        (RIGHT.replace('level = "L1"', 'level = "L9"'), "policy-cases-malformed", "dataset.rain.fields.mm.level"),
        (RIGHT.replace('expect = "allowed"', ""), "policy-cases-malformed", "case.1"),
        (RIGHT.replace('field = "mm"', 'field = "cm"'), "policy-cases-malformed", "rain.cm"),
        (RIGHT.replace('use = "group" }', 'use = "look" }'), "policy-cases-malformed", "no use look"),
        (RIGHT.replace("uses.rain", "uses.rian"), "uses-unknown-dataset", "rain may be grouped"),
        (RIGHT + 'context.at = "2026-01-01T00:00:00"', "policy-cases-malformed", "context.at"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_test_file_is_named_with_its_place(
    tmp_path: Path, broken: str, code: str, place: str
) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(broken, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        read_cases(file)
    assert caught.value.code == code
    assert place in caught.value.findings[0].message().en
    assert "broken.toml" in caught.value.findings[0].message().en


def test_a_folder_without_tests_is_no_folder_of_tests(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        read_cases(tmp_path)
    assert caught.value.code == "policy-cases-unreadable"
