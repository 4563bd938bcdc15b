"""Is the page for analysts true: its texts, its uses file, and what the commands answer to them?"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import app
from app.authorization.content import parse
from app.policy.grants import collect
from tests.policies.pages import BLOCK, Reader, blocks

DOCS = Path(app.__file__).parent / "docs"
ROOT = DOCS.parents[1]
PAGES = {language: DOCS / f"analyst.{language}.md" for language in ("en", "zh")}
NAMED = re.compile(r"^(?:--|#) (\w+\.(?:sql|toml)): ")
MILLISECONDS = re.compile(r"^\d+\.\d ms$", re.MULTILINE)
TIMINGS = re.compile(r"^(?:prepare|mount) \d+\.\d+s\b.*\Z", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Analyst(Reader):
    """Someone who follows the page with nothing but the sample: a block that begins with a file's name is that file."""

    def _play(self, block: re.Match[str]) -> str:
        named = NAMED.match(block[2])
        if named is not None:
            (self.folder / named[1]).write_text(block[2], encoding="utf-8")
            return block[0]
        return super()._play(block)

    def _as_told(self, text: str) -> str:
        """Without the times, which no two runs share."""
        return TIMINGS.sub("…", MILLISECONDS.sub("… ms", super()._as_told(text)))


def with_sessions(page: str, played: str) -> str:
    """`page` with the console blocks of `played`, one after another."""
    sessions = iter(BLOCK.finditer(played))
    return BLOCK.sub(lambda block: _next(sessions) if block[1] == "console" else block[0], page)


def _next(blocks_left: Iterator[re.Match[str]]) -> str:
    return next(block[0] for block in blocks_left if block[1] == "console")


@pytest.fixture
def analyst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Analyst:
    """An analyst in a folder with the samples, without a deployment."""
    for name in ("SLUICE_AS", "SLUICE_DATABASE_URL", "SLUICE_POLICIES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    return Analyst(folder=tmp_path)


@pytest.mark.slow
def test_the_outputs_on_the_pages_are_real(analyst: Analyst) -> None:
    """Both pages have the same sessions, so one is played. With SLUICE_WRITE_PAGES=1 the pages are written anew."""
    told = {page: page.read_text(encoding="utf-8") for page in PAGES.values()}
    played = analyst.follow(told[PAGES["en"]])
    written = parse(tomllib.loads((analyst.folder / "application.toml").read_text(encoding="utf-8")))
    held = tomllib.loads((analyst.folder / "uses.toml").read_text(encoding="utf-8"))
    assert collect(written.uses).to_document()["uses"] == held["uses"]
    real = {page: with_sessions(text, played) for page, text in told.items()}
    if os.environ.get("SLUICE_WRITE_PAGES") == "1":
        for page, text in real.items():
            page.write_text(text, encoding="utf-8")
    else:
        assert real == told


def test_both_pages_tell_one_story() -> None:
    told = []
    for page in PAGES.values():
        text = page.read_text(encoding="utf-8")
        commands = re.findall(r"^\$ .*$", text, re.MULTILINE)
        files = [block.partition("\n")[2] for kind in ("sql", "toml") for block in blocks(text, kind)]
        told.append((commands, files))
    assert told[0] == told[1]
    assert len(told[0][0]) >= 8
    named = [
        NAMED.match(text)
        for page in PAGES.values()
        for kind, text in BLOCK.findall(page.read_text("utf-8"))
        if kind != "console"
    ]
    assert all(named)
