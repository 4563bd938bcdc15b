"""One new deployment per test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.deployment import Deployment, deploy


@pytest.fixture
def here(tmp_path: Path) -> Deployment:
    return deploy(tmp_path / "home")
