"""A bundle's zip has one shape, and whatever does not have it is refused with the reason."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from app.domain.errors import Invalid
from app.release.archive import read_entries, read_entry, write_archive


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    data = tmp_path / "data.bin"
    data.write_bytes(b"x" * 3_000_000)
    target = tmp_path / "b.zip"
    write_archive(target, {"manifest.json": b"{}", "data.csv": data, "data.parquet": b""})
    return target


def refused(path: Path) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        read_entries(path)
    return caught.value.code, str(caught.value)


def test_same_files_give_the_same_bytes_and_every_tool_can_read_them(bundle: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    write_archive(again, {"manifest.json": b"{}", "data.csv": b"x" * 3_000_000, "data.parquet": b""})
    assert again.read_bytes() == bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["manifest.json", "data.csv", "data.parquet"]
    assert read_entries(bundle)["data.csv"].size == 3_000_000
    assert read_entry(bundle, "manifest.json", 10) == b"{}"


def test_a_cut_off_file_is_unreadable(bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes()[:-40])
    assert refused(bundle)[0] == "bundle-unreadable"


def test_not_a_zip_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(b"hello")
    assert refused(path)[0] == "bundle-unreadable"


@pytest.mark.parametrize("where", ["front", "back"])
def test_bytes_that_belong_to_no_entry_are_refused(bundle: Path, where: str) -> None:
    content = bundle.read_bytes()
    bundle.write_bytes(b"MZ" + content if where == "front" else content + b"PK")
    assert refused(bundle)[0] in {"bundle-shape", "bundle-unreadable"}


def test_an_altered_byte_is_named_with_its_file(bundle: Path) -> None:
    content = bytearray(bundle.read_bytes())
    content[content.index(b"xxxx") + 500_000] ^= 1
    bundle.write_bytes(bytes(content))
    code, text = refused(bundle)
    assert code == "bundle-file-altered"
    assert "data.csv" in text


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/passwd", "a/b.csv", "C:\\x.csv", ".hidden", "Data.csv", "a\x00b.csv"]
)
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name.replace("\x00", "_"), (1980, 1, 1, 0, 0, 0)), b"x")
    if "\x00" in name:
        path.write_bytes(path.read_bytes().replace(b"a_b.csv", b"a\x00b.csv"))
    assert refused(path)[0] in {"bundle-shape", "bundle-unreadable", "bundle-file-altered"}


def test_a_zip_bomb_is_refused_without_unpacking_it(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.csv", bytes(50_000_000))
    assert path.stat().st_size < 100_000
    assert "compressed" in refused(path)[1]


def test_a_stored_entry_that_claims_more_than_the_file_has_is_refused(bundle: Path) -> None:
    content = bytearray(bundle.read_bytes())
    central = content.index(b"PK\x01\x02")
    struct.pack_into("<II", content, central + 20, 2_000_000_000, 2_000_000_000)
    bundle.write_bytes(bytes(content))
    assert refused(bundle)[0] == "bundle-shape"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_names_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    write_archive(path, {"data.csv": b"1", "data.cs2": b"2"})
    path.write_bytes(path.read_bytes().replace(b"data.cs2", b"data.csv"))
    assert "twice" in refused(path)[1]


def test_overlapping_entries_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    write_archive(path, {"a.csv": b"same", "b.csv": b"same"})
    content = bytearray(path.read_bytes())
    second = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, second + 42, 0)
    path.write_bytes(bytes(content))
    assert refused(path)[0] == "bundle-shape"


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    info = zipfile.ZipInfo("data.csv", (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, b"/etc/passwd")
    assert "plain file" in refused(path)[1]


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    write_archive(path, {f"f{i}.csv": b"" for i in range(33)})
    assert "too many" in refused(path)[1]


def test_a_missing_entry_is_named(bundle: Path) -> None:
    with pytest.raises(Invalid) as caught:
        read_entry(bundle, "report.json", 10)
    assert caught.value.code == "bundle-file-missing"
