"""Do the commands of founders, applicants, officers and auditors do what their doors do?"""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.bootstrap import services
from app.cli.main import sluice
from app.domain.errors import Invalid, Refusal, SluiceError
from app.identity.register import first_lawgiver
from app.policy.publishing import establish
from app.policy.rules_files import load_standing
from tests.governance.world import World

Run = Callable[..., Result]
FILE = """
[application]
title = "Rescue times"
scenario = "rescue"
purpose = "statistics"
products = ["statistics"]
reason = "publish how fast help comes"
[uses.incident]
road = ["group"]
[uses.rain]
"*" = ["filter:range"]
[reasons]
incident = "the subject itself"
rain = "bad weather"
"""


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("SLUICE_HOME", str(world.services.config.home))
    services.cache_clear()
    rules = load_standing(world.services.config.policies)
    establish(world.store, first_lawgiver(), rules, world.services.new_id)

    def invoke(*arguments: str, person: str | None = None) -> Result:
        acting = ["--as", person] if person else []
        return CliRunner().invoke(sluice, [*arguments, *acting], catch_exceptions=True)

    yield invoke
    services().store.close()
    services.cache_clear()


def answered(result: Result) -> Any:
    assert result.exception is None, result.exception
    return json.loads(result.output)


def refusal(result: Result) -> SluiceError:
    assert isinstance(result.exception, SluiceError), result.output
    return result.exception


