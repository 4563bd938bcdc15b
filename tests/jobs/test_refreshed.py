"""Does an authorization go on with the version it began with, until the provider renews it? Through the commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, update

from app import bootstrap
from app.cli.main import sluice
from app.domain.errors import Refusal, SluiceError
from app.store.retelling import require_same_states
from app.store.tables import authorization_version
from tests.disclosure.test_refresh import PEOPLE, version, world

APPLICATION = """
[application]
title = "People"
scenario = "people"
purpose = "statistics"
products = ["statistics"]
reason = "a test"
recipients = ["op-aero"]

[uses.p]
region = ["filter:eq"]
"*" = ["aggregate:count"]

[reasons]
p = "a test"
"""
ASKED = "select count(*) as n from p where region = 'A'"


def run(*arguments: object, by: str | None = None) -> Any:
    """What a command answers as JSON, or the error that ends it."""
    asked = [str(a) for a in arguments] + (["--as", by] if by else []) + ["--json"]
    done = CliRunner().invoke(sluice, asked)
    return json.loads(done.stdout) if done.exception is None else done.exception


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The catalog of a frozen data set in a deployment, published and applied for."""
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    for name in ("SLUICE_AS", "SLUICE_DATABASE_URL", "SLUICE_POLICIES"):
        monkeypatch.delenv(name, raising=False)
    bootstrap.services.cache_clear()
    run("init", "--sample")
    made = world(tmp_path / "catalog", "frozen")
    declared = (made / "catalog.toml").read_text(encoding="utf-8")
    (made / "catalog.toml").write_text(declared.replace('"bureau"', '"hz-highway"'), encoding="utf-8")
    run("catalog", "add", made, by="steward-highway")
    run("catalog", "publish", "p", by="officer-highway")
    (tmp_path / "application.toml").write_text(APPLICATION, encoding="utf-8")
    (tmp_path / "asked.sql").write_text(ASKED, encoding="utf-8")
    yield made
    bootstrap.services().store.close()
    bootstrap.services.cache_clear()


def authorized(tmp_path: Path) -> str:
    application = run("application", "submit", tmp_path / "application.toml", by="applicant-aero")["application"]
    run("application", "consent", application, "--reason", "own table", by="officer-highway")
    decided = run("application", "decide", application, "approve", "--reason", "good", by="regulator-zhao")
    run("authorization", "sign", decided["authorization"], "--agreement", "2026-1", by="applicant-aero")
    return str(decided["authorization"])


def refreshed(folder: Path, newcomers: int) -> str:
    """The version that a refresh makes."""
    version(folder, *[True] * newcomers)
    (row,) = run("catalog", "add", folder, by="steward-highway")["added"]
    return str(row["version"])


def counted(tmp_path: Path, authorization: str) -> tuple[int, list[str]]:
    """The number that a job of the authorization comes to, and which versions its report says were kept."""
    job = run("job", "submit", tmp_path / "asked.sql", "--authorization", authorization, by="analyst-aero")["id"]
    run("worker", "run", "--drain")
    output = run("job", "show", job, by="analyst-aero")["output"]
    run("review", "request", output, by="analyst-aero")
    shown = run("review", "show", output, by="reviewer-wu")
    kept = [r["rule"] for r in shown["report"]["restrictions"] if r["what"] == "version"]
    return int(shown["table"][0]["n"]), kept


def test_jobs_read_the_version_of_the_signature_until_the_provider_renews_it(folder: Path, tmp_path: Path) -> None:
    authorization = authorized(tmp_path)
    assert counted(tmp_path, authorization) == (PEOPLE, [])
    newer = refreshed(folder, 15)
    assert counted(tmp_path, authorization) == (PEOPLE, ["refresh:frozen"])
    assert run("catalog", "show", "p")["version"] == newer
    for person, code in (("analyst-aero", "not-permitted"), ("officer-weather", "duty-foreign-organization")):
        refused = run("catalog", "renew", authorization, "p", by=person)
        assert isinstance(refused, SluiceError)
        assert refused.code == code
    assert run("catalog", "renew", authorization, "p", by="officer-highway") == [{"name": "p", "version": newer}]
    assert counted(tmp_path, authorization) == (PEOPLE + 15, [])
    (entry,) = [e for e in run("ledger", "list", "--subject", authorization, by="auditor") if "renewed" in e["event"]]
    assert entry["details"]["versions"]["p"].startswith(newer)


def test_the_firewall_holds_what_a_newer_authorization_asks_against_the_last_version(
    folder: Path, tmp_path: Path
) -> None:
    assert counted(tmp_path, authorized(tmp_path)) == (PEOPLE, [])
    refreshed(folder, 1)
    later = authorized(tmp_path)
    job = run("job", "submit", tmp_path / "asked.sql", "--authorization", later, by="analyst-aero")["id"]
    run("worker", "run", "--drain")
    assert run("job", "show", job, by="analyst-aero")["result"]["rows"] == 0


def test_without_a_version_of_the_beginning_the_first_counts_until_it_is_renewed(folder: Path, tmp_path: Path) -> None:
    authorization = authorized(tmp_path)
    running = bootstrap.services()
    with running.store.change("authorization:suspended", actor=running.machine(), subject=authorization) as change:
        change.execute(delete(authorization_version))
    refreshed(folder, 15)
    assert counted(tmp_path, authorization) == (PEOPLE, ["refresh:frozen"])
    run("catalog", "renew", authorization, "p", by="officer-highway")
    assert counted(tmp_path, authorization) == (PEOPLE + 15, [])


def test_only_what_a_signed_authorization_covers_is_renewed(folder: Path, tmp_path: Path) -> None:
    for authorization, dataset in ((authorized(tmp_path), "q"), ("authorization-0", "p")):
        refused = run("catalog", "renew", authorization, dataset, by="officer-highway")
        assert isinstance(refused, SluiceError)
        assert refused.code == "refresh-not-pinned"


def test_ledger_and_tables_tell_the_same_of_versions(folder: Path, tmp_path: Path) -> None:
    authorization, running = authorized(tmp_path), bootstrap.services()
    newer = refreshed(folder, 15)
    run("catalog", "renew", authorization, "p", by="officer-highway")
    with running.store.reading() as connection:
        require_same_states(connection)
    entries = [e for e in run("ledger", "list", "--subject", authorization, by="auditor") if "versions" in e["details"]]
    assert [e["event"] for e in entries] == ["authorization:signed", "authorization:version_renewed"]
    assert entries[1]["details"]["versions"]["p"].startswith(newer)
    with running.store.change("authorization:suspended", actor=running.machine(), subject=authorization) as change:
        change.execute(update(authorization_version).values(version="0"))
    with running.store.reading() as connection, pytest.raises(Refusal) as caught:
        require_same_states(connection)
    assert caught.value.code == "ledger-states-differ"
