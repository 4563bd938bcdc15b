"""May this analysis run, what does it do with which field, and what would have to be applied for? Without running it.

Nothing is mounted and no row is reached: the answer comes from the text, the catalog's descriptions and the policy.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.domain.errors import Finding, Invalid, Refusal
from app.domain.parameters import Values
from app.domain.values import Dataset, Decision, FieldUse, Level
from app.engine import Engine
from app.policy.conditions import Context
from app.policy.decision import TRIAL, answers, smallest_application
from app.policy.grants import Uses, collect, quoted, quoted_key
from app.policy.snapshot import PolicySnapshot, snapshot
from app.policy.views import Viewer, restrict
from app.query.analysis import Understood, mixed_units, outline, understand
from app.workflow import Question, permit

Relation = tuple[str, str, tuple[str, ...]]
"""What has rows, of which kind (public, unit, safe), and the types of the units behind them."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A text to look at: over which data sets, by whom who holds which uses, in which context.

    `authorization` is the one whose masks lie on the fields; `TRIAL`: those of everybody. `values` are those of the
    parameters of a template, None where `sql` is none.
    """

    sql: str
    datasets: tuple[Dataset, ...]
    held: Uses
    context: Context
    authorization: str = TRIAL
    values: Values | None = None


@dataclass(frozen=True, kw_only=True)
class JudgedUse:
    """One use at its place, whether it is permitted now, and the rules that say so."""

    use: FieldUse
    allowed: bool
    rules: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Linted:
    """What is known of a text before it runs.

    `decision` is what would happen once `missing` were granted, `permitted` whether it would happen now. `relations`
    are the tables and the aggregations that mix their units. `seconds` is the time that it took to know.
    """

    decision: Decision
    permitted: bool
    level: Level | None
    findings: tuple[Finding, ...]
    uses: tuple[JudgedUse, ...]
    relations: tuple[Relation, ...]
    missing: Uses
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The answer as plain data."""
        return {
            "decision": self.decision.value,
            "permitted": self.permitted,
            "level": self.level.value if self.level else None,
            "findings": [f.to_json() for f in self.findings],
            "uses": [_use_json(u) for u in self.uses],
            "relations": [{"of": what, "kind": kind, "units": list(units)} for what, kind, units in self.relations],
            "missing": self.missing.to_document()["uses"],
            "milliseconds": round(1000 * self.seconds, 2),
        }


def lint(engine: Engine, draft: Draft) -> Linted:
    """Everything about a text at once. A text that cannot be understood is refused, with its places; nothing raises."""
    begun = time.perf_counter()
    try:
        viewer = Viewer(authorization=draft.authorization, rows=False)
        seen = restrict(engine.standing, draft.datasets, viewer, draft.context)
        understood = understand(draft.sql, seen, engine.functions, draft.values)
    except (Invalid, Refusal) as refusal:
        return _refused(refusal.findings, time.perf_counter() - begun)
    return _linted(engine, draft, understood, begun)


def lint_template(engine: Engine, draft: Draft, sets: Sequence[Values]) -> Linted:
    """A template with each of some sets of values: the answer for the first, unless another is refused or differs."""
    first = lint(engine, replace(draft, values=sets[0]))
    seconds = first.seconds
    for values in sets[1:]:
        found = lint(engine, replace(draft, values=values))
        seconds += found.seconds
        if first.decision is Decision.REFUSED or found.decision is Decision.REFUSED:
            first = first if first.decision is Decision.REFUSED else found
        elif (found.uses, found.relations, found.findings) != (first.uses, first.relations, first.findings):
            said = " / ".join(", ".join(f"{v.name}={v.text}" for v in each) for each in (sets[0], values))
            first = _refused(Refusal("template-uses-vary", values=said).findings, seconds)
    return replace(first, seconds=seconds)


