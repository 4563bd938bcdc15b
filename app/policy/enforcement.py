"""What does Casbin say to one request? The stage's only module that imports it; answers name every matching rule.

Of 100,000 rules a request concerns a few: those that name its authorization, data set, field and use, or what these
belong to, are found by their names, and Casbin is asked with these alone. A test holds every answer against one plain
enforcer with all rules.

Traps it avoids: an empty policy is never evaluated; the matcher is parsed once, under a lock (concurrent `ast.parse`
can fail); memberships are immutable and have no chains; neither `eval` nor regular expressions are in the matcher; the
model is built once and never loaded again; FastEnforcer is not used.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import casbin
from casbin.effect import Effector, effect_to_bool
from casbin.util import SimpleEval, generate_g_function

from app.domain.errors import Broken
from app.policy.classes import Members
from app.policy.conditions import Context, holds
from app.policy.rules import ANY, Effect, Index, Rule, covers

MAX_REMEMBERED = 10_000
"""Decisions that a shard remembers before it forgets them all."""

_NONE: frozenset[str] = frozenset()
_EVERY = frozenset({ANY})
_EFFECTS = {Effect.ALLOW: Effector.ALLOW, Effect.DENY: Effector.DENY}
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


class Court:
    """Casbin with one model and the memberships of one moment; immutable, safe for many threads.

    Casbin parses the model, evaluates its matcher and combines effects. Its own loop stops at the first deny and names
    one rule; here the loop goes through all rules that it is given, so that an answer names every one that matches.
    """

    def __init__(self, *, model: str, datasets: Members, fields: Members) -> None:
        self._datasets, self._fields = datasets, fields
        enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=model))
        self._effects = enforcer.eft
        self._request, self._columns = (tuple(enforcer.model[k][k].tokens) for k in ("r", "p"))
        self._functions = {"covers": covers, "holds": holds}
        self._functions |= {n: generate_g_function(m) for n, m in (("g", datasets), ("g2", fields))}
        self._matcher = _parse(enforcer.model["m"]["m"].value)
        self._own = threading.local()

    def groups(self, dataset: str) -> tuple[str, ...]:
        """What rules may call the data set: its own name and its groups."""
        return (dataset, *self._datasets.groups.get(dataset, ()))

    def classes(self, field: str) -> frozenset[str]:
        """What rules may call the field: any of its classes, or every field."""
        return self._fields.groups.get(field, _NONE) | _EVERY

    def ask(self, rules: tuple[Rule, ...], request: Sequence[object]) -> Answer:
        """What Casbin decides about `request` under `rules`, with every rule that matches.

        Raises Broken("policy-disagrees") when Casbin's effect is not what the matching rules say.
        """
        if not rules:
            return Answer(allowed=False, rules=())
        matching = self._matching(rules, request)
        found = {_EFFECTS[r.effect] for r in matching} or {Effector.INDETERMINATE}
        allowed = effect_to_bool(self._effects.final_effect(found)) is True
        if allowed != ({r.effect for r in matching} == {Effect.ALLOW}):
            raise Broken("policy-disagrees", rules=", ".join(r.id for r in matching))
        return Answer(allowed=allowed, rules=matching)

    def _matching(self, rules: tuple[Rule, ...], request: Sequence[object]) -> tuple[Rule, ...]:
        expression = self._expression()
        asked = dict(zip(self._request, request, strict=True))
        rows = (dict(zip(self._columns, r.row(), strict=True)) for r in rules)
        return tuple(r for r, row in zip(rules, rows, strict=True) if expression.eval(asked | row) is True)

    def _expression(self) -> SimpleEval:
        """The matcher, ready to be evaluated by this thread alone: evaluating keeps names in the object."""
        found: SimpleEval | None = getattr(self._own, "expression", None)
        if found is None:
            found = self._own.expression = SimpleEval("", self._functions)
            found.ast_parsed_value = self._matcher
        return found


def _parse(matcher: str) -> ast.AST:
    """The tree of a matcher as Casbin reads it, parsed once per process."""
    with _lock:
        if matcher not in _parsed:
            _parsed[matcher] = casbin.Enforcer._get_expression(matcher).ast_parsed_value  # noqa: SLF001
        return _parsed[matcher]


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
            classes = self._court.classes(field)
            about = tuple(r for r in rules if r.field in classes)
            found = self._court.ask(about, (self._subject, dataset, field, use, context))
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
