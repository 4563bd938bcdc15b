"""How is a data set kept as JSON? The one shape that the vault's index and the control database share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from app.domain.values import REFRESHES, Bilingual, Counted, Dataset, DatasetKind, Field, Level, Unit


def dataset_to_json(dataset: Dataset) -> dict[str, Any]:
    """The data set as plain data that `dataset_from_json` reads back to an equal value.

    What one authorization does not see of it (filters, masks) is not kept: it is the data set without them.
    """
    return {
        "name": dataset.name,
        "code": dataset.code,
        "kind": dataset.kind.value,
        "provider": dataset.provider,
        "title": _text_to_json(dataset.title),
        "fields": [_field_to_json(f.mask.original if f.mask else f) for f in dataset.fields],
        "units": [{"type": u.type, "column": u.column, "tag": u.tag} for u in dataset.units],
        "version": dataset.version,
        "path": dataset.path,
        "rows": dataset.rows,
        "keys": [list(names) for names in dataset.keys],
        "products": [list(names) for names in dataset.products],
        "hierarchies": [list(names) for names in dataset.hierarchies],
        "refresh": dataset.refresh,
        "counted": [asdict(counted) for counted in dataset.counted],
    }


def dataset_from_json(data: Mapping[str, Any]) -> Dataset:
    """The data set of `dataset_to_json`.

    Raises KeyError, TypeError or ValueError when `data` is not of that shape.
    """
    return Dataset(
        name=data["name"],
        code=data["code"],
        kind=DatasetKind(data["kind"]),
        provider=data["provider"],
        title=Bilingual(**data["title"]),
        fields=tuple(_field_from_json(f) for f in data["fields"]),
        units=tuple(Unit(**u) for u in data["units"]),
        version=data["version"],
        path=data["path"],
        rows=data["rows"],
        keys=tuple(map(tuple, data.get("keys", ()))),
        products=tuple(map(tuple, data.get("products", ()))),
        hierarchies=tuple(map(tuple, data.get("hierarchies", ()))),
        refresh=data.get("refresh", REFRESHES[0]),
        counted=tuple(Counted(**counted) for counted in data.get("counted", ())),
    )


def _text_to_json(text: Bilingual) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def declared_to_json(field: Field) -> dict[str, Any]:
    """What is declared of the values of a field; nothing where nothing is, as before there were such declarations."""
    declared: dict[str, Any] = {
        "values": list(field.values) or None,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "missing": field.missing or None,
        "bands": [list(band) if len(band) > 1 else band[0] for band in field.bands] or None,
        "bottom_code": field.bottom_code,
        "top_code": field.top_code,
    }
    return {key: value for key, value in declared.items() if value is not None}


def read_bands(written: Iterable[Any]) -> tuple[tuple[str, ...], ...]:
    """The levels of bands as a catalog writes them: lists of lower ends, or the names of parts of the calendar."""
    return tuple((band,) if isinstance(band, str) else tuple(map(str, band)) for band in written)


def _field_to_json(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": field.type,
        "level": field.level.value,
        "label": _text_to_json(field.label),
        "identifier": field.identifier,
        "share_type": field.share_type,
        "unit_of_measure": field.unit_of_measure,
        "description": field.description,
        **declared_to_json(field),
    }


def _field_from_json(data: Mapping[str, Any]) -> Field:
    values, bands = tuple(data.get("values", ())), read_bands(data.get("bands", ()))
    known = {"level": Level(data["level"]), "label": Bilingual(**data["label"]), "values": values, "bands": bands}
    return Field(**{**data, **known})
