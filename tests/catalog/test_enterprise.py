"""Does an operator's own table come in typed, without units, and through the same registries?"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from app.catalog.manifest import read_catalog
from app.catalog.mounting import Mounter, mount_catalog, mount_enterprise
from app.catalog.values import Catalog
from app.domain.errors import Invalid
from app.domain.values import DatasetKind, Level
from tests.catalog.conftest import PLATES

DECLARED = """
[[dataset]]
name = "fleet"
kind = "enterprise"
code = "3/06/001/0900"
title = "Own fleet"

  [[dataset.field]]
  name = "plate"
  type = "VARCHAR"
  level = "L1"
  identifier = "vehicle"

  [[dataset.field]]
  name = "trucks"
  type = "SMALLINT"
  level = "L1"
"""


@pytest.fixture
def catalog(folder: Path) -> Catalog:
    with (folder / "catalog.toml").open("a", encoding="utf-8") as file:
        file.write(DECLARED)
    return read_catalog(folder)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "fleet.csv"
    file.write_text(f"plate,trucks\n{PLATES[1]},3\n浙Z99999,1\n", encoding="utf-8")
    return file


def test_a_declared_table_joins_by_reference(
    catalog: Catalog, own: Path, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    (public,) = mount_catalog(catalog, vault, scratch, mounter)
    mounted = mount_enterprise("fleet", own, catalog.entry("fleet"), vault, scratch, mounter, operator="acme")
    dataset = mounted.dataset
    assert (dataset.kind, dataset.provider, dataset.units) == (DatasetKind.ENTERPRISE, "acme", ())
    assert [(f.name, f.type, f.identifier) for f in dataset.fields] == [
        ("plate", "UINTEGER", "vehicle"),
        ("trucks", "SMALLINT", None),
    ]
    references = {row["plate"] for row in pq.read_table(public.path).to_pylist()}
    first, second = pq.read_table(dataset.path)["plate"].to_pylist()
    assert first in references
    assert second not in references


def test_an_undeclared_table_is_taken_as_it_is(own: Path, vault: Path, scratch: Path, mounter: Mounter) -> None:
    dataset = mount_enterprise("fleet", own, None, vault, scratch, mounter, operator="acme").dataset
    assert [(f.name, f.level, f.identifier) for f in dataset.fields] == [
        ("plate", Level.L1, None),
        ("trucks", Level.L1, None),
    ]
    assert dataset.rows == 2


def test_a_table_that_does_not_fit_its_declaration_is_refused(
    catalog: Catalog, own: Path, vault: Path, scratch: Path, mounter: Mounter
) -> None:
    own.write_text(f"plate,trucks\n{PLATES[1]},many\n", encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        mount_enterprise("fleet", own, catalog.entry("fleet"), vault, scratch, mounter, operator="acme")
    assert caught.value.code == "catalog-bad-row"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("incident", "catalog-enterprise-not-declared-so"),
        ("__fleet", "catalog-enterprise-name"),
        ("fleet; drop", "catalog-enterprise-name"),
    ],
)
def test_an_operator_cannot_bring_a_table_under_another_name(
    catalog: Catalog, own: Path, vault: Path, scratch: Path, mounter: Mounter, name: str, code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        mount_enterprise(name, own, catalog.entry(name), vault, scratch, mounter, operator="acme")
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["gone.csv", "fleet.xlsx"])
def test_a_file_that_is_not_there_or_not_of_a_format_is_refused(
    tmp_path: Path, vault: Path, scratch: Path, mounter: Mounter, name: str
) -> None:
    if name.endswith("xlsx"):
        (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(Invalid) as caught:
        mount_enterprise("fleet", tmp_path / name, None, vault, scratch, mounter, operator="acme")
    assert caught.value.code == "catalog-enterprise-missing"
