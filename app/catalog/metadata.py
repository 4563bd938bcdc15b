"""How is a catalog entry kept as JSON? The `[[dataset]]` table of catalog.toml with every default written out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.catalog.manifest import entry_of
from app.catalog.values import Entry
from app.domain.documents import declared_to_json
from app.domain.values import REFRESHES, Bilingual, DatasetKind, Field

OF_A_VERSION = ("file", "format", "rows", "time_range", "publish_date")
"""Keys that may change with a refresh of the data; every other change is one of the entry's terms."""


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """The entry as plain data; `file` is its bare name."""
    data: dict[str, Any] = {
        "name": entry.name,
        "code": entry.code,
        "title": _text(entry.title),
        "summary": _text(entry.summary),
        "provider": entry.provider,
        "kind": entry.kind.value,
        "update_cycle": entry.update_cycle,
        "share_type": entry.share_type,
        "share_condition": entry.share_condition,
        "open_type": entry.open_type,
        "open_condition": entry.open_condition,
        "grade": entry.grade,
        "operation_authorized": entry.operation_authorized,
        "region": entry.region,
        "related": list(entry.related),
        "units": list(entry.units),
        "field": [_field(f) for f in entry.fields],
    }
    if entry.kind is DatasetKind.PUBLIC and entry.file is not None:
        data |= {"file": entry.file.name, "format": entry.format}
    groups_of = (("keys", entry.keys), ("products", entry.products), ("hierarchies", entry.hierarchies))
    for key, groups in groups_of:
        if groups:
            data[key] = [list(names) for names in groups]
    if entry.refresh != REFRESHES[0]:
        data["refresh"] = entry.refresh
    if entry.rows is not None:
        data["rows"] = entry.rows
    if entry.publish_date is not None:
        data["publish_date"] = entry.publish_date.isoformat()
    if entry.time_range is not None:
        data["time_range"] = [d.isoformat() for d in entry.time_range]
    return data


def entry_from_json(data: dict[str, Any]) -> Entry:
    """The entry of `entry_to_json`; the `file` of a public one is a bare name that leads nowhere."""
    return entry_of(Path(), data)


def terms(data: dict[str, Any]) -> dict[str, Any]:
    """What a provider officer approves of: everything but the keys of one version."""
    return {key: value for key, value in data.items() if key not in OF_A_VERSION}


def _text(text: Bilingual) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _field(field: Field) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": field.name,
        "label": _text(field.label),
        "type": field.type,
        "level": field.level.value,
        "share_type": field.share_type,
        "unit_of_measure": field.unit_of_measure,
    }
    if field.identifier:
        data["identifier"] = field.identifier
    if field.description:
        data["description"] = field.description
    return data | declared_to_json(field)
