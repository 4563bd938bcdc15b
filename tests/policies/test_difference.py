"""Is the difference of two policies told rule by rule, in words that say what changed?"""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import replace
from importlib.resources import files

from app.domain.values import Bilingual
from app.policy.difference import Direction, Kind, difference
from app.policy.rules import COLUMNS, Effect, Rule, rule
from app.policy.words import phrase, predicate, reason, sentence
from tests.policies.policy_world import STANDING


def a_rule(**cells: str) -> Rule:
    right = {"id": "r", "subject": "*", "dataset": "*", "field": "*", "use": "*", "condition": "", "effect": "deny"}
    return rule("here", right | cells)


def test_a_policy_does_not_differ_from_itself() -> None:
    assert difference(STANDING, STANDING) == ()
    assert difference(STANDING, replace(STANDING, rules=STANDING.rules[::-1])) == ()


def test_every_kind_of_change_is_named_with_its_direction() -> None:
    first, second, third, *rest = STANDING.rules
    new = a_rule(id="deny-new", field="level:L1", use="show")
    loose = a_rule(id="allow-new", field="level:L1", use="show", effect="allow")
    changed = replace(second, use="link")
    texts = {**STANDING.texts, "deny-new": Bilingual(zh="新", en="new"), third.id: Bilingual(zh="改", en="other words")}
    after = replace(STANDING, rules=(changed, third, *rest, new, loose), texts=texts)
    found = {c.id: c for c in difference(STANDING, after)}
    assert {name: (c.kind, c.direction) for name, c in found.items()} == {
        second.id: (Kind.CHANGED, Direction.EITHER),
        third.id: (Kind.REWORDED, Direction.SAME),
        "deny-new": (Kind.ADDED, Direction.STRICTER),
        "allow-new": (Kind.ADDED, Direction.LOOSER),
        first.id: (Kind.REMOVED, Direction.LOOSER),
    }
    assert found[second.id].columns == ("use",)
    assert found[third.id].text == Bilingual(zh="改", en="other words")
    allow = next(r for r in STANDING.rules if r.effect is Effect.ALLOW)
    fewer = replace(STANDING, rules=tuple(r for r in STANDING.rules if r != allow))
    assert [c.direction for c in difference(STANDING, fewer)] == [Direction.STRICTER]


def test_a_change_is_plain_data_with_both_rules_in_words() -> None:
    after = replace(STANDING, rules=(replace(STANDING.rules[0], use="link"), *STANDING.rules[1:]))
    (change,) = difference(STANDING, after)
    told = change.to_json()
    assert (told["change"], told["columns"]) == ("changed", ["use"])
    assert "leaving row by row (show)" in told["before"]["en"]
    assert "linking" in told["after"]["en"]
    assert "关联" in told["after"]["zh"]
    assert told["after"]["use"] == "link"


def test_a_rule_reads_as_one_sentence_in_both_languages() -> None:
    told = sentence(
        a_rule(
            subject="auth-1",
            dataset="provider:hz-highway",
            field="level:L3",
            use="aggregate:sum",
            condition='{"hours": [8, 20], "purpose": ["statistics", "audit"]}',
        )
    )
    assert told.en == (
        "forbids authorization auth-1 to use L3 fields of the data sets of provider hz-highway for "
        "the aggregate sum (aggregate:sum), between 8 – 20 o'clock, China Standard Time, "
        "where the purpose is statistics, audit"
    )
    assert told.zh == (
        "禁止授权 auth-1 将单位 hz-highway 的数据集的 L3 字段用于汇总 sum（aggregate:sum）"
        "（仅限：每日 8 – 20 时（北京时间）；目的为 statistics, audit）"
    )


def test_every_word_that_a_rule_can_hold_has_words_of_its_own() -> None:
    values = {
        "subject": ("*", "auth-1"),
        "dataset": ("*", "kind:public", "kind:enterprise", "provider:x", "hw_incident"),
        "field": ("*", *(f"level:L{n}" for n in range(1, 5)), "identifier", "in:units", "in:rows", "enterprise"),
        "use": ("*", "show", "group", "extreme", "filter:eq", "filter:range", "filter:*", "link", "aggregate:avg"),
    }
    for column, cells in values.items():
        said = [phrase(column, value) for value in cells]
        assert len({s.en for s in said}) == len({s.zh for s in said}) == len(cells)
        assert all(s.zh != s.en for s in said)
    for name in ("from", "before", "hours", "purpose", "product", "level"):
        assert predicate(name, ["a"]).zh != predicate(name, ["a"]).en
    assert reason("denied", rules="r").en.startswith("refused")


def test_words_have_both_languages_and_name_the_same_things() -> None:
    words = tomllib.loads(files("app.policy").joinpath("words.toml").read_text(encoding="utf-8"))
    for text in itertools.chain.from_iterable(table.values() for table in words.values()):
        assert set(text) == {"zh", "en"}
        assert {w for w in COLUMNS if f"{{{w}}}" in text["zh"]} == {w for w in COLUMNS if f"{{{w}}}" in text["en"]}
        assert ("{x}" in text["zh"]) == ("{x}" in text["en"])
