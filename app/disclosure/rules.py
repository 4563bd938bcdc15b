"""Which numbers does each level demand? Reads `policies/disclosure.toml`; a missing or unknown number is an error."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.disclosure.text import TextRules, text_rules
from app.domain.errors import Broken
from app.domain.rules import FirewallRule, LevelRule
from app.domain.values import Level

FILE = "disclosure.toml"
_KEYS = frozenset("rows contributors largest_share top_shares p_percent all_same zeros rounding_base reviewers".split())

_FIREWALL: dict[str, Any] = {"max_rank_share": 0.2, "max_entries": 1 << 21}
"""The numbers of the table `firewall` where it does not say otherwise."""


@dataclass(frozen=True, kw_only=True)
class EgressRules:
    """The rule of each level, and the caps of any output: rows, and bytes of Parquet."""

    levels: dict[Level, LevelRule]
    max_rows: int
    max_bytes: int
    text: TextRules
    firewall: FirewallRule


def load_rules(policies: Path) -> EgressRules:
    """The rules in the folder `policies`.

    Raises Broken("disclosure-rules") for a level that is missing, an unknown key, a level without contributors that
    does not say that rows may leave, and shares of several units that are none.
    """
    document = tomllib.loads((policies / FILE).read_text(encoding="utf-8"))
    output, text = document.pop("output", {}), text_rules(document.pop("text", {}))
    firewall = {**_FIREWALL, **document.pop("firewall", {})}
    wrong = set(document) ^ {str(level) for level in Level}
    wrong |= {f"{name}.{k}" for name, table in document.items() for k in set(table) - _KEYS}
    wrong |= {name for name, t in document.items() if "contributors" not in t and t.get("rows") is not True}
    wrong |= {f"{name}.top_shares" for name, t in document.items() if not _shares(t.get("top_shares", []))}
    wrong |= {f"firewall.{k}" for k in firewall if not (k in _FIREWALL and _positive(firewall[k]))}
    if wrong or set(output) != {"max_rows", "max_bytes"}:
        raise Broken("disclosure-rules", problem=", ".join(sorted(wrong)) or "output")
    levels = {Level(name): _rule(Level(name), table) for name, table in document.items()}
    return EgressRules(
        levels=levels,
        max_rows=output["max_rows"],
        max_bytes=output["max_bytes"],
        text=text,
        firewall=FirewallRule(**firewall),
    )


def _positive(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and number >= 0


def _shares(listed: object) -> bool:
    """Whether `listed` has pairs of a number of units, at least two, and a part of a whole."""
    pairs = listed if isinstance(listed, list) else [None]
    return all(
        isinstance(p, dict)
        and p.keys() == {"n", "share"}
        and type(p["n"]) is int
        and p["n"] > 1
        and 0 < p["share"] <= 1
        for p in pairs
    )


def _rule(level: Level, table: dict[str, Any]) -> LevelRule:
    return LevelRule(
        level=level,
        contributors=int(table.get("contributors", 1)),
        largest_share=table.get("largest_share"),
        p_percent=table.get("p_percent"),
        rounding_base=int(table["rounding_base"]) if "rounding_base" in table else None,
        reviewers=int(table["reviewers"]),
        top_shares=tuple((pair["n"], float(pair["share"])) for pair in table.get("top_shares", [])),
        all_same=table.get("all_same", True) is True,
        zeros=table.get("zeros", False) is True,
    )
