"""What may one task of each kind use? Reads `policies/limits.toml`; a table that is not sound is an error."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.domain.errors import Finding, Invalid
from sandbox.protocol import MAX_SQL_BYTES, Limits

FILE = "limits.toml"
KINDS = ("query", "mount", "rehearse", "inspect", "refine")
"""The kinds of task that `sandbox.protocol` knows."""
_NAMES = tuple(f.name for f in fields(Limits))
_MOST = {"sql_bytes": MAX_SQL_BYTES, "threads": 256}
_MOST_OF_ANY = (1 << 53) - 1
"""What the sandbox's door lets through; a task beyond it would be refused as malformed, job by job."""
_SECONDS = "wall_seconds"
"""The only limit that may have a fraction."""


def load_limits(policies: Path) -> Mapping[str, Limits]:
    """Kind of task → its limits, from the folder `policies`.

    Raises one Invalid with all that is wrong, each finding naming file and key: "limits-unreadable",
    "limits-unknown-key", "limits-missing-key", "limits-wrong-type", "limits-not-positive", "limits-too-large".
    """
    file = policies / FILE
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid("limits-unreadable", file=file) from error
    findings = [f for key, value in _entries(document) if (f := _finding(file, key, value)) is not None]
    if findings:
        raise Invalid(findings[0], *findings[1:])
    return MappingProxyType({kind: _limits(document[kind]) for kind in KINDS})


class _Missing:
    """Stands for the value of a key that is not there."""


def _entries(document: dict[str, Any]) -> list[tuple[str, object]]:
    """Every key that is there or should be, as "table.key" or "table" alone, with its value."""
    found: list[tuple[str, object]] = [(name, table) for name, table in document.items() if name not in KINDS]
    for kind in KINDS:
        table = document.get(kind, _Missing())
        if isinstance(table, dict):
            found += [(f"{kind}.{n}", table.get(n, _Missing())) for n in dict.fromkeys([*_NAMES, *table])]
        else:
            found.append((kind, table))
    return found


def _finding(file: Path, key: str, value: object) -> Finding | None:
    """What is wrong with one key; None when nothing is."""
    name = key.partition(".")[2]
    given = (("file", str(file)), ("key", key))
    if isinstance(value, _Missing):
        return Finding(code="limits-missing-key", params=given)
    if name not in _NAMES and key not in KINDS:
        return Finding(code="limits-unknown-key", params=given)
    if isinstance(value, bool) or not isinstance(value, int | float if name == _SECONDS else int) or not name:
        return Finding(code="limits-wrong-type", params=given)
    if not 0 < value < float("inf"):
        return Finding(code="limits-not-positive", params=given)
    most = _MOST.get(name, _MOST_OF_ANY)
    if value > most:
        return Finding(code="limits-too-large", params=(*given, ("limit", str(most))))
    return None


def _limits(table: dict[str, Any]) -> Limits:
    return Limits(**{**table, _SECONDS: float(table[_SECONDS])})
