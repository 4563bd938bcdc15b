"""What does one policy say that another does not? Rule by rule, as values and in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.values import Bilingual
from app.policy.rules import COLUMNS, Effect, Rule, Standing
from app.policy.view_rules import MaskRule, RowRule, ViewRule
from app.policy.words import sentence

AnyRule = Rule | ViewRule


class Kind(StrEnum):
    """What happened to a rule between two policies."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REWORDED = "reworded"


class Direction(StrEnum):
    """What a change does to answers: fewer uses permitted, more of them, either, or no other answer."""

    STRICTER = "stricter"
    LOOSER = "looser"
    EITHER = "either"
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class RuleChange:
    """One rule that two policies do not share; `before` and `after` are None where it is missing."""

    id: str
    kind: Kind
    before: AnyRule | None
    after: AnyRule | None
    text: Bilingual | None
    """What the rule says to people after the change, or said before it was removed."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that changed."""
        if self.before is None or self.after is None:
            return ()
        old, new = _cells(self.before), _cells(self.after)
        return tuple(column for column in {**old, **new} if old.get(column) != new.get(column))

    @property
    def direction(self) -> Direction:
        """Whether the change makes the policy stricter or looser, as far as the rule alone tells.

        A mask does either: less is seen of the field, and what is left, of a lower level, may serve more uses.
        """
        if self.kind is Kind.REWORDED:
            return Direction.SAME
        rule = self.after or self.before
        if self.kind is Kind.CHANGED or isinstance(rule, MaskRule):
            return Direction.EITHER
        denies = isinstance(rule, RowRule) or (rule is not None and rule.effect is Effect.DENY)
        return Direction.STRICTER if denies == (self.kind is Kind.ADDED) else Direction.LOOSER

    def to_json(self) -> dict[str, Any]:
        """The change as plain data, with both rules in words."""
        return {
            "id": self.id,
            "change": self.kind.value,
            "direction": self.direction.value,
            "columns": list(self.columns),
            "before": _rule_json(self.before),
            "after": _rule_json(self.after),
            "says": {"zh": self.text.zh, "en": self.text.en} if self.text else None,
        }


def difference(old: Standing, new: Standing) -> tuple[RuleChange, ...]:
    """Every rule that is not the same in both, in the order of `new`; those that are gone come last."""
    before: dict[str, AnyRule] = {r.id: r for r in (*old.rules, *old.views)}
    after: dict[str, AnyRule] = {r.id: r for r in (*new.rules, *new.views)}
    names = dict.fromkeys((*after, *before))
    found = (_change(name, before.get(name), after.get(name), old, new) for name in names)
    return tuple(change for change in found if change is not None)


def _change(
    name: str, before: AnyRule | None, after: AnyRule | None, old: Standing, new: Standing
) -> RuleChange | None:
    kind = Kind.CHANGED
    if before is None or after is None:
        kind = Kind.ADDED if before is None else Kind.REMOVED
    elif _cells(before) == _cells(after):
        if _said(before, old) == _said(after, new):
            return None
        kind = Kind.REWORDED
    text = _said(before, old) if after is None else _said(after, new)
    return RuleChange(id=name, kind=kind, before=before, after=after, text=text)


def _cells(rule: AnyRule) -> dict[str, Any]:
    return dict(zip(COLUMNS, rule.row(), strict=True)) if isinstance(rule, Rule) else rule.cells()


def _said(rule: AnyRule | None, standing: Standing) -> Bilingual | None:
    """What a rule says to people."""
    return rule.text if isinstance(rule, RowRule | MaskRule) else standing.texts.get(rule.id) if rule else None


def _rule_json(rule: AnyRule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    said = sentence(rule)
    return _cells(rule) | {"zh": said.zh, "en": said.en}
