"""A real server process answers on this machine, through either server, and stops when it is told to."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.jobs.deployment import Deployment


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize("server", [[], ["--gunicorn"]])
def test_the_server_answers_on_loopback_only_and_stops_on_sigterm(here: Deployment, server: list[str]) -> None:
    port = free_port()
    environment = {**os.environ, "SLUICE_HOME": str(here.services.config.home)}
    environment.pop("SLUICE_DATABASE_URL", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", "serve", "--port", str(port), *server],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        assert re.match(rf"http://127\.0\.0\.1:{port}/", process.stdout.readline())
        deadline = time.monotonic() + 10
        while True:
            try:
                assert get(port, "/healthz")[0] == 200
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert '"ready"' in get(port, "/readyz")[1]
        assert get(port, "/ledger")[0] == 200
        assert get(port, "/jobs/job-none")[0] == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
