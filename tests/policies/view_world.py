"""What do the tests of rules about rows and masks share? A data set of every type, and shorthands for rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.domain.values import Dataset, Field
from app.policy.conditions import Context
from app.policy.rules import Standing
from app.policy.views import Viewer, restrict
from app.policy.views_file import read_views
from tests.policies.policy_world import AUTH, NOW, STANDING, a_dataset, a_field

SAID = 'zh = "说明"\nen = "words"\n'
ROWS = f"""[[rows]]
id = "rows-hangzhou"
dataset = "visit"
column = "region"
test = "="
values = ["Hangzhou"]
{SAID}"""
PERIOD = f"""[[rows]]
id = "rows-period"
dataset = "visit"
column = "day"
within = "period"
{SAID}"""
REGION = f"""[[rows]]
id = "rows-region"
dataset = "visit"
column = "region"
within = "region"
{SAID}"""
VIEWER = Viewer(
    authorization=AUTH,
    valid_from=datetime(2026, 1, 1, 16, tzinfo=UTC),
    valid_until=datetime(2027, 1, 1, 16, tzinfo=UTC),
    secret=lambda: b"s" * 32,
)


def typed(name: str, kind: str, level: str) -> Field:
    return replace(a_field(name, level), type=kind, values=("1",), minimum="0", maximum="9")


VISIT = a_dataset(
    "visit",
    a_field("person", "L3", "person"),
    typed("region", "VARCHAR", "L2"),
    typed("day", "DATE", "L3"),
    typed("at", "TIMESTAMP", "L3"),
    typed("fee", "DECIMAL(9,2)", "L3"),
    typed("name", "VARCHAR", "L4"),
    units=("person",),
)


def mask(**cells: str) -> str:
    told = {"id": "mask", "dataset": "visit", "field": "name:day", "kind": "month", "level": "L1"} | cells
    return "[[mask]]\n" + "".join(f"{k} = '{v}'\n" for k, v in told.items()) + SAID


def standing(*tables: str) -> Standing:
    views, _, findings = read_views("\n".join(tables), "views.toml")
    assert findings == []
    return replace(STANDING, views=views)


def seen(*tables: str, viewer: Viewer = VIEWER, context: Context = NOW, dataset: Dataset = VISIT) -> Dataset:
    (found,) = restrict(standing(*tables), [dataset], viewer, context)
    return found


def masked(name: str, *tables: str, **more: Any) -> Field:
    found = seen(*tables, **more).field(name)
    assert found is not None
    return found


def kind_of(field: Field) -> str:
    return field.mask.kind if field.mask else "-"
