"""Does merging inside the engine decide as its rules say in plain words? Small random worlds against plain Python."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import duckdb
import pytest

from app.domain.proofs import Plan
from app.domain.values import Bilingual, Dataset, DatasetKind, Field, Level, Unit
from app.query.plan import make_plan
from app.workflow import authorize
from tests.sql.pipeline import ENGINE, Pipeline
from tests.sql.unplaced import unplaced

NAME = Bilingual(zh="表", en="table")
SQL = "select station, age, sex, count(*) as n from trip group by station, age, sex"
BANDS = ((0, 10, 20, 30), (0, 20))
Row = tuple[int, str | None, int, str]
"""Person, station, age, sex."""


def _field(name: str, kind: str, level: Level = Level.L2, **more: object) -> Field:
    return Field(name=name, type=kind, level=level, label=NAME, **more)  # type: ignore[arg-type]


TRIP = Dataset(
    name="trip",
    code="1/01/001/0001",
    kind=DatasetKind.PUBLIC,
    provider="bureau",
    title=NAME,
    fields=(
        _field("person", "UINTEGER", Level.L3, identifier="person"),
        _field("station", "VARCHAR"),
        _field("road", "VARCHAR"),
        _field("region", "VARCHAR"),
        _field("age", "INTEGER", bands=tuple(tuple(map(str, band)) for band in BANDS)),
        _field("sex", "VARCHAR"),
    ),
    units=(Unit(type="person", column="person", tag="__tag_person"),),
    version="0" * 64,
    path="/vault/trip",
    rows=1,
    hierarchies=(("station", "road", "region"),),
)


def rows(seed: int) -> list[Row]:
    """Some stations with few people, some people with many rows, some rows without a station."""
    chance = random.Random(seed)
    people, found = chance.choice((30, 200, 600)), []
    for _ in range(chance.choice((100, 900))):
        person, station = chance.randrange(people), int(14 * chance.random() ** 2)
        place = None if chance.random() < 0.05 else f"S{station}"
        found.append((person, place, chance.choice((3, 12, 25, 38)), "mf"[person % 2]))
    return found


def above(station: str) -> tuple[str, str]:
    """The road and the region of a station."""
    number = int(station[1:])
    return f"R{number // 3}", f"G{number // 6}"


Cell = tuple[tuple[int, str | None], int, str]


@dataclass(kw_only=True)
class Reference:
    """The rules of the page about repairs: each station's level, and the one level of all ages."""

    world: list[Row]
    k: int
    passing: float
    band: int = 0

    def __post_init__(self) -> None:
        self.level = {s: 0 for _, s, _, _ in self.world if s is not None}
        for climb in range(3):
            self._climb(climb)
            if climb < len(BANDS):
                enough, size = self._cells()
                good = sum(number for cell, number in size.items() if enough[cell])
                self.band += self.band == climb and good < self.passing * len(self.world)

    def _climb(self, climb: int) -> None:
        """Stations at a level that may not stay there go up by one."""
        enough, size = self._cells()
        good, whole = Counter[object](), Counter[object]()
        for cell, number in size.items():
            whole[cell[0]] += number
            good[cell[0]] += number * enough[cell]
        up = [
            s for s, at in self.level.items() if at == climb and good[self._at(s)] < self.passing * whole[self._at(s)]
        ]
        self.level |= dict.fromkeys(up, climb + 1)

    def _cells(self) -> tuple[dict[Cell, bool], Counter[Cell]]:
        """Whether each cell has enough people, and its rows."""
        who, size = defaultdict[Cell, set[int]](set), Counter[Cell]()
        for person, station, age, sex in self.world:
            cell = (self._at(station), self.age(age), sex)
            who[cell].add(person)
            size[cell] += 1
        return {cell: len(people) >= self.k for cell, people in who.items()}, size

    def _at(self, station: str | None) -> tuple[int, str | None]:
        if station is None:
            return 0, None
        return self.level[station], (station, *above(station), "")[self.level[station]]

    def age(self, age: int) -> int:
        """The label of an age."""
        return age if self.band == 0 else max(end for end in BANDS[self.band - 1] if end <= age)

    def station(self, station: str) -> str:
        """The label of a station."""
        at, name = self._at(station)
        alike = [s for s in self.level if at == 3 or (at and above(s)[at - 1] == name)]
        word = "全部/all" if all(self.level[s] == at for s in alike) else "其他/other"
        return (station, f"{name} · {word}", f"{name} · {word}", word)[at]


def merged_plan(contributors: int, passing: float, sql: str = SQL) -> Plan:
    grant = authorize(ENGINE, Pipeline(duckdb.connect(), (TRIP,)).question(sql))
    rule = replace(ENGINE.rules.levels[Level.L2], contributors=contributors)
    repair = replace(ENGINE.repairs["merge"], passing=passing)
    return make_plan(grant, rule, ENGINE.callable_functions(), ENGINE.limits["query"], repair=repair)


@pytest.mark.parametrize("seed", range(40))
def test_every_label_is_that_of_the_reference(seed: int) -> None:
    world, chance = rows(seed), random.Random(seed)
    k, passing = chance.choice((2, 3, 5, 10)), chance.choice((1.0, 1.0, 0.8))
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(
        "CREATE TABLE trip (person UINTEGER, station VARCHAR, road VARCHAR, region VARCHAR, age INTEGER, sex VARCHAR, "
        "__tag_person UBIGINT)"
    )
    for person, station, age, sex in world:
        road, region = above(station) if station is not None else (None, None)
        values = [person, station, road, region, age, sex, (person * 0x9E3779B97F4A7C15) % 2**64]
        connection.execute("INSERT INTO trip VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    plan = merged_plan(k, passing)
    for step in unplaced(plan.task).steps:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {step.table} AS {step.sql}")
    tables = [step.table for step in plan.task.steps if step.table.startswith("__k_")]
    labels = [dict(connection.execute(f"SELECT v, l FROM {t}").fetchall()) for t in sorted(tables)]
    wanted = Reference(world=world, k=k, passing=passing)
    stations, ages = {s for _, s, _, _ in world if s is not None}, {a for _, _, a, _ in world}
    assert labels == [{s: wanted.station(s) for s in stations}, {a: wanted.age(a) for a in ages}]
    (members,) = connection.execute("SELECT min(n0) FROM __v0 WHERE row_ok").fetchone() or (None,)
    assert members is None or members >= k


def test_the_same_question_has_the_same_signature_and_another_threshold_another() -> None:
    rollup = SQL.replace("group by station, age, sex", "group by rollup(station, age, sex)")
    seen = [
        tuple(f.signature for f in merged_plan(k, passing, sql).frontiers)
        for k, passing, sql in ((5, 1.0, rollup), (5, 1.0, f"{rollup} order by n"), (6, 1.0, rollup), (5, 0.9, rollup))
    ]
    assert seen[0] == seen[1]
    assert not set(seen[0][:3]) & (set(seen[2]) | set(seen[3]))
    assert seen[0][3] == seen[2][3], "the grand total has no key that is merged"
