"""A small protected world for tests of queries: one table of people with a known target, an operator's own table."""

from __future__ import annotations

import csv
import random
from pathlib import Path

TARGET = 4242
SECRETS = ("7654321", "N4242", "34594798")
PEOPLE = 8000

CATALOG = """
[[provider]]
code = "bureau"
name = "Bureau"

[[dataset]]
name = "p"
code = "1/01/001/0001"
title = "People"
provider = "bureau"
file = "p.csv"
units = ["person_id"]
field = [
  { name = "person_id", type = "INTEGER", level = "L3", identifier = "person" },
  { name = "region", type = "INTEGER", level = "L2" },
  { name = "age_band", type = "INTEGER", level = "L2" },
  { name = "sex", type = "INTEGER", level = "L2" },
  { name = "income", type = "INTEGER", level = "L3" },
  { name = "hiv", type = "BOOLEAN", level = "L3" },
  { name = "name", type = "VARCHAR", level = "L3", identifier = "name" },
  { name = "phone", type = "VARCHAR", level = "L3", identifier = "phone" },
]
"""


def write_world(folder: Path, *, income: int = 7654321, hiv: bool = True) -> Path:
    """Write the catalog with the target's two secrets as given; answers its folder. The rest is the same every time."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    chance = random.Random(7)
    with (folder / "p.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["person_id", "region", "age_band", "sex", "income", "hiv", "name", "phone"])
        for i in range(1, PEOPLE + 1):
            row = [i, chance.randrange(20), chance.randrange(8), chance.randrange(2), chance.randrange(1000, 100000)]
            sick = chance.random() < 0.05
            if i == TARGET:
                rows.writerow([i, 5, 3, 1, income, hiv, f"N{i}", "34594798"])
            else:
                rows.writerow([*row, sick, f"N{i}", f"P{i:07d}"])
    return folder


def write_mine(file: Path) -> Path:
    """The operator's own table: the target and a few others, each with a tag."""
    lines = ["k,tag", "4242,1", *(f"{i},{i}" for i in range(2, 30))]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
