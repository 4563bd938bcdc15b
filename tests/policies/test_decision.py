"""Does a decision name everything that is wrong, where, by which rule, and what would help?"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain.errors import Broken, Invalid, Refusal, Unavailable
from app.domain.values import Level, Position
from app.policy import enforcement
from app.policy.conditions import Context, canonical, holds
from app.policy.decision import decide, explain, smallest_application
from app.policy.grants import Uses, collect
from app.policy.rules import Standing, rule
from app.policy.snapshot import snapshot
from tests.policies.policy_world import (
    AUTH,
    DATASETS,
    INCIDENT,
    NOW,
    SOME_USES,
    STANDING,
    an_analysis,
)

POLICY = snapshot(STANDING, {AUTH: SOME_USES}, DATASETS)


def test_every_refused_use_is_named_with_its_place_and_rule() -> None:
    asked = an_analysis(
        ("hw_incident", "fee", "show"),
        ("hw_incident", "road", "group"),
        ("hw_incident", "road", "filter:range"),
        ("hw_incident", "plate", "filter:eq"),
    )
    with pytest.raises(Refusal) as caught:
        decide(POLICY, AUTH, asked, NOW)
    found = [(f.code, f.field, f.use, f.position, f.rule) for f in caught.value.findings]
    assert found == [
        ("use-denied", "fee", "show", Position(line=1, column=8), "deny-l3-show"),
        ("use-not-granted", "road", "filter:range", Position(line=3, column=8), "no-match-refuses"),
        ("use-denied", "plate", "filter:eq", Position(line=4, column=8), "deny-identifier-filter"),
    ]
    for finding in caught.value.findings:
        assert str(finding.field) in finding.message().en
        assert finding.message().zh
        assert finding.remedy().en


def test_a_granted_analysis_keeps_every_rule_behind_each_use() -> None:
    asked = an_analysis(("hw_incident", "road", "group"), ("hw_incident", "fee", "aggregate:sum"))
    grant = decide(POLICY, AUTH, asked, NOW)
    assert grant.policy_version == POLICY.version
    assert [d.rules for d in grant.decisions] == [
        ("auth-1/hw_incident.road/group",),
        ("auth-1/hw_incident.fee/aggregate:*",),
    ]


def test_a_deny_overrides_a_grant_and_the_explanation_names_both() -> None:
    answer = explain(POLICY, AUTH, dataset=INCIDENT, field="plate", use="show", context=NOW)
    assert not answer.allowed
    assert [r.id for r in answer.rules] == [
        "deny-identifier-show",
        "deny-l3-show",
        "auth-1/hw_incident.plate/show",
    ]


def test_reading_a_data_set_without_using_a_field_needs_the_count_of_its_rows() -> None:
    only = (INCIDENT,)
    assert decide(POLICY, AUTH, an_analysis(datasets=only), NOW).decisions[0].use.field == "*"
    without = snapshot(STANDING, {AUTH: collect([("hw_incident", "road", "group")])}, only)
    with pytest.raises(Refusal) as caught:
        decide(without, AUTH, an_analysis(datasets=only), NOW)
    assert [(f.code, f.field, f.use) for f in caught.value.findings] == [("use-not-granted", "*", "aggregate:count")]
    uses, hopeless = smallest_application(without, AUTH, an_analysis(datasets=only), NOW)
    assert uses.to_document() == {"uses": {"hw_incident": {"*": ["aggregate:count"]}}}
    assert hopeless == ()


def test_the_smallest_application_makes_the_query_pass_and_no_part_of_it_can_be_left_out() -> None:
    asked = an_analysis(
        ("hw_incident", "road", "group"),
        ("hw_incident", "kind", "filter:eq"),
        ("hw_incident", "diagnosis", "aggregate:avg"),
        ("weather_hourly", "hour", "link"),
    )
    uses, hopeless = smallest_application(POLICY, AUTH, asked, NOW)
    assert not hopeless
    every = [*SOME_USES, *uses]
    decide(snapshot(STANDING, {AUTH: collect(every)}, DATASETS), AUTH, asked, NOW)
    for part in uses:
        less = collect(u for u in every if u != part)
        with pytest.raises(Refusal):
            decide(snapshot(STANDING, {AUTH: less}, DATASETS), AUTH, asked, NOW)


def test_what_a_standing_rule_forbids_is_not_applied_for() -> None:
    asked = an_analysis(("hw_incident", "plate", "group"), ("hw_incident", "kind", "group"))
    uses, hopeless = smallest_application(POLICY, AUTH, asked, NOW)
    assert list(uses) == [("hw_incident", "kind", "group")]
    assert [(u.field, u.use) for u in hopeless] == [("plate", "group")]


def test_an_authorization_that_the_policy_does_not_know_gets_nothing() -> None:
    with pytest.raises(Refusal) as caught:
        decide(POLICY, "auth-2", an_analysis(("tow_station", "station", "show")), NOW)
    assert caught.value.code == "policy-unknown-authorization"


def test_a_data_set_that_changed_since_is_not_decided_by_the_old_policy() -> None:
    stricter = replace(INCIDENT, fields=tuple(replace(f, level=Level.L4) for f in INCIDENT.fields))
    with pytest.raises(Unavailable) as caught:
        decide(POLICY, AUTH, an_analysis(("hw_incident", "road", "group"), datasets=(stricter,)), NOW)
    assert caught.value.code == "policy-stale"


def test_a_field_that_the_data_set_does_not_have_is_never_decided() -> None:
    with pytest.raises(Broken) as caught:
        decide(POLICY, AUTH, an_analysis(("hw_incident", "nothing", "group")), NOW)
    assert caught.value.code == "policy-unknown-field"


def test_an_empty_policy_refuses() -> None:
    empty = snapshot(Standing(model=STANDING.model, rules=(), texts={}), {AUTH: collect([])}, DATASETS)
    with pytest.raises(Refusal) as caught:
        decide(empty, AUTH, an_analysis(("hw_incident", "kind", "show")), NOW)
    assert caught.value.code == "use-not-granted"


def test_the_version_changes_with_a_rule_a_level_and_a_grant_and_with_nothing_else() -> None:
    again = snapshot(STANDING, {AUTH: SOME_USES}, reversed(DATASETS))
    assert again.version == POLICY.version
    fewer = replace(STANDING, rules=STANDING.rules[1:])
    level = replace(INCIDENT, fields=tuple(replace(f, level=Level.L4) for f in INCIDENT.fields))
    others = {
        snapshot(fewer, {AUTH: SOME_USES}, DATASETS).version,
        snapshot(STANDING, {AUTH: SOME_USES}, (level, *DATASETS[1:])).version,
        snapshot(STANDING, {AUTH: collect([*SOME_USES, ("hw_incident", "kind", "show")])}, DATASETS).version,
        POLICY.version,
    }
    assert len(others) == 4


def test_a_grant_with_a_term_and_a_purpose_holds_only_then_and_for_that() -> None:
    term = '{"before": "2027-01-01T00:00:00+08:00"}'
    uses = replace(SOME_USES, purpose="statistics", condition=term)
    policy = snapshot(STANDING, {AUTH: uses}, DATASETS)
    asked = an_analysis(("hw_incident", "road", "group"))
    right = replace(NOW, purpose="statistics")
    decide(policy, AUTH, asked, right)
    late = replace(right, now=datetime(2026, 12, 31, 16, 0, tzinfo=UTC))
    for wrong in (NOW, replace(NOW, purpose="marketing"), late):
        with pytest.raises(Refusal):
            decide(policy, AUTH, asked, wrong)


def test_many_threads_get_the_same_answers() -> None:
    enforcement._parsed.clear()
    policy = snapshot(STANDING, {f"a{n}": SOME_USES for n in range(4)}, DATASETS)
    cases = [(f"a{n}", f.name, use) for n in range(4) for f in INCIDENT.fields for use in ("show", "group", "link")]
    wanted = [explain(POLICY, AUTH, dataset=INCIDENT, field=f, use=u, context=NOW).allowed for _, f, u in cases]
    wrong: list[object] = []

    def ask() -> None:
        got = [explain(policy, a, dataset=INCIDENT, field=f, use=u, context=NOW).allowed for a, f, u in cases]
        if got != wanted:
            wrong.append(got)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "cells",
    [
        {"effect": "DENY"},
        {"use": "look"},
        {"field": "level:L5"},
        {"field": "road"},
        {"field": "theme:roads"},
        {"dataset": "theme:x y"},
        {"subject": ""},
        {"condition": '{"weather": "fine"}'},
        {"condition": '{"before": "2027-01-01"}'},
        {"condition": '{"hours": [20, 8]}'},
        {"condition": '{"level": "L3"}'},
        {"condition": '{"product": ["map"]}'},
        {"condition": "[]"},
        {"condition": "now"},
    ],
    ids=str,
)
def test_a_rule_with_an_unknown_word_is_refused_on_writing(cells: dict[str, str]) -> None:
    right = {"id": "r", "subject": "*", "dataset": "*", "field": "*", "use": "*", "condition": "", "effect": "deny"}
    assert rule("here", right).id == "r"
    with pytest.raises(Invalid) as caught:
        rule("here", right | cells)
    assert caught.value.code == "policy-rule-value"


def test_two_rules_with_one_id_are_refused() -> None:
    twice = Standing(model=STANDING.model, rules=(*STANDING.rules, STANDING.rules[0]), texts=STANDING.texts)
    with pytest.raises(Invalid) as caught:
        snapshot(twice, {}, DATASETS)
    assert caught.value.code == "policy-rule-twice"


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ('{"before": "2026-11-23T10:00:00+08:00"}', NOW, False),
        ('{"before": "2026-11-23T10:00:01+08:00"}', NOW, True),
        ('{"from": "2026-11-23T10:00:00+08:00"}', NOW, True),
        ('{"hours": [10, 18]}', NOW, True),
        ('{"hours": [0, 10]}', NOW, False),
        ('{"purpose": ["a", "b"]}', replace(NOW, purpose="b"), True),
        ('{"product": ["report"]}', replace(NOW, product="model"), False),
        ('{"level": ["L3"], "hours": [10, 18]}', replace(NOW, level=Level.L3), True),
    ],
)
def test_predicates_read_the_context(condition: str, context: Context, expected: bool) -> None:
    text = canonical(condition, "here")
    assert holds(text, "allow", context) is expected
    assert holds(text, "deny", context) is expected


def test_where_the_context_is_silent_a_deny_holds_and_an_allow_does_not() -> None:
    assert holds('{"purpose":["a"]}', "deny", NOW)
    assert not holds('{"purpose":["a"]}', "allow", NOW)


def test_uses_know_their_own_text() -> None:
    uses = Uses(fields={"a": {"*": ("show",), "b-c": ("link", "group")}}, purpose='say "x"')
    assert uses.to_toml() == 'purpose = "say \\"x\\""\n\n[uses.a]\n"*" = ["show"]\nb-c = ["link", "group"]\n'


@pytest.mark.parametrize(("theme", "denied"), [("3/06", True), ("3/06/001", True), ("3/07", False), ("3/0", False)])
def test_a_rule_may_speak_of_every_field_of_a_theme(theme: str, denied: bool) -> None:
    anything = {"subject": "*", "dataset": "*", "use": "*", "condition": ""}
    told = rule("here", {"id": "no-theme", "field": f"theme:{theme}", "effect": "deny", **anything})
    policy = snapshot(replace(STANDING, rules=(*STANDING.rules, told)), {AUTH: SOME_USES}, DATASETS)
    answer = explain(policy, AUTH, dataset=INCIDENT, field="road", use="group", context=NOW)
    assert answer.allowed is not denied
    assert ("no-theme" in [r.id for r in answer.rules]) is denied
