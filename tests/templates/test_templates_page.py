"""Is the page about templates true: its example, its diagram, its words, and what the commands answer?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

import app
from app import bootstrap
from app.authorization import applications, grants
from app.cli.main import sluice
from app.domain.lifecycles import TEMPLATE, diagram
from app.domain.parameters import MAX_LISTED, ParameterType
from tests.architecture.source import ROOT
from tests.policies.pages import BLOCK, Reader, blocks
from tests.templates.world import RESCUE, SAMPLE

DOCS = Path(app.__file__).parent / "docs"
PAGES = {language: DOCS / f"templates.{language}.md" for language in ("en", "zh")}
MILLISECONDS = re.compile(r"^\d+\.\d ms$", re.MULTILINE)
SOURCES = {
    "toml": SAMPLE.read_text(encoding="utf-8"),
    "sql": SAMPLE.with_suffix(".sql").read_text(encoding="utf-8"),
    "mermaid": diagram(TEMPLATE),
}
"""Kind of block → what it must hold."""


@dataclass(frozen=True, kw_only=True)
class Analyst(Reader):
    """Someone who follows the page in a deployment with the rescue scenario and one authorization."""

    def _play(self, block: re.Match[str]) -> str:
        if block[1] in SOURCES:
            return f"```{block[1]}\n{SOURCES[block[1]]}```"
        return super()._play(block)

    def _as_told(self, text: str) -> str:
        """Without the times, which no two runs share."""
        return MILLISECONDS.sub("… ms", super()._as_told(text))


@pytest.fixture
def analyst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Analyst]:
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    for name in ("SLUICE_AS", "SLUICE_DATABASE_URL", "SLUICE_POLICIES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    bootstrap.services.cache_clear()
    reader = Analyst(folder=tmp_path)
    for words in _preparation():
        done = CliRunner().invoke(sluice, words)
        assert done.exception is None, done.exception
        reader._as_told(done.output)
    yield reader
    bootstrap.services().store.close()
    bootstrap.services.cache_clear()


def _preparation() -> Iterator[list[str]]:
    """From nothing to a signed authorization; what comes later depends on what was said before."""
    yield ["init", "--sample"]
    for provider, dataset in (("highway", "hw_incident"), ("weather", "weather_hourly")):
        yield ["catalog", "add", str(RESCUE), "--as", f"steward-{provider}"]
        yield ["catalog", "publish", dataset, "--as", f"officer-{provider}"]
    yield ["application", "submit", str(RESCUE / "application.toml"), "--as", "applicant-rescue"]
    with bootstrap.services().store.reading() as connection:
        (application,) = (a.id for a in applications.listed(connection))
    for provider in ("highway", "weather"):
        yield ["application", "consent", application, "--reason", "fine", "--as", f"officer-{provider}"]
    yield ["application", "decide", application, "approve", "--reason", "good", "--as", "regulator-zhao"]
    with bootstrap.services().store.reading() as connection:
        (held,) = (a.id for a in grants.listed(connection))
    yield ["authorization", "sign", held, "--agreement", "2026-1", "--as", "applicant-rescue"]


@pytest.mark.slow
def test_what_the_pages_show_is_real(analyst: Analyst) -> None:
    """Both pages have the same blocks, so one is played. With SLUICE_WRITE_PAGES=1 the pages are written anew."""
    told = {page: page.read_text(encoding="utf-8") for page in PAGES.values()}
    played = [block[0] for block in BLOCK.finditer(analyst.follow(told[PAGES["en"]]))]
    real = {}
    for page, text in told.items():
        left = iter(played)
        real[page] = BLOCK.sub(lambda _, left=left: next(left), text)  # type: ignore[misc]
    if os.environ.get("SLUICE_WRITE_PAGES") == "1":
        for page, text in real.items():
            page.write_text(text, encoding="utf-8")
    else:
        assert real == told


def test_both_pages_tell_one_story() -> None:
    texts = [page.read_text(encoding="utf-8") for page in PAGES.values()]
    commands = [re.findall(r"^\$ .*$", text, re.MULTILINE) for text in texts]
    assert commands[0] == commands[1]
    assert len(commands[0]) >= 10
    for kind, source in SOURCES.items():
        assert blocks(texts[0], kind) == blocks(texts[1], kind) == [source]


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda p: p.name)
def test_the_page_names_every_type_key_and_number(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    keys = ("name", "title", "purpose", "sql", "sql_file", "type", "from", "until", "values", "field", "default")
    assert all(f"`{word}`" in text for word in (*keys, *(kind.value for kind in ParameterType)))
    assert str(MAX_LISTED) in text
