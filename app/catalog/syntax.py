"""Is `catalog.toml` of the right form? TOML and the JSON Schema, every problem at once and with its place."""

from __future__ import annotations

import copy
import difflib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from app.catalog import places
from app.domain.errors import Finding, Invalid
from app.domain.values import Level, Position

FILE = "catalog.toml"
MAX_BYTES = 4 << 20
_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")

_TABLES = ("provider", "dataset", "field")
SPECIAL = {
    ("level", "enum"): "catalog-unknown-level",
    ("name", "pattern"): "catalog-bad-name",
    ("code", "pattern"): "catalog-bad-code",
}
"""(key, failed schema keyword) → a code of its own; every other failure is a "catalog-wrong-value"."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The text of one `catalog.toml` as plain data, and where in it everything stands."""

    folder: Path
    data: dict[str, Any]
    positions: dict[places.Path, Position]

    def finding(self, code: str, path: places.Path, **params: object) -> Finding:
        """A finding about the value at `path`, which names the file, the path and the line."""
        known = {"file": FILE, "place": places.words(self.data, path)} | params
        dataset, field = self._names(path)
        return Finding(
            code=code,
            params=tuple((k, str(v)) for k, v in known.items()),
            dataset=dataset,
            field=field,
            position=places.position(self.positions, path),
        )

    def _names(self, path: places.Path) -> tuple[str | None, str | None]:
        """The names of the data set and the field that `path` leads into."""
        if path[:1] != ("dataset",):
            return None, None
        names = [self._name(path[:depth]) if len(path) >= depth else None for depth in (2, 4)]
        return names[0], names[1] if path[2:3] == ("field",) else None

    def _name(self, path: places.Path) -> str | None:
        node: object = self.data
        for key in path:
            node = places.step(node, key)
        name = places.step(node, "name")
        return name if isinstance(name, str) else None


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of `catalog.toml` (draft 2020-12)."""
    text = files("app.catalog").joinpath("catalog.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def read_source(folder: Path) -> Source:
    """The parsed `catalog.toml` of `folder`; dates become ISO text.

    Raises Invalid "catalog-missing" or "catalog-syntax" (with line and column).
    """
    file = folder / FILE
    if not file.is_file():
        raise Invalid("catalog-missing", folder=folder, file=FILE)
    if file.stat().st_size > MAX_BYTES:
        raise Invalid("catalog-too-large", folder=folder, file=FILE, limit=MAX_BYTES)
    text = _decoded(folder, file.read_bytes())
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(folder, text, str(error)) from error
    return Source(folder=folder, data={k: _plain(v) for k, v in data.items()}, positions=places.lines(text))


def _decoded(folder: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Invalid("catalog-syntax", folder=folder, file=FILE, line=line, column=1, detail="not UTF-8") from error


def _syntax_error(folder: Path, text: str, sentence: str) -> Invalid:
    """TOML's own sentence speaks of the catalog file, which its reader wrote: it may be repeated."""
    match = _TOML_PLACE.search(sentence)
    lines = text.splitlines() or [""]
    line, column = (int(match[1]), int(match[2])) if match else (len(lines), len(lines[-1]) + 1)
    detail = _TOML_PLACE.sub("", sentence).removesuffix("(at end of document)").strip()
    params = {"folder": folder, "file": FILE, "line": line, "column": column, "detail": detail}
    return Invalid(
        Finding(
            code="catalog-syntax",
            params=tuple((k, str(v)) for k, v in params.items()),
            position=Position(line=line, column=column),
        )
    )


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date | time) else value


def check_form(source: Source) -> tuple[list[Finding], dict[str, Any]]:
    """Every problem of form, and the data without the values that have one, for the rules of meaning to go on with."""
    findings: list[Finding] = []
    sound: dict[str, Any] = copy.deepcopy(source.data)
    for error in Draft202012Validator(schema()).iter_errors(source.data):
        path = tuple(error.absolute_path)
        findings += _findings(source, path, error)
        if error.validator not in {"additionalProperties", "required"}:
            _prune(sound, path)
    return sorted(findings, key=_order), sound


def _order(finding: Finding) -> tuple[int, int]:
    return (finding.position.line, finding.position.column) if finding.position else (0, 0)


def _findings(source: Source, path: places.Path, error: ValidationError) -> Iterator[Finding]:
    """The findings of one schema error: one for each unknown or missing key, else one."""
    if error.validator == "additionalProperties":
        allowed = list(error.schema["properties"])
        for key in sorted(set(error.instance) - set(allowed)):
            yield _unknown_key(source, (*path, key), allowed)
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                yield source.finding("catalog-missing-key", path, key=key)
    else:
        yield _wrong_value(source, path, error)


def _unknown_key(source: Source, path: places.Path, allowed: list[str]) -> Finding:
    key = str(path[-1])
    near = difflib.get_close_matches(key.lower(), allowed, n=1)
    if near:
        return source.finding("catalog-misspelt-key", path, key=key, nearest=near[0], allowed=", ".join(allowed))
    return source.finding("catalog-unknown-key", path, key=key, allowed=", ".join(allowed))


def _wrong_value(source: Source, path: places.Path, error: ValidationError) -> Finding:
    key = next((str(k) for k in reversed(path) if isinstance(k, str)), "")
    code = SPECIAL.get((key, error.validator), "catalog-wrong-value")
    if key == "grade" and error.instance == "secret":
        code = "catalog-secret-refused"
    zh, en = _allowed(path, error)
    return source.finding(
        code, path, key=key, given=_short(error.instance), allowed=en, allowed_zh=zh, levels=", ".join(Level)
    )


def _allowed(path: places.Path, error: ValidationError) -> tuple[str, str]:
    """What the schema says may stand at `path`, in both languages; the nearest description on the way there."""
    node = schema()
    texts = (str(error.validator), str(error.validator))
    for key in path:
        if "$ref" in node:
            node = schema()["$defs"][node["$ref"].rpartition("/")[2]]
        node = node.get("items", {}) if isinstance(key, int) else node.get("properties", {}).get(key, {})
        texts = (node.get("x-zh", texts[0]), node.get("description", texts[1]))
    return texts


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"


def _prune(data: object, path: places.Path) -> None:
    """Take the value at `path` out of `data`; an element of a list of tables becomes an empty one, else None."""
    for key in path[:-1]:
        data = places.step(data, key)
    key = path[-1] if path else ""
    if isinstance(data, dict):
        data.pop(key, None)
    elif isinstance(data, list) and isinstance(key, int):
        data[key] = {} if path[-2] in _TABLES else None
