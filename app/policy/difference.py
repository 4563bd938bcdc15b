"""What does one policy say that another does not? Rule by rule, as values and in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.values import Bilingual
from app.policy.rules import COLUMNS, Effect, Rule, Standing
from app.policy.words import sentence


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
    before: Rule | None
    after: Rule | None
    text: Bilingual | None
    """What the rule says to people after the change, or said before it was removed."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that changed."""
        if self.before is None or self.after is None:
            return ()
        pairs = zip(COLUMNS, self.before.row(), self.after.row(), strict=True)
        return tuple(column for column, old, new in pairs if old != new)

    @property
    def direction(self) -> Direction:
        """Whether the change makes the policy stricter or looser, as far as the rule alone tells."""
        if self.kind is Kind.REWORDED:
            return Direction.SAME
        if self.kind is Kind.CHANGED:
            return Direction.EITHER
        rule = self.after or self.before
        denies = rule is not None and rule.effect is Effect.DENY
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
    before, after = {r.id: r for r in old.rules}, {r.id: r for r in new.rules}
    names = dict.fromkeys((*after, *before))
    found = (_change(name, before.get(name), after.get(name), old, new) for name in names)
    return tuple(change for change in found if change is not None)


def _change(name: str, before: Rule | None, after: Rule | None, old: Standing, new: Standing) -> RuleChange | None:
    kind = Kind.CHANGED
    if before is None or after is None:
        kind = Kind.ADDED if before is None else Kind.REMOVED
    elif before == after:
        if old.texts.get(name) == new.texts.get(name):
            return None
        kind = Kind.REWORDED
    text = (old if after is None else new).texts.get(name)
    return RuleChange(id=name, kind=kind, before=before, after=after, text=text)


def _rule_json(rule: Rule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    said = sentence(rule)
    return dict(zip(COLUMNS, rule.row(), strict=True)) | {"zh": said.zh, "en": said.en}
