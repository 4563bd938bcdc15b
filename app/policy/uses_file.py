"""What does a uses file say? TOML or JSON → `Uses`; every problem at once, with its place and the nearest name."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.domain.errors import Finding, Invalid
from app.domain.values import USE_KINDS, Dataset, is_use
from app.policy.grants import Uses, collect
from app.policy.rules import ANY

MAX_BYTES = 1 << 20
MAX_PURPOSE = 200
KEYS = ("purpose", "uses")
APPLICATION_KEYS = ("application", "reasons", "enterprise_table")
"""What an application has beside its uses."""
SPELLINGS = (*USE_KINDS, "aggregate:*", "aggregate:count", "aggregate:sum", "aggregate:avg")
"""Uses that a misspelt one is compared with."""


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """One document being read; `names` are what its author may know."""

    file: str
    datasets: dict[str, Dataset]

    def finding(self, code: str, place: tuple[str, ...], **params: str) -> Finding:
        known = {"file": self.file, "place": ".".join(place) or "(document)"} | params
        return Finding(code=code, params=tuple(known.items()))

    def unknown(self, code: str, place: tuple[str, ...], name: str, known: Iterable[str]) -> Finding:
        """`name` is not among `known`; the nearest of them is suggested."""
        near = nearest(name, known)
        return self.finding(
            code,
            place,
            name=name,
            hint_zh=f"是否想写 {near}？" if near else "",
            hint_en=f" Did you mean {near}?" if near else "",
        )

    def shape(self, place: tuple[str, ...], expected: str) -> Finding:
        return self.finding("uses-shape", place, expected=expected)

    def triples(self, document: dict[str, Any], findings: list[Finding]) -> list[tuple[str, str, str]]:
        """Every (data set, field, use) that is right; the others go to `findings`."""
        found: list[tuple[str, str, str]] = []
        for name, fields in document.items():
            place = ("uses", name)
            dataset = self.datasets.get(name.casefold())
            if dataset is None:
                known = (d.name for d in self.datasets.values())
                findings.append(self.unknown("uses-unknown-dataset", place, name, known))
            elif not isinstance(fields, dict) or not fields:
                findings.append(self.shape(place, "field = [uses]"))
            else:
                for field, uses in fields.items():
                    found += self._field(dataset, field, uses, findings)
        return found

    def _field(self, dataset: Dataset, name: str, uses: Any, findings: list[Finding]) -> list[tuple[str, str, str]]:  # noqa: ANN401 — as read
        place = ("uses", dataset.name, name)
        field = dataset.field(name)
        if field is None and name != ANY:
            known = (f.name for f in dataset.fields)
            findings.append(self.unknown("uses-unknown-field", place, name, known))
            return []
        if not isinstance(uses, list) or not uses or len({repr(u) for u in uses}) != len(uses):
            findings.append(self.shape(place, '["use", …]'))
            return []
        right = [use for use in uses if isinstance(use, str) and is_use(use)]
        wrong = [str(use) for use in uses if use not in right]
        findings.extend(self.unknown("uses-unknown-use", place, use, SPELLINGS) for use in wrong)
        return [(dataset.name, ANY if field is None else field.name, use) for use in right]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name among `known` that `name` most likely means; None when nothing is near."""
    by_fold = {k.casefold(): k for k in known}
    found = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def load_uses(path: Path, datasets: Iterable[Dataset]) -> Uses:
    """The uses in the file at `path` (JSON when it ends in .json, else TOML), checked against `datasets`.

    An application is read too: its uses, for its purpose.

    Raises Invalid "uses-unreadable", and what `parse_uses` raises.
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Invalid("uses-unreadable", file=path.name, limit=MAX_BYTES) from None
    if len(raw) > MAX_BYTES:
        raise Invalid("uses-unreadable", file=path.name, limit=MAX_BYTES)
    document = _document(text, "json" if path.suffix.lower() == ".json" else "toml", path.name)
    return read_uses(_of_application(document), datasets, file=path.name)


def _of_application(document: object) -> object:
    """An application as a uses file; any other document as it is."""
    if not (isinstance(document, dict) and isinstance(document.get("application"), dict)):
        return document
    rest = {k: v for k, v in document.items() if k not in APPLICATION_KEYS}
    purpose = document["application"].get("purpose")
    return rest if purpose is None else {"purpose": purpose, **rest}


def parse_uses(text: str, datasets: Iterable[Dataset], *, form: str = "toml", file: str = "uses") -> Uses:
    """The uses in `text`, whose `form` is "toml" or "json"; names are those of `datasets`, found in any case.

    Raises Invalid with every finding: "uses-syntax", "uses-shape", "uses-unknown-key", "uses-unknown-dataset",
    "uses-unknown-field", "uses-unknown-use"; suggestions come from `datasets` only.
    """
    return read_uses(_document(text, form, file), datasets, file=file)


def read_uses(document: object, datasets: Iterable[Dataset], *, file: str = "uses") -> Uses:
    """As `parse_uses`, for a document that is already plain data."""
    reader = _Reader(file=file, datasets={d.name.casefold(): d for d in datasets})
    if not isinstance(document, dict):
        raise Invalid(reader.shape((), "[uses.DATASET]"))
    findings = [reader.unknown("uses-unknown-key", (k,), k, KEYS) for k in document if k not in KEYS]
    purpose = document.get("purpose")
    if "purpose" in document and not (isinstance(purpose, str) and 0 < len(purpose) <= MAX_PURPOSE):
        findings.append(reader.shape(("purpose",), f"1 … {MAX_PURPOSE} characters"))
    tables = document.get("uses")
    triples: list[tuple[str, str, str]] = []
    if isinstance(tables, dict) and tables:
        triples = reader.triples(tables, findings)
    else:
        findings.append(reader.shape(("uses",), "[uses.DATASET]"))
    if findings:
        raise Invalid(findings[0], *findings[1:])
    return replace(collect(triples), purpose=purpose)


def _document(text: str, form: str, file: str) -> object:
    """`text` as plain data; a key that stands twice is an error in both forms."""
    try:
        if form == "json":
            return json.loads(text, object_pairs_hook=_once)
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid("uses-syntax", file=file, problem=error) from None
    except (ValueError, RecursionError) as error:
        problem = f"line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else error
        raise Invalid("uses-syntax", file=file, problem=problem) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name} stands twice")
        found[name] = value
    return found
