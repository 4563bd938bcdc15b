"""What does an application ask for? The file an operator writes, checked against its schema, as a frozen value."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

from app.domain.authorizations import DEFAULT_TERM_MONTHS, PURPOSES
from app.domain.errors import Finding, Invalid
from app.domain.values import is_use

ALL_FIELDS = "*"


@dataclass(frozen=True, kw_only=True)
class Content:
    """What an application asks for.

    `uses` are (data set, field or "*", use); `reasons` and `tables` pairs of (what, why); `regions` those that the
    scenario is about, as the data name them.
    """

    title: str
    scenario: str
    purpose: str
    products: tuple[str, ...]
    reason: str
    recipients: tuple[str, ...]
    term_months: int
    tables: tuple[tuple[str, str], ...]
    uses: tuple[tuple[str, str, str], ...]
    reasons: tuple[tuple[str, str], ...]
    regions: tuple[str, ...] = ()

    @property
    def datasets(self) -> tuple[str, ...]:
        """The data sets asked for, in the order of the file."""
        return tuple(dict.fromkeys(dataset for dataset, _, _ in self.uses))

    def to_json(self) -> dict[str, Any]:
        """The content as plain data that `from_json` reads back."""
        return asdict(self)


def read_file(file: Path) -> Content:
    """The content of an application file (TOML).

    Raises Invalid: "application-unreadable" when it is no TOML, otherwise one finding per mistake with its place.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid("application-unreadable", file=file, why=error) from None
    return parse(data)


def parse(data: Mapping[str, Any]) -> Content:
    """The content that plain data of the schema's shape stands for; Invalid with every mistake otherwise."""
    _refuse([_schema_finding(e) for e in _validator().iter_errors(data)])
    head = data["application"]
    content = Content(
        title=head["title"],
        scenario=head["scenario"],
        purpose=head["purpose"],
        products=tuple(head["products"]),
        reason=head["reason"],
        recipients=tuple(head.get("recipients", ())),
        term_months=head.get("term_months", DEFAULT_TERM_MONTHS),
        tables=tuple((t["name"], t["reason"]) for t in data.get("enterprise_table", ())),
        uses=tuple((d, f, u) for d, fields in data["uses"].items() for f, uses in fields.items() for u in uses),
        reasons=tuple(data["reasons"].items()),
        regions=tuple(head.get("regions", ())),
    )
    _refuse([*_purpose_findings(content), *_use_findings(content), *_reason_findings(content)])
    return content


def from_json(data: Mapping[str, Any]) -> Content:
    """The content that `Content.to_json` wrote."""
    pairs = {key: tuple(tuple(row) for row in data[key]) for key in ("tables", "uses", "reasons")}
    lists = {key: tuple(data.get(key, ())) for key in ("products", "recipients", "regions")}
    return Content(**{**data, **pairs, **lists})


@cache
def _validator() -> jsonschema.Draft202012Validator:
    text = files("app.authorization").joinpath("application.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def _schema_finding(error: jsonschema.ValidationError) -> Finding:
    place = ".".join(str(part) for part in error.absolute_path) or "-"
    return Finding(code="application-malformed", params=(("place", place), ("why", str(error.message))))


def _purpose_findings(content: Content) -> list[Finding]:
    if content.purpose in PURPOSES:
        return []
    params = (("purpose", content.purpose), ("known", ", ".join(PURPOSES)))
    return [Finding(code="application-unknown-purpose", params=params)]


def _use_findings(content: Content) -> list[Finding]:
    return [
        Finding(code="application-unknown-use", dataset=dataset, field=field, use=use)
        for dataset, field, use in content.uses
        if not is_use(use)
    ]


def _reason_findings(content: Content) -> list[Finding]:
    """Every use has a reason of its own field or of its data set, and every reason belongs to a use."""
    given = {name for name, _ in content.reasons}
    missing = dict.fromkeys((d, f) for d, f, _ in content.uses if not {d, f"{d}.{f}"} & given)
    known = {d for d, _, _ in content.uses} | {f"{d}.{f}" for d, f, _ in content.uses}
    return [Finding(code="application-without-reason", dataset=d, field=f) for d, f in missing] + [
        Finding(code="application-malformed", params=(("place", f"reasons.{name}"), ("why", "not in [uses]")))
        for name in sorted(given - known)
    ]


def _refuse(findings: list[Finding]) -> None:
    if findings:
        raise Invalid(*findings)
