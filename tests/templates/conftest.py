"""One deployment, founded once and copied for each test that asks for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.conftest import hurried
from tests.templates.world import World, found_world, open_world


@pytest.fixture(scope="session")
def _founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("templates") / "home"
    found_world(home)
    return home


@pytest.fixture
def world(_founded: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(_founded, tmp_path / "home")
    made = open_world(tmp_path / "home", tmp_path / "files")
    hurried(made.law.services.store)
    yield made
    made.law.services.store.close()
