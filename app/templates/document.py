"""What does a template say? The file an analyst writes, checked against its schema, as a frozen value."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

from app.domain.errors import Finding, Invalid
from app.domain.parameters import RANGED, Parameter, ParameterType, parameter_from_json, read, within
from app.domain.sql_text import check_text
from app.domain.values import Bilingual, Dataset

Declared = Callable[[str, str], tuple[str, ...] | None]
"""(data set, field) → the values that the catalog declares for the field, none where it declares none; None where
there is no such field in reach."""

_RANGE = frozenset({"from", "until"})
DOMAINS: dict[ParameterType, tuple[frozenset[str], ...]] = {
    **dict.fromkeys(RANGED, (_RANGE,)),
    ParameterType.TEXT: (frozenset({"values"}), frozenset({"field"})),
    ParameterType.BOOLEAN: (frozenset(),),
}
"""Type → the keys that make a closed domain of it, one set of them or another."""
_DOMAIN_KEYS = frozenset({"from", "until", "values", "field"})


@dataclass(frozen=True, kw_only=True)
class Template:
    """What a template says; every domain is closed, those of the catalog's fields are written out."""

    name: str
    title: Bilingual
    purpose: str
    sql: str
    parameters: tuple[Parameter, ...]

    def to_json(self) -> dict[str, Any]:
        """The template as plain data that `template_from_json` reads back."""
        return {
            "name": self.name,
            "title": {"zh": self.title.zh, "en": self.title.en},
            "purpose": self.purpose,
            "sql": self.sql,
            "parameters": [p.to_json() for p in self.parameters],
        }


def template_from_json(kept: Mapping[str, Any]) -> Template:
    """The template that `Template.to_json` wrote; KeyError, TypeError or ValueError for anything else."""
    return Template(
        **{
            **kept,
            "title": Bilingual(**kept["title"]),
            "parameters": tuple(parameter_from_json(p) for p in kept["parameters"]),
        }
    )


def read_file(file: Path, declared: Declared) -> Template:
    """The template of a file (TOML), its SQL in it or in a file beside it.

    Raises Invalid "template-unreadable", "template-malformed", "template-domain-open", "template-domain-malformed",
    "template-field-unknown", "template-field-open", "template-default-outside" (all at once), "sql-too-long" ….
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"), parse_float=str)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid("template-unreadable", file=file, why=error) from None
    data = _plain(data)
    _refuse([_schema_finding(e) for e in _validator().iter_errors(data)])
    head = data["template"]
    sql = head["sql"] if "sql" in head else _beside(file, head["sql_file"])
    check_text(sql)
    parameters, findings = [], []
    for name, body in data.get("parameters", {}).items():
        wrong = _domain_findings(name, body, declared)
        findings += wrong
        if not wrong:
            parameters.append(_parameter(name, body, declared))
    findings += [
        _domain_finding("template-default-outside", p.name, p.type) for p in parameters if not _default_fits(p)
    ]
    _refuse(findings)
    return Template(
        name=head["name"],
        title=Bilingual(**head["title"]),
        purpose=head["purpose"],
        sql=sql,
        parameters=tuple(parameters),
    )


def declared_of(datasets: Iterable[Dataset]) -> Declared:
    """What the catalog declares of the fields of `datasets`."""
    by_name = {d.name.casefold(): d for d in datasets}

    def declared(dataset: str, field: str) -> tuple[str, ...] | None:
        known = by_name.get(dataset.casefold())
        found = known.field(field) if known else None
        return found.values if found else None

    return declared


def _plain(value: Any) -> Any:  # noqa: ANN401  TOML holds anything
    """TOML's data as JSON has it; days and moments become text as parameters write them."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else value


def _beside(file: Path, name: str) -> str:
    beside = file.parent / name
    try:
        return beside.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("template-unreadable", file=beside, why=type(error).__name__) from None


@cache
def _validator() -> jsonschema.Draft202012Validator:
    text = files("app.templates").joinpath("template.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def _schema_finding(error: jsonschema.ValidationError) -> Finding:
    """The validator's own sentence speaks of the file, which its reader wrote: it may be repeated."""
    place = ".".join(str(part) for part in error.absolute_path) or "-"
    why = "either sql or sql_file" if error.validator == "oneOf" else error.message
    return Finding(code="template-malformed", params=(("place", place), ("why", why[:300])))


# -- domains


def _domain_findings(name: str, body: Mapping[str, Any], declared: Declared) -> list[Finding]:
    """Why a declaration gives no closed domain of its type."""
    kind = ParameterType(body["type"])
    if _DOMAIN_KEYS & set(body) not in DOMAINS[kind]:
        return [_domain_finding("template-domain-open", name, kind)]
    if kind in RANGED:
        least, most = (read(kind, _text(body[end])) for end in ("from", "until"))
        sound = least is not None and most is not None and least.order <= most.order
        return [] if sound else [_domain_finding("template-domain-malformed", name, kind)]
    if "field" in body:
        return _field_findings(name, body["field"], declared)
    unreadable = [v for v in body.get("values", ()) if read(kind, v) is None]
    return [_domain_finding("template-domain-malformed", name, kind)] if unreadable else []


def _field_findings(name: str, source: str, declared: Declared) -> list[Finding]:
    dataset, _, field = source.partition(".")
    values = declared(dataset, field)
    if values:
        return []
    code = "template-field-unknown" if values is None else "template-field-open"
    return [Finding(code=code, params=(("name", name),), dataset=dataset, field=field)]


def _parameter(name: str, body: Mapping[str, Any], declared: Declared) -> Parameter:
    kind, source = ParameterType(body["type"]), body.get("field")
    dataset, _, field = (source or "").partition(".")
    listed = declared(dataset, field) or () if source else tuple(body.get("values", ()))
    default = _text(body["default"]) if "default" in body else None
    found = None if default is None else read(kind, default)
    return Parameter(
        name=name,
        type=kind,
        title=Bilingual(**body["title"]),
        least=_end(kind, body, "from"),
        most=_end(kind, body, "until"),
        values=listed,
        source=source,
        default=default if found is None else found.text,
    )


def _end(kind: ParameterType, body: Mapping[str, Any], key: str) -> str | None:
    found = read(kind, _text(body[key])) if key in body else None
    return None if found is None else found.text


def _default_fits(parameter: Parameter) -> bool:
    if parameter.default is None:
        return True
    found = read(parameter.type, parameter.default)
    return found is not None and within(parameter, found)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _domain_finding(code: str, name: str, kind: ParameterType) -> Finding:
    needed = " / ".join(" + ".join(sorted(keys)) or "-" for keys in DOMAINS[kind])
    return Finding(code=code, params=(("name", name), ("type", kind.value), ("needed", needed)))


def _refuse(findings: list[Finding]) -> None:
    if findings:
        raise Invalid(*findings)
