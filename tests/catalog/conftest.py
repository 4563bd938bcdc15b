"""Factories of catalog folders, and the real sandbox to mount them in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from app.catalog.mounting import Mounter
from sandbox.launcher import Launcher

PLATES = ("浙Z12A4B", "浙Z7C8D9", "苏Z55E6F", "浙ZD1234G")

HEAD = """
[[provider]]
code = "hz-highway"
uscc = "12990000MA9581557E"

"""

GOOD = (
    HEAD
    + """
[[dataset]]
name = "incident"
code = "3/06/001/0001"
title = { zh = "事件", en = "Incidents" }
provider = "hz-highway"
file = "incident.csv"
units = ["plate"]

  [[dataset.field]]
  name = "plate"
  type = "VARCHAR"
  level = "L3"
  identifier = "vehicle"

  [[dataset.field]]
  name = "road"
  type = "VARCHAR"
  level = "L2"

  [[dataset.field]]
  name = "seconds"
  type = "INTEGER"
  level = "L2"
"""
)


def incidents(rows: int) -> str:
    """The text of a CSV of `rows` incidents of four vehicles."""
    lines = (f"{PLATES[n % 4]},G{n % 3},{n}" for n in range(rows))
    return "plate,road,seconds\n" + "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound catalog folder: one data set, 40 incidents."""
    made = tmp_path / "catalog"
    made.mkdir()
    (made / "catalog.toml").write_text(GOOD, encoding="utf-8")
    (made / "incident.csv").write_text(incidents(40), encoding="utf-8")
    return made


@pytest.fixture
def changed(folder: Path) -> Callable[[str, str], Path]:
    """The sound folder with one text of its catalog.toml replaced, which must be there."""

    def change(old: str, new: str) -> Path:
        file = folder / "catalog.toml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return change


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    """The real sandbox, warm for all tests of a process."""
    with Launcher() as running:
        yield running


@pytest.fixture
def mounter(launcher: Launcher) -> Mounter:
    """The real door, with every wall demanded."""
    return partial(launcher.run, require_isolation=True)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Where an empty vault will be."""
    return tmp_path / "vault"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where mounting may work."""
    return tmp_path / "scratch"
