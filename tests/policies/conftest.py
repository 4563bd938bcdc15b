"""One deployment, founded once and copied for each test that asks for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.conftest import hurried
from tests.policies.law_world import Law, found_law, open_law


@pytest.fixture(scope="session")
def _founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("law")
    found_law(folder / "home", folder / "catalog")
    return folder / "home"


@pytest.fixture
def law(_founded: Path, tmp_path: Path) -> Iterator[Law]:
    shutil.copytree(_founded, tmp_path / "home")
    made = open_law(tmp_path / "home")
    hurried(made.services.store)
    yield made
    made.services.store.close()
