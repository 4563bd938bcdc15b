"""What is a rule of the use policy, and which rules stand for everybody? Validated rows, never half-valid ones."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from app.domain.errors import Finding, Invalid
from app.domain.values import Bilingual, is_repair, is_use
from app.policy.conditions import canonical
from app.policy.view_rules import NO_VIEWS, Views
from sandbox.protocol import MASK_KINDS

ANY = "*"
COLUMNS = ("id", "subject", "dataset", "field", "use", "condition", "effect")
NO_MATCH = "no-match-refuses"
"""The rule named when nothing allows a use."""
FILES = "files"
"""The name of the standing rules that come with the program."""

_CLASS = re.compile(
    r"level:L[1-4]|identifier|enterprise|in:units|in:rows|name:.+|theme:[123](/[0-9]{1,6}){1,2}|"
    rf"masked(:({'|'.join(MASK_KINDS)}))?"
)
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


class Index:
    """Rules by whom, what and which use they speak of: finds the few that could match one request, in their order.

    It compares names only: what a request may be called by is the caller's to say.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._places: dict[tuple[str, str, str], list[tuple[int, Rule]]] = {}
        for number, each in enumerate(rules):
            self._places.setdefault((each.subject, each.dataset, each.use), []).append((number, each))

    def about(self, subject: str, datasets: Iterable[str], use: str) -> tuple[Rule, ...]:
        """The rules for `subject` about one of `datasets` (a data set and its groups) and `use`."""
        family, colon, _ = use.partition(":")
        whos = dict.fromkeys((ANY, subject))
        whats = dict.fromkeys((ANY, *datasets))
        hows = dict.fromkeys((ANY, use, f"{family}:*" if colon else use))
        found: list[tuple[int, Rule]] = []
        for place in itertools.product(whos, whats, hows):
            found += self._places.get(place, ())
        return tuple(each for _, each in sorted(found, key=_number))


def _number(numbered: tuple[int, Rule]) -> int:
    return numbered[0]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The Casbin model, the rules that hold for every authorization, and what they say to people.

    `id` names the published version that they are, or `FILES`.
    """

    model: str
    rules: tuple[Rule, ...]
    texts: Mapping[str, Bilingual]
    id: str = FILES
    views: Views = NO_VIEWS
    """What is not seen of rows and masked fields; see `app.policy.views`."""

    @cached_property
    def index(self) -> Index:
        """The rules by what they speak of."""
        return Index(self.rules)

    @cached_property
    def ids(self) -> frozenset[str]:
        """The id of every rule; raises Invalid("policy-rule-twice") when two rules have one."""
        found = {r.id for r in unique(self.rules)}
        for view in self.views:
            if view.id in found:
                raise Invalid("policy-rule-twice", rule=view.id, place="-")
            found.add(view.id)
        return frozenset(found)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the model and all rules in canonical form, whatever the order of the rules on uses."""
        digest = hashlib.sha256(self.model.encode())
        for row in sorted(r.row() for r in self.rules):
            digest.update(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        views = self.views.content()
        if views:
            digest.update(json.dumps(views, ensure_ascii=False, sort_keys=True).encode())
        return digest.hexdigest()

    @property
    def conditions(self) -> frozenset[str]:
        """Every condition that some rule has."""
        return frozenset(r.condition for r in (*self.rules, *self.views) if r.condition)


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
        "name:FIELD, level:L1 … level:L4, theme:C/II, identifier, in:units, in:rows, enterprise, masked[:KIND] or *",
        lambda v: v == ANY or _CLASS.fullmatch(v) is not None,
    ),
    "use": (
        "show, group, extreme, filter:eq, filter:range, link, aggregate:FUNCTION, repair:KIND, …:* or *",
        lambda v: v in (ANY, "filter:*") or is_use(v) or is_repair(v),
    ),
    "effect": ("allow or deny", lambda v: v in tuple(Effect)),
}
"""Column → what it may hold, and the check."""


def rule(place: str, cells: Mapping[str, str]) -> Rule:
    """The rule in `cells` (every name of `COLUMNS`).

    Raises Invalid("policy-rule-value") with a finding for every wrong column: `place`, column, value, what is allowed.
    """
    findings = [
        Finding(
            code="policy-rule-value",
            params=(("place", place), ("column", column), ("value", cells[column]), ("allowed", allowed)),
        )
        for column, (allowed, check) in _ALLOWED.items()
        if not check(cells[column])
    ]
    condition = ""
    try:
        condition = canonical(cells["condition"], place)
    except Invalid as error:
        findings += error.findings
    if findings:
        raise Invalid(findings[0], *findings[1:])
    values = {c: cells[c] for c in ("id", "subject", "dataset", "field", "use")}
    return Rule(**values, condition=condition, effect=Effect(cells["effect"]))


def unique(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules as they are; raises Invalid("policy-rule-twice") when two have one id."""
    found: dict[str, Rule] = {}
    for each in rules:
        if each.id in found:
            raise Invalid("policy-rule-twice", rule=each.id, place="-")
        found[each.id] = each
    return tuple(found.values())
