"""What does Casbin say to one request? The only module that imports it; answers name every rule that matches.

Traps it avoids: an empty policy is never evaluated; the matcher is parsed once, under a lock (concurrent `ast.parse`
can fail); memberships are immutable and have no chains; neither `eval` nor regular expressions are in the matcher; the
model is built once and never loaded again; FastEnforcer is not used.
"""

from __future__ import annotations

import ast
import copy
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import casbin
from casbin.util import SimpleEval, generate_g_function

from app.domain.errors import Broken
from app.policy.classes import Members
from app.policy.conditions import Context, holds
from app.policy.rules import Effect, Index, Rule, covers

MAX_REMEMBERED = 10_000
"""Decisions that a shard remembers before it forgets them all."""

_lock = threading.Lock()
_parsed: dict[str, ast.AST] = {}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Whether a request is allowed, and every rule that matches it, in the order of the policy."""

    allowed: bool
    rules: tuple[Rule, ...]

    @property
    def denying(self) -> tuple[Rule, ...]:
        """The rules that forbid it."""
        return tuple(r for r in self.rules if r.effect is Effect.DENY)

    @property
    def deciding(self) -> tuple[Rule, ...]:
        """The rules that the answer rests on: those that forbid it, else those that allow it, if any."""
        return self.denying or self.rules


class _Enforcer(casbin.Enforcer):  # type: ignore[misc]  # casbin has no types
    """Casbin's own enforcer, which parses each matcher once per process."""

    @staticmethod
    def _get_expression(expr: str, functions: dict[str, Any] | None = None) -> SimpleEval:
        found = SimpleEval("", functions)
        with _lock:
            if expr not in _parsed:
                _parsed[expr] = casbin.Enforcer._get_expression(expr, functions).ast_parsed_value  # noqa: SLF001
        found.ast_parsed_value = _parsed[expr]
        return found

    def over(self, rules: Sequence[Rule]) -> _Enforcer:
        """This enforcer with `rules` as its whole policy; everything else is shared, and none of it changes."""
        policy = copy.copy(self.model["p"]["p"])
        policy.policy = [r.row() for r in rules]
        found = copy.copy(self)
        found.model = copy.copy(self.model)
        found.model.model = {**self.model.model, "p": {"p": policy}}
        return found

    def matching(self, request: Sequence[object]) -> list[int]:
        """Indices of all rules whose matcher holds for `request`."""
        functions = dict(self.fm.get_functions())
        functions |= {name: generate_g_function(group.rm) for name, group in self.model["g"].items()}
        expression = self._get_expression(self.model["m"]["m"].value, functions)
        policy = self.model["p"]["p"]
        asked = dict(zip(self.model["r"]["r"].tokens, request, strict=True))
        return [
            index
            for index, row in enumerate(policy.policy)
            if expression.eval(asked | dict(zip(policy.tokens, row, strict=True))) is True
        ]


class Court:
    """Casbin with one model and the memberships of one moment; immutable, safe for many threads."""

    def __init__(self, *, model: str, datasets: Members, fields: Members) -> None:
        self._datasets = datasets
        self._enforcer = _Enforcer(casbin.Enforcer.new_model(text=model))
        for name, members in (("g", datasets), ("g2", fields)):
            self._enforcer.set_named_role_manager(name, members)
            self._enforcer.model["g"][name].rm = members
        self._enforcer.add_function("covers", covers)
        self._enforcer.add_function("holds", holds)

    def groups(self, dataset: str) -> tuple[str, ...]:
        """What rules may call the data set: its own name and its groups."""
        return (dataset, *self._datasets.groups.get(dataset, ()))

    def ask(self, rules: tuple[Rule, ...], request: Sequence[object]) -> Answer:
        """What Casbin decides about `request` under `rules`, with every rule that matches.

        Raises Broken("policy-disagrees") when Casbin and the list of matching rules do not say the same.
        """
        if not rules:
            return Answer(allowed=False, rules=())
        enforcer = self._enforcer.over(rules)
        allowed = enforcer.enforce(*request) is True
        matching = tuple(rules[i] for i in enforcer.matching(request))
        if allowed != ({r.effect for r in matching} == {Effect.ALLOW}):
            raise Broken("policy-disagrees", rules=", ".join(r.id for r in matching))
        return Answer(allowed=allowed, rules=matching)


class Shard:
    """The rules that concern one authorization, immutable; safe for many threads."""

    def __init__(self, *, court: Court, subject: str, standing: Index, granted: tuple[Rule, ...]) -> None:
        """`standing` are the rules for all, `granted` those of `subject` alone."""
        self._court = court
        self._subject = subject
        self._standing = standing
        self._granted = Index(granted)
        self._candidates: dict[tuple[str, str], tuple[tuple[Rule, ...], tuple[tuple[str, str], ...]]] = {}
        self._remembered: dict[tuple[object, ...], Answer] = {}

    def answer(self, dataset: str, field: str, use: str, context: Context) -> Answer:
        """What Casbin decides, with every matching rule, in the order of the policy: standing rules first.

        Remembered under everything it depends on: the request and which conditions hold now.
        """
        rules, conditions = self._about(dataset, use)
        held = tuple(holds(condition, effect, context) for condition, effect in conditions)
        place = (dataset, field, use, context.level, held)
        found = self._remembered.get(place)
        if found is None:
            found = self._court.ask(rules, (self._subject, dataset, field, use, context))
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered, self._candidates = {}, {}
            self._remembered[place] = found
        return found

    def about(self, dataset: str, use: str) -> tuple[Rule, ...]:
        """Every rule for this authorization that speaks of the data set and the use, whatever field or condition."""
        return self._about(dataset, use)[0]

    def _about(self, dataset: str, use: str) -> tuple[tuple[Rule, ...], tuple[tuple[str, str], ...]]:
        """The rules that could match, and the conditions among them with their effects."""
        found = self._candidates.get((dataset, use))
        if found is None:
            groups = self._court.groups(dataset)
            rules = (
                *self._standing.about(self._subject, groups, use),
                *self._granted.about(self._subject, groups, use),
            )
            found = rules, tuple(sorted({(r.condition, str(r.effect)) for r in rules if r.condition}))
            self._candidates[dataset, use] = found
        return found
