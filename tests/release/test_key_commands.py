"""From the first key to a trust file that knows every key: the commands, as a security administrator types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import bootstrap
from app.cli.main import sluice
from app.domain.errors import Refusal
from app.release.trust import read_trust
from app.release.verify import verify_bundle
from tests.jobs.deployment import Deployment
from tests.release.bundles import Released


@pytest.fixture(autouse=True)
def settings(here: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_HOME", str(here.services.config.home))
    bootstrap.services.cache_clear()


def run(*words: str, person: str | None = None) -> Result:
    return CliRunner().invoke(sluice, [*words, *(["--as", person] if person else [])], prog_name="sluice")


def said(*words: str, person: str | None = None) -> Any:
    done = run(*words, "--json", person=person)
    assert done.exception is None, done.exception
    return json.loads(done.stdout)


def test_a_new_deployment_has_one_key_and_a_second_init_makes_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "new"))
    monkeypatch.setenv("SLUICE_KEYS", str(tmp_path / "secrets"))
    bootstrap.services.cache_clear()
    assert said("init")["keys_created"] == ["ledger", "release"]
    (key,) = said("key", "list")
    assert (key["suite"], key["until"], key["state"]) == ("ed25519", None, "signs")
    assert said("init")["keys_created"] == []
    assert len(said("key", "list")) == 1
    assert {f.suffix for f in (tmp_path / "secrets").iterdir()} == {".key", ".secret"}
    assert not (tmp_path / "new" / "keys").exists()


def test_a_key_is_rotated_to_the_national_suite_and_the_trust_file_follows(released: Released, tmp_path: Path) -> None:
    _, _, bundle = released
    (first,) = said("key", "list")
    national = said("key", "create", "--suite", "sm2-sm3", person="security")
    successor = said("key", "rotate", national["id"][:8], "--overlap-days", "7", person="security")
    said("key", "retire", first["id"], person="security")
    listed = {key["id"]: key for key in said("key", "list")}
    assert [listed[k]["state"] for k in (first["id"], national["id"], successor["id"])] == ["ended", "signs", "signs"]
    assert listed[national["id"]]["until"] > listed[first["id"]]["until"]
    trust = tmp_path / "trust.json"
    trust.write_text(run("key", "trust").stdout)
    assert {k.public.id for k in read_trust(trust).release} == set(listed)
    assert set(verify_bundle(bundle, read_trust(trust)).signers) == {first["id"]}
    assert said("key", "trust") == json.loads(trust.read_text())


def test_a_table_shows_the_beginning_of_ids_by_which_a_key_can_be_named(here: Deployment) -> None:
    (key,) = said("key", "list")
    shown = run("key", "list").stdout
    assert key["id"][:16] in shown
    assert key["id"] not in shown


@pytest.mark.parametrize("words", [("create",), ("rotate", "00000000"), ("retire", "00000000")])
def test_others_handle_no_keys(here: Deployment, words: tuple[str, ...]) -> None:
    refused = run("key", *words, person="officer").exception
    assert isinstance(refused, Refusal)
    assert refused.code == "not-permitted"


def test_an_unknown_suite_is_no_choice(here: Deployment) -> None:
    assert run("key", "create", "--suite", "rsa", person="security").exit_code == 2


def test_a_watermark_is_traced_by_the_release_desk_alone(released: Released) -> None:
    here, release_id, bundle = released
    mark = verify_bundle(bundle, here.trusted()).claims["watermark"]
    found = said("release", "trace", mark, person="officer")
    assert (found["id"], found["recipient"], found["watermark"]) == (release_id, "maps", mark)
    refused = run("release", "trace", mark, person="ana").exception
    assert isinstance(refused, Refusal)
    assert refused.code == "not-permitted"
