"""Are declared sets and ranges read with exact places, kept as they are, and held against the data?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.catalog.declared import declared
from app.catalog.manifest import read_catalog
from app.catalog.metadata import entry_from_json, entry_to_json
from app.catalog.mounting import Mounter, mount_catalog, mount_enterprise
from app.domain.documents import dataset_from_json, dataset_to_json
from app.domain.errors import Finding, Invalid
from app.domain.values import DatasetKind

Change = Callable[[str, str], Path]
ROAD = 'name = "road"\n  type = "VARCHAR"'
SECONDS = 'name = "seconds"\n  type = "INTEGER"'
PLATE = 'identifier = "vehicle"'

MISTAKES = [
    pytest.param(SECONDS, 'values = [1, "two", 3]', "catalog-value-type", "values[2]", id="value of another type"),
    pytest.param(SECONDS, "values = [1.5]", "catalog-value-type", "values[1]", id="fraction"),
    pytest.param(SECONDS, "maximum = 3000000000", "catalog-value-type", "maximum", id="too large"),
    pytest.param(SECONDS, "minimum = 2025-01-01", "catalog-value-type", "minimum", id="date for a number"),
    pytest.param(SECONDS, "values = [true]", "catalog-value-type", "values[1]", id="truth for a number"),
    pytest.param(ROAD, "values = [5]", "catalog-value-type", "values[1]", id="number for a text"),
    pytest.param(SECONDS, "minimum = 5\nmaximum = 4", "catalog-range-empty", "minimum", id="empty range"),
    pytest.param(SECONDS, "values = [1]\nmaximum = 4", "catalog-values-and-range", "maximum", id="set and range"),
    pytest.param(ROAD, 'minimum = "A"', "catalog-range-without-order", "minimum", id="range of texts"),
    pytest.param(PLATE, 'values = ["浙A"]', "catalog-identifier-values", "values", id="values of an identifier"),
    pytest.param(PLATE, "maximum = 9", "catalog-identifier-values", "maximum", id="range of an identifier"),
    pytest.param(ROAD, "values = []", "catalog-wrong-value", "values", id="no value"),
    pytest.param(ROAD, 'values = ["a", "a"]', "catalog-wrong-value", "values", id="value twice"),
    pytest.param(ROAD, 'values = ["a\\tb"]', "catalog-wrong-value", "values[1]", id="control character"),
    pytest.param(ROAD, "missing = 1.5", "catalog-wrong-value", "missing", id="share"),
    pytest.param(ROAD, 'type = "HUGEINT"', "catalog-unknown-type", "type", id="type that no version can hold"),
]


def _findings(folder: Path) -> tuple[Finding, ...]:
    with pytest.raises(Invalid) as caught:
        read_catalog(folder)
    return caught.value.findings


@pytest.mark.parametrize(("field", "line", "code", "place"), MISTAKES)
def test_each_mistake_has_a_code_and_an_exact_place(
    changed: Change, field: str, line: str, code: str, place: str
) -> None:
    head = field.split("\n", maxsplit=1)[0] if line.startswith("type") else field
    folder = changed(field, f"{head}\n  {line}")
    (found,) = _findings(folder)
    assert found.code == code
    assert dict(found.params)["place"].endswith(place)
    assert found.position is not None
    lines = (folder / "catalog.toml").read_text(encoding="utf-8").splitlines()
    assert lines[found.position.line - 1].strip().startswith(place.partition("[")[0])
    assert found.field in {"road", "seconds", "plate"}


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("SMALLINT", 7, "7"),
        ("SMALLINT", "-07", "-7"),
        ("UBIGINT", 2**64 - 1, str(2**64 - 1)),
        ("DOUBLE", 5, "5.0"),
        ("DOUBLE", 0.1, "0.1"),
        ("DECIMAL(5,2)", 1.25, "1.25"),
        ("DECIMAL(38,0)", str(10**38 - 1), str(10**38 - 1)),
        ("BOOLEAN", True, "true"),
        ("VARCHAR", "G60", "G60"),
        ("DATE", "2025-01-31", "2025-01-31"),
        ("TIME", "08:30:00", "08:30:00"),
        ("TIMESTAMP", "2025-01-31", "2025-01-31 00:00:00"),
        ("TIMESTAMP", "2025-01-31T08:00:00", "2025-01-31 08:00:00"),
        ("TIMESTAMPTZ", "2025-01-31T08:00:00+08:00", "2025-01-31 00:00:00+00:00"),
    ],
)
def test_a_value_is_kept_in_the_one_spelling_of_its_type(kind: str, value: object, text: str) -> None:
    found = declared(kind, value)
    assert found is not None
    assert found.text == text
    assert declared(kind, text) == found


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("UTINYINT", -1),
        ("TINYINT", 128),
        ("INTEGER", 1.0),
        ("FLOAT", 1e39),
        ("DOUBLE", float("nan")),
        ("DOUBLE", float("inf")),
        ("DOUBLE", "far"),
        ("DECIMAL(5,2)", 1.255),
        ("DECIMAL(5,2)", 1000),
        ("DECIMAL(5,2)", "NaN"),
        ("BOOLEAN", 1),
        ("BOOLEAN", "yes"),
        ("DATE", "2025-02-30"),
        ("DATE", "20250101"),
        ("DATE", "2025-01-01T00:00:00"),
        ("TIME", "25:00:00"),
        ("TIME", "08:00:00+08:00"),
        ("TIMESTAMP", "2025-01-01T00:00:00+08:00"),
        ("TIMESTAMP", "soon"),
    ],
)
def test_a_value_of_another_type_is_none(kind: str, value: object) -> None:
    assert declared(kind, value) is None


def test_declarations_are_read(changed: Change) -> None:
    changed(ROAD, f'{ROAD}\n  values = ["G0", "G1", "G2"]\n  missing = 0.25')
    (_, road, seconds) = (
        read_catalog(changed(SECONDS, f"{SECONDS}\n  minimum = 0\n  maximum = 86400")).entries[0].fields
    )
    assert (road.values, road.minimum, road.missing) == (("G0", "G1", "G2"), None, 0.25)
    assert (seconds.values, seconds.minimum, seconds.maximum, seconds.missing) == ((), "0", "86400", 0.0)


def test_times_may_be_written_as_toml_has_them(changed: Change) -> None:
    folder = changed(SECONDS, 'name = "seconds"\n  type = "TIME"\n  minimum = 08:00:00\n  maximum = 20:30:00')
    seconds = read_catalog(folder).entries[0].fields[2]
    assert (seconds.minimum, seconds.maximum) == ("08:00:00", "20:30:00")


def test_declarations_are_stored_and_read_back(changed: Change, vault: Path, scratch: Path, mounter: Mounter) -> None:
    changed(ROAD, f'{ROAD}\n  values = ["G0", "G1", "G2"]')
    catalog = read_catalog(changed(SECONDS, f"{SECONDS}\n  minimum = 0\n  missing = 0.5"))
    stored = entry_to_json(catalog.entries[0])
    assert entry_from_json(stored).fields == catalog.entries[0].fields
    (dataset,) = mount_catalog(catalog, vault, scratch, mounter)
    assert dataset_from_json(dataset_to_json(dataset)) == dataset
    assert dataset.fields[1].values == ("G0", "G1", "G2")


def test_what_was_stored_before_there_were_declarations_is_read(folder: Path) -> None:
    entry = read_catalog(folder).entries[0]
    stored = entry_to_json(entry)
    assert not {"values", "minimum", "maximum", "missing"} & {key for field in stored["field"] for key in field}
    old = {
        "name": "road",
        "type": "VARCHAR",
        "level": "L2",
        "label": {"zh": "路", "en": "road"},
        "identifier": None,
        "share_type": "conditional",
        "unit_of_measure": "",
        "description": "",
    }
    data = {"name": "a", "code": "", "kind": "public", "provider": "p", "title": {"zh": "a", "en": "a"}, "units": []}
    read = dataset_from_json(data | {"version": "0", "path": "/a", "rows": 1, "fields": [old]})
    assert read.fields[0].values == ()
    assert dataset_to_json(read)["fields"] == [old]


# ------------------------------------------------------------------------------------- held against the data


def _refused(folder: Path, vault: Path, scratch: Path, mounter: Mounter) -> list[tuple[str, str | None, int, int]]:
    with pytest.raises(Invalid) as caught:
        mount_catalog(read_catalog(folder), vault, scratch, mounter)
    assert not list(vault.rglob("*.parquet"))
    findings = [f for f in caught.value.findings if f.position is not None]
    return [(f.code, f.field, f.position.line, f.position.column) for f in findings if f.position is not None]


def test_a_value_that_is_not_declared_is_named_by_line_and_column(
    changed: Change, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    folder = changed(ROAD, f'{ROAD}\n  values = ["G0", "G1"]')
    places = _refused(folder, vault, scratch, mounter)
    assert places[:2] == [("catalog-undeclared-value", "road", line, 2) for line in (4, 7)]


def test_a_value_outside_the_range_is_named_by_line_and_column(
    changed: Change, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    folder = changed(SECONDS, f"{SECONDS}\n  minimum = 1\n  maximum = 37")
    assert _refused(folder, vault, scratch, mounter) == [
        ("catalog-out-of-range", "seconds", line, 3) for line in (2, 40, 41)
    ]


def test_the_range_is_told_and_the_value_is_not(changed: Change, vault: Path, scratch: Path, mounter: Mounter) -> None:
    folder = changed(SECONDS, f"{SECONDS}\n  maximum = 38")
    with pytest.raises(Invalid) as caught:
        mount_catalog(read_catalog(folder), vault, scratch, mounter)
    (found,) = caught.value.findings
    assert "… 38" in found.message().en
    assert "39" not in found.message().en.replace("line 41", "")


def test_a_value_of_the_wrong_type_is_one_problem_and_not_two(
    changed: Change, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    folder = changed(SECONDS, f"{SECONDS}\n  minimum = 0\n  maximum = 1")
    (folder / "incident.csv").write_text("plate,road,seconds\n浙Z12A4B,G1,7.5\n浙Z12A4B,G1,\n浙Z12A4B,G1,1\n", "utf-8")
    assert _refused(folder, vault, scratch, mounter) == [("catalog-bad-row", "seconds", 2, 3)]


def test_parquet_is_held_against_declarations_too(
    changed: Change, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    changed("incident.csv", "incident.parquet")
    folder = changed(SECONDS, f"{SECONDS}\n  maximum = 1")
    columns = {"plate": ["浙Z12A4B"] * 3, "road": ["G1"] * 3, "seconds": pa.array([0, None, 2], pa.int32())}
    pq.write_table(pa.table(columns), folder / "incident.parquet")
    assert _refused(folder, vault, scratch, mounter) == [("catalog-out-of-range", "seconds", 3, 3)]


@pytest.mark.parametrize(
    ("kind", "rows", "lines"),
    [
        ('"DATE"\n  minimum = 2025-01-01\n  maximum = 2025-12-31', ["2025-01-01", "2025-12-31", "2026-01-01"], [4]),
        ('"TIMESTAMP"\n  maximum = 2025-12-31T12:00:00', ["2025-12-31 12:00:00", "2025-12-31 12:00:01"], [3]),
        ('"TIMESTAMPTZ"\n  maximum = 2025-12-31T12:00:00Z', ["2025-12-31 20:00:00+08", "2025-12-31 20:00:01+08"], [3]),
        ('"DECIMAL(5,2)"\n  values = [0.1, "2.50"]', ["0.10", "2.5", "2.51"], [4]),
        ('"DOUBLE"\n  minimum = -0.5', ["-0.5", "-0.51", "nan"], [3, 4]),
        ('"BOOLEAN"\n  values = [true]', ["true", "false"], [3]),
    ],
)
def test_every_type_is_compared_as_its_values_are(
    changed: Change, vault: Path, scratch: Path, mounter: Mounter, kind: str, rows: list[str], lines: list[int]
) -> None:
    folder = changed(SECONDS, f'name = "seconds"\n  type = {kind}')
    text = "plate,road,seconds\n" + "".join(f"浙Z12A4B,G1,{row}\n" for row in rows)
    (folder / "incident.csv").write_text(text, "utf-8")
    assert [line for _, _, line, _ in _refused(folder, vault, scratch, mounter)] == lines


def test_an_own_table_of_the_operator_is_held_against_its_declaration(
    changed: Change, vault: Path, scratch: Path, mounter: Mounter, tmp_path: Path
) -> None:
    changed('file = "incident.csv"\nunits = ["plate"]', 'kind = "enterprise"')
    folder = changed(ROAD, f'{ROAD}\n  values = ["G0"]')
    entry = read_catalog(folder).entries[0]
    assert entry.kind is DatasetKind.ENTERPRISE
    file = folder / "incident.csv"
    with pytest.raises(Invalid) as caught:
        mount_enterprise("incident", file, entry, vault, scratch, mounter, operator="maps")
    assert caught.value.code == "catalog-undeclared-value"
