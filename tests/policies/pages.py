"""How are the sessions of a page played? Its console blocks are run as its readers would, its file blocks are applied.

Identifiers and moments differ from run to run: they are told by the order in which they appear (`policy-1`, `job-2`).
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner

from app.cli.main import report, sluice
from app.domain.errors import SluiceError

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
REAL = re.compile(r"\b(policy|authorization|template|job|output)-[0-9a-f]{16}\b")
IN_TABLE = re.compile(rf"{REAL.pattern}(?=  )")
TOLD = re.compile(r"\b(?:policy|authorization|template|job|output)-\d+\b")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ")
DIGEST = re.compile(r"([（(])[0-9a-f]{12}([）)])")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Someone who follows a page in `folder`."""

    folder: Path
    names: dict[str, str] = field(default_factory=dict)
    """Identifier as it is → as it is told."""

    def follow(self, page: str) -> str:
        """The page with the outputs that its commands give now."""
        return BLOCK.sub(self._play, page)

    def _play(self, block: re.Match[str]) -> str:
        kind, text = block[1], block[2]
        if kind == "console":
            commands = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
            return "```console\n" + "\n".join(f"$ {c}\n{self._run(c)}" for c in commands) + "```"
        files = {"csv": "standing.csv", "toml": "rules.toml"}
        example = "[[case]]" in text or "[[rows]]" in text
        if kind in files and not example:
            file = self.folder / "my-policy" / files[kind]
            file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
        return block[0]

    def _run(self, command: str) -> str:
        program, *words = shlex.split(TOLD.sub(self._as_it_is, command))
        assert program == "sluice"
        done = CliRunner().invoke(sluice, words)
        said = done.output
        if isinstance(done.exception, SluiceError):
            with contextlib.redirect_stderr(io.StringIO()) as errors:
                report(done.exception)
            said += errors.getvalue()
        elif done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        lines = (line.rstrip() for line in self._as_told(said).splitlines())
        return "".join(f"{line}\n" for line in lines if line)

    def _as_it_is(self, told: re.Match[str]) -> str:
        return next((real for real, name in self.names.items() if name == told[0]), told[0])

    def _as_told(self, text: str) -> str:
        for real in REAL.finditer(text):
            known = sum(name.startswith(f"{real[1]}-") for name in self.names.values())
            self.names.setdefault(real[0], f"{real[1]}-{known + 1}")
        text = IN_TABLE.sub(lambda real: self.names[real[0]].ljust(len(real[0])), text)
        text = REAL.sub(lambda real: self.names[real[0]], text)
        return DIGEST.sub(r"\1…\2", MOMENT.sub("2026-11-23T09:00Z", text))


def blocks(page: str, kind: str) -> list[str]:
    """The texts of the blocks of one kind."""
    return [text for found, text in BLOCK.findall(page) if found == kind]
