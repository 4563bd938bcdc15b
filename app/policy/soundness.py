"""Which rules will not do what their author expects? Notes about idle rules, and about names that nothing has.

A note is no error: a rule may be written before the data set that it speaks of.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.errors import Finding
from app.domain.values import Dataset
from app.policy.rules import ANY, Effect, Rule, Standing
from app.policy.uses_file import nearest
from app.policy.view_rules import RowRule, ViewRule


@dataclass(frozen=True, kw_only=True)
class Known:
    """The names that a rule can mean: the data sets of the catalog, and the authorizations there are."""

    datasets: tuple[Dataset, ...] = ()
    authorizations: frozenset[str] = frozenset()


def notes(standing: Standing, places: Mapping[str, str], known: Known | None = None) -> tuple[Finding, ...]:
    """Findings about rules that never matter or name something unknown; `known` None: names are not looked up.

    Codes: "policy-note-idle", "policy-note-impossible", "policy-note-unknown-name".
    """
    found = [*_idle(standing.rules, places), *_impossible(standing.rules, places)]
    if known is not None:
        found += _unknown(standing.rules, places, known)
        found += _unknown_in_views(standing, places, known)
    return tuple(found)


def _finding(code: str, rule: Rule | ViewRule, places: Mapping[str, str], **params: str) -> Finding:
    known = {"place": places.get(rule.id, "-"), **params}
    return Finding(code=code, params=tuple(known.items()), rule=rule.id)


def _idle(rules: Iterable[Rule], places: Mapping[str, str]) -> Iterator[Finding]:
    """Rules that a wider one makes idle: a deny without condition, or an allow where the rule only allows."""
    unconditional: dict[tuple[str, str, str, str], list[Rule]] = {}
    for each in rules:
        if not each.condition:
            unconditional.setdefault((each.subject, each.dataset, each.field, each.use), []).append(each)
    for each in rules:
        wider = itertools.chain.from_iterable(unconditional.get(place, ()) for place in _wider(each))
        by = next((w for w in wider if w.id != each.id and _silences(w, each)), None)
        if by is not None:
            yield _finding("policy-note-idle", each, places, by=by.id)


def _wider(rule: Rule) -> Iterator[tuple[str, str, str, str]]:
    """The places of every rule that speaks of all that `rule` speaks of."""
    family = f"{rule.use.partition(':')[0]}:*"
    uses = dict.fromkeys((ANY, rule.use, family if ":" in rule.use else rule.use))
    columns = [dict.fromkeys((ANY, value)) for value in (rule.subject, rule.dataset, rule.field)]
    for subject, dataset, field in itertools.product(*columns):
        for use in uses:
            yield subject, dataset, field, use


def _silences(wider: Rule, rule: Rule) -> bool:
    """Whether `rule` has no effect beside `wider`; of two that say the same the later one is idle."""
    same = (wider.subject, wider.dataset, wider.field, wider.use, wider.condition, wider.effect) == (
        rule.subject,
        rule.dataset,
        rule.field,
        rule.use,
        rule.condition,
        rule.effect,
    )
    if same:
        return wider.id < rule.id
    return wider.effect is Effect.DENY or rule.effect is Effect.ALLOW


def _impossible(rules: Iterable[Rule], places: Mapping[str, str]) -> Iterator[Finding]:
    """Rules whose condition contradicts itself or their field."""
    for each in rules:
        condition = json.loads(each.condition) if each.condition else {}
        begin, end = (condition.get(name) for name in ("from", "before"))
        if begin and end and datetime.fromisoformat(end) <= datetime.fromisoformat(begin):
            yield _finding("policy-note-impossible", each, places, why=f"from {begin} ≥ before {end}")
        level = each.field.removeprefix("level:") if each.field.startswith("level:") else None
        levels = condition.get("level")
        if levels and level and level not in levels:
            yield _finding("policy-note-impossible", each, places, why=f"{each.field} ≠ level {', '.join(levels)}")


def _unknown(rules: Iterable[Rule], places: Mapping[str, str], known: Known) -> Iterator[Finding]:
    """Rules about a provider, data set, field or authorization that is not there."""
    datasets = {d.name: d for d in known.datasets}
    every = {f.name for d in known.datasets for f in d.fields}
    for each in rules:
        fields: Collection[str] = every
        if each.dataset in datasets:
            fields = {f.name for f in datasets[each.dataset].fields}
        asked = (
            ("dataset", each.dataset, {ANY, *datasets, *_groups(known.datasets)}),
            ("field", each.field, {f"name:{f}" for f in fields} if each.field.startswith("name:") else {each.field}),
            ("subject", each.subject, {ANY, *known.authorizations}),
        )
        yield from _not_there(each, asked, places)


def _not_there(
    rule: Rule | ViewRule, asked: Iterable[tuple[str, str, Collection[str]]], places: Mapping[str, str]
) -> Iterator[Finding]:
    """A note for each (column, value, names that there are) whose value is none of them."""
    for column, value, right in asked:
        if value not in right:
            near = nearest(value, right)
            yield _finding(
                "policy-note-unknown-name",
                rule,
                places,
                column=column,
                name=value,
                hint_zh=f"是否想写 {near}？" if near else "",
                hint_en=f" Did you mean {near}?" if near else "",
            )


def _unknown_in_views(standing: Standing, places: Mapping[str, str], known: Known) -> Iterator[Finding]:
    """Rules about rows and masks of a data set, field or authorization that is not there.

    A field must be in every data set that the rule speaks of: without it the rule refuses all that is asked of that.
    """
    for each in standing.views:
        spoken = [d for d in known.datasets if each.dataset in {ANY, d.name, *_groups([d])} and d.kind != "enterprise"]
        column, value = ("column", each.column) if isinstance(each, RowRule) else ("field", each.field)
        name = value.removeprefix("name:")
        lacking = [d for d in spoken if d.field(name) is None] if not value.startswith("level:") else []
        here = {f.name for d in spoken for f in d.fields}
        asked: list[tuple[str, str, Collection[str]]] = [
            ("dataset", each.dataset, {ANY, *(d.name for d in known.datasets), *_groups(known.datasets)}),
            ("subject", each.subject, {ANY, *known.authorizations}),
        ]
        if lacking:
            asked.append((column, f"{lacking[0].name}.{name}", {f"{lacking[0].name}.{f}" for f in here - {name}}))
        yield from _not_there(each, asked, places)


def _groups(datasets: Iterable[Dataset]) -> set[str]:
    return {"kind:public", "kind:enterprise"} | {f"provider:{d.provider}" for d in datasets}
