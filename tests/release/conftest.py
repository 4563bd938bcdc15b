"""One new deployment per test, and one release where it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.release.making import make_release
from tests.jobs.deployment import Deployment, deploy
from tests.release.bundles import Released


@pytest.fixture
def here(tmp_path: Path) -> Deployment:
    return deploy(tmp_path / "home")


@pytest.fixture
def released(here: Deployment) -> Released:
    release_id = make_release(here.desk(), here.actor("officer"), here.approved())
    return here, release_id, here.services.config.home / "releases" / f"{release_id}.zip"
