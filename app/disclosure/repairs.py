"""Which repairs are there, with which numbers? Reads `policies/repairs.toml`; whatever is not sound is an error."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.disclosure.perturbation import thresholds
from app.domain.errors import Broken
from app.domain.repairs import Noise, Repair
from app.domain.values import REPAIRS

FILE = "repairs.toml"
_KEYS: Mapping[str, Mapping[str, type[int | float]]] = {
    "round": {"base": int},
    "cell-key": {"largest": int, "variance": float, "share": float},
}
"""Repair → its numbers, all above zero."""


def load_repairs(policies: Path) -> Mapping[str, Repair]:
    """Kind → repair, from the folder `policies`.

    Raises Broken("disclosure-repairs") for a table or number that is missing, unknown, of another type or not positive,
    and for a variance that no noise of that size has.
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
    try:
        at = thresholds(table["largest"], table["variance"])
    except ValueError as error:
        raise Broken("disclosure-repairs", problem=f"{kind}.variance: {error}") from None
    noise = Noise(
        largest=table["largest"], variance=float(table["variance"]), share=float(table["share"]), thresholds=at
    )
    return Repair(kind=kind, noise=noise)
