"""What does Casbin say to one request? The only module that imports it; answers name every rule that matches.

Traps it avoids: an empty policy is never evaluated; the matcher is parsed once, under a lock (concurrent `ast.parse`
can fail); memberships are immutable and have no chains; neither `eval` nor regular expressions are in the matcher; the
model is built once and never loaded again; FastEnforcer is not used.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import casbin
from casbin.util import SimpleEval, generate_g_function

from app.domain.errors import Broken
from app.policy.classes import Members
from app.policy.conditions import Context, holds
from app.policy.rules import Effect, Rule, covers

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


class Shard:
    """The rules that concern one authorization, immutable; safe for many threads."""

    def __init__(self, *, model: str, rules: tuple[Rule, ...], datasets: Members, fields: Members) -> None:
        """An enforcer of `model` with `rules` and the memberships of data sets and fields."""
        self._rules = rules
        self._enforcer = _Enforcer(casbin.Enforcer.new_model(text=model))
        for name, members in (("g", datasets), ("g2", fields)):
            self._enforcer.set_named_role_manager(name, members)
            self._enforcer.model["g"][name].rm = members
        self._enforcer.add_function("covers", covers)
        self._enforcer.add_function("holds", holds)
        self._enforcer.model["p"]["p"].policy.extend(r.row() for r in rules)
        self._conditions = sorted({(r.condition, str(r.effect)) for r in rules if r.condition})
        self._remembered: dict[tuple[object, ...], Answer] = {}

    def answer(self, subject: str, dataset: str, field: str, use: str, context: Context) -> Answer:
        """What Casbin decides, with every matching rule.

        Remembered under everything it depends on: the request and which conditions hold now.
        Raises Broken("policy-disagrees") when Casbin and the list of matching rules do not say the same.
        """
        held = tuple(holds(condition, effect, context) for condition, effect in self._conditions)
        place = (subject, dataset, field, use, context.level, held)
        found = self._remembered.get(place)
        if found is None:
            found = self._ask((subject, dataset, field, use, context))
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered = {}
            self._remembered[place] = found
        return found

    def _ask(self, request: tuple[object, ...]) -> Answer:
        if not self._rules:
            return Answer(allowed=False, rules=())
        allowed = self._enforcer.enforce(*request) is True
        rules = tuple(self._rules[i] for i in self._enforcer.matching(request))
        effects = {r.effect for r in rules}
        if allowed != (effects == {Effect.ALLOW}):
            raise Broken("policy-disagrees", rules=", ".join(r.id for r in rules))
        return Answer(allowed=allowed, rules=rules)
