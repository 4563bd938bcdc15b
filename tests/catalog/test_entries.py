"""Who may add and publish data sets, and does the ledger know? On a real home, through the commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import bootstrap
from app.bootstrap import Services
from app.catalog.entries import current_dataset, show
from app.cli.main import sluice
from app.domain.errors import Invalid, Refusal, SluiceError
from app.ledger import journal
from tests.catalog.conftest import GOOD, PLATES

Command = Callable[..., Result]
Change = Callable[[str, str], Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new home with the people of the samples."""
    made = tmp_path / "home"
    monkeypatch.setenv("SLUICE_HOME", str(made))
    monkeypatch.delenv("SLUICE_DATABASE_URL", raising=False)
    bootstrap.services.cache_clear()
    assert CliRunner().invoke(sluice, ["init", "--sample"]).exit_code == 0
    bootstrap.services.cache_clear()
    return made


@pytest.fixture
def services(home: Path) -> Services:
    return bootstrap.services()


@pytest.fixture
def command(home: Path) -> Command:
    """Runs `sluice catalog …`; answers what it did."""

    def run(*words: str | Path) -> Result:
        return CliRunner().invoke(sluice, ["catalog", *map(str, words)])

    return run


def _error(done: Result) -> SluiceError:
    assert isinstance(done.exception, SluiceError), done.output
    return done.exception


def _events(services: Services) -> list[str]:
    with services.store.reading() as connection:
        return [entry.event for entry in journal.entries(connection)]


def test_a_steward_adds_and_an_officer_publishes(folder: Path, command: Command, services: Services) -> None:
    done = command("add", folder, "--as", "steward-highway", "--json")
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout)["added"]
    assert (row["name"], row["state"], row["units"]) == ("incident", "under_review", ["plate"])
    assert command("publish", "incident", "--as", "officer-highway").exit_code == 0
    with services.store.reading() as connection:
        assert show(connection, "incident").state == "published"
        dataset = current_dataset(connection, "incident")
    assert Path(dataset.path).is_file()
    assert dataset.version.startswith(row["version"])
    assert _events(services)[-4:] == [
        "catalog_entry:described",
        "catalog_entry:submitted",
        "dataset:mounted",
        "catalog_entry:published",
    ]


def test_the_ledger_entry_of_a_mount_carries_the_version(folder: Path, command: Command, services: Services) -> None:
    command("add", folder, "--as", "steward-highway")
    with services.store.reading() as connection:
        version = show(connection, "incident").current_version
        details = [e.details for e in journal.entries(connection) if e.event == "dataset:mounted"]
    assert [(d["dataset"], d["version"], d["rows"]) for d in details] == [("incident", version, 40)]


@pytest.mark.parametrize(
    ("person", "code"),
    [("steward-tax", "catalog-not-steward"), ("officer-highway", "not-permitted"), ("nobody", "person-unknown")],
)
def test_only_a_steward_of_the_provider_adds(folder: Path, command: Command, person: str, code: str) -> None:
    error = _error(command("add", folder, "--as", person))
    assert isinstance(error, Refusal)
    assert error.code == code


def test_an_author_does_not_publish_and_neither_does_another_provider(folder: Path, command: Command) -> None:
    command("add", folder, "--as", "steward-highway")
    assert _error(command("publish", "incident", "--as", "steward-highway")).code == "not-permitted"
    assert _error(command("publish", "incident", "--as", "officer-tax")).code == "duty-foreign-organization"


def test_data_sets_of_another_provider_are_left_to_its_steward(folder: Path, command: Command, home: Path) -> None:
    text = GOOD.replace("hz-highway", "hz-parking").replace("incident", "parking").replace("0001", "0009")
    catalog = (folder / "catalog.toml").read_text(encoding="utf-8") + text.replace("MA9581557E", "MA6499320N")
    (folder / "catalog.toml").write_text(catalog, encoding="utf-8")
    (folder / "parking.csv").write_text(f"plate,road,seconds\n{PLATES[0]},G1,1\n", encoding="utf-8")
    done = json.loads(command("add", folder, "--as", "steward-highway", "--json").stdout)
    assert [row["name"] for row in done["added"]] == ["incident"]
    assert done["left_to_others"] == [{"name": "parking", "provider": "hz-parking"}]
    assert not (home / "vault" / "parking").exists()


