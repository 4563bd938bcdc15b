"""Is the sharded, remembered answer the one that a plain Casbin enforcer with all rules gives?"""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import casbin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import Refusal
from app.domain.values import Dataset, DatasetKind, Level
from app.policy.classes import key
from app.policy.conditions import Context, canonical, holds
from app.policy.enforcement import MAX_REMEMBERED, Shard
from app.policy.grants import Uses
from app.policy.rules import ANY, COLUMNS, Effect, Index, Rule, Standing, covers, rule
from app.policy.snapshot import PolicySnapshot, snapshot
from tests.policies.policy_world import DATASETS, STANDING, a_dataset, a_field

SUBJECTS = ("a1", "a2", "a3")
NAMES = ("road", "fee", "plate", "identifier", "enterprise", "level:L2")
"""Names of fields; some are called like a class."""
USES = ("show", "group", "extreme", "filter:eq", "filter:range", "link", "aggregate:sum", "aggregate:count")
GRANTED = (*USES, "aggregate:*")
ASKED = (*USES, "aggregate:*")
CONDITIONS = (
    "",
    '{"before":"2026-11-23T12:00:00+08:00"}',
    '{"hours":[8,20]}',
    '{"purpose":["statistics"]}',
    '{"level":["L2","L3"]}',
    '{"product":["report"],"from":"2026-01-01T00:00:00+08:00"}',
)
CLASSES = (
    *(ANY, "identifier", "enterprise", "in:units", "in:rows", "theme:3/06", "theme:3/06/001", "theme:1/02"),
    *("level:L1", "level:L2", "level:L3", "level:L4"),
)

fields = st.builds(
    lambda level, identifier: (level, identifier), st.sampled_from(list(Level)), st.sampled_from((None, None, "person"))
)
tables = st.lists(
    st.fixed_dictionaries(
        {
            "provider": st.sampled_from(("roads", "weather")),
            "kind": st.sampled_from(list(DatasetKind)),
            "units": st.booleans(),
            "fields": st.dictionaries(st.sampled_from(NAMES), fields, min_size=1, max_size=4),
        }
    ),
    min_size=1,
    max_size=3,
)
rows = st.fixed_dictionaries(
    {
        "subject": st.sampled_from((ANY, *SUBJECTS)),
        "dataset": st.sampled_from((ANY, "kind:public", "kind:enterprise", "provider:roads", "t0", "t1", "roads")),
        "field": st.sampled_from((*CLASSES, *(f"name:{n}" for n in NAMES))),
        "use": st.sampled_from((ANY, "aggregate:*", "filter:*", *USES)),
        "condition": st.sampled_from(CONDITIONS),
        "effect": st.sampled_from(("allow", "allow", "deny")),
    }
)
grants = st.dictionaries(
    st.sampled_from(SUBJECTS),
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from((ANY, *NAMES)), st.sampled_from(GRANTED)), max_size=5),
)
contexts = st.lists(
    st.builds(
        Context,
        now=st.integers(0, 48).map(lambda h: datetime(2026, 11, 22, 18, tzinfo=UTC) + timedelta(hours=h)),
        purpose=st.sampled_from((None, "statistics", "marketing")),
        product=st.sampled_from((None, "report", "model")),
    ),
    min_size=1,
    max_size=2,
)


@settings(max_examples=60)
@given(told=tables, written=st.lists(rows, max_size=14), granted=grants, asked=contexts)
def test_a_shard_answers_as_one_plain_enforcer_with_all_rules(
    told: list[dict[str, Any]], written: list[dict[str, str]], granted: dict[str, list[Any]], asked: list[Context]
) -> None:
    datasets = tuple(_table(f"t{n}", each) for n, each in enumerate(told))
    rules = tuple(rule("here", {"id": f"r{n}"} | cells) for n, cells in enumerate(written))
    uses = {s: _uses(granted.get(s, []), datasets) for s in SUBJECTS}
    policy = snapshot(Standing(model=STANDING.model, rules=rules, texts={}), uses, datasets)
    plain = _plain(policy)
    places = [(d, f) for d in datasets for f in (*d.fields, None)]
    for subject, (dataset, field), use in itertools.product(SUBJECTS, places, ASKED[::3] + ASKED[4:]):
        for context in asked:
            name = field.name if field else ANY
            level = field.level if field and dataset.kind is DatasetKind.PUBLIC else None
            request = (subject, dataset.name, key(dataset.name, name), use, replace(context, level=level))
            answer = policy.shard(subject).answer(*request[1:])
            expected = _by_hand(policy, request)
            assert answer.rules == expected
            assert answer.allowed == bool(policy.rules and plain.enforce(*request))
            assert answer.allowed == ({r.effect for r in expected} == {Effect.ALLOW})
            assert policy.shard(subject).answer(*request[1:]) is answer


