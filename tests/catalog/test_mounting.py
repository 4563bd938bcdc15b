"""Is a catalog mounted whole or not at all, and does every bad file say where it is bad?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.catalog.manifest import read_catalog
from app.catalog.mounting import Mounter, mount_catalog, mount_entries
from app.domain.documents import dataset_from_json, dataset_to_json
from app.domain.errors import Finding, Invalid, Unavailable
from app.domain.values import Unit
from sandbox.protocol import Answer, MountTask
from tests.catalog.conftest import GOOD, PLATES, incidents

Change = Callable[[str, str], Path]
Mount = Callable[[Path], tuple[Finding, ...]]

SECOND = GOOD[GOOD.index("[[dataset]]") :].replace("incident", "towing").replace("3/06/001/0001", "3/06/001/0002")


@pytest.fixture
def refused(vault: Path, scratch: Path, mounter: Mounter) -> Mount:
    """Mounts a folder that must be refused; answers the findings, after a look that the vault holds nothing."""

    def mount(folder: Path) -> tuple[Finding, ...]:
        with pytest.raises(Invalid) as caught:
            mount_catalog(read_catalog(folder), vault, scratch, mounter)
        assert not [f for f in vault.rglob("*.*") if f.name != ".lock"]
        assert not list(scratch.iterdir())
        return caught.value.findings

    return mount


def test_a_sound_folder_is_mounted_with_references_in_place_of_identifiers(
    folder: Path, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    (dataset,) = mount_catalog(read_catalog(folder), vault, scratch, mounter)
    assert (dataset.name, dataset.rows, dataset.provider) == ("incident", 40, "hz-highway")
    assert [(f.name, f.type, f.identifier) for f in dataset.fields] == [
        ("plate", "UINTEGER", "vehicle"),
        ("road", "VARCHAR", None),
        ("seconds", "INTEGER", None),
    ]
    assert dataset.units == (Unit(type="vehicle", column="plate", tag="__tag_plate"),)
    table = pq.read_table(dataset.path)
    assert table.num_rows == 40
    assert len(set(table["plate"].to_pylist())) == len(PLATES)
    assert Path(dataset.path).name == f"{dataset.version}.parquet"


def test_no_raw_identifier_lies_outside_the_registry(
    folder: Path, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    mount_catalog(read_catalog(folder), vault, scratch, mounter)
    files = [f for f in vault.rglob("*") if f.is_file() and f.parent.name != "registry"]
    assert files
    for file in files:
        content = file.read_bytes() if file.suffix != ".parquet" else str(pq.read_table(file).to_pydict()).encode()
        assert not any(plate.encode() in content for plate in PLATES)


def test_a_wrong_type_in_line_70001_is_named(folder: Path, refused: Mount) -> None:
    lines = incidents(80_000).splitlines(keepends=True)
    lines[70_000] = f"{PLATES[0]},G1,soon\n"
    (folder / "incident.csv").write_text("".join(lines), encoding="utf-8")
    (found,) = refused(folder)
    assert (found.code, found.dataset, found.field) == ("catalog-bad-row", "incident", "seconds")
    assert found.position is not None
    assert (found.position.line, found.position.column) == (70_001, 3)
    assert "70001" in found.message().en
    assert "INTEGER" in found.message().zh
    assert "soon" not in str(found.to_json())


@pytest.mark.parametrize("tail", ["浙Z12", "浙Z12A4B,G1", '浙Z12A4B,"G1'])
def test_a_csv_cut_off_in_the_middle_is_refused_near_its_end(folder: Path, refused: Mount, tail: str) -> None:
    (folder / "incident.csv").write_text(incidents(500) + tail, encoding="utf-8")
    found = refused(folder)[0]
    assert found.code in {"catalog-truncated-row", "catalog-cut-off", "catalog-broken-row", "catalog-bad-row"}
    assert found.position is not None
    assert found.position.line == 502


@pytest.mark.parametrize("tail", [f"{PLATES[0]},G1,", f"{PLATES[0]},G1,12"])
def test_a_large_csv_cut_off_where_its_last_row_still_fits_is_refused(folder: Path, refused: Mount, tail: str) -> None:
    (folder / "incident.csv").write_text(incidents(5_000) + tail, encoding="utf-8")
    (found,) = refused(folder)
    assert found.code == "catalog-cut-off"
    assert found.position is not None
    assert found.position.line == 5_002


def test_a_small_csv_may_lack_its_last_line_end(folder: Path, vault: Path, scratch: Path, mounter: Mounter) -> None:
    (folder / "incident.csv").write_text(incidents(40).rstrip("\n"), encoding="utf-8")
    assert mount_catalog(read_catalog(folder), vault, scratch, mounter)[0].rows == 40


def test_a_parquet_file_cut_off_in_the_middle_is_refused(changed: Change, refused: Mount) -> None:
    folder = changed("incident.csv", "incident.parquet")
    _write_parquet(folder / "incident.parquet")
    whole = (folder / "incident.parquet").read_bytes()
    (folder / "incident.parquet").write_bytes(whole[: len(whole) // 2])
    (found,) = refused(folder)
    assert found.code in {"catalog-file-unreadable", "catalog-cut-off"}
    assert "incident.parquet" in found.message().en


def _write_parquet(file: Path, *, seconds: pa.DataType | None = None) -> None:
    columns = {
        "plate": [PLATES[n % 4] for n in range(2000)],
        "road": ["G1"] * 2000,
        "seconds": pa.array(range(2000), seconds or pa.int32()),
    }
    pq.write_table(pa.table(columns), file)


def test_parquet_is_mounted_like_csv(changed: Change, vault: Path, scratch: Path, mounter: Mounter) -> None:
    folder = changed("incident.csv", "incident.parquet")
    _write_parquet(folder / "incident.parquet", seconds=pa.int64())
    (dataset,) = mount_catalog(read_catalog(folder), vault, scratch, mounter)
    assert dataset.rows == 2000


def test_a_catalog_naming_a_missing_column_is_refused(changed: Change, refused: Mount) -> None:
    findings = refused(changed('name = "road"', 'name = "roads"'))
    assert {(f.code, f.field) for f in findings} == {
        ("catalog-missing-column", "roads"),
        ("catalog-unexpected-column", "road"),
    }


def test_a_wrong_number_of_rows_is_refused(changed: Change, refused: Mount) -> None:
    (found,) = refused(changed("units =", "rows = 41\nunits ="))
    assert found.code == "catalog-row-count"
    assert "41" in found.message().en


@pytest.mark.parametrize("key", [["seconds"], ["plate", "seconds"]])
def test_a_key_that_holds_is_known_of_the_data_set(
    changed: Change, vault: Path, scratch: Path, mounter: Mounter, key: list[str]
) -> None:
    (dataset,) = mount_catalog(read_catalog(changed("units =", f"keys = {[key]}\nunits =")), vault, scratch, mounter)
    assert dataset.keys == (tuple(key),)
    assert dataset_from_json(dataset_to_json(dataset)) == dataset


@pytest.mark.parametrize("key", [["plate"], ["plate", "road"]])
def test_a_key_by_which_rows_are_alike_is_refused(changed: Change, refused: Mount, key: list[str]) -> None:
    (found,) = refused(changed("units =", f"keys = {[key]}\nunits ="))
    assert (found.code, found.field) == ("catalog-repeated-key", ", ".join(key))


def test_a_key_of_which_a_value_is_missing_is_refused(changed: Change, refused: Mount) -> None:
    folder = changed("units =", 'keys = [["seconds"]]\nunits =')
    file = folder / "incident.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",7\n", ",\n"), encoding="utf-8")
    assert [f.code for f in refused(folder)] == ["catalog-repeated-key"]


def test_an_undeclared_identifier_is_reported_before_anything_is_mounted(changed: Change, refused: Mount) -> None:
    changed('units = ["plate"]\n', "")
    (found,) = refused(changed('  identifier = "vehicle"\n', ""))
    assert (found.code, found.field) == ("catalog-looks-like-identifier", "plate")
    assert "licence plates" in found.message().en
    assert "车牌号" in found.message().zh


def test_one_bad_file_of_two_leaves_the_vault_untouched_and_both_are_reported(folder: Path, refused: Mount) -> None:
    with (folder / "catalog.toml").open("a", encoding="utf-8") as file:
        file.write(SECOND + SECOND.replace("towing", "third").replace("0002", "0003"))
    (folder / "towing.csv").write_text(f"plate,road,seconds\n{PLATES[0]},G1,x\n", encoding="utf-8")
    (folder / "third.csv").write_text(f"plate,road\n{PLATES[0]},G1\n", encoding="utf-8")
    findings = refused(folder)
    assert {(f.dataset, f.code) for f in findings} == {
        ("towing", "catalog-bad-row"),
        ("third", "catalog-missing-column"),
    }


def test_the_tables_of_two_providers_share_a_registry(
    folder: Path, vault: Path, scratch: Path, mounter: Mounter, tmp_path: Path
) -> None:
    (first,) = mount_catalog(read_catalog(folder), vault, scratch, mounter)
    other = tmp_path / "other"
    other.mkdir()
    (other / "catalog.toml").write_text(
        GOOD.replace("hz-highway", "hz-parking").replace('"incident"', '"parking"').replace("incident.csv", "p.csv"),
        encoding="utf-8",
    )
    (other / "p.csv").write_text(f"plate,road,seconds\n皖Z11111,G1,1\n{PLATES[2]},G1,2\n", encoding="utf-8")
    (second,) = mount_catalog(read_catalog(other), vault, scratch, mounter)
    known = pq.read_table(first.path).to_pylist()
    shared = next(row for row in pq.read_table(second.path).to_pylist() if row["seconds"] == 2)
    same = next(row for row in known if row["seconds"] == 2)
    assert (shared["plate"], shared["__tag_plate"]) == (same["plate"], same["__tag_plate"])
    assert len(list((vault / "registry").glob("*.parquet"))) == 1


def test_the_same_source_is_not_mounted_again(folder: Path, vault: Path, scratch: Path, mounter: Mounter) -> None:
    catalog = read_catalog(folder)
    (first,) = mount_entries(catalog.public, vault, scratch, mounter)

    def no_sandbox(_task: MountTask, _scratch: Path) -> Answer:
        raise AssertionError("the sandbox was asked")

    (again,) = mount_entries(catalog.public, vault, scratch, no_sandbox)
    assert again.dataset == first.dataset
    assert (first.reused, again.reused) == (False, True)
    assert again.statistics == first.statistics


def test_new_labels_and_levels_apply_to_a_version_that_is_there(
    changed: Change, folder: Path, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    (first,) = mount_entries(read_catalog(folder).public, vault, scratch, mounter)
    changed(
        'name = "seconds"\n  type = "INTEGER"\n  level = "L2"', 'name = "seconds"\n  type = "INTEGER"\n  level = "L4"'
    )
    (again,) = mount_entries(read_catalog(folder).public, vault, scratch, mounter)
    assert again.reused
    assert again.dataset.version == first.dataset.version
    assert again.dataset.fields[2].level == "L4"


@pytest.mark.parametrize("change", [('type = "INTEGER"', 'type = "BIGINT"'), ('units = ["plate"]\n', "")])
def test_another_schema_makes_another_version(
    changed: Change, folder: Path, vault: Path, scratch: Path, mounter: Mounter, change: tuple[str, str]
) -> None:
    (first,) = mount_catalog(read_catalog(folder), vault, scratch, mounter)
    (second,) = mount_catalog(read_catalog(changed(*change)), vault, scratch, mounter)
    assert second.version != first.version
    assert Path(first.path).is_file()


def test_a_data_set_without_a_declared_unit_gets_one_for_each_row(
    changed: Change, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    (dataset,) = mount_catalog(read_catalog(changed('units = ["plate"]\n', "")), vault, scratch, mounter)
    assert dataset.units == (Unit(type="row:incident", column="__row", tag="__tag___row"),)
    table = pq.read_table(dataset.path)
    assert len(set(table["__row"].to_pylist())) == 40
    assert "__tag_plate" not in table.column_names


def test_an_index_that_cannot_be_read_counts_as_absent(
    folder: Path, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    mount_catalog(read_catalog(folder), vault, scratch, mounter)
    (index,) = (vault / "incident").glob("*.json")
    index.write_text("{", encoding="utf-8")
    (again,) = mount_entries(read_catalog(folder).public, vault, scratch, mounter)
    assert not again.reused


def test_a_file_that_changes_while_it_is_mounted_is_refused(
    folder: Path, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    def and_append(task: MountTask, room: Path) -> Answer:
        answer = mounter(task, room)
        with (folder / "incident.csv").open("a", encoding="utf-8") as file:
            file.write(f"{PLATES[0]},G1,7\n")
        return answer

    with pytest.raises(Invalid) as caught:
        mount_catalog(read_catalog(folder), vault, scratch, and_append)
    assert caught.value.code == "catalog-file-changed"
    assert not list(vault.glob("incident/*"))


def test_a_sandbox_without_walls_is_unavailable_and_blames_no_file(folder: Path, vault: Path, scratch: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        mount_catalog(
            read_catalog(folder), vault, scratch, lambda _t, _s: Answer(status="failed", code="isolation-missing")
        )
    assert caught.value.code == "catalog-mount-unavailable"


def test_a_mounted_data_set_survives_being_kept_as_json(
    folder: Path, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    (dataset,) = mount_catalog(read_catalog(folder), vault, scratch, mounter)
    assert dataset_from_json(dataset_to_json(dataset)) == dataset