def test_a_bad_file_leaves_no_entry_no_version_and_no_ledger_entry(
    folder: Path, command: Command, services: Services, home: Path
) -> None:
    before = _events(services)
    (folder / "incident.csv").write_text(f"plate,road,seconds\n{PLATES[0]},G1,soon\n", encoding="utf-8")
    error = _error(command("add", folder, "--as", "steward-highway"))
    assert isinstance(error, Invalid)
    assert (error.code, error.exit_code) == ("catalog-bad-row", 1)
    assert _events(services) == before
    assert json.loads(command("list", "--json").stdout) == []
    assert not list((home / "vault").rglob("*.parquet"))
    assert not list((home / "scratch").iterdir())


def test_new_data_under_the_same_terms_become_the_version_in_use(
    folder: Path, command: Command, services: Services
) -> None:
    command("add", folder, "--as", "steward-highway")
    command("publish", "incident", "--as", "officer-highway")
    with services.store.reading() as connection:
        first = current_dataset(connection, "incident")
    (folder / "incident.csv").write_text(f"plate,road,seconds\n{PLATES[0]},G1,1\n", encoding="utf-8")
    assert command("add", folder, "--as", "steward-highway").exit_code == 0
    with services.store.reading() as connection:
        second = current_dataset(connection, "incident")
        assert show(connection, "incident").state == "published"
    assert (first.rows, second.rows) == (40, 1)
    assert Path(first.path).is_file()


def test_adding_the_same_folder_again_changes_no_version(folder: Path, command: Command, services: Services) -> None:
    def version() -> Any:
        return json.loads(command("add", folder, "--as", "steward-highway", "--json").stdout)["added"][0]["version"]

    assert version() == version()


def test_the_levels_of_a_published_entry_cannot_be_lowered_along_with_its_data(
    folder: Path, changed: Change, command: Command
) -> None:
    command("add", folder, "--as", "steward-highway")
    command("publish", "incident", "--as", "officer-highway")
    changed('level = "L3"', 'level = "L1"')
    assert _error(command("add", folder, "--as", "steward-highway")).code == "catalog-terms-published"


def test_before_it_is_published_an_entry_may_be_corrected(
    folder: Path, changed: Change, command: Command, services: Services
) -> None:
    command("add", folder, "--as", "steward-highway")
    changed('level = "L3"', 'level = "L4"')
    assert command("add", folder, "--as", "steward-highway").exit_code == 0
    with services.store.reading() as connection:
        assert show(connection, "incident").entry.fields[0].level == "L4"
        assert current_dataset(connection, "incident").fields[0].level == "L4"


def test_two_data_sets_cannot_have_one_code(folder: Path, command: Command) -> None:
    command("add", folder, "--as", "steward-highway")
    text = GOOD.replace('name = "incident"', 'name = "another"')
    (folder / "catalog.toml").write_text(text, encoding="utf-8")
    assert _error(command("add", folder, "--as", "steward-highway")).code == "catalog-code-taken"


def test_an_unknown_data_set_is_named(command: Command) -> None:
    error = _error(command("show", "nothing"))
    assert error.code == "catalog-unknown-dataset"
    assert "nothing" in error.findings[0].message().zh


def test_check_reads_no_data_and_needs_no_home(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "none"))
    (folder / "incident.csv").write_text("not even a table", encoding="utf-8")
    done = CliRunner().invoke(sluice, ["catalog", "check", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)[0]["level"] == "L3"
    assert not (tmp_path / "none").exists()


def test_show_tells_fields_and_levels(folder: Path, command: Command) -> None:
    command("add", folder, "--as", "steward-highway")
    shown = json.loads(command("show", "incident", "--json").stdout)
    assert [(f["name"], f["level"]) for f in shown["entry"]["field"]] == [
        ("plate", "L3"),
        ("road", "L2"),
        ("seconds", "L2"),
    ]
    assert "vehicle" in command("show", "incident").stdout
