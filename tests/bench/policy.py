"""How many decisions a second does the use policy give, with few rules and with many, and how large is a snapshot?

Against one plain Casbin enforcer that holds every rule, as its manual has it. Rules are of two kinds: granted to
authorizations, forty to each, and standing, about one data set each. "first" questions were never asked before,
"again" are the same ones a second time.
"""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import thread_time
from typing import Any

import casbin

from app.config import read
from app.domain.values import USE_KINDS, Bilingual, Dataset, DatasetKind, Field, Level, Unit
from app.policy.classes import key
from app.policy.conditions import Context, holds
from app.policy.decision import explain
from app.policy.grants import Uses, collect
from app.policy.rules import Effect, Rule, Standing, covers
from app.policy.rules_files import load_standing
from app.policy.snapshot import PolicySnapshot, snapshot

SIZES = (10, 1_000, 100_000)
PER_AUTHORIZATION, FIELDS, QUESTIONS = 40, 20, 5_000
BUDGET = 5_000
"""Decisions a second with the largest policy."""
USES = (*USE_KINDS, "aggregate:count", "aggregate:sum", "aggregate:avg")
NOW = Context(now=datetime(2026, 11, 23, 2, tzinfo=UTC), purpose="statistics")
PLAIN_SECONDS = 2.0
"""How long the plain enforcer is asked."""
HEADER = f"{'rules':>8} {'kind':9}" + "".join(
    f"{title:>{width}}"
    for title, width in (("build s", 9), ("MB", 8), ("first/s", 10), ("again/s", 10), ("MB after", 10), ("plain/s", 10))
)
Question = tuple[str, Dataset, str, str]


@dataclass(frozen=True, kw_only=True)
class World:
    """A policy in the making: standing rules, grants, data sets, and questions about them."""

    standing: Standing
    grants: dict[str, Uses]
    datasets: tuple[Dataset, ...]
    questions: list[Question]

    def snapshot(self) -> PolicySnapshot:
        """The policy, built from what the store holds: nothing is kept from an earlier one."""
        standing = Standing(model=self.standing.model, rules=self.standing.rules, texts=self.standing.texts)
        return snapshot(standing, self.grants, self.datasets)


def policy(_scale: float, _rounds: int) -> bool:
    """Print a line per kind and size; False when the largest policy misses the budget."""
    print(HEADER)
    slowest = BUDGET + 1.0
    for kind, make in (("granted", granted), ("standing", standing)):
        for size in SIZES:
            rate = _line(kind, make(size))
            slowest = min(slowest, rate) if size == SIZES[-1] else slowest
    verdict = "kept" if slowest >= BUDGET else f"missed: {slowest:.0f}/s"
    print(f"budget of {BUDGET} decisions/s with {SIZES[-1]} rules, first questions: {verdict}")
    return slowest >= BUDGET


