"""One deployment, built once and copied for each test: founding it anew each time would be most of the time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.bootstrap import build
from app.config import read
from app.store.sessions import Store
from tests.governance.world import Hand, World, deployment


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("governance") / "home"
    deployment(home).store.close()
    return home


def hurried(store: Store) -> None:
    """Do not wait for the disk: no test here pulls the plug."""

    def relax(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF").close()

    event.listen(store._writer, "connect", relax)


@pytest.fixture
def world(_template: Path, tmp_path: Path) -> Iterator[World]:
    home = tmp_path / "home"
    shutil.copytree(_template, home)
    clock, numbers = Hand(), count(1)
    settings = read({"SLUICE_HOME": str(home)})
    services = build(settings, clock=clock, new_id=lambda prefix: f"{prefix}-{next(numbers)}")
    hurried(services.store)
    yield World(services=services, clock=clock)
    services.store.close()
