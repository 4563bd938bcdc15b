"""Which class does an SQL function belong to? A frozen table from `policies/functions.toml`; the unknown is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.domain.errors import Broken

FILE = "functions.toml"
_KEYS = frozenset({"names", "raises", "constants"})


class FunctionClass(StrEnum):
    """What an analysis may do with a function; `policies/functions.toml` says what each class means."""

    SCALAR = "scalar"
    SCALAR_GUARDED = "scalar_guarded"
    MEASURE = "measure"
    AGGREGATE = "aggregate"
    ORDER_STATISTIC = "order_statistic"
    EXTREME = "extreme"
    WINDOW = "window"
    NESTED = "nested"
    TABLE = "table"
    INTERNAL = "internal"


@dataclass(frozen=True, kw_only=True)
class FunctionTable:
    """Every function that may be called: name (DuckDB's, lower case) → class, and what to mind.

    `raises` are functions that stop the query for some values: the generated SQL wraps them in TRY. `constants` maps
    a function to the positions, from 1, of arguments that must be literals. `syntax` are names of the grammar that
    the engine's own list of functions does not hold.
    """

    classes: Mapping[str, FunctionClass]
    raises: frozenset[str]
    constants: Mapping[str, tuple[int, ...]]
    syntax: frozenset[str]

    def function_class(self, name: str) -> FunctionClass | None:
        """The class of the function called `name`, in any case; None when an analysis may not call it."""
        return self.classes.get(name.lower())

    def names(self, *classes: FunctionClass) -> tuple[str, ...]:
        """The functions of `classes`, sorted."""
        return tuple(sorted(n for n, c in self.classes.items() if c in classes))


def load_functions(policies: Path) -> FunctionTable:
    """The table in the folder `policies`.

    Raises Broken("policy-functions") for an unknown class or key, a name in two classes, a name that is not in lower
    case, and a note about a function that is not in its class.
    """
    document = tomllib.loads((policies / FILE).read_text(encoding="utf-8"))
    document.pop("left_out", None)
    syntax = frozenset(document.pop("syntax", {}).get("names", ()))
    if set(document) != {str(c) for c in FunctionClass}:
        raise Broken("policy-functions", problem=f"classes {sorted(document)}")
    classes: dict[str, FunctionClass] = {}
    raises: set[str] = set()
    constants: dict[str, tuple[int, ...]] = {}
    for kind in FunctionClass:
        table = _checked(kind, document[kind], classes)
        classes |= dict.fromkeys(table["names"], kind)
        raises |= set(table.get("raises", ()))
        constants |= {n: tuple(p) for n, p in table.get("constants", {}).items()}
    return FunctionTable(
        classes=MappingProxyType(classes),
        raises=frozenset(raises),
        constants=MappingProxyType(constants),
        syntax=syntax,
    )


def _checked(kind: str, table: dict[str, Any], known: Mapping[str, FunctionClass]) -> dict[str, Any]:
    """The table of one class, when it is sound and none of its names is in `known`."""
    names = table.get("names", [])
    strange = set(table) - _KEYS | {n for n in names if n != n.lower() or n in known}
    strange |= {n for n in [*table.get("raises", []), *table.get("constants", {})] if n not in names}
    if strange or len(set(names)) != len(names):
        raise Broken("policy-functions", problem=f"{kind}: {sorted(strange) or 'a name stands twice'}")
    return table
