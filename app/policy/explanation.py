"""Why is one use of one field permitted or not? Every matching rule, those that decide, and those that nearly match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.domain.errors import Refusal
from app.domain.values import Bilingual, Dataset, FieldMask
from app.policy.conditions import Context, failing
from app.policy.decision import explain, request_about
from app.policy.enforcement import Answer
from app.policy.rules import ANY, COLUMNS, Rule
from app.policy.snapshot import PolicySnapshot
from app.policy.words import predicate, reason, sentence


@dataclass(frozen=True, kw_only=True)
class Nearly:
    """A rule that would match if its condition held, and what of it does not."""

    rule: Rule
    why: Bilingual


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The answer to one request with everything that it rests on; `policy` is the version of the snapshot."""

    policy: str
    answer: Answer
    why: Bilingual
    nearly: tuple[Nearly, ...]
    texts: dict[str, Bilingual]
    mask: FieldMask | None = None
    """What lies on the field that was asked about, if anything."""

    def to_json(self) -> dict[str, Any]:
        """The explanation as plain data; each rule with its columns, its sentence, and whether it decides."""
        deciding = self.answer.deciding
        return {
            "allowed": self.answer.allowed,
            "why": {"zh": self.why.zh, "en": self.why.en},
            "policy": self.policy,
            "rules": [self._rule(r) | {"deciding": r in deciding} for r in self.answer.rules],
            "mask": self._mask(),
            "nearly": [self._rule(n.rule) | {"why": {"zh": n.why.zh, "en": n.why.en}} for n in self.nearly],
        }

    def _mask(self) -> dict[str, Any] | None:
        found = self.mask
        return {"rule": found.rule, "kind": found.kind, "zh": found.text.zh, "en": found.text.en} if found else None

    def _rule(self, rule: Rule) -> dict[str, Any]:
        said, text = sentence(rule), self.texts.get(rule.id)
        return dict(zip(COLUMNS, rule.row(), strict=True)) | {
            "zh": said.zh,
            "en": said.en,
            "says": {"zh": text.zh, "en": text.en} if text else None,
        }


def explanation(
    policy: PolicySnapshot, authorization: str, *, dataset: Dataset, field: str, use: str, context: Context
) -> Explanation:
    """Why `use` of `field` ("*": the rows as such) is permitted to `authorization` or not.

    Raises Refusal "policy-no-such-field" for a field that the data set does not have, and what `explain` raises.
    """
    known = dataset.field(field)
    if field != ANY and known is None:
        raise Refusal("policy-no-such-field", dataset=dataset.name, field=field)
    answer = explain(policy, authorization, dataset=dataset, field=field, use=use, context=context)
    unmatched = "unmatched" if policy.granted[authorization] else "grantable"
    kind = "denied" if answer.denying else "allowed" if answer.allowed else unmatched
    place, asked = request_about(dataset, field, context)
    classes = {ANY, *policy.fields.groups[place]}
    speaking = (r for r in policy.shard(authorization).about(dataset.name, use) if r.field in classes)
    return Explanation(
        policy=policy.version,
        answer=answer,
        why=reason(kind, rules=", ".join(r.id for r in answer.deciding)),
        nearly=tuple(_nearly(r, asked) for r in speaking if r not in answer.rules),
        texts=dict(policy.standing.texts),
        mask=known.mask if known else None,
    )


def _nearly(rule: Rule, context: Context) -> Nearly:
    """A rule that speaks of the request, with what of its condition does not hold."""
    said = [predicate(name, value) for name, value in failing(rule.condition, rule.effect, context)]
    zh, en = "；".join(s.zh for s in said), ", ".join(s.en for s in said)
    return Nearly(rule=rule, why=Bilingual(zh=reason("idle", x=zh).zh, en=reason("idle", x=en).en))
