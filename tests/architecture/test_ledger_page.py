"""Does the page about the ledger name commands and codes that there are, and every way a ledger can be wrong?"""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from app.cli.ledger import ledger_command
from app.domain.errors import messages
from app.ledger.entries import MAX_BYTES
from tests.architecture.source import ROOT

PAGES = {language: (ROOT / f"app/docs/ledger.{language}.md").read_text(encoding="utf-8") for language in ("zh", "en")}


@pytest.mark.parametrize("language", PAGES)
def test_every_command_of_the_page_has_its_options(language: str) -> None:
    told = re.findall(r"sluice (ledger [a-z]+(?: (?:init|sign|show))?)((?: [^\n`#]*)?)", PAGES[language])
    assert len(told) > 10
    for path, rest in told:
        shown = CliRunner().invoke(ledger_command, [*path.split()[1:], "--help"])
        assert shown.exit_code == 0, path
        assert all(option in shown.output for option in re.findall(r"--[a-z-]+", rest)), (path, rest)


@pytest.mark.parametrize("language", PAGES)
def test_its_codes_and_limits_are_those_of_the_program(language: str) -> None:
    codes = set(re.findall(r"`((?:ledger|witness)-[a-z-]+)`", PAGES[language]))
    assert codes
    assert codes <= set(messages())
    assert f"{MAX_BYTES:,}" in PAGES[language]


def test_both_languages_show_the_same_commands() -> None:
    commands = [re.findall(r"(?m)^sluice [^#\n]*[^#\n ]", page) for page in PAGES.values()]
    assert commands[0] == commands[1]
