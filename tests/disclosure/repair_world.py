"""People on roads, some stations with few of them: a world in which there is something to merge and to code."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from app import config
from app.engine import Engine
from app.policy.rules import rule
from sandbox.launcher import Launcher

ROADS = {"G1": "East", "G2": "East", "G3": "West"}
STATIONS = {f"{road}-{i}": (40 if i else 3) for road in ROADS for i in range(4)} | {"G3-9": 2}
"""Station → people there; the first of each road has three, and one more has two."""
RICH = 12
"""People who earn more than all others together."""

CATALOG = """
[[provider]]
code = "bureau"
name = "Bureau"
[[dataset]]
name = "trip"
code = "1/01/001/0001"
title = "Trips"
provider = "bureau"
file = "trip.csv"
units = ["person"]
hierarchies = [["station", "road", "region"]]
field = [
  { name = "person", type = "INTEGER", level = "L3", identifier = "person" },
  { name = "station", type = "VARCHAR", level = "L2" },
  { name = "road", type = "VARCHAR", level = "L2" },
  { name = "region", type = "VARCHAR", level = "L2" },
  { name = "sex", type = "VARCHAR", level = "L2" },
  { name = "age", type = "INTEGER", level = "L2", minimum = 0, bands = [[0, 18, 40, 65], [0, 65]], top_code = 70 },
  { name = "day", type = "DATE", level = "L2", bands = ["month", "year"] },
  { name = "fee", type = "INTEGER", level = "L3", bottom_code = 10, top_code = 60 },
  { name = "income", type = "BIGINT", level = "L3" },
]
"""


def rows(seed: int = 7) -> Iterator[list[object]]:
    """Two trips of each person, both at its station."""
    chance, person = random.Random(seed), 0
    for station, people in STATIONS.items():
        road = station.partition("-")[0]
        for _ in range(people):
            person += 1
            about = [station, road, ROADS[road], "mf"[person % 2], 5 + person % 70]
            income = 10**7 + person if person % 30 == 1 and person // 30 < RICH else chance.randrange(1000, 9000)
            for month in (1 + person % 2, 7):
                yield [person, *about, f"2025-{month:02d}-{1 + person % 28:02d}", chance.randrange(1, 100), income]


def write_world(folder: Path) -> Path:
    """The catalog and its data in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    with (folder / "trip.csv").open("w", newline="", encoding="utf-8") as file:
        written = csv.writer(file)
        written.writerow(["person", "station", "road", "region", "sex", "age", "day", "fee", "income"])
        written.writerows(rows())
    return folder


@contextmanager
def engine(*, allowed: bool = True) -> Iterator[Engine]:
    """An engine whose policy allows every repair of every data set, or none."""
    anything = {"subject": "*", "dataset": "*", "field": "*", "condition": "", "effect": "allow"}
    with Launcher() as launcher:
        found = Engine.load(config.read({}).policies, launcher, require_isolation=True)
        more = [rule("here", {"id": "allow-repairs", "use": "repair:*", **anything})] if allowed else []
        yield replace(found, standing=replace(found.standing, rules=(*found.standing.rules, *more)))