def granted(size: int) -> World:
    """A world with `size` rules granted to authorizations beside the standing rules of the program."""
    rnd = random.Random(size)  # the same world in every run
    datasets = _datasets(max(2, size // 1000))
    holders = {f"authorization-{n}": rnd.sample(datasets, 2) for n in range(max(1, size // PER_AUTHORIZATION))}
    grants = {}
    for name, held in holders.items():
        places = [(d.name, f.name, use) for d in held for f in d.fields for use in USES]
        grants[name] = collect(rnd.sample(places, min(size, PER_AUTHORIZATION)), purpose="statistics")
    questions = [_question(rnd, name, rnd.choice(holders[name])) for name in rnd.choices(list(holders), k=QUESTIONS)]
    return World(standing=load_standing(read().policies), grants=grants, datasets=datasets, questions=questions)


def standing(size: int) -> World:
    """A world with `size` standing rules, each about one field of one data set, and one authorization for all."""
    rnd = random.Random(size)
    known, datasets = load_standing(read().policies), _datasets(max(2, size // 200))
    rules = [
        Rule(
            id=f"rule-{n}",
            subject="*",
            dataset=datasets[n % len(datasets)].name,
            field=f"name:f{rnd.randrange(FIELDS)}",
            use=rnd.choice(USES),
            condition='{"hours":[8,20]}' if n % 3 == 0 else "",
            effect=Effect.DENY,
        )
        for n in range(size)
    ]
    grants = {"authorization-0": collect([(d.name, "*", "group") for d in datasets])}
    questions = [_question(rnd, "authorization-0", rnd.choice(datasets)) for _ in range(QUESTIONS)]
    made = Standing(model=known.model, rules=(*known.rules, *rules), texts=known.texts)
    return World(standing=made, grants=grants, datasets=datasets, questions=questions)


def _line(kind: str, world: World) -> float:
    """Measure one world; answers the decisions a second of questions that were never asked before."""
    begun = thread_time()
    measured = world.snapshot()
    build = thread_time() - begun
    questions = list(dict.fromkeys(world.questions))
    first, again = (_rate(measured, questions) for _ in range(2))
    small, large = _memory(world, questions)
    plain = _plain_rate(measured, questions)
    numbers = f"{build:9.2f}{small:8.1f}{first:10.0f}{again:10.0f}{large:10.1f}{plain:10.1f}"
    print(f"{len(measured.rules):8d} {kind:9}{numbers}", flush=True)
    return first


def _rate(measured: PolicySnapshot, questions: Sequence[Question]) -> float:
    return _per_second(lambda q: explain(measured, q[0], dataset=q[1], field=q[2], use=q[3], context=NOW), questions)


def _per_second(ask: Callable[[Question], Any], questions: Sequence[Question], seconds: float = 60.0) -> float:
    begun, asked = thread_time(), 0
    for question in questions:
        ask(question)
        asked += 1
        if thread_time() - begun > seconds:
            break
    return asked / (thread_time() - begun)


def _memory(world: World, questions: Sequence[Question]) -> tuple[float, float]:
    """Megabytes of a snapshot as built, and after every question."""
    tracemalloc.start()
    kept = world.snapshot()
    built = tracemalloc.get_traced_memory()[0]
    _rate(kept, questions)
    asked = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return built / 1e6, asked / 1e6


def _plain_rate(measured: PolicySnapshot, questions: Sequence[Question]) -> float:
    """Decisions a second of one enforcer with all rules and its own role managers."""
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=measured.standing.model))
    enforcer.enable_auto_build_role_links(False)
    enforcer.add_function("covers", covers)
    enforcer.add_function("holds", holds)
    enforcer.model["p"]["p"].policy.extend(r.row() for r in measured.rules)
    for name, members in (("g", measured.datasets), ("g2", measured.fields)):
        links = [[thing, group] for thing, groups in members.groups.items() for group in groups]
        enforcer.model["g"][name].policy.extend(links)
    enforcer.build_role_links()

    def ask(question: Question) -> object:
        name, dataset, field, use = question
        return enforcer.enforce(name, dataset.name, key(dataset.name, field), use, NOW)

    return _per_second(ask, questions, PLAIN_SECONDS)


def _datasets(number: int) -> tuple[Dataset, ...]:
    words = Bilingual(zh="表", en="table")
    fields = tuple(
        Field(name=f"f{n}", type="VARCHAR", level=list(Level)[n % 4], label=words, identifier=None if n else "person")
        for n in range(FIELDS)
    )
    return tuple(
        Dataset(
            name=f"table_{n}",
            code="",
            kind=DatasetKind.PUBLIC,
            provider=f"provider-{n % 9}",
            title=words,
            fields=fields,
            units=(Unit(type="person", column="f0", tag=""),),
            version="",
            path="",
            rows=0,
        )
        for n in range(number)
    )


def _question(rnd: random.Random, name: str, dataset: Dataset) -> Question:
    return name, dataset, rnd.choice(dataset.fields).name, rnd.choice(USES)
