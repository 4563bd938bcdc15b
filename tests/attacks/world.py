"""Two mounted worlds that differ in the secrets of a dozen persons, and an operator's own list of everyone."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from app import config
from app.catalog.manifest import read_catalog
from app.catalog.mounting import mount_catalog, mount_enterprise
from app.domain.values import Dataset
from app.engine import Engine
from sandbox.launcher import Launcher

TARGETS = 12
PERSONS = 1200
REGIONS, TRADES, AGES = 8, 15, (20, 80)
FELLOWS = 11
"""Persons who share a target's trade and both secrets: with the target enough for a cell, and all the same."""

CATALOG = """
[[provider]]
code = "bureau"
name = "Bureau"
[[dataset]]
name = "person"
code = "1/01/001/0001"
title = "People"
provider = "bureau"
file = "person.csv"
units = ["person_id"]
keys = [["person_id"]]
field = [
  { name = "person_id", type = "INTEGER", level = "L3", identifier = "person" },
  { name = "region", type = "INTEGER", level = "L2" },
  { name = "age", type = "INTEGER", level = "L2" },
  { name = "sex", type = "VARCHAR", level = "L2" },
  { name = "trade", type = "INTEGER", level = "L2" },
  { name = "income", type = "INTEGER", level = "L3" },
  { name = "sick", type = "BOOLEAN", level = "L3" },
  { name = "dosed", type = "BOOLEAN", level = "L4" },
]
[[dataset]]
name = "visit"
code = "1/01/001/0003"
title = "Visits"
provider = "bureau"
file = "visit.csv"
units = ["person_id"]
keys = [["visit"]]
field = [
  { name = "visit", type = "INTEGER", level = "L2" },
  { name = "person_id", type = "INTEGER", level = "L3", identifier = "person" },
  { name = "half", type = "INTEGER", level = "L2" },
  { name = "earned", type = "INTEGER", level = "L3" },
]
[[dataset]]
name = "mine"
code = "1/01/001/0002"
title = "Own list"
provider = "bureau"
kind = "enterprise"
field = [
  { name = "person_id", type = "INTEGER", level = "L3", identifier = "person" },
  { name = "n", type = "INTEGER", level = "L1" },
  { name = "weight", type = "BIGINT", level = "L1" },
]
"""
UNCHECKED = """
[L1]
rows = true
reviewers = 1
[L2]
contributors = 1
reviewers = 1
[L3]
contributors = 1
reviewers = 2
[L4]
contributors = 1
reviewers = 2
[output]
max_rows = 100000
max_bytes = 33554432
[text]
chance = 0.0
few = 0
least = 1000000
share = 1.0
refuse_from = "L4"
many = 1000000
many_share = 1.0
many_from = "L4"
"""
"""Rules that check nothing: one contributor is enough, and two cells that differ are never too near."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person: what everybody may know, and the two secrets. `dosed` in the data is `sick` at another level."""

    number: int
    region: int
    age: int
    sex: str
    trade: int
    income: int
    sick: bool

    @property
    def described(self) -> str:
        """SQL that picks out this person by what everybody knows."""
        return f"(region = {self.region} and age = {self.age} and sex = '{self.sex}' and trade = {self.trade})"


@dataclass(frozen=True, kw_only=True)
class Seat:
    """What an attacker sits at: an engine with its rules, mounted data, and a folder for runs and history.

    Without `people` what they would have to judge leaves too.
    """

    engine: Engine
    datasets: tuple[Dataset, ...]
    home: Path
    people: bool = True


@dataclass(frozen=True, kw_only=True)
class World:
    """One of the two worlds: everyone in it, and a seat with the checks on and one with them off."""

    persons: tuple[Person, ...]
    checked: Seat
    unchecked: Seat

    @property
    def targets(self) -> tuple[Person, ...]:
        """Those whose secrets differ in the other world."""
        return self.persons[:TARGETS]


def people(*, other: bool) -> tuple[Person, ...]:
    """Everyone, targets first; in the `other` world each target (and its fellows) has the opposite secrets."""
    chance = random.Random(20261125)
    found: dict[str, Person] = {}
    while len(found) < PERSONS:
        person = Person(
            number=len(found),
            region=chance.randrange(REGIONS),
            age=chance.randrange(*AGES),
            sex=chance.choice("mf"),
            trade=chance.randrange(TRADES),
            income=chance.randrange(8_000, 90_000),
            sick=chance.random() < 0.4,
        )
        found.setdefault(person.described, person)
    persons = [replace(p, number=i) for i, p in enumerate(found.values())]
    for i in range(TARGETS):
        sick, income = (i % 2 == 0) != other, (60_000 if other else 20_000) + 137 * i
        persons[i] = replace(persons[i], trade=TRADES + i, sick=sick, income=income)
        for j in range(TARGETS + i * FELLOWS, TARGETS + (i + 1) * FELLOWS):
            elsewhere = (persons[i].region + 1 + j % (REGIONS - 1)) % REGIONS
            persons[j] = replace(persons[j], region=elsewhere, trade=TRADES + i, sick=sick)
    return tuple(persons)


def _write(folder: Path, persons: tuple[Person, ...]) -> None:
    folder.mkdir(parents=True)
    (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    with (folder / "person.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["person_id", "region", "age", "sex", "trade", "income", "sick", "dosed"])
        rows.writerows([p.number + 1, p.region, p.age, p.sex, p.trade, p.income, p.sick, p.sick] for p in persons)
    with (folder / "visit.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["visit", "person_id", "half", "earned"])
        rows.writerows([2 * p.number + h, p.number + 1, h, (p.income + h) // 2] for p in persons for h in (0, 1))
    with (folder / "mine.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["person_id", "n", "weight"])
        rows.writerows([p.number + 1, p.number, 1 << p.number % 48] for p in persons)


def unchecked_policies(folder: Path) -> Path:
    """The policies in force, but for the rules of disclosure: those check nothing."""
    shutil.copytree(config.read({}).policies, folder)
    (folder / "disclosure.toml").write_text(UNCHECKED, encoding="utf-8")
    return folder


@contextmanager
def worlds(folder: Path) -> Iterator[tuple[World, World]]:
    """Mount both worlds; the sandbox stops at the end."""
    with Launcher() as launcher:
        checked = Engine.load(config.read({}).policies, launcher, require_isolation=True)
        unchecked = Engine.load(unchecked_policies(folder / "policies"), launcher, require_isolation=True)
        first, second = (_world(folder / str(int(other)), checked, unchecked, other=other) for other in (False, True))
        yield first, second


def _world(folder: Path, checked: Engine, unchecked: Engine, *, other: bool) -> World:
    persons = people(other=other)
    _write(folder, persons)
    home, mounter = (folder / "home").resolve(), partial(checked.launcher.run, require_isolation=True)
    catalog = read_catalog(folder)
    public = mount_catalog(catalog, home / "vault", home / "scratch", mounter)
    declared = next(e for e in catalog.entries if e.name == "mine")
    own = mount_enterprise(
        "mine", folder / "mine.csv", declared, home / "vault", home / "scratch", mounter, operator="operator"
    )
    datasets = (*public, own.dataset)
    return World(
        persons=persons,
        checked=Seat(engine=checked, datasets=datasets, home=home / "on"),
        unchecked=Seat(engine=unchecked, datasets=datasets, home=home / "off", people=False),
    )
