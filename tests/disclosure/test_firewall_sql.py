"""Do queries that differ in few persons meet the firewall, through the real SQL, sandbox and history?"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from shutil import rmtree

import pytest

from app import config
from app.catalog.manifest import read_catalog
from app.catalog.mounting import mount_catalog
from app.engine import Engine
from sandbox.launcher import Launcher
from tests.attacks.operator import Operator
from tests.attacks.world import Seat

PERSONS, K = 300, 5
CATALOG = """
[[provider]]
code = "bureau"
name = "Bureau"
[[dataset]]
name = "visit"
code = "1/01/001/0001"
title = "Visits"
provider = "bureau"
file = "visit.csv"
units = ["person_id"]
field = [
  { name = "person_id", type = "INTEGER", level = "L2", identifier = "person" },
  { name = "slot", type = "INTEGER", level = "L2" },
  { name = "day", type = "INTEGER", level = "L2" },
  { name = "amount", type = "INTEGER", level = "L2" },
]
"""


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """300 persons, each with a slot of their own and two or three visits."""
    folder = tmp_path_factory.mktemp("visits")
    (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    with (folder / "visit.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["person_id", "slot", "day", "amount"])
        rows.writerows([p + 1, p, day, 100 + 7 * p % 91 + day] for p in range(PERSONS) for day in range(2 + p % 2))
    home = (folder / "home").resolve()
    with Launcher() as launcher:
        engine = Engine.load(config.read({}).policies, launcher, require_isolation=True)
        mounter = partial(launcher.run, require_isolation=True)
        datasets = mount_catalog(read_catalog(folder), home / "vault", home / "scratch", mounter)
        yield Seat(engine=engine, datasets=datasets, home=home)


@dataclass(frozen=True)
class Kind:
    """A query that is released first, and one that differs from it in d persons; `people` judge that one besides."""

    name: str
    first: str
    then: Callable[[int], str]
    people: bool = False


_ALL = "select sum(amount) from visit"
KINDS = (
    Kind("remove", _ALL, lambda d: f"{_ALL} where slot >= {d}"),
    Kind("add", f"{_ALL} where slot >= 40", lambda d: f"{_ALL} where slot >= {40 - d}"),
    Kind(
        "zeros of an average",
        "select avg(case when slot < 40 then amount else 0 end) from visit",
        lambda d: f"select avg(case when slot < 40 then amount else 0 end) from visit where slot < {PERSONS - d}",
    ),
    Kind(
        "swap",
        f"{_ALL} where slot >= 40 and slot < 200",
        lambda d: f"{_ALL} where slot >= {40 + d // 2} and slot < {200 + d - d // 2}",
    ),
    Kind(
        "change",
        _ALL,
        lambda d: f"select sum(case when slot < {d} then amount + 1000 else amount end) from visit",
        people=True,
    ),
    Kind("zero", _ALL, lambda d: f"select sum(case when slot < {d} then 0 else amount end) from visit"),
    Kind("drop", _ALL, lambda d: f"{_ALL} where not (slot < {d} and day = 0)"),
    Kind("rescale", _ALL, lambda d: f"select sum(2 * amount) from visit where slot >= {d}"),
    Kind("filter", "select count(*) from visit", lambda d: f"select count(*) filter (where slot >= {d}) from visit"),
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_a_query_that_differs_in_few_persons_is_stopped_and_one_that_differs_in_many_is_not(
    seat: Seat, kind: Kind
) -> None:
    stopped = []
    for d in (1, K - 1, 30):
        rmtree(seat.home / "history", ignore_errors=True)
        operator = Operator(seat=seat, persons=())
        assert operator.number(kind.first) is not None
        view = operator.colleague().see(kind.then(d))
        held = view.report.stopped_by_firewall if view.report is not None else 0
        assert view.decision == ("review" if kind.people else "checked"), view.codes
        assert (view.number is not None) == (not held and not kind.people)
        stopped.append(held)
    assert stopped == [1, 1, 0]


@pytest.mark.parametrize(
    "condition", ["person_id = 17", "person_id <> 17", "person_id in (17, 18)"], ids=lambda c: c.split()[1]
)
def test_a_case_on_the_unit_itself_never_runs(seat: Seat, condition: str) -> None:
    """`case when person_id = 17 then x else 2 * x end` moves every bucket: it is the query rules that refuse it."""
    sql = f"select sum(case when {condition} then amount else 2 * amount end) from visit"
    view = Operator(seat=seat, persons=()).see(sql)
    assert view.decision in ("refused", "review")
    assert view.rows == ()
