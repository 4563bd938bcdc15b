"""Do the README and the documents speak of what is there?"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import GROUPS
from tests.architecture.source import ROOT, tracked

DOCUMENTS = [f for f in tracked() if f.suffix == ".md"]
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")
CODE_PATH = re.compile(r"`((?:app|sandbox|policies|sample_data|tests)/[\w./-]*)`")
COMMAND = re.compile(r"^\s*(?:\$ )?sluice ([a-z]+)", re.MULTILINE)
MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    dead = {link for link in LINK.findall(text) if not (document.parent / link).exists()}
    dead |= {path for path in CODE_PATH.findall(text) if not (ROOT / path).exists()}
    assert not dead


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_command_in_a_document_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert set(COMMAND.findall(text)) <= set(GROUPS)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(MAKE.findall(text)) <= targets


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if d.name.endswith((".en.md", ".zh.md"))], ids=_name)
def test_every_document_has_its_counterpart(document: Path) -> None:
    english = document.name.endswith(".en.md")
    name = document.name.replace(".en.md", ".zh.md") if english else document.name.replace(".zh.md", ".en.md")
    assert document.with_name(name).exists()


CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
SHOWN = [
    b for c in CONSOLE.findall((ROOT / "README.md").read_text(encoding="utf-8")) for b in re.split(r"(?m)^\$ ", c)[1:]
]


def _lines(text: str) -> list[str]:
    """The lines of an output without its times, in no order where the query asks for none."""
    before_times = re.split(r"(?m)^mount \d", text)[0]
    return sorted(line.rstrip() for line in before_times.splitlines() if line.strip())


@pytest.mark.parametrize("shown", SHOWN, ids=lambda s: s.split(".sql")[0].rpartition("/")[2])
def test_the_outputs_in_the_readme_are_real(shown: str) -> None:
    command, _, output = shown.partition("\n")
    program = str(Path(sys.executable).with_name("sluice"))
    environment = {**os.environ, "COLUMNS": "100", "SLUICE_LANGUAGE": "en"}
    arguments = [program, *shlex.split(command)[1:]]
    real = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert _lines(real.stdout) == _lines(output), real.stderr
