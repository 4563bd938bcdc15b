"""Does an authorization go on with the version it began with, until the provider renews it? Through the commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import create_engine, delete, select, text

from app import bootstrap
from app.cli.main import sluice
from app.domain.errors import SluiceError
from app.store import schema
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
    assert entry["details"]["version"].startswith(newer)


def test_the_firewall_holds_what_a_newer_authorization_asks_against_the_last_version(
    folder: Path, tmp_path: Path
) -> None:
    assert counted(tmp_path, authorized(tmp_path)) == (PEOPLE, [])
    refreshed(folder, 1)
    later = authorized(tmp_path)
    job = run("job", "submit", tmp_path / "asked.sql", "--authorization", later, by="analyst-aero")["id"]
    run("worker", "run", "--drain")
    assert run("job", "show", job, by="analyst-aero")["result"]["stopped_by_firewall"] == 1


def test_what_was_mounted_only_after_the_signature_begins_with_its_first_version(folder: Path, tmp_path: Path) -> None:
    authorization = authorized(tmp_path)
    running = bootstrap.services()
    with running.store.change("authorization:suspended", actor=running.machine(), subject=authorization) as change:
        change.execute(delete(authorization_version))
    refreshed(folder, 15)
    assert counted(tmp_path, authorization) == (PEOPLE, ["refresh:frozen"])
    refused = run("catalog", "renew", authorization, "p", by="officer-highway")
    assert isinstance(refused, SluiceError)
    assert refused.code == "refresh-not-pinned"


def test_what_was_signed_before_versions_were_kept_goes_on_with_the_ones_in_use(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as connection:
        command.upgrade(schema.configuration(connection), "0007")
        connection.execute(text("PRAGMA foreign_keys = OFF"))
        entry = "(id, name, code, state, kind, metadata, grade, operation_authorized, author, created_at, updated_at, "
        entry += (
            "current_version) VALUES (:n, :n, :n, 'published', 'public', '{}', 'general', 1, 'x', '', '', :version)"
        )
        for name, in_use in (("p", "v1"), ("later", None)):
            connection.execute(text(f"INSERT INTO catalog_entry {entry}"), {"n": name, "version": in_use})
        uses = json.dumps({"uses": [["p", "a", "group"], ["p", "b", "group"], ["later", "a", "group"]]})
        row = "(id, state, application_id, operator_id, scope, term_months, valid_from, created_at, updated_at) "
        row += "VALUES (:n, 'active', 'a', 'o', :uses, 1, :since, '', '')"
        for name, since in (("signed", "2026-01-01"), ("unsigned", None)):
            values = {"n": name, "uses": uses, "since": since}
            connection.execute(text(f"INSERT INTO authorization {row}"), values)
        command.upgrade(schema.configuration(connection), "head")
        kept = connection.execute(select(authorization_version)).all()
    engine.dispose()
    assert [tuple(row) for row in kept] == [("signed", "p", "v1", "2026-01-01")]