def _table(name: str, told: dict[str, Any]) -> Dataset:
    columns = tuple(a_field(n, level, identifier) for n, (level, identifier) in told["fields"].items())
    made = a_dataset(name, *columns, units=(columns[0].name,) if told["units"] else (), kind=told["kind"])
    return replace(made, provider=told["provider"])


def _uses(chosen: list[Any], datasets: tuple[Dataset, ...]) -> Uses:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for number, field, use in chosen:
        held = found.setdefault(datasets[number % len(datasets)].name, {})
        held[field] = tuple(dict.fromkeys((*held.get(field, ()), use)))
    return Uses(fields=found)


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


def _by_hand(policy: PolicySnapshot, request: tuple[str, str, str, str, Context]) -> tuple[Rule, ...]:
    """Every matching rule, by the model in plain Python over the whole policy."""
    subject, dataset, field, use, context = request

    def matches(each: Rule) -> bool:
        return (
            each.subject in (ANY, subject)
            and (each.dataset in (ANY, dataset) or each.dataset in policy.datasets.groups[dataset])
            and (each.field == ANY or each.field in policy.fields.groups[field])
            and covers(each.use, use)
            and holds(each.condition, each.effect, context)
        )

    return tuple(r for r in policy.rules if matches(r))


@given(written=st.lists(rows, max_size=30), subject=st.sampled_from((ANY, *SUBJECTS)), use=st.sampled_from(ASKED))
def test_the_index_finds_every_rule_that_could_match_once_and_in_order(
    written: list[dict[str, str]], subject: str, use: str
) -> None:
    rules = tuple(rule("here", {"id": f"r{n}"} | cells) for n, cells in enumerate(written))
    groups = ("t0", "provider:roads", "kind:public")
    found = Index(rules).about(subject, groups, use)
    assert found == tuple(
        r for r in rules if r.subject in (ANY, subject) and r.dataset in (ANY, *groups) and covers(r.use, use)
    )


def test_a_shard_holds_no_rule_of_another_authorization() -> None:
    mine, other = Uses(fields={"hw_incident": {"road": ("group",)}}), Uses(fields={"hw_incident": {"road": ("show",)}})
    own = rule("here", dict(zip(COLUMNS, ("own", "a2", "*", "*", "*", "", "allow"), strict=True)))
    standing = replace(STANDING, rules=(*STANDING.rules, own))
    policy = snapshot(standing, {"a1": mine, "a2": other}, DATASETS)
    for use in USES:
        assert {r.subject for r in policy.shard("a1").about("hw_incident", use)} <= {ANY, "a1"}
    with pytest.raises(Refusal):
        policy.shard("a3")


def test_what_a_shard_forgets_it_decides_again() -> None:
    policy = snapshot(STANDING, {"a1": Uses(fields={"hw_incident": {"road": ("group",)}})}, DATASETS)
    shard = policy.shard("a1")
    context = Context(now=datetime(2026, 11, 23, tzinfo=UTC), level=Level.L2)
    place = ("hw_incident", key("hw_incident", "road"), "group", context)
    first = shard.answer(*place)
    for number in range(MAX_REMEMBERED):
        shard._remembered["filler", number] = first
    shard.answer("hw_incident", key("hw_incident", "fee"), "group", context)
    assert len(shard._remembered) == 1
    again = shard.answer(*place)
    assert again == first
    assert again is not first


def test_many_threads_share_one_shard() -> None:
    policy = snapshot(STANDING, {s: Uses(fields={}) for s in SUBJECTS}, DATASETS)
    found: list[Shard] = []
    threads = [threading.Thread(target=lambda: found.append(policy.shard("a1"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(map(id, found))) == 1


def test_rows_keep_their_columns_in_casbins_order() -> None:
    cells = dict(zip(COLUMNS, ("r", "*", "*", "*", "*", '{"hours": [8, 20]}', "deny"), strict=True))
    assert rule("here", cells).row() == ["r", "*", "*", "*", "*", canonical('{"hours":[8,20]}', ""), "deny"]
