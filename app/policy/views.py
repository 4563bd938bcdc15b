"""What does an authorization see of the data sets it reads? The rules about rows and masks, applied to their values.

Nothing is skipped: a rule that cannot be applied to a data set that it speaks of refuses the whole question. The
operator's own tables are never restricted. Identifiers take no mask: what units are counted by stays as it is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.authorizations import Authorization
from app.domain.errors import Finding, Refusal
from app.domain.values import Dataset, DatasetKind, Field, FieldMask, Level, RowFilter
from app.policy.classes import dataset_groups
from app.policy.column_values import DAYS, coarsens, fits
from app.policy.conditions import DENY, OFFICE_ZONE, Context, holds
from app.policy.rules import Standing
from app.policy.view_rules import ANYBODY, ANYTHING, PERIOD, REGION, MaskRule, RowRule, ViewRule

STRICTNESS = ("prefix", "band", "month", "quarter", "year", "pseudonym", "null")
"""Kinds of masks, the strictest last; of two bands the wider is stricter, of two prefixes the shorter."""

Secret = Callable[[], bytes]


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who looks: an authorization, from when until when it is valid, its regions, the secret behind its pseudonyms.

    Without a `secret` nothing can run: pseudonyms have no key. With `rows` False the rules about rows are left out,
    where no row is read.
    """

    authorization: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    regions: tuple[str, ...] = ()
    secret: Secret | None = None
    rows: bool = True

    @staticmethod
    def of(held: Authorization, secret: Secret | None = None) -> Viewer:
        """Whoever works under an authorization."""
        return Viewer(
            authorization=held.id,
            valid_from=held.valid_from,
            valid_until=held.valid_until,
            regions=held.regions,
            secret=secret,
        )


def restrict(standing: Standing, datasets: Iterable[Dataset], viewer: Viewer, context: Context) -> tuple[Dataset, ...]:
    """The data sets as `viewer` sees them: with the filters and masks of every rule that applies.

    All row rules apply together; of several masks of a field the strictest is put on, and what it leaves is of the
    strictest level that any of them says. Raises Refusal with every rule that does not fit its data set:
    "view-unknown-field", "view-identifier", "view-value", "view-mask-type", "view-no-period", "view-no-region".
    """
    findings: list[Finding] = []
    seen = tuple(_seen(standing, dataset, viewer, context, findings) for dataset in datasets)
    if findings:
        raise Refusal(findings[0], *findings[1:])
    return seen


def _seen(standing: Standing, dataset: Dataset, viewer: Viewer, context: Context, findings: list[Finding]) -> Dataset:
    if dataset.kind is DatasetKind.ENTERPRISE:
        return dataset
    filters: list[RowFilter] = []
    for rule in standing.views.rows if viewer.rows else ():
        if _applies(rule, dataset, viewer, context):
            filters += _filters(rule, dataset, viewer, findings)
    masks = [m for m in standing.views.masks if _speaks(m, dataset, viewer)]
    findings += [_finding("view-unknown-field", m, dataset, field=m.field[5:]) for m in masks if _missing(m, dataset)]
    fields = tuple(_masked(f, dataset, masks, viewer, context, findings) for f in dataset.fields)
    return replace(dataset, fields=fields, filters=tuple(filters))


def _applies(rule: ViewRule, dataset: Dataset, viewer: Viewer, context: Context) -> bool:
    """Whether a rule holds here and now; where the context does not say, it does."""
    return _speaks(rule, dataset, viewer) and holds(rule.condition, DENY, context)


def _speaks(rule: ViewRule, dataset: Dataset, viewer: Viewer) -> bool:
    """Whether a rule is about this data set and this authorization, whatever its condition."""
    names = {name.casefold() for name in (ANYTHING, dataset.name, *dataset_groups(dataset))}
    return rule.subject in (ANYBODY, viewer.authorization) and rule.dataset.casefold() in names


# -- rows


def _filters(rule: RowRule, dataset: Dataset, viewer: Viewer, findings: list[Finding]) -> list[RowFilter]:
    field = dataset.field(rule.column)
    if field is None:
        findings.append(_finding("view-unknown-field", rule, dataset, field=rule.column))
        return []
    if field.identifier is not None:
        findings.append(_finding("view-identifier", rule, dataset, field=field.name))
        return []
    tests = _tests(rule, field, dataset, viewer, findings)
    for test, values in tests:
        wrong = next((v for v in values if not fits(v, field.type, test)), None)
        if wrong is not None:
            said = {"value": wrong, "type": field.type, "test": test}
            findings.append(_finding("view-value", rule, dataset, field=field.name, **said))
            return []
    return [
        RowFilter(rule=rule.id, text=rule.text, column=field.name, test=test, values=values) for test, values in tests
    ]


