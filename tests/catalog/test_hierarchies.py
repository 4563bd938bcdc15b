"""Are hierarchies, bands and ends read with exact places, kept as they are, and held against the data?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.catalog.manifest import read_catalog
from app.catalog.metadata import entry_from_json, entry_to_json, terms
from app.catalog.mounting import Mounter, mount_catalog
from app.domain.documents import dataset_from_json, dataset_to_json
from app.domain.errors import Invalid

Change = Callable[[str, str], Path]
UNITS = 'units = ["plate"]'
ROAD = 'name = "road"\n  type = "VARCHAR"'
SECONDS = 'name = "seconds"\n  type = "INTEGER"'
CITY = '  [[dataset.field]]\n  name = "city"\n  type = "VARCHAR"\n  level = "L2"\n\n'

MISTAKES = [
    pytest.param(UNITS, 'hierarchies = [["road", "city"]]', "catalog-field-of-group", "hierarchies", id="no field"),
    pytest.param(UNITS, 'hierarchies = [["road", "seconds"]]', "catalog-hierarchy-type", "hierarchies", id="a number"),
    pytest.param(UNITS, 'hierarchies = [["plate", "road"]]', "catalog-hierarchy-type", "hierarchies", id="identifier"),
    pytest.param(UNITS, 'hierarchies = [["road"]]', "catalog-wrong-value", "hierarchies", id="one field"),
    pytest.param(SECONDS, "minimum = 0\n  bands = [[0, 60, 30]]", "catalog-bands", "bands", id="falling"),
    pytest.param(SECONDS, "minimum = 0\n  bands = [[0, 60], [0, 30]]", "catalog-bands", "bands", id="not nested"),
    pytest.param(SECONDS, "bands = [[0, 60]]", "catalog-bands", "bands", id="without a minimum"),
    pytest.param(SECONDS, "minimum = -1\n  bands = [[0, 60]]", "catalog-bands", "bands", id="above the minimum"),
    pytest.param(SECONDS, 'minimum = 0\n  bands = [[0, "x"]]', "catalog-bands", "bands", id="no numbers"),
    pytest.param(SECONDS, 'bands = ["month"]', "catalog-bands", "bands", id="months of a number"),
    pytest.param(ROAD, 'bands = [["a", "b"]]', "catalog-bands", "bands", id="bands of texts"),
    pytest.param(SECONDS, "top_code = 1.5", "catalog-value-type", "top_code", id="end of another type"),
    pytest.param(ROAD, 'top_code = "G9"', "catalog-value-type", "top_code", id="end of texts"),
    pytest.param(SECONDS, "bottom_code = 9\n  top_code = 9", "catalog-range-empty", "bottom_code", id="ends that meet"),
    pytest.param('identifier = "vehicle"', "top_code = 9", "catalog-identifier-values", "top_code", id="an identifier"),
]


@pytest.mark.parametrize(("after", "lines", "code", "place"), MISTAKES)
def test_each_mistake_has_a_code_and_an_exact_place(
    changed: Change, after: str, lines: str, code: str, place: str
) -> None:
    folder = changed(after, f"{after}\n  {lines}")
    with pytest.raises(Invalid) as caught:
        read_catalog(folder)
    (found,) = caught.value.findings
    assert found.code == code
    assert found.position is not None
    text = (folder / "catalog.toml").read_text(encoding="utf-8").splitlines()
    assert text[found.position.line - 1].strip().startswith(place)
    assert found.message().zh
    assert found.remedy().en


@pytest.mark.parametrize(
    ("kind", "bands", "sound"),
    [
        ("DATE", '["day", "month"]', False),
        ("DATE", '["month", "quarter", "year"]', True),
        ("DATE", '["year", "month"]', False),
        ("TIMESTAMP", '["hour", "day"]', True),
        ("TIMESTAMPTZ", '["day"]', False),
    ],
)
def test_parts_of_the_calendar_go_from_fine_to_coarse(changed: Change, kind: str, bands: str, sound: bool) -> None:
    folder = changed(SECONDS, f'name = "seconds"\n  type = "{kind}"\n  bands = {bands}')
    if sound:
        assert read_catalog(folder).entries[0].fields[2].bands
        return
    with pytest.raises(Invalid) as caught:
        read_catalog(folder)
    assert [f.code for f in caught.value.findings] == ["catalog-bands"]


def _with_city(changed: Change) -> Path:
    changed(UNITS, f'{UNITS}\nhierarchies = [["road", "city"]]')
    changed('  [[dataset.field]]\n  name = "seconds"', f'{CITY}  [[dataset.field]]\n  name = "seconds"')
    return changed(
        SECONDS, f"{SECONDS}\n  minimum = 0\n  bands = [[0, 30, 60], [0, 60]]\n  bottom_code = 5\n  top_code = 90"
    )


def test_declarations_are_stored_and_read_back(changed: Change, vault: Path, scratch: Path, mounter: Mounter) -> None:
    folder = _with_city(changed)
    text = "plate,road,city,seconds\n" + "".join(f"浙Z12A4B,G{n},{'ab'[n % 2]},{n}\n" for n in range(9))
    (folder / "incident.csv").write_text(text, encoding="utf-8")
    catalog = read_catalog(folder)
    entry = catalog.entries[0]
    assert entry.hierarchies == (("road", "city"),)
    seconds = entry.fields[3]
    assert (seconds.bands, seconds.bottom_code, seconds.top_code) == ((("0", "30", "60"), ("0", "60")), "5", "90")
    stored = entry_to_json(entry)
    assert entry_from_json(stored).fields == entry.fields
    assert entry_from_json(stored).hierarchies == entry.hierarchies
    assert "hierarchies" in terms(stored), "a hierarchy is a term that a provider officer approves of"
    (dataset,) = mount_catalog(catalog, vault, scratch, mounter)
    assert dataset_from_json(dataset_to_json(dataset)) == dataset
    assert dataset.hierarchies == entry.hierarchies


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("a", "")])
def test_a_value_with_several_values_above_it_or_none_is_refused(
    changed: Change, vault: Path, scratch: Path, mounter: Mounter, first: str, second: str
) -> None:
    folder = _with_city(changed)
    text = f"plate,road,city,seconds\n浙Z12A4B,G1,{first},1\n浙Z12A4B,G1,{second},2\n浙Z12A4B,,,3\n"
    (folder / "incident.csv").write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        mount_catalog(read_catalog(folder), vault, scratch, mounter)
    (found,) = caught.value.findings
    assert (found.code, found.field) == ("catalog-broken-hierarchy", "road, city")
    assert not list(vault.rglob("version*.parquet"))


def test_rows_that_are_subjects_are_refreshed_by_a_key_or_not_at_all(changed: Change) -> None:
    changed('  identifier = "vehicle"\n', "")
    folder = changed(UNITS, 'refresh = "zero-or-k"')
    with pytest.raises(Invalid) as caught:
        read_catalog(folder)
    (found,) = caught.value.findings
    assert (found.code, found.position is not None) == ("catalog-refresh-keys", True)
    keyed = read_catalog(changed('refresh = "zero-or-k"', 'refresh = "zero-or-k"\nkeys = [["plate", "seconds"]]'))
    assert keyed.entries[0].refresh == "zero-or-k"


def test_a_refresh_is_one_of_three_and_a_term_of_the_entry(changed: Change) -> None:
    entry = read_catalog(changed(UNITS, f'{UNITS}\nrefresh = "cell-key"')).entries[0]
    assert terms(entry_to_json(entry))["refresh"] == "cell-key"
    assert entry_from_json(entry_to_json(entry)).refresh == "cell-key"
    with pytest.raises(Invalid) as caught:
        read_catalog(changed("cell-key", "daily"))
    assert [f.code for f in caught.value.findings] == ["catalog-wrong-value"]
