"""Does the page about bundles speak of what is there: every file, code, command, suite, request and limit?"""

from __future__ import annotations

import re

import click
import pytest

from app.cli.keys import key_command
from app.cli.recalls import recall_command
from app.domain.errors import messages
from app.release import workbook
from app.release.links import MAX_HOURS
from app.release.verify import UNSIGNED
from app.signing.suites import SUITES
from tests.architecture.source import ROOT
from tests.release.bundles import FILES

PAGES = {lang: (ROOT / "app" / "docs" / f"bundles.{lang}.md").read_text(encoding="utf-8") for lang in ("en", "zh")}
VERIFY = ("bundle-", "manifest-", "verify-", "recall-list-invalid")


def first_column(page: str, heading: str) -> set[str]:
    """The code words in the first column of the table below the heading number `heading`."""
    section = page.split("\n## ")[int(heading)]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return set(re.findall(r"`([^`]+)`", " ".join(rows)))


@pytest.mark.parametrize("lang", PAGES)
def test_every_file_of_a_bundle_is_explained(lang: str) -> None:
    assert first_column(PAGES[lang], "1") == FILES | UNSIGNED


def raised() -> set[str]:
    """The codes that stand in the code of verification."""
    folder = ROOT / "app" / "release"
    names = ("verify", "archive", "envelope", "receipt", "trust", "statement", "recalls")
    text = "".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in names)
    text += (ROOT / "app" / "cli" / "verify.py").read_text(encoding="utf-8")
    return {code for code in messages() if f'"{code}"' in text and code.startswith(VERIFY)}


@pytest.mark.parametrize("lang", PAGES)
def test_every_code_of_verification_is_explained(lang: str) -> None:
    assert len(raised()) > 12
    assert first_column(PAGES[lang], "3") == raised()


@pytest.mark.parametrize("lang", PAGES)
def test_every_suite_and_every_command_is_named(lang: str) -> None:
    page = PAGES[lang]
    assert first_column(page, "4") == set(SUITES)
    for group, command in (("key", key_command), ("recall", recall_command)):
        assert isinstance(command, click.Group)
        lacking = {name for name in command.commands if name != "list" and f"sluice {group} {name}" not in page}
        assert not lacking


@pytest.mark.parametrize("lang", PAGES)
def test_requests_and_limits_are_those_of_the_code(lang: str) -> None:
    page = PAGES[lang]
    code = (ROOT / "app" / "api" / "releases.py").read_text(encoding="utf-8")
    routes = set(re.findall(r'@api\.\w+\("([^"]+)"', code))
    assert routes == set(re.findall(r"`(?:GET|POST) (\S+?)`", page))
    for number in (workbook.MAX_ROWS - 1, workbook.MAX_COLUMNS, workbook.MAX_TEXT):
        assert f"{number:,}" in page
    assert str(MAX_HOURS // 24) in page
