"""Does a scratch folder go away, whatever a process built in it?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.launcher import remove
from sandbox.scratch import clear


def dig(folder: Path, depth: int) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


@pytest.mark.parametrize("depth", [1, 1500, 5000])
def test_folders_deeper_than_the_stack_or_any_path_are_removed(tmp_path: Path, depth: int) -> None:
    dig(tmp_path, depth)
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folders_that_are_closed_to_their_owner_are_removed(tmp_path: Path) -> None:
    for mode in (0, 0o100, 0o300, 0o500):
        folder = tmp_path / f"{mode:o}"
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "file").touch()
        (folder / "inner").chmod(mode)
        folder.chmod(mode)
    clear(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_the_kept_files_stay(tmp_path: Path) -> None:
    for name in ("kept", "other", "folder/kept"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    clear(tmp_path, kept=frozenset({"kept"}))
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("kept", "kept")]


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir(mode=0o755)
    (tmp_path / "outside" / "file").touch()
    (tmp_path / "scratch" / "folder").mkdir(parents=True)
    for folder in (tmp_path / "scratch", tmp_path / "scratch" / "folder"):
        (folder / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
        (folder / "dangling").symlink_to(tmp_path / "nowhere")
    remove(tmp_path / "scratch")
    assert [entry.name for entry in tmp_path.iterdir()] == ["outside"]
    assert [entry.name for entry in (tmp_path / "outside").iterdir()] == ["file"]


def test_a_folder_that_is_not_there_is_clear(tmp_path: Path) -> None:
    clear(tmp_path / "nowhere")
    remove(tmp_path / "nowhere")
