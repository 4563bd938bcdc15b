"""Which policy holds now? All rules and classes at one moment, immutable, versioned, sharded by authorization."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from app.domain.errors import Invalid, Refusal
from app.domain.values import Dataset
from app.policy.classes import Members, memberships
from app.policy.enforcement import Court, Shard
from app.policy.grants import Uses
from app.policy.rules import Rule, Standing, unique


@dataclass(frozen=True, kw_only=True, eq=False)
class PolicySnapshot:
    """The use policy at one moment.

    `version` names the standing rules' version, then "@" and the SHA-256 (hex) of the model, all rules and all
    classes in canonical form. `granted` are the rules of each authorization; the rules for all stand in `standing`.
    """

    version: str
    standing: Standing
    granted: Mapping[str, tuple[Rule, ...]]
    datasets: Members
    fields: Members
    _court: Court = field(repr=False)
    _shards: dict[str, Shard] = field(default_factory=dict, repr=False)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, the standing ones first."""
        return self.standing.rules + tuple(r for rules in self.granted.values() for r in rules)

    def shard(self, authorization: str) -> Shard:
        """The rules that concern `authorization`, with Casbin to decide by them.

        Raises Refusal("policy-unknown-authorization") when this policy grants it nothing.
        """
        found = self._shards.get(authorization)
        if found is not None:
            return found
        if authorization not in self.granted:
            raise Refusal("policy-unknown-authorization", authorization=authorization)
        made = Shard(
            court=self._court,
            subject=authorization,
            standing=self.standing.index,
            granted=self.granted[authorization],
        )
        return self._shards.setdefault(authorization, made)


def snapshot(standing: Standing, grants: Mapping[str, Uses], datasets: Iterable[Dataset]) -> PolicySnapshot:
    """The policy of `standing` rules and the `grants` of each authorization, over `datasets`.

    Raises Invalid "policy-rule-twice" or "policy-rule-value".
    """
    granted = {name: uses.rules(name) for name, uses in grants.items()}
    _distinct(standing, granted)
    groups, classes = memberships(datasets)
    return PolicySnapshot(
        version=f"{standing.id}@{_digest(standing, granted, groups, classes)}",
        standing=standing,
        granted=MappingProxyType(granted),
        datasets=groups,
        fields=classes,
        _court=Court(model=standing.model, datasets=groups, fields=classes),
    )


def _distinct(standing: Standing, granted: Mapping[str, tuple[Rule, ...]]) -> None:
    """Raise Invalid("policy-rule-twice") when two rules have one id, among the standing ones or the granted."""
    taken = standing.ids
    for each in unique(r for rules in granted.values() for r in rules):
        if each.id in taken:
            raise Invalid("policy-rule-twice", rule=each.id, place="-")


_canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""One encoder for all rows: `json.dumps` would make one for each."""


def _digest(standing: Standing, granted: Mapping[str, tuple[Rule, ...]], groups: Members, classes: Members) -> str:
    digest = hashlib.sha256(standing.digest.encode())
    rows = [r.row() for rules in granted.values() for r in rules]
    links = [[n, g] for members in (groups, classes) for n, all_ in members.groups.items() for g in all_]
    for row in [*sorted(rows), *sorted(links)]:
        digest.update(_canonical(row).encode() + b"\n")
    return digest.hexdigest()
