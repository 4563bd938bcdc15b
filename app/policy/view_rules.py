"""What is a rule about rows and masks? What an authorization does not see of a data set, as validated data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from app.domain.errors import Finding, Invalid
from app.domain.values import Bilingual, Level
from app.policy.conditions import canonical
from sandbox.protocol import FILTER_TESTS, MASK_KINDS

ANYBODY, ANYTHING = "*", "*"
PERIOD, REGION = BOUNDS = ("period", "region")
"""What an authorization can bound rows by: from when until when it is valid, and its regions."""

_ID = re.compile(r"[^\s,]+")
_DATASET = re.compile(r"\*|kind:public|(provider:)?[^\s:*]+")
_FIELD = re.compile(r"level:L[1-4]|name:.+")
_ARGUMENTS = {"band": re.compile(r"(?=.*[1-9])\d{1,9}(\.\d{1,6})?"), "prefix": re.compile(r"[1-9]\d{0,2}")}
_VALUES = {"in": (1, 1000), "is-null": (0, 0), "is-not-null": (0, 0)}
"""How many values a test takes; any other one."""


@dataclass(frozen=True, kw_only=True)
class RowRule:
    """Only rows are seen whose `column` meets `test` with `values` (see `sandbox.protocol.Filter`).

    With `within` "period": only rows of days on which the authorization is valid; with "region": only rows of its
    regions; then there is no test.
    """

    id: str
    subject: str
    dataset: str
    column: str
    test: str
    values: tuple[str, ...]
    within: str
    condition: str
    text: Bilingual

    def cells(self) -> dict[str, Any]:
        """The rule as the file has it, without its sentences."""
        asked: dict[str, Any] = {"within": self.within} if self.within else {"test": self.test}
        if self.values:
            asked["values"] = list(self.values)
        return _scope(self) | {"column": self.column} | asked


@dataclass(frozen=True, kw_only=True)
class MaskRule:
    """Of `field` ("name:FIELD" or "level:L1" … "level:L4") is seen what the mask leaves, which is of `level`.

    `kind` and `argument` are those of `sandbox.protocol.Mask`, but a pseudonym's key, which no file holds.
    """

    id: str
    subject: str
    dataset: str
    field: str
    kind: str
    argument: str
    level: Level
    condition: str
    text: Bilingual

    def cells(self) -> dict[str, Any]:
        """The rule as the file has it, without its sentences."""
        given = {"argument": self.argument} if self.argument else {}
        return _scope(self) | {"field": self.field, "kind": self.kind} | given | {"level": self.level.value}


ViewRule = RowRule | MaskRule


@dataclass(frozen=True, kw_only=True)
class Views:
    """The rules about rows and masks of one policy."""

    rows: tuple[RowRule, ...] = ()
    masks: tuple[MaskRule, ...] = ()

    def __iter__(self) -> Iterator[ViewRule]:
        """Every rule, those about rows first."""
        return chain(self.rows, self.masks)

    def content(self) -> dict[str, list[dict[str, Any]]]:
        """The rules as the file has them; empty where there is none."""
        tables: dict[str, tuple[ViewRule, ...]] = {"rows": self.rows, "mask": self.masks}
        told = {name: [_told(r) for r in found] for name, found in tables.items()}
        return {name: rules for name, rules in told.items() if rules}


NO_VIEWS = Views()


def _scope(of: ViewRule) -> dict[str, Any]:
    condition = {"condition": of.condition} if of.condition else {}
    return {"id": of.id, "subject": of.subject, "dataset": of.dataset} | condition


def _told(of: ViewRule) -> dict[str, Any]:
    return of.cells() | {"zh": of.text.zh, "en": of.text.en}


# -- reading


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _matching(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _one_of(names: tuple[str, ...]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in names


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and "\0" not in v for v in value)


_Allowed = dict[str, tuple[str, Callable[[object], bool]]]
_BOTH: _Allowed = {
    "id": ("a name without spaces", _matching(_ID)),
    "subject": ("an authorization or *", _matching(_ID)),
    "dataset": ("a data set, provider:CODE, kind:public or *", _matching(_DATASET)),
    "condition": ("a JSON object of predicates, as text", lambda v: isinstance(v, str)),
    "zh": ("a sentence", _text),
    "en": ("a sentence", _text),
}
_ROWS: _Allowed = _BOTH | {
    "column": ("the name of a field", _text),
    "test": (", ".join(FILTER_TESTS), _one_of(FILTER_TESTS)),
    "values": ("a list of texts", _texts),
    "within": (", ".join(BOUNDS), _one_of(BOUNDS)),
}
_MASK: _Allowed = _BOTH | {
    "field": ("name:FIELD or level:L1 … level:L4; identifiers are references and take no mask", _matching(_FIELD)),
    "kind": (", ".join(MASK_KINDS), _one_of(MASK_KINDS)),
    "argument": ("the width of a band, or the length of a prefix", lambda v: isinstance(v, str)),
    "level": ("L1, L2, L3 or L4", _one_of(tuple(Level))),
}
_OPTIONAL = {"subject": ANYBODY, "condition": "", "values": [], "test": "", "within": "", "argument": ""}
"""What may be left out, and what it is then."""


def row_rule(place: str, told: Mapping[str, Any]) -> RowRule:
    """The rule in a `[[rows]]` table; raises Invalid("policy-rule-value") with a finding for every wrong key."""
    given, findings = _read(place, told, _ROWS)
    if not findings:
        findings = _asks_once(place, given)
    if findings:
        raise Invalid(findings[0], *findings[1:])
    return RowRule(
        **_common(given), **{k: given[k] for k in ("column", "test", "within")}, values=tuple(given["values"])
    )


def mask_rule(place: str, told: Mapping[str, Any]) -> MaskRule:
    """The rule in a `[[mask]]` table; raises Invalid("policy-rule-value") with a finding for every wrong key."""
    given, findings = _read(place, told, _MASK)
    if not findings:
        pattern, argument = _ARGUMENTS.get(given["kind"]), given["argument"]
        if not (pattern.fullmatch(argument) if pattern else not argument):
            findings = [_wrong(place, "argument", argument, f"{_MASK['argument'][0]}; nothing for any other kind")]
    if findings:
        raise Invalid(findings[0], *findings[1:])
    return MaskRule(
        **_common(given), **{k: given[k] for k in ("field", "kind", "argument")}, level=Level(given["level"])
    )


def views_of(content: Mapping[str, Any], place: str) -> Views:
    """The rules that `Views.content` told, each checked anew; raises Invalid("policy-rule-value")."""
    return Views(
        rows=tuple(row_rule(place, told) for told in content.get("rows", ())),
        masks=tuple(mask_rule(place, told) for told in content.get("mask", ())),
    )


def _read(place: str, told: Mapping[str, Any], allowed: _Allowed) -> tuple[dict[str, Any], list[Finding]]:
    """What a table says with what it leaves out, its condition canonical, and all that is wrong with it."""
    findings = [_wrong(place, key, told[key], ", ".join(allowed)) for key in told if key not in allowed]
    missing = [key for key in allowed if key not in told and key not in _OPTIONAL]
    findings += [_wrong(place, key, "-", allowed[key][0]) for key in missing]
    present = [key for key in allowed if key in told]
    findings += [_wrong(place, key, told[key], allowed[key][0]) for key in present if not allowed[key][1](told[key])]
    given = {key: told.get(key, _OPTIONAL.get(key)) for key in allowed}
    try:
        given["condition"] = canonical(str(given["condition"]), place)
    except Invalid as error:
        findings += error.findings
    return given, findings


def _asks_once(place: str, given: Mapping[str, Any]) -> list[Finding]:
    """Whether a rule about rows has a test with its values, or a bound of the authorization, and not both."""
    if bool(given["test"]) == bool(given["within"]):
        return [_wrong(place, "test", given["test"] or "-", "a test, or within, and not both")]
    least, most = (0, 0) if given["within"] else _VALUES.get(given["test"], (1, 1))
    if not least <= len(given["values"]) <= most:
        return [_wrong(place, "values", given["values"], f"{least} to {most} values")]
    return []


def _common(given: Mapping[str, Any]) -> dict[str, Any]:
    text = Bilingual(zh=given["zh"], en=given["en"])
    return {key: given[key] for key in ("id", "subject", "dataset", "condition")} | {"text": text}


def _wrong(place: str, key: str, value: object, allowed: str) -> Finding:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    params = (("place", place), ("column", key), ("value", shown), ("allowed", allowed))
    return Finding(code="policy-rule-value", params=params)
