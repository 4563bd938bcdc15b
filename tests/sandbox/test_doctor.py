"""Does `sluice doctor` say which walls stand, and what the others would need?"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import sandbox.launcher as launcher_module
from app.cli.main import sluice
from app.domain.errors import Unavailable
from sandbox.confine import (
    ANSWER,
    CGROUP,
    DEADLINE,
    DEMANDED,
    GATE,
    LANDLOCK,
    LIMITS,
    LOCK,
    NAMESPACES,
    OWN_ROOT,
    OWN_USER,
    SECCOMP,
)
from tests.architecture.source import ROOT

WALLS = {GATE, LOCK, LANDLOCK, OWN_ROOT, SECCOMP, NAMESPACES, OWN_USER, LIMITS, CGROUP, ANSWER, DEADLINE}
TEXTS = tomllib.loads((ROOT / "app/cli/walls.toml").read_text(encoding="utf-8"))


def doctor(*options: str) -> Result:
    return CliRunner().invoke(sluice, ["doctor", *options])


def lose(monkeypatch: pytest.MonkeyPatch, *walls: str) -> None:
    """Make a machine on which these walls cannot stand."""
    before = launcher_module.Launcher.__init__
    gone = frozenset(walls)
    monkeypatch.setattr(launcher_module.Launcher, "__init__", lambda self: before(self, unsafe_without=gone))


def test_every_wall_has_its_words_in_both_languages() -> None:
    assert set(TEXTS) == WALLS
    for name, text in TEXTS.items():
        assert {"zh", "en", "stops_zh", "stops_en"} <= set(text), name


def test_the_walls_that_jobs_need_are_marked() -> None:
    marked: dict[str, set[str]] = {}
    for name, text in TEXTS.items():
        if "needed" in text:
            marked.setdefault(text["needed"], set()).add(name)
    assert sorted(map(sorted, marked.values())) == sorted(map(sorted, DEMANDED))


def test_it_names_every_wall_and_what_the_machine_offers() -> None:
    result = doctor("--json")
    assert result.exit_code == 0
    found = json.loads(result.output)
    stands = {wall["name"]: wall["stands"] for wall in found["walls"]}
    assert set(stands) == WALLS
    assert {wall for wall in WALLS if not stands[wall]} <= {OWN_USER, CGROUP}
    assert stands[OWN_USER] == (os.geteuid() == 0)
    assert found["jobs_run"] is True
    assert found["machine"]["jobs_at_once"] >= 1


def test_an_absent_wall_has_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, CGROUP)
    result = doctor()
    assert result.exit_code == 0
    assert TEXTS[CGROUP]["do_en"][:30] in result.output


def test_it_fails_where_jobs_would_be_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path))
    lose(monkeypatch, SECCOMP)
    result = doctor("--json")
    assert isinstance(result.exception, Unavailable)
    assert result.exception.code == "isolation-missing"
    assert json.loads(result.output)["jobs_run"] is False


def test_either_wall_around_files_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    lose(monkeypatch, LANDLOCK)
    assert doctor("--json").exit_code == 0
    monkeypatch.undo()
    lose(monkeypatch, LANDLOCK, OWN_ROOT)
    assert isinstance(doctor("--json").exception, Unavailable)