def _refused(findings: tuple[Finding, ...], seconds: float) -> Linted:
    return Linted(
        decision=Decision.REFUSED,
        permitted=False,
        level=None,
        findings=findings,
        uses=(),
        relations=(),
        missing=collect(()),
        seconds=seconds,
    )


def _linted(engine: Engine, draft: Draft, understood: Understood, begun: float) -> Linted:
    draft = _about(draft, understood.datasets)
    held = snapshot(engine.standing, {TRIAL: draft.held}, understood.datasets)
    missing, _ = smallest_application(held, TRIAL, outline(understood), draft.context)
    granted = held
    if missing.fields:
        uses = collect([*draft.held, *missing], purpose=draft.held.purpose)
        granted = snapshot(engine.standing, {TRIAL: uses}, understood.datasets)
    decision, findings, relations = _once_granted(engine, draft, understood, granted)
    judged = answers(held, TRIAL, understood.datasets, understood.uses, draft.context)
    return Linted(
        decision=decision,
        permitted=decision is not Decision.REFUSED and not missing.fields,
        level=understood.level,
        findings=findings,
        uses=tuple(
            JudgedUse(use=use, allowed=found.allowed, rules=tuple(r.id for r in found.deciding))
            for use, found in judged
        ),
        relations=(*_tables(understood), *relations),
        missing=missing,
        seconds=time.perf_counter() - begun,
    )


def _about(draft: Draft, datasets: tuple[Dataset, ...]) -> Draft:
    """The draft with what is held of the data sets in its text alone: a policy takes time for every rule."""
    fields = {d.name: held for d in datasets if (held := draft.held.fields.get(d.name)) is not None}
    return replace(draft, held=replace(draft.held, fields=fields))


def _once_granted(
    engine: Engine, draft: Draft, understood: Understood, policy: PolicySnapshot
) -> tuple[Decision, tuple[Finding, ...], tuple[Relation, ...]]:
    """What policy and governance say when nothing is missing any more, and the aggregations that mix units."""
    question = Question(
        sql=draft.sql,
        datasets=understood.datasets,
        policy=policy,
        authorization=TRIAL,
        context=draft.context,
    )
    try:
        analysis = permit(engine, question, understood).analysis
    except Refusal as refusal:
        return Decision.REFUSED, refusal.findings, ()
    mixed = tuple((f"aggregation {n}", "safe", units) for n, units in enumerate(mixed_units(analysis), 1))
    return (Decision.REVIEW if analysis.reasons else Decision.CHECKED), analysis.reasons, mixed


def _tables(understood: Understood) -> tuple[Relation, ...]:
    """Whose rows each table has."""
    return tuple((d.name, "unit" if d.units else "public", tuple(u.type for u in d.units)) for d in understood.datasets)


def _use_json(judged: JudgedUse) -> dict[str, Any]:
    use = judged.use
    where = use.position
    return {
        "dataset": use.dataset,
        "field": use.field,
        "use": use.use,
        "line": where.line if where else None,
        "column": where.column if where else None,
        "allowed": judged.allowed,
        "rules": list(judged.rules),
    }


@dataclass(frozen=True, kw_only=True)
class Head:
    """What people must say for an application; the rest follows from the text."""

    title: str
    scenario: str
    purpose: str
    products: tuple[str, ...]
    reason: str


def application(linted: Linted, head: Head) -> str:
    """The smallest application that would permit the text, as TOML that `sluice application submit` takes.

    Raises ValueError when nothing is missing.
    """
    if not linted.missing.fields:
        raise ValueError("nothing is missing")
    products = ", ".join(map(quoted, head.products))
    lines = [
        "[application]",
        *(f"{name} = {quoted(getattr(head, name))}" for name in ("title", "scenario", "purpose", "reason")),
        f"products = [{products}]",
        "",
        linted.missing.to_toml(),
        "[reasons]",
        *(f"{quoted_key(dataset)} = {quoted(head.reason)}" for dataset in linted.missing.fields),
    ]
    return "\n".join(lines) + "\n"
