"""One new deployment per test, and workers in processes of their own that go with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.jobs.deployment import Deployment, deploy

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def here(tmp_path: Path) -> Deployment:
    return deploy(tmp_path / "home")


@pytest.fixture
def start(here: Deployment) -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def go(name: str, seconds: float, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.jobs.worker_process", str(here.services.config.home), name]
        process = subprocess.Popen(
            [*command, str(seconds), *more], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}
        )
        processes.append(process)
        return process

    yield go
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
