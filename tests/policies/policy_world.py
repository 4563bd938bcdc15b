"""What do the tests of the policy talk about? Small data sets of every level and kind, and shorthands."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from app.domain.proofs import Analysis
from app.domain.values import Bilingual, Dataset, DatasetKind, Field, FieldUse, Level, Position, Unit
from app.policy.conditions import Context
from app.policy.rules import Standing
from app.policy.rules_files import load_standing
from app.policy.uses_file import parse_uses

POLICIES = Path(__file__).parents[2] / "policies"
STANDING: Standing = load_standing(POLICIES)
NOW = Context(now=datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
AUTH = "auth-1"


def text(words: str) -> Bilingual:
    return Bilingual(zh=words, en=words)


def a_field(name: str, level: str, identifier: str | None = None) -> Field:
    kind = "UINTEGER" if identifier else "VARCHAR"
    return Field(name=name, type=kind, level=Level(level), label=text(name), identifier=identifier)


def a_dataset(
    name: str, *fields: Field, units: tuple[str, ...] = (), kind: DatasetKind = DatasetKind.PUBLIC
) -> Dataset:
    return Dataset(
        name=name,
        code="3/06/001/0001",
        kind=kind,
        provider="hz-highway",
        title=text(name),
        fields=fields,
        units=tuple(Unit(type="vehicle", column=u, tag=f"__tag_{u}") for u in units),
        version="0" * 64,
        path="",
        rows=1,
    )


INCIDENT = a_dataset(
    "hw_incident",
    a_field("plate", "L3", "vehicle"),
    a_field("road", "L2"),
    a_field("fee", "L3"),
    a_field("diagnosis", "L4"),
    a_field("kind", "L1"),
    a_field("identifier", "L1"),
    a_field("enterprise", "L3"),
    units=("plate",),
)
WEATHER = a_dataset("weather_hourly", a_field("hour", "L1"), a_field("station", "L2"))
TOW = a_dataset(
    "tow_station",
    a_field("station", "L3"),
    a_field("owner", "L1", "enterprise"),
    kind=DatasetKind.ENTERPRISE,
)
DATASETS = (INCIDENT, WEATHER, TOW)

SOME_USES = parse_uses(
    """
    [uses.hw_incident]
    road = ["group", "filter:eq"]
    plate = ["link", "show"]
    fee = ["aggregate:*"]
    "*" = ["aggregate:count"]
    """,
    DATASETS,
)


def an_analysis(*uses: tuple[str, str, str], datasets: tuple[Dataset, ...] = DATASETS) -> Analysis:
    """An analysis that makes `uses`, one per line of its text."""
    named = {u[0] for u in uses}
    return Analysis(
        sql="select …",
        datasets=tuple(d for d in datasets if d.name in named or not uses),
        uses=tuple(
            FieldUse(dataset=d, field=f, use=u, position=Position(line=n, column=8))
            for n, (d, f, u) in enumerate(uses, start=1)
        ),
        level=Level.L4,
        reasons=(),
        governed=None,
    )
