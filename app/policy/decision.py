"""May this analysis do what it does? Every use of every field held against the policy; a refusal names all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.domain.errors import Broken, Finding, Refusal, Unavailable
from app.domain.proofs import Analysis, Grant, UseDecision
from app.domain.values import USE_KINDS, Dataset, DatasetKind, FieldUse, Position, is_repair
from app.policy.classes import dataset_groups, field_classes, key
from app.policy.conditions import Context
from app.policy.enforcement import Answer
from app.policy.grants import Uses, collect
from app.policy.rules import ANY, NO_MATCH, Standing
from app.policy.snapshot import PolicySnapshot, snapshot

COUNT_ROWS = "aggregate:count"
"""The use of a data set's rows as such: reading it at all, when no field of it is used."""

TRIAL = "trial"
"""The authorization that stands for nobody: what the standing rules alone would permit."""


def decide(
    policy: PolicySnapshot, authorization: str, analysis: Analysis, context: Context, *, repair: str | None = None
) -> Grant:
    """The grant for `analysis`, when every use in it is permitted, and `repair` for every protected data set it reads.

    A data set of which no field is used (`SELECT count(*) FROM t`) takes the use "aggregate:count" of its field "*".
    Raises Refusal with one finding per refused use, in order of place: "use-denied" when a rule forbids it,
    "use-not-granted" when none allows it, "repair-not-allowed"; then a "field-masked" for each refused field under a
    mask. Raises also "policy-unknown-authorization"; Unavailable("policy-stale") when the data sets are not those of
    the policy.
    """
    decided = answers(policy, authorization, analysis.datasets, analysis.uses, context)
    decided += _repairs(policy, authorization, analysis.datasets, repair, context)
    refused = [(use, answer) for use, answer in decided if not answer.allowed]
    if refused:
        findings = [_finding(policy, use, answer) for use, answer in refused]
        findings += _masks((use for use, _ in refused), analysis.datasets)
        raise Refusal(findings[0], *findings[1:])
    return Grant(
        authorization=authorization,
        policy_version=policy.version,
        analysis=analysis,
        decisions=tuple(
            UseDecision(use=use, allowed=True, rules=tuple(r.id for r in answer.rules)) for use, answer in decided
        ),
    )


def _repairs(
    policy: PolicySnapshot, authorization: str, datasets: Iterable[Dataset], repair: str | None, context: Context
) -> list[tuple[FieldUse, Answer]]:
    """Whether `repair` may be done to the numbers of each protected data set."""
    protected = [d for d in datasets if d.units and d.kind is DatasetKind.PUBLIC] if repair is not None else []
    asked = [FieldUse(dataset=d.name, field=ANY, use=f"repair:{repair}", position=None) for d in protected]
    return [
        (use, _answer(policy, authorization, d, ANY, use.use, context)) for d, use in zip(protected, asked, strict=True)
    ]


def smallest_application(
    policy: PolicySnapshot, authorization: str, analysis: Analysis, context: Context
) -> tuple[Uses, tuple[FieldUse, ...]]:
    """What is missing for `analysis` to be permitted: the uses to apply for, and those that no application helps.

    The latter are uses that a standing rule forbids; while there are any, the query has to be changed as well.
    """
    decided = answers(policy, authorization, analysis.datasets, analysis.uses, context)
    missing = [(u.dataset, u.field, u.use) for u, answer in decided if not answer.allowed and not answer.denying]
    hopeless = tuple(u for u, answer in decided if answer.denying)
    return collect(missing), hopeless


def explain(
    policy: PolicySnapshot, authorization: str, *, dataset: Dataset, field: str, use: str, context: Context
) -> Answer:
    """Whether one use of one field is permitted, with every rule that matches; `field` "*" means the rows as such."""
    return _answer(policy, authorization, dataset, field, use, context)


def denial(
    policy: PolicySnapshot, authorization: str, *, dataset: Dataset, field: str, use: str, context: Context
) -> Finding | None:
    """The finding of the standing rule that forbids this use whatever is granted; None when no rule does."""
    answer = _answer(policy, authorization, dataset, field, use, context)
    asked = FieldUse(dataset=dataset.name, field=field, use=use, position=None)
    return _finding(policy, asked, answer) if answer.denying else None


