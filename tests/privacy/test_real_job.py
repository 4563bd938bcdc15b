"""Does noise go all the way of a job, and does the budget stop who asks again and again to average it away?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from app import bootstrap, config
from app.cli.main import sluice

FLIGHTS = Path(__file__).parents[2] / "sample_data" / "flights"
BY_CARRIER = (
    "SELECT carrier, count(*) AS n, avg(least(greatest(dep_delay, -30), 300)) AS late FROM flights GROUP BY carrier"
)
APPLICATION = """
[application]
title = "Noise"
scenario = "flights-noise"
purpose = "statistics"
products = ["statistics"]
reason = "a test"
recipients = ["op-aero"]

[uses.flights]
carrier = ["group"]
dep_delay = ["aggregate:*"]
"*" = ["aggregate:count"]

[reasons]
flights = "a test"
"""
ALLOW = 'allow-dp,*,flights,*,repair:dp,"{""product"": [""statistics""]}",allow\n'
TEXT = '\n[allow-dp]\nzh = "可以加差分隐私噪声。"\nen = "Noise of differential privacy may be added."\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A deployment whose policy allows noise over flights, and grants an epsilon of 2 where a job costs 1."""
    policies = tmp_path / "policies"
    shutil.copytree(config.read({}).policies, policies)
    with (policies / "use" / "standing.csv").open("a", encoding="utf-8") as rules:
        rules.write(ALLOW)
    with (policies / "use" / "rules.toml").open("a", encoding="utf-8") as texts:
        texts.write(TEXT)
    numbers = policies / "repairs.toml"
    text = numbers.read_text(encoding="utf-8")
    assert "budget = 10.0" in text
    numbers.write_text(text.replace("budget = 10.0", "budget = 2.0"), encoding="utf-8")
    for name, value in (("HOME", tmp_path / "home"), ("POLICIES", policies)):
        monkeypatch.setenv(f"SLUICE_{name}", str(value))
    for name in ("REQUIRE_ISOLATION", "AS", "DATABASE_URL"):
        monkeypatch.delenv(f"SLUICE_{name}", raising=False)
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


@pytest.mark.slow
def test_asking_again_to_average_the_noise_away_ends_with_the_budget(home: Path, tmp_path: Path) -> None:
    authorization = authorized(tmp_path)
    sql = tmp_path / "by_carrier.sql"
    sql.write_text(BY_CARRIER)
    told = []
    for _ in range(3):
        job = run("job", "submit", sql, "--authorization", authorization, "--repair", "dp", by="analyst-aero")["id"]
        run("worker", "run", "--drain")
        told.append(run("job", "show", job, by="analyst-aero"))
    assert [t["state"] for t in told] == ["awaiting_review", "awaiting_review", "refused"]
    assert [f["code"] for f in told[2]["findings"]] == ["dp-budget-exhausted"]
    found = [
        {row["carrier"]: row["n"] for row in pq.read_table(table).to_pylist()}
        for table in (home / "quarantine").glob("*/*/result.parquet")
    ]
    assert len(found) == 2
    assert set(found[0]) & set(found[1])
    assert found[0] != found[1]
    (left,) = run("budget", "show", "--authorization", authorization, by="analyst-aero")
    assert (left["dataset"], left["runs"], left["epsilon_spent"], left["epsilon_left"]) == ("flights", 2, "2.0", "0.0")

    output = told[0]["output"]
    run("review", "request", output, by="analyst-aero")
    shown = run("review", "show", output, by="reviewer-wu")["report"]
    assert shown["privacy"]["epsilon"] == "1.0"
    assert [f.name for f in (home / "quarantine").glob("*/*/*") if "noise" in f.name] == []
    needed = int(run("review", "show", output, by="reviewer-wu")["reviewers"].split("/")[1])
    for reviewer in ("reviewer-wu", "reviewer-bts")[:needed]:
        run("review", "approve", output, by=reviewer)
    assert run("verify", run("release", "make", output, by="release-officer")["bundle"])["valid"] is True
    events = [e["event"] for e in run("ledger", "list", "--subject", told[0]["id"], by="auditor")]
    assert events.index("privacy:spent") < events.index("job:sent_to_review")
