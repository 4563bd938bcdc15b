"""Is the sharded, remembered answer the one that a plain Casbin enforcer with all rules gives?"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import casbin
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.values import Dataset
from app.policy.classes import key
from app.policy.conditions import Context, canonical, holds
from app.policy.grants import Uses
from app.policy.rules import ANY, COLUMNS, Effect, Rule, Standing, covers, rule
from app.policy.snapshot import PolicySnapshot, snapshot
from tests.policies.policy_world import DATASETS, STANDING

SUBJECTS = ("a1", "a2", "a3")
FIELDS = [(d, f) for d in DATASETS for f in d.fields]
USES = ("show", "group", "extreme", "filter:eq", "filter:range", "link", "aggregate:sum", "aggregate:count")
CONDITIONS = (
    "",
    '{"before":"2026-11-23T12:00:00+08:00"}',
    '{"hours":[8,20]}',
    '{"purpose":["statistics"]}',
    '{"level":["L2","L3"]}',
    '{"product":["report"],"from":"2026-01-01T00:00:00+08:00"}',
)

rows = st.fixed_dictionaries(
    {
        "subject": st.sampled_from((ANY, *SUBJECTS)),
        "dataset": st.sampled_from((ANY, "kind:public", "provider:hz-highway", *(d.name for d in DATASETS))),
        "field": st.sampled_from(
            (ANY, "identifier", "enterprise", "in:units", "in:rows", "level:L2", "level:L3", "name:road", "name:fee")
        ),
        "use": st.sampled_from((ANY, "aggregate:*", "filter:*", *USES)),
        "condition": st.sampled_from(CONDITIONS),
        "effect": st.sampled_from(("allow", "allow", "deny")),
    }
)
grants = st.dictionaries(
    st.sampled_from(SUBJECTS),
    st.lists(st.tuples(st.sampled_from(FIELDS), st.sampled_from(("aggregate:*", *USES))), max_size=4),
)
contexts = st.builds(
    Context,
    now=st.integers(0, 48).map(lambda h: datetime(2026, 11, 22, 18, tzinfo=UTC) + timedelta(hours=h)),
    purpose=st.sampled_from((None, "statistics", "marketing")),
    product=st.sampled_from((None, "report", "model")),
)


@settings(max_examples=60)
@given(written=st.lists(rows, max_size=12), granted=grants, context=contexts)
def test_a_shard_answers_as_one_plain_enforcer_with_all_rules(
    written: list[dict[str, str]], granted: dict[str, list[Any]], context: Context
) -> None:
    rules = tuple(rule("here", {"id": f"r{n}"} | cells) for n, cells in enumerate(written))
    uses = {s: _uses(granted.get(s, [])) for s in SUBJECTS}
    policy = snapshot(Standing(model=STANDING.model, rules=rules, texts={}), uses, DATASETS)
    plain = _plain(policy)
    for subject, (dataset, field), use in itertools.product(SUBJECTS, FIELDS, USES[::3] + USES[4:]):
        asked = replace(context, level=field.level)
        request = (subject, dataset.name, key(dataset.name, field.name), use, asked)
        answer = policy.shard(subject).answer(*request[1:])
        assert answer.allowed == bool(policy.rules and plain.enforce(*request))
        assert answer.allowed == _by_hand(policy, dataset, request)
        assert policy.shard(subject).answer(*request[1:]) is answer


def _uses(chosen: list[Any]) -> Uses:
    fields: dict[str, dict[str, tuple[str, ...]]] = {}
    for (dataset, field), use in chosen:
        held = fields.setdefault(dataset.name, {})
        held[field.name] = tuple(dict.fromkeys((*held.get(field.name, ()), use)))
    return Uses(fields=fields)


def _plain(policy: PolicySnapshot) -> Any:
    """Casbin as its manual has it: every rule, its own role managers."""
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=STANDING.model))
    enforcer.enable_auto_build_role_links(False)
    enforcer.add_function("covers", covers)
    enforcer.add_function("holds", holds)
    for each in policy.rules:
        enforcer.add_policy(*each.row())
    for name, members in (("g", policy.datasets), ("g2", policy.fields)):
        for thing, groups in members.groups.items():
            for group in groups:
                enforcer.add_named_grouping_policy(name, thing, group)
    enforcer.build_role_links()
    return enforcer


def _by_hand(policy: PolicySnapshot, dataset: Dataset, request: tuple[str, str, str, str, Context]) -> bool:
    """The model in plain Python."""
    subject, _, field, use, context = request

    def matches(each: Rule) -> bool:
        return (
            each.subject in (ANY, subject)
            and (each.dataset in (ANY, dataset.name) or each.dataset in policy.datasets.groups[dataset.name])
            and (each.field == ANY or each.field in policy.fields.groups[field])
            and covers(each.use, use)
            and holds(each.condition, each.effect, context)
        )

    return {r.effect for r in policy.rules if matches(r)} == {Effect.ALLOW}


def test_rows_keep_their_columns_in_casbins_order() -> None:
    cells = dict(zip(COLUMNS, ("r", "*", "*", "*", "*", '{"hours": [8, 20]}', "deny"), strict=True))
    assert rule("here", cells).row() == ["r", "*", "*", "*", "*", canonical('{"hours":[8,20]}', ""), "deny"]
