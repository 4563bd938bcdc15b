"""What are the rules of the use policy? Validated rows: who may use which fields how, when, and who may not."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from app.domain.errors import Invalid
from app.domain.values import Bilingual, is_use
from app.policy.conditions import canonical

ANY = "*"
COLUMNS = ("id", "subject", "dataset", "field", "use", "condition", "effect")
NO_MATCH = "no-match-refuses"
"""The rule named when nothing allows a use."""

_CLASS = re.compile(r"level:L[1-4]|identifier|enterprise|in:units|in:rows|name:.+")
_DATASET = re.compile(r"(provider:|kind:)?[^\s:*]+")
_ID = re.compile(r"[^\s,]+")


class Effect(StrEnum):
    """Whether a rule permits or forbids."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row of the policy; policies/use/model.conf says what each column may hold. `condition` is canonical."""

    id: str
    subject: str
    dataset: str
    field: str
    use: str
    condition: str
    effect: Effect

    def row(self) -> list[str]:
        """The rule as Casbin reads it, in the order of `COLUMNS`."""
        return [self.id, self.subject, self.dataset, self.field, self.use, self.condition, str(self.effect)]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The Casbin model, the rules that hold for every authorization, and what they say to people."""

    model: str
    rules: tuple[Rule, ...]
    texts: Mapping[str, Bilingual]


def covers(granted: str, asked: str) -> bool:
    """Whether a rule about the use `granted` speaks about the use `asked`: equal, "*", or "aggregate:*"."""
    if granted in (ANY, asked):
        return True
    return granted.endswith(":*") and asked.startswith(granted[:-1])


_ALLOWED: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "id": ("a name without spaces", lambda v: _ID.fullmatch(v) is not None),
    "subject": ("an authorization or *", lambda v: _ID.fullmatch(v) is not None),
    "dataset": (
        "a data set, provider:CODE, kind:public, kind:enterprise or *",
        lambda v: v == ANY or _DATASET.fullmatch(v) is not None,
    ),
    "field": (
        "name:FIELD, level:L1 … level:L4, identifier, in:units, in:rows, enterprise or *",
        lambda v: v == ANY or _CLASS.fullmatch(v) is not None,
    ),
    "use": (
        "show, group, extreme, filter:eq, filter:range, link, aggregate:FUNCTION, aggregate:*, filter:* or *",
        lambda v: v in (ANY, "filter:*") or is_use(v),
    ),
    "effect": ("allow or deny", lambda v: v in tuple(Effect)),
}
"""Column → what it may hold, and the check."""


def rule(place: str, cells: Mapping[str, str]) -> Rule:
    """The rule in `cells` (every name of `COLUMNS`).

    Raises Invalid("policy-rule-value") naming `place`, the column, its value and what is allowed.
    """
    for column, (allowed, check) in _ALLOWED.items():
        if not check(cells[column]):
            raise Invalid("policy-rule-value", place=place, column=column, value=cells[column], allowed=allowed)
    values = {c: cells[c] for c in ("id", "subject", "dataset", "field", "use")}
    return Rule(**values, condition=canonical(cells["condition"], place), effect=Effect(cells["effect"]))


def unique(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules as they are; raises Invalid("policy-rule-twice") when two have one id."""
    found: dict[str, Rule] = {}
    for each in rules:
        if each.id in found:
            raise Invalid("policy-rule-twice", rule=each.id)
        found[each.id] = each
    return tuple(found.values())


def load_standing(policies: Path) -> Standing:
    """The standing rules in `policies`/use: model.conf, standing.csv and rules.toml.

    Raises Invalid "policy-rule-value", "policy-rule-columns", "policy-rule-twice" or "policy-rule-text" with the place.
    """
    folder = policies / "use"
    rules = unique(_rows(folder / "standing.csv"))
    texts = tomllib.loads((folder / "rules.toml").read_text(encoding="utf-8"))
    strange = {r.id for r in rules} ^ set(texts) | {i for i, t in texts.items() if set(t) != {"zh", "en"}}
    if strange:
        raise Invalid("policy-rule-text", rules=", ".join(sorted(strange)))
    return Standing(
        model=(folder / "model.conf").read_text(encoding="utf-8"),
        rules=rules,
        texts=MappingProxyType({i: Bilingual(zh=t["zh"], en=t["en"]) for i, t in texts.items()}),
    )


def _rows(file: Path) -> list[Rule]:
    """The rules of a CSV file with a header; lines that begin with # are comments."""
    found: list[Rule] = []
    reader = csv.reader(file.read_text(encoding="utf-8").splitlines(), strict=True)
    for cells in reader:
        place = f"{file.name}:{reader.line_num}"
        if not cells or cells[0].startswith("#") or tuple(cells) == COLUMNS:
            continue
        if len(cells) != len(COLUMNS):
            raise Invalid("policy-rule-columns", place=place, columns=", ".join(COLUMNS))
        found.append(rule(place, dict(zip(COLUMNS, cells, strict=True))))
    return found
