"""Which policy holds now? All rules and classes at one moment, immutable, versioned, sharded by authorization."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from app.domain.errors import Refusal
from app.domain.values import Dataset
from app.policy.classes import Members, memberships
from app.policy.enforcement import Shard
from app.policy.grants import Uses
from app.policy.rules import ANY, Rule, Standing, unique


@dataclass(frozen=True, kw_only=True, eq=False)
class PolicySnapshot:
    """The use policy at one moment.

    `version` is the SHA-256 (hex) of the model, all rules and all classes in canonical form. `granted` are the
    rules of each authorization; the rules for all stand in `standing`.
    """

    version: str
    standing: Standing
    granted: Mapping[str, tuple[Rule, ...]]
    datasets: Members
    fields: Members
    _shards: dict[str, Shard] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, the standing ones first."""
        return self.standing.rules + tuple(r for rules in self.granted.values() for r in rules)

    def shard(self, authorization: str) -> Shard:
        """The enforcer with the rules that concern `authorization`.

        Raises Refusal("policy-unknown-authorization") when this policy grants it nothing.
        """
        found = self._shards.get(authorization)
        if found is not None:
            return found
        if authorization not in self.granted:
            raise Refusal("policy-unknown-authorization", authorization=authorization)
        with self._lock:
            if authorization not in self._shards:
                self._shards[authorization] = Shard(
                    model=self.standing.model,
                    rules=tuple(r for r in self.standing.rules if r.subject in (ANY, authorization))
                    + self.granted[authorization],
                    datasets=self.datasets,
                    fields=self.fields,
                )
            return self._shards[authorization]


def snapshot(standing: Standing, grants: Mapping[str, Uses], datasets: Iterable[Dataset]) -> PolicySnapshot:
    """The policy of `standing` rules and the `grants` of each authorization, over `datasets`.

    Raises Invalid "policy-rule-twice" or "policy-rule-value".
    """
    granted = {name: uses.rules(name) for name, uses in grants.items()}
    unique((*standing.rules, *(r for rules in granted.values() for r in rules)))
    groups, classes = memberships(datasets)
    return PolicySnapshot(
        version=_version(standing, granted, groups, classes),
        standing=standing,
        granted=MappingProxyType(granted),
        datasets=groups,
        fields=classes,
    )


def _version(standing: Standing, granted: Mapping[str, tuple[Rule, ...]], groups: Members, classes: Members) -> str:
    digest = hashlib.sha256(standing.model.encode())
    rows = [r.row() for r in standing.rules] + [r.row() for rules in granted.values() for r in rules]
    links = [[n, g] for members in (groups, classes) for n, all_ in members.groups.items() for g in all_]
    for row in [*sorted(rows), *sorted(links)]:
        digest.update(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()