def test_an_application_becomes_an_authorization_by_commands(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rescue.toml"
    file.write_text(FILE)
    submitted = answered(run("application", "submit", str(file), "--json", person="applicant"))
    assert submitted["providers"] == ["roads", "weather"]
    subject = submitted["application"]
    for officer in ("roads-officer", "weather-officer"):
        assert run("application", "consent", subject, "--reason", "fine", person=officer).exit_code == 0
    approve = run("application", "decide", subject, "approve", "--reason", "good", "--json", person="regulator")
    granted = answered(approve)["authorization"]
    signed = answered(run("authorization", "sign", granted, "--agreement", "A-1", "--json", person="applicant"))
    assert signed["state"] == "active"
    assert signed["uses"] == [["incident", "road", "group"], ["rain", "*", "filter:range"]]
    assert answered(run("application", "show", subject, "--json"))["state"] == "approved"
    assert granted in run("authorization", "list", "--state", "active").output
    assert subject in run("application", "list").output
    assert "incident road group" in run("authorization", "show", granted).output
    suspend = run("authorization", "suspend", granted, "--reason", "complaint", "--json", person="regulator")
    assert answered(suspend)["state"] == "suspended"


def test_a_refused_submission_keeps_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(FILE.replace("road", "colour"))
    error = refusal(run("application", "submit", str(tmp_path / "a.toml"), person="applicant"))
    assert isinstance(error, Refusal)
    assert error.code == "application-unknown-field"
    assert answered(run("application", "list", "--json")) == []


CATALOG = """
[catalog]
title = { zh = "车流", en = "traffic" }
[[provider]]
code = "roads"
name = { zh = "道路", en = "roads" }
[[dataset]]
name = "passage"
code = "3/06/001/0009"
title = { zh = "过车", en = "passages" }
provider = "roads"
file = "passage.csv"
operation_authorized = true
units = ["plate"]
  [[dataset.field]]
  name = "plate"
  type = "VARCHAR"
  level = "L3"
  identifier = "vehicle"
  [[dataset.field]]
  name = "road"
  type = "VARCHAR"
  level = "L1"
"""


def test_a_use_that_no_authorization_can_give_is_refused_with_its_rule(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "catalog.toml").write_text(CATALOG)
    (folder / "passage.csv").write_text("plate,road\n浙A12345,G25\n浙A54321,G60\n")
    assert run("catalog", "add", str(folder), "--json", person="steward").exception is None
    assert run("catalog", "publish", "passage", person="roads-officer").exception is None
    file = tmp_path / "a.toml"
    head = FILE.partition("[uses.incident]")[0]
    file.write_text(f'{head}[uses.passage]\nplate = ["show", "link"]\n[reasons]\npassage = "counting"\n')
    error = refusal(run("application", "submit", str(file), person="applicant"))
    assert [(f.code, f.field, f.use, f.rule) for f in error.findings] == [
        ("use-denied", "plate", "show", "deny-identifier-show")
    ]
    file.write_text(file.read_text().replace('"show", ', ""))
    assert run("application", "submit", str(file), person="applicant").exception is None


def test_drafts_are_kept_revised_submitted_and_withdrawn(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(FILE)
    subject = answered(run("application", "draft", str(file), "--json", person="applicant"))["application"]
    assert run("application", "submit", subject, person="applicant").exit_code == 0
    assert refusal(run("application", "draft", str(file), "--revise", subject, person="applicant")).exit_code == 4
    assert run("application", "withdraw", subject, "--reason", "x", person="applicant").exit_code == 0
    assert answered(run("application", "list", "--state", "withdrawn", "--json"))[0]["id"] == subject


def test_a_command_needs_to_know_who_acts(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLUICE_AS", raising=False)
    assert refusal(run("ledger", "list")).code == "person-missing"
    monkeypatch.setenv("SLUICE_AS", "auditor")
    assert run("ledger", "list").exit_code == 0


@pytest.mark.parametrize("person", ["analyst", "applicant", "sysadmin", "secadmin"])
def test_the_ledger_is_read_by_those_who_may(run: Run, person: str) -> None:
    assert refusal(run("ledger", "list", person=person)).code == "not-permitted"
    assert refusal(run("ledger", "proof", "0", person=person)).code == "not-permitted"


def test_the_ledger_is_listed_exported_proved_and_verified(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    listed = answered(run("ledger", "list", "--event", "person:registered", "--json", person="auditor"))
    assert {e["event"] for e in listed} == {"person:registered"}
    exported = answered(run("ledger", "export", str(file), "--json", person="auditor"))
    verified = answered(run("ledger", "verify", str(file), "--key", exported["key"], "--json"))
    assert (verified["entries"], verified["signed"], verified["key_trusted"]) == (exported["entries"],) * 2 + (True,)
    assert "key in the file only" in run("ledger", "verify", str(file)).output
    assert "Valid" in run("ledger", "verify").output
    assert json.loads(run("ledger", "proof", "2", person="auditor").output)["index"] == 2


def test_a_bad_ledger_ends_with_exit_code_one_and_names_the_entry(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    run("ledger", "export", str(file), person="auditor")
    file.write_text(file.read_text().replace('"subject":"roads"', '"subject":"roofs"', 1))
    error = refusal(run("ledger", "verify", str(file)))
    assert isinstance(error, Invalid)
    assert (error.code, error.exit_code) == ("ledger-broken", 1)
    assert dict(error.findings[0].params)["first"].isdigit()


def test_a_kept_checkpoint_is_held_against_the_ledger(run: Run, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(answered(run("ledger", "checkpoint", "--json", person="sysadmin"))["checkpoint"])
    assert run("ledger", "verify", "--checkpoint", str(kept)).exit_code == 0
    kept.write_text(kept.read_text().replace("sluice", "slimy"))
    assert refusal(run("ledger", "verify", "--checkpoint", str(kept))).code == "ledger-checkpoint-foreign"


def test_a_malformed_key_is_refused(run: Run, tmp_path: Path) -> None:
    run("ledger", "export", str(tmp_path / "l"), person="auditor")
    assert refusal(run("ledger", "verify", str(tmp_path / "l"), "--key", "x")).code == "ledger-key-malformed"


def test_people_and_organizations_are_entered_listed_and_suspended(run: Run) -> None:
    add = ("organization", "add", "acme", "--kind", "operator", "--zh", "甲", "--en", "Acme")
    assert run(*add, person="secadmin").exit_code == 0
    assert refusal(run(*add, person="secadmin")).code == "already-registered"
    someone = ("person", "add", "zhou", "--organization", "acme", "--name", "周", "--role", "analyst")
    assert refusal(run(*someone, person="sysadmin")).code == "not-permitted"
    assert run(*someone, person="secadmin").exit_code == 0
    assert run("person", "suspend", "zhou", person="secadmin").exit_code == 0
    listed = {p["id"]: p for p in answered(run("person", "list", "--json"))}
    assert listed["zhou"] == {"id": "zhou", "organization": "acme", "name": "周", "roles": ["analyst"], "active": False}
    assert run("person", "reinstate", "zhou", person="secadmin").exit_code == 0
    assert run("organization", "suspend", "acme", person="secadmin").exit_code == 0
    assert "acme" in run("organization", "list").output
    assert run("organization", "reinstate", "acme", person="secadmin").exit_code == 0


def test_init_makes_a_home_and_may_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "new" / "home"
    monkeypatch.setenv("SLUICE_HOME", str(home))
    services.cache_clear()
    first = json.loads(CliRunner().invoke(sluice, ["init", "--sample", "--json"]).output)
    assert "op-maps" in first["entered"]
    assert first["keys_created"] == ["ledger", "release"]
    again = json.loads(CliRunner().invoke(sluice, ["init", "--json"]).output)
    assert (again["entered"], again["keys_created"]) == ([], [])
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert CliRunner().invoke(sluice, ["ledger", "verify"]).exit_code == 0
    services().store.close()
    services.cache_clear()


@pytest.mark.parametrize("group", ["init", "organization", "person", "application", "authorization", "ledger"])
def test_every_group_shows_examples(group: str) -> None:
    shown = CliRunner().invoke(sluice, [group, "--help"]).output
    assert "Examples:" in shown
    assert f"sluice {group}" in shown


def test_a_regulator_witnesses_the_ledger_with_a_key_of_its_own(run: Run, tmp_path: Path) -> None:
    file, watch, signed = tmp_path / "ledger.jsonl", str(tmp_path / "watch"), str(tmp_path / "signed.txt")
    log = answered(run("ledger", "export", str(file), "--json", person="auditor"))["key"]
    made = answered(run("ledger", "witness", "init", watch, "--name", "bureau/w", "--log-key", log, "--json"))
    note = answered(run("ledger", "witness", "sign", watch, str(file), "--out", signed, "--json"))["checkpoint"]
    assert Path(signed).read_text(encoding="utf-8") == note
    assert answered(run("ledger", "witness", "show", watch, "--json"))["seen"] == note
    unseen = refusal(run("ledger", "verify", str(file), "--key", log, "--witness", made["key"]))
    assert "witness" in str(unseen)
    assert refusal(run("ledger", "cosign", signed, "--witness", made["key"], person="auditor")).code == "not-permitted"
    taken = answered(run("ledger", "cosign", signed, "--witness", made["key"], "--json", person="sysadmin"))
    verified = answered(run("ledger", "verify", "--witness", made["key"], "--json"))
    assert verified["witnessed"] == taken["entries"] < verified["entries"]
    ask = str(tmp_path / "ask")
    assert run("ledger", "request", ask, "--since", str(taken["entries"]), person="auditor").exit_code == 0
    assert run("ledger", "witness", "sign", watch, ask).exit_code == 0
    malformed = refusal(run("ledger", "verify", "--witness", log))
    assert malformed.code == "witness-key-malformed"


def test_tiles_are_exported_and_verified_against_an_earlier_export(run: Run, tmp_path: Path) -> None:
    before, site = str(tmp_path / "before.jsonl"), str(tmp_path / "site")
    run("ledger", "export", before, person="auditor")
    exported = answered(run("ledger", "export", site, "--tiles", "--json", person="auditor"))
    verified = run("ledger", "verify", site, "--key", exported["key"], "--against", before)
    assert verified.exit_code == 0, verified.exception


def test_the_ledger_is_not_called_valid_when_its_triggers_are_gone(run: Run, world: World) -> None:
    with sqlite3.connect(world.services.config.home / "control.db") as plain:
        plain.execute("DROP TRIGGER ledger_entry_no_update")
    plain.close()
    error = refusal(run("ledger", "verify"))
    assert error.code == "ledger-unprotected"
    assert "ledger_entry_no_update" in str(error)


def test_the_ledger_is_not_called_valid_when_a_table_says_something_else(run: Run, world: World) -> None:
    subject = world.signed()
    with sqlite3.connect(world.services.config.home / "control.db") as plain:
        plain.execute("UPDATE authorization SET state = 'revoked' WHERE id = ?", (subject,))
    plain.close()
    assert refusal(run("ledger", "verify")).code == "ledger-states-differ"


def test_the_account_is_shown_in_both_languages_to_those_who_may(run: Run, world: World) -> None:
    world.signed()
    assert refusal(run("ledger", "account", person="applicant")).code == "not-permitted"
    assert "授权运营单位" in run("ledger", "account", "--language", "zh", person="auditor").output
    assert "operators" in run("ledger", "account", "--language", "en", person="auditor").output
    parts = answered(run("ledger", "account", "--json", person="regulator"))
    assert [part["key"] for part in parts] == ["resources", "uses", "parties", "counts", "ledger"]
    assert {r["key"]: r["count"] for r in parts[3]["rows"]}["authorization:active"] == 1
