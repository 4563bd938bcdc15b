"""Does a setting that cannot be used name itself and the remedy?"""

from __future__ import annotations

from pathlib import Path

import pytest

import app
from app import bootstrap
from app.config import SETTINGS, read
from app.domain.errors import Invalid, Unavailable


@pytest.mark.parametrize(
    "name, value",
    [
        ("SLUICE_REQUIRE_ISOLATION", "perhaps"),
        ("SLUICE_LANGUAGE", "fr"),
        ("SLUICE_DATABASE_URL", "mysql://root:secret@host/x"),
        ("SLUICE_DATABASE_URL", "control.db"),
        ("SLUICE_POLICIES", "/nowhere/at/all"),
        ("SLUICE_HOME", __file__),
    ],
)
def test_a_bad_value_names_the_setting_and_the_remedy(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        read({name: value})
    finding = refused.value.findings[0]
    assert finding.code == "setting-invalid"
    assert name in finding.message().en
    assert finding.remedy().zh
    assert "secret" not in finding.message().en


def test_nothing_set_gives_safe_defaults() -> None:
    config = read({})
    assert config.home == Path.cwd() / ".sluice"
    assert config.database_url == f"sqlite:///{config.home / 'control.db'}"
    assert (config.require_isolation, config.language) == (True, "en")
    assert config.policies == Path(app.__file__).resolve().parent.parent / "policies"


def test_an_empty_value_counts_as_not_set() -> None:
    assert read({s.name: "" for s in SETTINGS}) == read({})


@pytest.mark.parametrize("value, expected", [("1", True), ("TRUE", True), ("off", False), ("No", False)])
def test_flags_are_read_in_the_usual_spellings(value: str, *, expected: bool) -> None:
    assert read({"SLUICE_REQUIRE_ISOLATION": value}).require_isolation is expected


def test_every_setting_is_described() -> None:
    assert all(s.description and s.default and s.allowed for s in SETTINGS)
    assert len({s.name for s in SETTINGS}) == len(SETTINGS)


def test_a_home_that_was_never_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "none"))
    bootstrap.services.cache_clear()
    with pytest.raises(Unavailable) as refused:
        bootstrap.services()
    assert refused.value.code == "home-missing"
    assert not (tmp_path / "none").exists()