def standing_uses(
    standing: Standing, datasets: Iterable[Dataset], context: Context, aggregates: Iterable[str] = (ANY,)
) -> Uses:
    """Every use of every field that no standing rule forbids: what an operator who holds all rights could do.

    `aggregates` are the functions to name one by one, where a policy forbids single ones.
    """
    known = tuple(datasets)
    policy = snapshot(standing, {TRIAL: Uses(fields={})}, known)
    kinds = (*USE_KINDS, *(f"aggregate:{name}" for name in aggregates))
    places = [(d, f.name, use) for d in known for f in d.fields for use in kinds]
    places += [(d, ANY, COUNT_ROWS) for d in known]
    return collect(
        (d.name, field, use) for d, field, use in places if not _answer(policy, TRIAL, d, field, use, context).denying
    )


def request_about(dataset: Dataset, name: str, context: Context) -> tuple[str, Context]:
    """How a request calls the field `name` ("*": the rows as such), and `context` with the field's level.

    Raises Broken("policy-unknown-field").
    """
    field = dataset.field(name)
    if field is None and name != ANY:
        raise Broken("policy-unknown-field", place=f"{dataset.name}.{name}")
    known = ANY if field is None else field.name
    own = dataset.kind is DatasetKind.ENTERPRISE
    return key(dataset.name, known), replace(context, level=None if field is None or own else field.level)


def answers(
    policy: PolicySnapshot,
    authorization: str,
    datasets: Iterable[Dataset],
    uses: Iterable[FieldUse],
    context: Context,
) -> list[tuple[FieldUse, Answer]]:
    """Every use that a query makes of the data sets it reads, with the policy's answer, in order of place.

    Raises "policy-unknown-authorization" and "policy-stale" as `decide` does.
    """
    read, made = {d.name: d for d in datasets}, tuple(uses)
    for dataset in read.values():
        _check_fresh(policy, dataset)
    touched = {u.dataset for u in made}
    if touched - set(read):
        raise Broken("policy-unknown-field", place=", ".join(sorted(touched - set(read))))
    untouched = [FieldUse(dataset=d, field=ANY, use=COUNT_ROWS, position=None) for d in read if d not in touched]
    asked = sorted([*made, *untouched], key=_place)
    return [(u, _answer(policy, authorization, read[u.dataset], u.field, u.use, context)) for u in asked]


def _answer(
    policy: PolicySnapshot, authorization: str, dataset: Dataset, name: str, use: str, context: Context
) -> Answer:
    place, asked = request_about(dataset, name, context)
    return policy.shard(authorization).answer(dataset.name, place, use, asked)


def _check_fresh(policy: PolicySnapshot, dataset: Dataset) -> None:
    """Whether the policy knows the data set as it is now."""
    groups, classes = policy.datasets.groups, policy.fields.groups
    same = groups.get(dataset.name) == dataset_groups(dataset) and all(
        classes.get(key(dataset.name, f.name)) == field_classes(dataset, f) for f in dataset.fields
    )
    if not same:
        raise Unavailable("policy-stale", dataset=dataset.name)


def _finding(policy: PolicySnapshot, use: FieldUse, answer: Answer) -> Finding:
    if is_repair(use.use):
        by = answer.denying[0].id if answer.denying else NO_MATCH
        repair = use.use.partition(":")[2]
        return Finding(code="repair-not-allowed", params=(("repair", repair),), dataset=use.dataset, rule=by)
    if not answer.denying:
        return Finding(
            code="use-not-granted",
            dataset=use.dataset,
            field=use.field,
            use=use.use,
            position=use.position,
            rule=NO_MATCH,
        )
    rule = answer.denying[0]
    text = policy.standing.texts.get(rule.id)
    return Finding(
        code="use-denied",
        params=(
            ("reason_zh", text.zh if text else rule.id),
            ("reason_en", text.en if text else rule.id),
        ),
        dataset=use.dataset,
        field=use.field,
        use=use.use,
        position=use.position,
        rule=rule.id,
    )


def _masks(uses: Iterable[FieldUse], datasets: Iterable[Dataset]) -> list[Finding]:
    """Which mask lies on each of the fields used: part of why the policy answers as it does."""
    by_name = {d.name: d for d in datasets}
    found = {(u.dataset, u.field): by_name[u.dataset].field(u.field) for u in uses}
    return [
        Finding(
            code="field-masked",
            params=(("kind", f.mask.kind), ("reason_zh", f.mask.text.zh), ("reason_en", f.mask.text.en)),
            dataset=dataset,
            field=name,
            rule=f.mask.rule,
        )
        for (dataset, name), f in found.items()
        if f is not None and f.mask is not None
    ]


def _place(use: FieldUse) -> tuple[Position, str, str, str]:
    return use.position or Position(line=0, column=0), use.dataset, use.field, use.use
