"""Does an explanation name every rule that matches, those that decide, and those that nearly do?"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import Refusal
from app.policy.conditions import Context, canonical, holds, turns
from app.policy.explanation import explanation
from app.policy.grants import collect
from app.policy.rules import rule
from app.policy.snapshot import snapshot
from tests.policies.policy_world import AUTH, DATASETS, INCIDENT, NOW, SOME_USES, STANDING

POLICY = snapshot(STANDING, {AUTH: SOME_USES}, DATASETS)


def test_a_refusal_names_what_forbids_and_what_would_have_allowed() -> None:
    found = explanation(POLICY, AUTH, dataset=INCIDENT, field="plate", use="show", context=NOW).to_json()
    assert found["allowed"] is False
    assert [(r["id"], r["deciding"]) for r in found["rules"]] == [
        ("deny-identifier-show", True),
        ("deny-l3-show", True),
        ("auth-1/hw_incident.plate/show", False),
    ]
    assert found["why"]["en"].startswith("refused: forbidden by deny-identifier-show, deny-l3-show;")
    assert found["rules"][0]["says"]["en"] == "The value of an identifier never leaves."
    assert found["policy"] == POLICY.version


def test_a_permission_names_what_it_rests_on() -> None:
    found = explanation(POLICY, AUTH, dataset=INCIDENT, field="road", use="group", context=NOW)
    assert [r.id for r in found.answer.deciding] == ["auth-1/hw_incident.road/group"]
    assert "permitted by auth-1/hw_incident.road/group" in found.why.en


def test_where_nothing_matches_that_is_the_reason() -> None:
    found = explanation(POLICY, AUTH, dataset=INCIDENT, field="road", use="link", context=NOW)
    assert found.answer.deciding == ()
    assert "no-match-refuses" in found.why.en
    assert "no-match-refuses" in found.why.zh


def test_a_rule_whose_condition_does_not_hold_is_named_with_what_is_missing() -> None:
    uses = replace(SOME_USES, purpose="statistics")
    office = rule(
        "here",
        {
            "id": "deny-night",
            "subject": "*",
            "dataset": "*",
            "field": "level:L2",
            "use": "group",
            "condition": '{"hours":[0,6]}',
            "effect": "deny",
        },
    )
    policy = snapshot(replace(STANDING, rules=(*STANDING.rules, office)), {AUTH: uses}, DATASETS)
    found = explanation(policy, AUTH, dataset=INCIDENT, field="road", use="group", context=NOW)
    assert not found.answer.allowed
    assert [n.rule.id for n in found.nearly] == ["deny-night", "auth-1/hw_incident.road/group"]
    assert "0 – 6 o'clock" in found.nearly[0].why.en
    assert "purpose is statistics" in found.nearly[1].why.en
    assert found.to_json()["nearly"][1]["why"]["zh"].startswith("条件未满足")


def test_a_field_that_is_not_there_is_refused_as_such() -> None:
    with pytest.raises(Refusal) as caught:
        explanation(POLICY, AUTH, dataset=INCIDENT, field="rode", use="show", context=NOW)
    assert caught.value.code == "policy-no-such-field"


def test_rows_as_such_have_an_explanation_too() -> None:
    found = explanation(POLICY, AUTH, dataset=INCIDENT, field="*", use="aggregate:count", context=NOW)
    assert found.answer.allowed
    nothing = snapshot(STANDING, {AUTH: collect([])}, DATASETS)
    assert not explanation(nothing, AUTH, dataset=INCIDENT, field="*", use="aggregate:count", context=NOW).nearly


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", []),
        ('{"purpose":["a"]}', []),
        ('{"before":"2026-11-23T10:00:00+08:00"}', []),
        ('{"before":"2026-11-24T10:00:00+08:00"}', [datetime(2026, 11, 24, 2, tzinfo=UTC)]),
        ('{"hours":[8,20]}', [datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 24, 0, tzinfo=UTC)]),
        ('{"hours":[10,24]}', [datetime(2026, 11, 23, 16, tzinfo=UTC), datetime(2026, 11, 24, 2, tzinfo=UTC)]),
    ],
)
def test_the_moments_at_which_a_condition_turns(condition: str, expected: list[datetime]) -> None:
    assert sorted(turns(canonical(condition, ""), NOW.now)) == expected


def test_between_its_turns_a_condition_does_not_change() -> None:
    condition = canonical('{"hours":[8,20],"from":"2026-11-23T18:00:00+08:00"}', "")
    moments = sorted({NOW.now, *turns(condition, NOW.now)})
    for begin, end in itertools.pairwise(moments):
        inside = {
            holds(condition, "deny", Context(now=begin + (end - begin) * k / 10 - timedelta(seconds=k and 1)))
            for k in range(10)
        }
        assert len(inside) == 1
