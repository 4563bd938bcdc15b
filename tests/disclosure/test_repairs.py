"""Are repairs read as their file says and allowed by the policy only, and is noise by cell key what it promises?"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app import config
from app.disclosure.perturbation import KEYS, distribution, noise, thresholds
from app.disclosure.repairs import FILE, load_repairs
from app.domain.errors import Broken, Refusal
from app.domain.values import REPAIRS
from app.policy.decision import decide
from app.policy.rules import rule
from app.policy.snapshot import snapshot
from tests.policies.policy_world import AUTH, DATASETS, NOW, SOME_USES, STANDING, an_analysis

POLICIES = config.read({}).policies


@pytest.mark.parametrize(("largest", "variance"), [(1, 0.5), (5, 4.0), (5, 10.0), (2, 0.01), (20, 9.0)])
def test_noise_has_no_mean_the_variance_asked_for_and_a_bound(largest: int, variance: float) -> None:
    found = distribution(largest, variance)
    values = range(-largest, largest + 1)
    assert len(found) == len(values)
    assert sum(found) == pytest.approx(1)
    assert sum(p * d for p, d in zip(found, values, strict=True)) == pytest.approx(0, abs=1e-12)
    assert sum(p * d * d for p, d in zip(found, values, strict=True)) == pytest.approx(variance)
    assert all(p > 0 for p in found)


@pytest.mark.parametrize(("largest", "variance"), [(0, 1.0), (1, 0.7), (5, 10.1), (3, 0.0), (3, -1.0)])
def test_a_variance_that_cannot_be_is_an_error(largest: int, variance: float) -> None:
    with pytest.raises(ValueError, match="variance"):
        distribution(largest, variance)


def test_keys_spread_evenly_make_the_distribution() -> None:
    at, wanted = thresholds(5, 4.0), distribution(5, 4.0)
    assert (noise(0, at), noise(KEYS - 1, at)) == (-5, 5)
    step = KEYS // 100_000
    drawn = [noise(key, at) for key in range(0, KEYS, step)]
    for d, probability in zip(range(-5, 6), wanted, strict=True):
        assert drawn.count(d) / len(drawn) == pytest.approx(probability, abs=1e-4)


def test_the_numbers_of_the_file_are_read() -> None:
    found = load_repairs(POLICIES)
    assert tuple(found) == REPAIRS
    assert (found["round"].base, found["round"].noise) == (5, None)
    assert found["cell-key"].noise is not None
    assert found["cell-key"].noise.thresholds == thresholds(5, 4.0)


WRONG = {
    "a number is missing": ("base = 5", ""),
    "a number is a text": ("base = 5", 'base = "5"'),
    "a number is not whole": ("base = 5", "base = 5.5"),
    "a number is zero": ("largest = 5", "largest = 0"),
    "a truth is no number": ("largest = 5", "largest = true"),
    "a number is not known": ("base = 5", "base = 5\nbases = 5"),
    "a repair is not known": ("[round]", "[guess]\nbase = 1\n[round]"),
    "a repair is missing": ("[round]\nbase = 5", ""),
    "no noise has this variance": ("variance = 4.0", "variance = 40.0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_is_not_sound_is_refused(tmp_path: Path, case: str) -> None:
    shutil.copyfile(POLICIES / FILE, tmp_path / FILE)
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    old, new = WRONG[case]
    assert old in text
    (tmp_path / FILE).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(Broken) as caught:
        load_repairs(tmp_path)
    assert caught.value.code == "disclosure-repairs"


ASKED = an_analysis(("hw_incident", "road", "group"))
ANYTHING = {"subject": "*", "field": "*", "condition": ""}


@pytest.mark.parametrize(
    ("rules", "by"),
    [
        ((), "no-match-refuses"),
        ((("allow-all", "hw_incident", "repair:*", "allow"),), None),
        ((("allow-it", "*", "repair:cell-key", "allow"),), None),
        ((("allow-other", "*", "repair:round", "allow"),), "no-match-refuses"),
        ((("allow-it", "*", "repair:cell-key", "allow"), ("never", "hw_incident", "repair:*", "deny")), "never"),
    ],
    ids=str,
)
def test_a_repair_is_done_only_where_the_policy_allows_it(
    rules: tuple[tuple[str, str, str, str], ...], by: str | None
) -> None:
    more = [rule("here", {"id": i, "dataset": d, "use": u, "effect": e, **ANYTHING}) for i, d, u, e in rules]
    policy = snapshot(replace(STANDING, rules=(*STANDING.rules, *more)), {AUTH: SOME_USES}, DATASETS)
    assert decide(policy, AUTH, ASKED, NOW).decisions
    if by is None:
        done = [
            d for d in decide(policy, AUTH, ASKED, NOW, repair="cell-key").decisions if d.use.use.startswith("repair")
        ]
        assert [(d.use.dataset, d.use.field, d.rules) for d in done] == [("hw_incident", "*", (rules[0][0],))]
        return
    with pytest.raises(Refusal) as caught:
        decide(policy, AUTH, ASKED, NOW, repair="cell-key")
    assert [(f.code, f.dataset, f.rule) for f in caught.value.findings] == [("repair-not-allowed", "hw_incident", by)]
