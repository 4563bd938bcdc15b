"""What does a rule say in plain words? One sentence in Chinese and English, put together from `words.toml`."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from app.domain.values import Bilingual
from app.policy.rules import Rule
from app.policy.view_rules import MaskRule, RowRule, ViewRule


def sentence(rule: Rule | ViewRule) -> Bilingual:
    """The whole rule, e.g. "forbids every authorization to use L3 fields of any data set for …"."""
    if isinstance(rule, RowRule):
        test = label(rule.within) if rule.within else Bilingual(**dict.fromkeys(("zh", "en"), _test(rule)))
        return _filled_in(
            _words()["view"]["rows"], rule, {"column": phrase("field", f"name:{rule.column}"), "test": test}
        )
    if isinstance(rule, MaskRule):
        kind = label(f"mask_{rule.kind}", x=rule.argument)
        level = Bilingual(zh=rule.level, en=rule.level)
        return _filled_in(
            _words()["view"]["mask"], rule, {"field": phrase("field", rule.field), "kind": kind, "level": level}
        )
    parts = {column: phrase(column, getattr(rule, column)) for column in ("subject", "dataset", "field", "use")}
    parts["condition"] = _conditions(rule.condition)
    whole = _words()["sentence"][rule.effect]
    zh = whole["zh"].format_map({name: text.zh for name, text in parts.items()})
    en = whole["en"].format_map({name: text.en for name, text in parts.items()})
    return Bilingual(zh=" ".join(zh.split()), en=en)


def _test(rule: RowRule) -> str:
    return " ".join((rule.test, ", ".join(rule.values))).strip()


def _filled_in(whole: dict[str, str], rule: ViewRule, parts: dict[str, Bilingual]) -> Bilingual:
    parts |= {"subject": phrase("subject", rule.subject), "dataset": phrase("dataset", rule.dataset)}
    parts["condition"] = _conditions(rule.condition)
    zh = whole["zh"].format_map({name: text.zh for name, text in parts.items()})
    return Bilingual(zh=" ".join(zh.split()), en=whole["en"].format_map({n: text.en for n, text in parts.items()}))


def phrase(column: str, value: str) -> Bilingual:
    """What `value` means in a rule's `column` ("subject", "dataset", "field", "use")."""
    words = _words()[column]
    family, colon, rest = value.partition(":")
    if value in words:
        return Bilingual(**words[value])
    if f"{family}:" in words and colon:
        return _filled(words[f"{family}:"], rest)
    return _filled(words["x"], value) if "x" in words else Bilingual(zh=value, en=value)


def predicate(name: str, value: Any) -> Bilingual:  # noqa: ANN401 — as JSON holds it
    """What one predicate of a condition says."""
    shown = value
    if isinstance(value, list):
        shown = (" – " if name == "hours" else ", ").join(str(v) for v in value)
    return _filled(_words()["condition"][name], str(shown))


def reason(kind: str, **values: str) -> Bilingual:
    """Why a use is permitted or not: the sentence `kind` of the table `why`, with `values` filled in."""
    text = _words()["why"][kind]
    return Bilingual(zh=text["zh"].format_map(values), en=text["en"].format_map(values))


def label(name: str, **values: object) -> Bilingual:
    """A word that stands beside rules in a listing, with `values` filled in."""
    text = _words()["label"][name]
    return Bilingual(zh=text["zh"].format_map(values), en=text["en"].format_map(values))


def _conditions(condition: str) -> Bilingual:
    if not condition:
        return Bilingual(zh="", en="")
    said = [predicate(name, value) for name, value in json.loads(condition).items()]
    zh, en = "；".join(s.zh for s in said), ", ".join(s.en for s in said)
    return Bilingual(zh=f"（仅限：{zh}）", en=f", {en}")


def _filled(text: dict[str, str], value: str) -> Bilingual:
    return Bilingual(zh=text["zh"].replace("{x}", value), en=text["en"].replace("{x}", value))


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files("app.policy").joinpath("words.toml").read_text(encoding="utf-8"))
