"""What does a catalog folder hold? Reads `catalog.toml` into frozen values, or reports all its problems at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from app.catalog import rules, syntax, types
from app.catalog.declared import declared
from app.catalog.values import Catalog, Entry, Provider
from app.domain.documents import read_bands
from app.domain.errors import Invalid
from app.domain.values import REFRESHES, Bilingual, DatasetKind, Field, Level

Raw = dict[str, Any]
_DEFAULTS = {
    "update_cycle": "irregular",
    "share_type": "conditional",
    "share_condition": "",
    "open_type": "conditional",
    "open_condition": "",
    "grade": "general",
    "region": "",
}


def read_catalog(folder: Path) -> Catalog:
    """The catalog of `folder`, its files named but not opened.

    Raises one Invalid whose findings are all problems of `catalog.toml`, in the order of its lines.
    """
    source = syntax.read_source(folder)
    form, sound = syntax.check_form(source)
    findings = form + rules.check_meaning(source, sound)
    if findings:
        first, *more = sorted(findings, key=lambda f: f.position.line if f.position else 0)
        raise Invalid(first, *more)
    return _catalog(folder.resolve(), source.data)


def _catalog(folder: Path, data: Raw) -> Catalog:
    return Catalog(
        folder=folder,
        title=text(data.get("catalog", {}).get("title", folder.name)),
        providers=tuple(_provider(p) for p in data["provider"]),
        entries=tuple(entry_of(folder, d) for d in data["dataset"]),
    )


def text(value: object) -> Bilingual:
    """A text in both languages from a plain text or a table with zh and en."""
    if isinstance(value, dict):
        return Bilingual(zh=value["zh"], en=value["en"])
    return Bilingual(zh=str(value), en=str(value))


def _provider(raw: Raw) -> Provider:
    return Provider(code=raw["code"], uscc=raw.get("uscc", ""), name=text(raw.get("name", raw["code"])))


def entry_of(folder: Path, raw: Raw) -> Entry:
    """The entry of a `[[dataset]]` table that has passed every check."""
    known = {key: raw.get(key, default) for key, default in _DEFAULTS.items()}
    kind = DatasetKind(raw.get("kind", "public"))
    file = None if kind is DatasetKind.ENTERPRISE else folder / raw["file"]
    span = raw.get("time_range")
    return Entry(
        name=raw["name"],
        code=raw["code"],
        title=text(raw["title"]),
        summary=text(raw.get("summary", raw["title"])),
        provider=raw.get("provider", ""),
        kind=kind,
        file=file,
        format=raw.get("format") or (rules.SUFFIXES[file.suffix.lower()] if file else ""),
        rows=raw.get("rows"),
        operation_authorized=raw.get("operation_authorized", _authorized_by_default(known)),
        publish_date=date.fromisoformat(raw["publish_date"]) if "publish_date" in raw else None,
        time_range=(date.fromisoformat(span[0]), date.fromisoformat(span[1])) if span else None,
        related=tuple(raw.get("related", ())),
        units=tuple(raw.get("units", ())),
        keys=tuple(map(tuple, raw.get("keys", ()))),
        products=tuple(map(tuple, raw.get("products", ()))),
        hierarchies=tuple(map(tuple, raw.get("hierarchies", ()))),
        refresh=raw.get("refresh", REFRESHES[0]),
        fields=tuple(_field(f, known["share_type"]) for f in raw["field"]),
        **known,
    )


def _authorized_by_default(known: dict[str, str]) -> bool:
    """Core and important data and closed items are never authorized by default."""
    return known["grade"] == "general" and known["open_type"] != "closed"


def _field(raw: Raw, share_type: str) -> Field:
    described = text(raw.get("description", {"zh": "", "en": ""}))
    kind = types.canonical(raw["type"]) or raw["type"]
    ends = ("minimum", "maximum", "bottom_code", "top_code")
    low, high, bottom, top = (_written(kind, raw[key]) if key in raw else None for key in ends)
    bands = [band if isinstance(band, str) else [_written(kind, end) for end in band] for band in raw.get("bands", ())]
    return Field(
        name=raw["name"],
        type=kind,
        level=Level(raw["level"]),
        label=text(raw.get("label", raw["name"])),
        identifier=raw.get("identifier"),
        share_type=raw.get("share_type", share_type),
        unit_of_measure=raw.get("unit_of_measure", ""),
        description=described.en if described.zh == described.en else f"{described.zh} / {described.en}",
        values=tuple(dict.fromkeys(_written(kind, value) for value in raw.get("values", ()))),
        minimum=low,
        maximum=high,
        missing=float(raw.get("missing", 0)),
        bands=read_bands(bands),
        bottom_code=bottom,
        top_code=top,
    )


def _written(kind: str, value: object) -> str:
    """The text of a declared value; every check has passed, so it is one of its type."""
    found = declared(kind, value)
    return found.text if found is not None else str(value)
