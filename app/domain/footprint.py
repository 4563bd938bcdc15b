"""What of an analysis does an approval bind? What it reads and uses, what it mixes, and what people must judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.domain.values import FieldUse, Level, Position

Aggregation = tuple[tuple[str, ...], int, tuple[str, ...]]
"""A frontier: the types of its units, how many keys it groups by, and the functions that measure.

How often a function measures is not told: two measures that some values make equal are one."""
Reason = tuple[str, int | None, int | None]
"""A code that asks for people, with line and column."""


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What an analysis touches, apart from the values of its parameters: equal for all values of a sound template.

    `relations` are (data set, "unit" or "public", types of its units); `uses` are in the order of their places.
    """

    level: Level
    relations: tuple[tuple[str, str, tuple[str, ...]], ...]
    uses: tuple[FieldUse, ...]
    aggregations: tuple[Aggregation, ...]
    reasons: tuple[Reason, ...]

    def to_json(self) -> dict[str, Any]:
        """The footprint as plain data that `footprint_from_json` reads back."""
        return {
            "level": self.level.value,
            "relations": [[name, kind, list(units)] for name, kind, units in self.relations],
            "uses": [asdict(use) for use in self.uses],
            "aggregations": [[list(units), keys, list(measures)] for units, keys, measures in self.aggregations],
            "reasons": [list(reason) for reason in self.reasons],
        }


def changed_parts(before: Footprint, after: Footprint) -> tuple[str, ...]:
    """The names of the parts in which two footprints differ; none when they are equal."""
    return tuple(name for name in Footprint.__dataclass_fields__ if getattr(before, name) != getattr(after, name))


def footprint_from_json(kept: Mapping[str, Any]) -> Footprint:
    """The footprint that `Footprint.to_json` wrote; KeyError, TypeError or ValueError for anything else."""
    return Footprint(
        level=Level(kept["level"]),
        relations=tuple((name, kind, tuple(units)) for name, kind, units in kept["relations"]),
        uses=tuple(_use(use) for use in kept["uses"]),
        aggregations=tuple((tuple(units), keys, tuple(measures)) for units, keys, measures in kept["aggregations"]),
        reasons=tuple((code, line, column) for code, line, column in kept["reasons"]),
    )


def _use(kept: Mapping[str, Any]) -> FieldUse:
    place = kept["position"]
    return FieldUse(**{**kept, "position": Position(**place) if place else None})
