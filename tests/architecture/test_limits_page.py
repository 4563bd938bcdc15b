"""Does the page about limits give the numbers that hold, and every code by which a limit is told?"""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from app.domain.errors import messages
from app.domain.sql_text import MAX_BYTES, MAX_DEPTH, MAX_NESTING
from app.policy.limits import KINDS, load_limits
from sandbox.protocol import CODES, Limits
from tests.architecture.source import ROOT

PAGES = {language: (ROOT / f"app/docs/limits.{language}.md").read_text(encoding="utf-8") for language in ("zh", "en")}
UNITS = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}


def told(name: str, value: float) -> str:
    """A limit as the page writes it."""
    if name.endswith("_seconds"):
        return f"{value:g} s"
    if name.endswith("_bytes"):
        unit = next(u for u, size in UNITS.items() if value % size == 0)
        return f"{int(value / UNITS[unit])} {unit}"
    return f"{value:,}"


@pytest.mark.parametrize("language", PAGES)
def test_the_page_gives_every_limit_of_every_kind_of_task(language: str) -> None:
    limits = load_limits(ROOT / "policies")
    lines = [line for line in PAGES[language].splitlines() if re.match(r"\| `\w+_?\w*` \| \d", line)]
    rows = [line.split(" | ")[: len(KINDS) + 1] for line in lines]
    expected = [
        [f"| `{f.name}`", *(told(f.name, getattr(limits[kind], f.name)) for kind in KINDS)] for f in fields(Limits)
    ]
    assert rows == expected


@pytest.mark.parametrize("language", PAGES)
def test_the_page_gives_the_limits_of_an_operators_text(language: str) -> None:
    rows = re.findall(r"(?m)\| (\d+)[^|]*\| `(sql-[a-z-]+)` \|$", PAGES[language])
    assert rows == [
        (str(MAX_BYTES), "sql-too-long"),
        (str(MAX_NESTING), "sql-too-deep"),
        (str(MAX_DEPTH), "sql-too-deep"),
    ]


@pytest.mark.parametrize("language", PAGES)
def test_the_page_has_every_code_of_a_limit(language: str) -> None:
    listed = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGES[language]))
    assert {code for code in CODES if code.startswith("limit-")} <= listed
    assert {code for code in messages() if code.startswith(("limits-", "sql-too-"))} <= listed
