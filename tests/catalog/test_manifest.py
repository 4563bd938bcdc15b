"""Is every problem of a catalog.toml named with its code, its place and its remedy?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from app.catalog.manifest import read_catalog
from app.catalog.metadata import entry_from_json, entry_to_json
from app.domain.errors import Finding, Invalid
from app.domain.values import DatasetKind, Level
from tests.catalog.conftest import GOOD

Change = Callable[[str, str], Path]
ROAD_LEVEL = 'name = "road"\n  type = "VARCHAR"\n  level = "L2"'

NO_LEVEL = ROAD_LEVEL.replace("L2", "L9")

CASES = [
    pytest.param(ROAD_LEVEL, NO_LEVEL, "catalog-unknown-level", 'field[2] "road": level', id="level"),
    pytest.param("level =", "levle =", "catalog-misspelt-key", "levle", id="misspelt key"),
    pytest.param('title = {', 'colour = "red"\ntitle = {', "catalog-unknown-key", "colour", id="unknown key"),
    pytest.param('code = "3/06/001/0001"\n', "", "catalog-missing-key", 'dataset[1] "incident"', id="missing key"),
    pytest.param('file = "incident.csv"\n', "", "catalog-missing-key", 'dataset[1] "incident"', id="no file"),
    pytest.param('"3/06/001/0001"', '"9/06"', "catalog-bad-code", "code", id="code"),
    pytest.param('name = "incident"', 'name = "in cident"', "catalog-bad-name", "name", id="name"),
    pytest.param('name = "road"', 'name = "__road"', "catalog-reserved-name", "name", id="reserved name"),
    pytest.param('name = "road"', 'name = "PLATE"', "catalog-duplicate-name", "field[2]", id="name without case"),
    pytest.param("MA9581557E", "MA9581557F", "catalog-bad-uscc", "provider[1]", id="credit code"),
    pytest.param('provider = "hz-highway"', 'provider = "hz"', "catalog-unknown-provider", "provider", id="provider"),
    pytest.param('units = ["plate"]', 'units = ["road"]', "catalog-unit-not-identifier", "units", id="unit"),
    pytest.param("units =", 'keys = [["road", "hour"]]\nunits =', "catalog-field-of-group", "keys[1]", id="key"),
    pytest.param("units =", 'products = [["road", "x"]]\nunits =', "catalog-field-of-group", "products", id="product"),
    pytest.param('type = "INTEGER"', 'type = "INTEGR"', "catalog-unknown-type", "field[3]", id="type"),
    pytest.param('type = "INTEGER"', 'type = "INTEGER[]"', "catalog-unknown-type", "field[3]", id="nested type"),
    pytest.param("units =", 'grade = "secret"\nunits =', "catalog-secret-refused", "grade", id="secret"),
    pytest.param("units =", 'update_cycle = "often"\nunits =', "catalog-wrong-value", "update_cycle", id="cycle"),
    pytest.param("units =", "rows = -1\nunits =", "catalog-wrong-value", "rows", id="rows"),
    pytest.param("units =", "publish_date = \"2026-02-30\"\nunits =", "catalog-bad-date", "publish_date", id="date"),
    pytest.param(
        "units =", "time_range = [2026-02-01, 2026-01-01]\nunits =", "catalog-bad-date", "time_range", id="time range"
    ),
    pytest.param('"incident.csv"', '"gone.csv"', "catalog-file-missing", "file", id="missing file"),
    pytest.param('"incident.csv"', '"../incident.csv"', "catalog-file-outside", "file", id="file outside"),
    pytest.param("units =", 'kind = "enterprise"\nunits =', "catalog-file-of-enterprise", "file", id="enterprise"),
]  # fmt: skip


def _findings(folder: Path) -> tuple[Finding, ...]:
    with pytest.raises(Invalid) as caught:
        read_catalog(folder)
    return caught.value.findings


@pytest.mark.parametrize(("old", "new", "code", "place"), CASES)
def test_each_kind_of_mistake_has_a_code_and_a_place(
    changed: Change, old: str, new: str, code: str, place: str
) -> None:
    findings = _findings(changed(old, new))
    found = next(f for f in findings if f.code == code)
    assert place in dict(found.params)["place"]
    assert dict(found.params)["file"] == "catalog.toml"
    assert found.position is not None
    for text in (found.message(), found.remedy()):
        assert text.zh
        assert text.en


def test_the_line_of_a_mistake_is_that_of_the_key(changed: Change) -> None:
    folder = changed(ROAD_LEVEL, NO_LEVEL)
    lines = (folder / "catalog.toml").read_text(encoding="utf-8").splitlines()
    (found,) = _findings(folder)
    assert found.position is not None
    assert lines[found.position.line - 1].strip() == 'level = "L9"'
    assert (found.dataset, found.field) == ("incident", "road")


def test_a_misspelt_key_is_told_the_nearest_one(changed: Change) -> None:
    findings = _findings(changed('identifier = "vehicle"', 'identifer = "vehicle"'))
    misspelt = next(f for f in findings if f.code == "catalog-misspelt-key")
    assert dict(misspelt.params)["nearest"] == "identifier"


def test_all_problems_are_reported_at_once_in_the_order_of_the_file(changed: Change) -> None:
    changed("MA9581557E", "MA9581557F")
    changed('type = "INTEGER"', 'type = "INTEGR"')
    findings = _findings(changed(ROAD_LEVEL, NO_LEVEL))
    assert [f.code for f in findings] == ["catalog-bad-uscc", "catalog-unknown-level", "catalog-unknown-type"]


def test_a_syntax_error_has_a_line_and_a_column(changed: Change) -> None:
    folder = changed('type = "INTEGER"', "type = INTEGER")
    (found,) = _findings(folder)
    assert found.code == "catalog-syntax"
    assert found.position is not None
    line = (folder / "catalog.toml").read_text(encoding="utf-8").splitlines()[found.position.line - 1]
    assert line.strip() == "type = INTEGER"
    assert found.position.column > 1


def test_a_file_that_is_not_utf8_names_the_line(folder: Path) -> None:
    (folder / "catalog.toml").write_bytes(b"# one\n# \xff\n")
    (found,) = _findings(folder)
    assert (found.code, dict(found.params)["line"]) == ("catalog-syntax", "2")


def test_a_folder_without_catalog_says_so(tmp_path: Path) -> None:
    (found,) = _findings(tmp_path)
    assert found.code == "catalog-missing"


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text("plate,road,seconds\n", encoding="utf-8")
    (folder / "incident.csv").unlink()
    (folder / "incident.csv").symlink_to(tmp_path / "outside.csv")
    assert [f.code for f in _findings(folder)] == ["catalog-file-outside"]


def test_two_data_sets_may_not_share_a_name_or_a_code(folder: Path) -> None:
    block = GOOD[GOOD.index("[[dataset]]") :].replace('"incident"', '"INCIDENT"')
    with (folder / "catalog.toml").open("a", encoding="utf-8") as file:
        file.write(block)
    assert [f.code for f in _findings(folder)] == ["catalog-duplicate-name", "catalog-duplicate-name"]


def test_a_short_catalog_gets_sensible_defaults(folder: Path) -> None:
    catalog = read_catalog(folder)
    (entry,) = catalog.entries
    assert (entry.format, entry.grade, entry.update_cycle, entry.kind) == (
        "csv",
        "general",
        "irregular",
        DatasetKind.PUBLIC,
    )
    assert entry.operation_authorized
    assert entry.summary == entry.title
    assert [f.label.en for f in entry.fields] == ["plate", "road", "seconds"]
    assert catalog.title.en == "catalog"


def test_important_and_closed_items_are_not_for_operation_by_default(changed: Change) -> None:
    (entry,) = read_catalog(changed("units =", 'grade = "important"\nunits =')).entries
    assert not entry.operation_authorized


def test_types_are_written_in_one_way(changed: Change) -> None:
    (entry,) = read_catalog(changed('type = "INTEGER"', 'type = "decimal( 10 , 2 )"')).entries
    assert entry.fields[2].type == "DECIMAL(10,2)"


def test_a_data_set_with_an_l3_field_and_no_unit_is_protected_row_by_row(changed: Change) -> None:
    (entry,) = read_catalog(changed('units = ["plate"]\n', "")).entries
    assert entry.needs_row_unit


def test_an_enterprise_table_needs_no_provider_and_no_file(folder: Path) -> None:
    with (folder / "catalog.toml").open("a", encoding="utf-8") as file:
        file.write(
            '[[dataset]]\nname = "station"\nkind = "enterprise"\ncode = "3/06/001/0900"\ntitle = "Stations"\n'
            '[[dataset.field]]\nname = "road"\ntype = "TEXT"\nlevel = "L1"\n'
        )
    catalog = read_catalog(folder)
    assert [e.name for e in catalog.public] == ["incident"]
    station = catalog.entry("Station")
    assert station is not None
    assert (station.kind, station.file, station.fields[0].type) == (DatasetKind.ENTERPRISE, None, "VARCHAR")


def test_an_entry_survives_being_kept_as_json(changed: Change) -> None:
    changed("units =", "publish_date = 2026-01-05\nrows = 40\ntime_range = [2025-01-01, 2025-12-31]\nunits =")
    groups = 'keys = [["road", "seconds"], ["plate"]]\nproducts = [["road", "seconds"]]\n'
    (entry,) = read_catalog(changed("units =", f'related = ["1/01/001/0001"]\n{groups}units =')).entries
    again = entry_from_json(entry_to_json(entry))
    assert again.publish_date == date(2026, 1, 5)
    assert entry_to_json(again) == entry_to_json(entry)
    assert again.fields == entry.fields
    assert (again.keys, again.products) == ((("road", "seconds"), ("plate",)), (("road", "seconds"),))
    assert Level.strictest([f.level for f in again.fields]) is Level.L3
