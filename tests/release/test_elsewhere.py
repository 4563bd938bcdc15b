"""A recipient verifies in an empty folder, without deployment, server, settings or network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.release.archive import write_archive
from app.release.trust import trust_json
from tests.architecture.source import ROOT
from tests.release.bundles import Released, contents

BARE = {"PYTHONPATH": str(ROOT), "PATH": ""}
"""What the program needs to find itself where it is not installed; nothing else is set."""


@pytest.fixture
def elsewhere(released: Released, tmp_path: Path) -> Path:
    """A folder with a bundle and a trust file; the deployment is gone."""
    here, _, bundle = released
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "trust.json").write_text(json.dumps(trust_json(here.trusted())))
    bundle.rename(folder / "bundle.zip")
    here.store.close()
    here.services.config.home.rename(tmp_path / "gone")
    return folder


def verify(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli.main", "verify", *words]
    return subprocess.run(command, cwd=folder, env=BARE, capture_output=True, text=True, check=False)


def verdict(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = verify(folder, *words, "--json")
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_an_unaltered_bundle_passes_and_says_what_it_is(elsewhere: Path) -> None:
    code, said = verdict(elsewhere, "bundle.zip", "--trust", "trust.json")
    assert (code, said["valid"], said["claims"]["recipient"]) == (0, True, "maps")
    assert list(said["signers"].values()) == ["ed25519"]
    shown = verify(elsewhere, "bundle.zip", "--trust", "trust.json")
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"Valid: {said['claims']['bundle']} for maps")
    assert sorted(f.name for f in elsewhere.iterdir()) == ["bundle.zip", "trust.json"]  # nothing was unpacked


def test_an_altered_one_fails_with_the_file_and_the_reason_in_both_languages(elsewhere: Path) -> None:
    files = contents(elsewhere / "bundle.zip")
    write_archive(elsewhere / "altered.zip", {**files, "data.csv": files["data.csv"] + b"x,1\n"})
    code, said = verdict(elsewhere, "altered.zip", "--trust", "trust.json")
    assert (code, said["valid"], said["error"]) == (1, False, "bundle-file-altered")
    assert "data.csv" in said["findings"][0]["message"]
    assert "data.csv" in said["findings"][0]["message_zh"]
    shown = verify(elsewhere, "altered.zip", "--trust", "trust.json")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "data.csv" in shown.stderr


def test_a_suite_that_did_not_sign_can_be_demanded(elsewhere: Path) -> None:
    code, said = verdict(elsewhere, "bundle.zip", "--trust", "trust.json", "--suite", "sm2-sm3")
    assert (code, said["error"]) == (1, "manifest-suite-missing")


@pytest.mark.parametrize(
    "words, code",
    [
        (("bundle.zip",), "verify-trust-missing"),
        (("bundle.zip", "--trust", "bundle.zip"), "verify-trust-unreadable"),
        (("bundle.zip", "--trust", "none.json"), "verify-trust-unreadable"),
        (("none.zip", "--trust", "trust.json"), "bundle-unreadable"),
        (("trust.json", "--trust", "trust.json"), "bundle-unreadable"),
    ],
)
def test_without_bundle_or_trust_it_says_what_is_missing(elsewhere: Path, words: tuple[str, ...], code: str) -> None:
    status, said = verdict(elsewhere, *words)
    assert (status, said["error"]) == (1, code)


def test_a_deployment_that_cannot_be_read_says_so_itself(elsewhere: Path) -> None:
    """Its own reason is told, not that there is no deployment."""
    (elsewhere / ".sluice" / "keys").mkdir(parents=True)
    status, said = verdict(elsewhere, "bundle.zip")
    assert (status, said["error"]) == (5, "schema-outdated")
