"""Which repairs are there, with which numbers? Reads `policies/repairs.toml`; whatever is not sound is an error."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.disclosure.perturbation import thresholds
from app.domain.errors import Broken
from app.domain.privacy import Privacy
from app.domain.repairs import Noise, Repair
from app.domain.values import REPAIRS

FILE = "repairs.toml"
_KEYS: Mapping[str, Mapping[str, type[int | float]]] = {
    "merge": {"passing": float},
    "top-bottom": {"share": float},
    "round": {"base": int},
    "cell-key": {"largest": int, "variance": float},
    "dp": {
        "epsilon": float,
        "delta": float,
        "budget": float,
        "rows_per_unit": int,
        "cells_per_unit": int,
        "cells": int,
    },
}
"""Repair → its numbers, all above zero."""


def load_repairs(policies: Path) -> Mapping[str, Repair]:
    """Kind → repair, from the folder `policies`.

    Raises Broken("disclosure-repairs") for a table or number that is missing, unknown, of another type or not positive,
    for a variance that no noise of that size has, and for a delta that is no small probability.
    """
    document = tomllib.loads((policies / FILE).read_text(encoding="utf-8"))
    wrong = [name for name in {*document, *_KEYS} if name not in document or name not in _KEYS]
    wrong += [f"{kind}.{key}" for kind in set(document) & set(_KEYS) for key in _wrong(document[kind], _KEYS[kind])]
    if wrong:
        raise Broken("disclosure-repairs", problem=", ".join(sorted(wrong)))
    return MappingProxyType({kind: _repair(kind, document[kind]) for kind in REPAIRS})


def _wrong(table: Mapping[str, Any], keys: Mapping[str, type[int | float]]) -> set[str]:
    """The keys of a table that are missing, not known, or of a wrong value."""
    fits = {k for k, kind in keys.items() if type(table.get(k)) in (int, kind) and table[k] > 0}
    return {*keys, *table} - fits


def _repair(kind: str, table: Mapping[str, Any]) -> Repair:
    if kind == "round":
        return Repair(kind=kind, base=table["base"])
    if kind == "merge":
        return Repair(kind=kind, passing=_part(kind, table, "passing", Decimal(1)))
    if kind == "top-bottom":
        return Repair(kind=kind, share=_part(kind, table, "share", _MOST_SHARE))
    if kind == "dp":
        return Repair(kind=kind, privacy=_privacy(table))
    try:
        at = thresholds(table["largest"], table["variance"])
    except ValueError as error:
        raise Broken("disclosure-repairs", problem=f"{kind}.variance: {error}") from None
    noise = Noise(largest=table["largest"], variance=float(table["variance"]), thresholds=at)
    return Repair(kind=kind, noise=noise)


def _part(kind: str, table: Mapping[str, Any], name: str, most: Decimal) -> float:
    """A part of a whole, not above `most`."""
    if Decimal(str(table[name])) > most:
        raise Broken("disclosure-repairs", problem=f"{kind}.{name}")
    return float(table[name])


def _privacy(table: Mapping[str, Any]) -> Privacy:
    epsilon, delta, budget = (Decimal(str(table[name])) for name in ("epsilon", "delta", "budget"))
    if delta > _MOST_DELTA or not epsilon <= budget < _MOST_EPSILON:
        raise Broken("disclosure-repairs", problem="dp.delta, dp.epsilon, dp.budget")
    counts = {name: int(table[name]) for name in ("rows_per_unit", "cells_per_unit", "cells")}
    return Privacy(epsilon=epsilon, delta=delta, budget=budget, **counts)


_MOST_SHARE = Decimal("0.25")
"""Coding more than a quarter of the subjects at either end leaves no measure worth the name."""
_MOST_DELTA, _MOST_EPSILON = Decimal("0.001"), Decimal(1000)
"""More than this is no protection but a slip of the pen; infinite is neither."""
