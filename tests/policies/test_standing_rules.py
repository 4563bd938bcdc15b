"""Do the standing rules say what the default egress rules say?"""

from __future__ import annotations

import pytest

from app.domain.values import USE_KINDS
from app.policy.decision import explain, standing_uses
from app.policy.grants import collect
from app.policy.snapshot import snapshot
from tests.policies.policy_world import AUTH, DATASETS, INCIDENT, NOW, STANDING, TOW, WEATHER

AGGREGATES = ("aggregate:*", "aggregate:count", "aggregate:median")
EVERYTHING = {*USE_KINDS, *AGGREGATES}
FORBIDDEN = {
    ("hw_incident", "plate"): {"show", "group", "extreme", "filter:eq", "filter:range", *AGGREGATES},
    ("hw_incident", "diagnosis"): {"show", "group", "extreme"},
    ("hw_incident", "fee"): {"show", "extreme"},
    ("hw_incident", "enterprise"): {"show", "extreme"},
    ("hw_incident", "road"): {"show"},
    ("hw_incident", "kind"): set(),
    ("hw_incident", "identifier"): set(),
    ("weather_hourly", "hour"): set(),
    ("weather_hourly", "station"): set(),
    ("tow_station", "station"): set(),
    ("tow_station", "owner"): {"show", "group", "extreme", "filter:eq", "filter:range", *AGGREGATES},
}
EVERY_USE = collect((d.name, f.name, u) for d in DATASETS for f in d.fields for u in EVERYTHING)


@pytest.mark.parametrize("place", FORBIDDEN, ids=".".join)
def test_a_field_whose_every_use_is_granted_keeps_what_its_level_allows(place: tuple[str, str]) -> None:
    policy = snapshot(STANDING, {AUTH: EVERY_USE}, DATASETS)
    dataset = next(d for d in DATASETS if d.name == place[0])
    for use in EVERYTHING:
        answer = explain(policy, AUTH, dataset=dataset, field=place[1], use=use, context=NOW)
        assert answer.allowed == (use not in FORBIDDEN[place]), use


def test_nothing_of_public_data_is_allowed_without_a_grant_and_everything_of_ones_own_is() -> None:
    policy = snapshot(STANDING, {AUTH: collect([])}, DATASETS)
    for dataset in DATASETS:
        for field in dataset.fields:
            answer = explain(policy, AUTH, dataset=dataset, field=field.name, use="link", context=NOW)
            assert answer.allowed == (dataset is TOW)


def test_a_field_called_like_a_class_is_not_in_that_class() -> None:
    policy = snapshot(STANDING, {AUTH: collect([])}, DATASETS)
    assert not explain(policy, AUTH, dataset=INCIDENT, field="enterprise", use="link", context=NOW).allowed


def test_the_uses_of_a_trial_are_those_that_no_standing_rule_forbids() -> None:
    uses = standing_uses(STANDING, DATASETS, NOW)
    assert uses.fields["hw_incident"]["plate"] == ("link",)
    assert set(uses.fields["hw_incident"]["fee"]) == {"aggregate:*", "filter:eq", "filter:range", "group", "link"}
    assert uses.fields["hw_incident"]["*"] == ("aggregate:count",)
    assert "show" in uses.fields["weather_hourly"]["station"]
    policy = snapshot(STANDING, {AUTH: uses}, DATASETS)
    for dataset, name, use in uses:
        of = next(d for d in DATASETS if d.name == dataset)
        assert explain(policy, AUTH, dataset=of, field=name, use=use, context=NOW).allowed


def test_every_rule_explains_itself_in_both_languages() -> None:
    assert {r.id for r in STANDING.rules} == set(STANDING.texts)
    assert all(t.zh and t.en for t in STANDING.texts.values())


def test_an_l2_field_leaves_row_by_row_only_where_no_subject_is_protected() -> None:
    policy = snapshot(STANDING, {AUTH: EVERY_USE}, DATASETS)
    refused = explain(policy, AUTH, dataset=INCIDENT, field="road", use="show", context=NOW)
    assert [r.id for r in refused.denying] == ["deny-l2-rows"]
    assert explain(policy, AUTH, dataset=WEATHER, field="station", use="show", context=NOW).allowed