_Tests = list[tuple[str, tuple[str, ...]]]


def _tests(rule: RowRule, field: Field, dataset: Dataset, viewer: Viewer, findings: list[Finding]) -> _Tests:
    """What a row must meet: the rule's own test, or those that come of a bound of the authorization."""
    if rule.within == PERIOD:
        return _period(rule, field, dataset, viewer, findings)
    if rule.within != REGION:
        return [(rule.test, rule.values)]
    if not viewer.regions:
        findings.append(_finding("view-no-region", rule, dataset, authorization=viewer.authorization))
        return []
    return [("in", viewer.regions)]


def _period(rule: RowRule, field: Field, dataset: Dataset, viewer: Viewer, findings: list[Finding]) -> _Tests:
    """From the first to the last day of the authorization, by the office's clock: whole days, whatever the hour."""
    if viewer.valid_from is None or viewer.valid_until is None:
        findings.append(_finding("view-no-period", rule, dataset, authorization=viewer.authorization))
        return []
    if field.type not in DAYS:
        said = {"value": PERIOD, "type": field.type, "test": "within"}
        findings.append(_finding("view-value", rule, dataset, field=field.name, **said))
        return []
    first = viewer.valid_from.astimezone(OFFICE_ZONE).date()
    last = (viewer.valid_until - timedelta(microseconds=1)).astimezone(OFFICE_ZONE).date()
    timed = field.type.startswith("TIMESTAMP")
    ends = [(">=", first), ("<", last + timedelta(days=1))]
    return [(test, (f"{day.isoformat()} 00:00:00" if timed else day.isoformat(),)) for test, day in ends]


# -- masks


def _missing(rule: MaskRule, dataset: Dataset) -> bool:
    return rule.field.startswith("name:") and dataset.field(rule.field[5:]) is None


def _covers(rule: MaskRule, field: Field) -> bool:
    kind, _, name = rule.field.partition(":")
    return name.casefold() == field.name.casefold() if kind == "name" else name == field.level


def _masked(
    field: Field,
    dataset: Dataset,
    rules: list[MaskRule],
    viewer: Viewer,
    context: Context,
    findings: list[Finding],
) -> Field:
    """The field under the strictest of the masks that cover it."""
    asked = replace(context, level=field.level)
    masks = [m for m in rules if _covers(m, field) and holds(m.condition, DENY, asked)]
    if not masks:
        return field
    referring = field.identifier is not None or field.name in {u.column for u in dataset.units}
    for mask in masks:
        if referring:
            findings.append(_finding("view-identifier", mask, dataset, field=field.name))
        elif not coarsens(mask.kind, mask.argument, field.type):
            findings.append(
                _finding("view-mask-type", mask, dataset, field=field.name, kind=mask.kind, type=field.type)
            )
    strictest = max(masks, key=_strictness)
    return _under(field, strictest, Level.strictest([m.level for m in masks]), viewer)


def _strictness(mask: MaskRule) -> tuple[int, float]:
    size = float(mask.argument or 0)
    return STRICTNESS.index(mask.kind), -size if mask.kind == "prefix" else size


def _under(field: Field, mask: MaskRule, level: Level, viewer: Viewer) -> Field:
    """The field as the mask leaves it; what was declared of its values holds no more."""
    pseudonym = mask.kind == "pseudonym"
    argument = pseudonym_key(viewer, field.name) if pseudonym else mask.argument
    return replace(
        field,
        type="VARCHAR" if pseudonym else field.type,
        level=level,
        values=(),
        minimum=None,
        maximum=None,
        bands=(),
        bottom_code=None,
        top_code=None,
        mask=FieldMask(rule=mask.id, text=mask.text, kind=mask.kind, argument=argument, original=field),
    )


def pseudonym_key(viewer: Viewer, field: str) -> str:
    """HMAC-SHA-256 (hex) under the deployment's secret, over authorization and field; empty without a secret."""
    if viewer.secret is None:
        return ""
    told = json.dumps([viewer.authorization, field.casefold()], ensure_ascii=False).encode()
    return hmac.new(viewer.secret(), told, hashlib.sha256).hexdigest()


def _finding(code: str, rule: ViewRule, dataset: Dataset, *, field: str | None = None, **params: str) -> Finding:
    return Finding(code=code, params=tuple(params.items()), dataset=dataset.name, field=field, rule=rule.id)
