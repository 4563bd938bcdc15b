"""One real job over the flights of 2013: its worker is killed in the middle; it still ends once and leaves once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from app import bootstrap
from app.cli.main import sluice
from app.domain.errors import SluiceError
from app.store.tables import job_lease

FLIGHTS = Path(__file__).parents[2] / "sample_data" / "flights"
SLOW = """SELECT a.carrier, count(*) AS pairs
FROM flights a JOIN flights b ON a.origin = b.origin AND a.dest = b.dest AND a.month = b.month
GROUP BY a.carrier
"""
APPLICATION = """
[application]
title = "Pairs"
scenario = "flights-pairs"
purpose = "statistics"
products = ["statistics"]
reason = "a test"
recipients = ["op-aero"]

[uses.flights]
carrier = ["group", "link"]
origin = ["group", "link"]
dest = ["link"]
month = ["link"]
"*" = ["aggregate:count"]

[reasons]
flights = "a test"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SLUICE_REQUIRE_ISOLATION", raising=False)
    monkeypatch.delenv("SLUICE_AS", raising=False)
    monkeypatch.delenv("SLUICE_DATABASE_URL", raising=False)
    bootstrap.services.cache_clear()
    yield tmp_path / "home"
    bootstrap.services.cache_clear()


def run(*arguments: object, by: str | None = None) -> Any:
    """What a command answers as JSON."""
    asked = [str(a) for a in arguments] + (["--as", by] if by else []) + ["--json"]
    done = CliRunner().invoke(sluice, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def authorized(tmp_path: Path) -> str:
    """An authorization of op-aero over the flights, from application to signature."""
    run("init", "--sample")
    run("catalog", "add", FLIGHTS, by="steward-bts")
    run("catalog", "publish", "flights", by="officer-bts")
    (tmp_path / "application.toml").write_text(APPLICATION)
    application = run("application", "submit", tmp_path / "application.toml", by="applicant-aero")["application"]
    run("application", "consent", application, "--reason", "own table", by="officer-bts")
    decided = run("application", "decide", application, "approve", "--reason", "good", by="regulator-zhao")
    run("authorization", "sign", decided["authorization"], "--agreement", "2026-1", by="applicant-aero")
    return str(decided["authorization"])


def state(job_id: str) -> str:
    return str(run("job", "show", job_id, by="analyst-aero")["state"])


@pytest.mark.slow
def test_a_real_job_survives_kill_9_and_leaves_once(home: Path, tmp_path: Path) -> None:
    authorization = authorized(tmp_path)
    (tmp_path / "slow.sql").write_text(SLOW)
    job_id = run("job", "submit", tmp_path / "slow.sql", "--authorization", authorization, by="analyst-aero")["id"]
    store = bootstrap.services().store

    worker = subprocess.Popen([sys.executable, "-m", "app.cli.main", "worker", "run"], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list((home / "quarantine").glob(f"{job_id}/1/*")) and time.monotonic() < deadline:
        time.sleep(0.01)  # until the sandbox works in the folder of the run
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert state(job_id) in {"running", "checking"}
    assert run("review", "list", "--state", "quarantined", by="reviewer-wu") == []

    with store.upkeep() as connection:  # the lease runs out
        connection.execute(update(job_lease).values(until="2000-01-01T00:00:00.000000Z"))
    assert run("worker", "run", "--drain")["ended"] == [{"job": job_id, "ending": "send_to_review"}]
    assert state(job_id) == "awaiting_review"
    events = [e["event"] for e in run("ledger", "list", "--subject", job_id, by="auditor")]
    assert [e for e in events if e in {"job:sent_to_review", "job:failed", "job:cancelled", "job:refused"}] == [
        "job:sent_to_review"
    ]
    assert [f.name for f in (home / "quarantine" / job_id).iterdir()] != ["1"]

    output = run("job", "show", job_id, by="analyst-aero")["output"]
    run("review", "request", output, by="analyst-aero")
    needed = int(run("review", "show", output, by="reviewer-wu")["reviewers"].split("/")[1])
    for reviewer in ("reviewer-wu", "reviewer-bts")[:needed]:
        run("review", "approve", output, by=reviewer)
    bundle = run("release", "make", output, by="release-officer")["bundle"]
    assert run("verify", bundle)["valid"] is True
    with pytest.raises(SluiceError) as twice:
        run("release", "make", output, by="release-officer")
    assert twice.value.code == "release-already-made"
    assert run("ledger", "verify")["valid"] is True
