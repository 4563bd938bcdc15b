"""Do the import contracts bite? Each one is broken on purpose in a copy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

VIOLATIONS = {
    "app/domain/upwards.py": ("import app.cli.main", "Imports of app go down only"),
    "app/domain/reads.py": ("import duckdb", "The control plane never reaches the engine"),
    "app/domain/enters.py": ("import sandbox.inside", "The control plane enters the data plane through its door only"),
    "sandbox/inside.py": ("import app.domain.values", "The data plane imports nothing of the control plane"),
    "sandbox/heavy.py": ("import flask", "The data plane is the standard library, duckdb and pyarrow"),
}


def _contracts(folder: Path) -> str:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False)
    return f"exit {run.returncode}\n{run.stdout}{run.stderr}"


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says about a copy of the code with one bad import per contract."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in ("app", "sandbox"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file, (statement, _) in VIOLATIONS.items():
        (copy / file).write_text(f'"""Bad on purpose."""\n\n{statement}\n')
    return _contracts(copy)


@pytest.mark.parametrize("contract", sorted(contract for _, contract in VIOLATIONS.values()))
def test_a_bad_import_breaks_its_contract(broken: str, contract: str) -> None:
    verdicts = [line for line in broken.splitlines() if line.startswith(contract)]
    assert [v for v in verdicts if "BROKEN" in v], broken


def test_broken_contracts_fail_the_check(broken: str) -> None:
    assert not broken.startswith("exit 0")


def test_the_code_keeps_its_contracts() -> None:
    verdict = _contracts(ROOT)
    assert verdict.startswith("exit 0"), verdict
