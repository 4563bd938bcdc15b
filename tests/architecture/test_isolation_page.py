"""Does the page about isolation name the walls, kinds of task and codes that there are?"""

from __future__ import annotations

import re
import tomllib
from typing import get_args

import pytest

from sandbox.protocol import CODES, Task
from tests.architecture.source import ROOT

WALLS = tomllib.loads((ROOT / "app/cli/walls.toml").read_text(encoding="utf-8"))
PAGES = {
    language: (ROOT / f"app/docs/isolation.{language}.md").read_text(encoding="utf-8") for language in ("zh", "en")
}


@pytest.mark.parametrize("language", PAGES)
def test_the_page_has_every_wall_in_its_words(language: str) -> None:
    rows = [line for line in PAGES[language].splitlines() if line.startswith("| ")]
    for name, text in WALLS.items():
        row = next(line for line in rows if f"(`{name}`)" in line)
        assert text[language] in row
        assert text[f"stops_{language}"] in row


@pytest.mark.parametrize("language", PAGES)
def test_the_page_has_every_kind_of_task(language: str) -> None:
    kinds = {kind.__dataclass_fields__["kind"].default for kind in get_args(Task)}
    assert kinds <= set(re.findall(r"(?m)^\| `(\w+)` \|", PAGES[language]))


@pytest.mark.parametrize("language", PAGES)
def test_the_page_has_every_code_of_a_job(language: str) -> None:
    listed = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGES[language]))
    assert {code for code in CODES if not code.startswith("source-")} <= listed
