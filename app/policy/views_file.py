"""What does views.toml say? TOML → the rules about rows and masks, each with its line, and every problem; and back."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from app.domain.errors import Finding, Invalid
from app.policy.grants import quoted
from app.policy.view_rules import NO_VIEWS, Views, mask_rule, row_rule

Read = TypeVar("Read")
_HEAD = re.compile(r"\s*\[\[\s*(rows|mask)\s*\]\]")


def read_views(text: str, file: str) -> tuple[Views, tuple[tuple[str, str], ...], list[Finding]]:
    """The sound rules of a file called `file`, each id with its place ("views.toml:12"), and what is wrong.

    Codes: "policy-file-syntax", "policy-rule-value".
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return NO_VIEWS, (), [Finding(code="policy-file-syntax", params=(("file", file), ("problem", str(error))))]
    lines: dict[str, list[int]] = {"rows": [], "mask": []}
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _HEAD.match(line):
            lines[found[1]].append(number)
    findings = [_unknown(file, name, document[name]) for name in document if not _is_tables(name, document[name])]
    if findings:
        return NO_VIEWS, (), findings
    places: list[tuple[str, str]] = []

    def each(table: str, read: Callable[[str, Mapping[str, Any]], Read]) -> tuple[Read, ...]:
        sound = []
        for number, told in enumerate(document.get(table, ())):
            place = f"{file}:{lines[table][number] if number < len(lines[table]) else 1}"
            places.append((str(told.get("id", place)), place))
            try:
                sound.append(read(place, told))
            except Invalid as error:
                findings.extend(error.findings)
        return tuple(sound)

    views = Views(rows=each("rows", row_rule), masks=each("mask", mask_rule))
    return views, tuple(places), findings


def to_toml(views: Views) -> str:
    """The file that `read_views` reads back to the same rules."""
    tables = [(name, told) for name, rules in views.content().items() for told in rules]
    return "\n".join("\n".join([f"[[{name}]]", *_lines(told)]) + "\n" for name, told in tables)


def _lines(told: Mapping[str, Any]) -> list[str]:
    return [
        f"{key} = [{', '.join(map(quoted, value))}]" if isinstance(value, list) else f"{key} = {quoted(value)}"
        for key, value in told.items()
    ]


def _is_tables(name: str, found: object) -> bool:
    return name in {"rows", "mask"} and isinstance(found, list) and all(isinstance(each, dict) for each in found)


def _unknown(file: str, name: str, found: object) -> Finding:
    params = (
        ("place", f"{file}:1"),
        ("column", name),
        ("value", type(found).__name__),
        ("allowed", "[[rows]], [[mask]]"),
    )
    return Finding(code="policy-rule-value", params=params)
