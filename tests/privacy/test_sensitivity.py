"""Does taking one unit away change the numbers of all cells by no more than the noise was made for? Tried out.

The promise that everything else rests on: over small worlds full of NULLs, heavy units and duplicates, each unit is
taken out of every table, and each column of each frontier is compared with and without it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import product

import pytest

from app.domain.errors import Refusal
from app.domain.privacy import CONTRIBUTORS, PrivateFrontier
from tests.privacy.world import HANGING, SMALL, Measured, Vectors, distance, private_plan, world

SEEDS = (1, 2)
QUERIES = {
    "counts": "SELECT clinic, count(*), count(fee), count_if(score > 0) FROM visit GROUP BY clinic",
    "filters": (
        "SELECT month, count(*) FILTER (WHERE clinic = 'c1'), sum(score) FILTER (WHERE dose > 1) FROM "
        "visit GROUP BY month"
    ),
    "sums": "SELECT clinic, sum(fee), sum(score), sum(dose) FROM visit GROUP BY clinic",
    "averages": "SELECT clinic, month, avg(fee), avg(score), avg(dose) FROM visit GROUP BY clinic, month",
    "persons": (
        "SELECT clinic, count(DISTINCT person) AS p, count(DISTINCT person) FILTER (WHERE score > 0) "
        "FROM visit GROUP BY clinic HAVING p > 2 ORDER BY p"
    ),
    "no key": "SELECT count(*), sum(fee), avg(score) FROM visit",
    "no key, filtered": "SELECT count(*), sum(dose) FROM visit WHERE clinic IN ('c1', 'c2') AND score > 0",
    "negative only": "SELECT clinic, sum(least(greatest(score, -20), -1)) FROM visit GROUP BY clinic",
    "clipped by hand": (
        "SELECT month, sum(least(greatest(free, -50), 20)), avg(greatest(0, least(free, 9))) FROM visit GROUP BY month"
    ),
    "arithmetic": (
        "SELECT clinic, sum(fee * 2 - score), sum(CASE WHEN score > 0 THEN fee ELSE -1 END) FROM visit GROUP BY clinic"
    ),
    "constant": "SELECT clinic, sum(1), sum(-3) FROM visit GROUP BY clinic",
    "joined to persons": (
        "SELECT p.sex, v.clinic, count(*), sum(v.fee), avg(p.age) FROM visit v JOIN person p ON v.person "
        "= p.person GROUP BY p.sex, v.clinic"
    ),
    "persons with or without visits": (
        "SELECT p.sex, count(*), count(v.clinic), sum(v.fee) FROM person p LEFT JOIN visit v ON p.person "
        "= v.person GROUP BY p.sex"
    ),
    "joined to public rows": (
        "SELECT r.area, count(*), sum(v.fee) FROM visit v JOIN region r ON v.clinic = r.clinic GROUP BY r.area"
    ),
    "public rows with or without visits": (
        "SELECT r.area, count(*), count(v.fee), count(DISTINCT v.person) FROM region r LEFT JOIN visit v "
        "ON v.clinic = r.clinic GROUP BY r.area"
    ),
    "multiplied by own rows": (
        "SELECT m.clinic, count(*), sum(v.fee) FROM visit v JOIN mine m ON v.clinic = m.clinic GROUP BY m.clinic"
    ),
    "per person first": (
        "SELECT n, count(*), avg(f) FROM (SELECT person, least(count(*), 4) AS n, avg(fee) AS f, "
        "max(score) AS s FROM visit GROUP BY person) t GROUP BY n"
    ),
    "a WITH query": (
        "WITH big AS (SELECT person, clinic, fee FROM visit WHERE fee > 100) SELECT clinic, count(*), "
        "sum(fee) FROM big GROUP BY clinic"
    ),
    "both halves": (
        "SELECT k, count(*), sum(x) FROM (SELECT person, clinic AS k, fee AS x FROM visit UNION ALL "
        "SELECT person, sex AS k, age AS x FROM person) t GROUP BY k"
    ),
    "persons who": (
        "SELECT sex, count(*), avg(age) FROM person WHERE person IN (SELECT person FROM visit WHERE fee "
        "> 100) GROUP BY sex"
    ),
    "persons who never": (
        "SELECT sex, count(*) FROM person p WHERE NOT EXISTS (SELECT 1 FROM visit v WHERE v.person = "
        "p.person AND v.clinic = 'c1') GROUP BY sex"
    ),
    "clinics that": (
        "SELECT month, count(*) FROM visit WHERE clinic IN (SELECT clinic FROM visit WHERE score > 50) GROUP BY month"
    ),
    "clinics of firms": ("SELECT month, sum(fee) FROM visit WHERE clinic IN (SELECT clinic FROM firm) GROUP BY month"),
    "distinct": "SELECT DISTINCT clinic, month FROM visit",
    "rollup": "SELECT clinic, month, count(*), sum(fee) FROM visit GROUP BY ROLLUP (clinic, month)",
    "above the average": (
        "SELECT clinic, count(*) FROM visit WHERE score > (SELECT avg(score) FROM visit) GROUP BY clinic"
    ),
    "dearer than their clinic": (
        "SELECT month, count(*), sum(fee) FROM (SELECT month, fee, avg(fee) OVER (PARTITION BY clinic) AS a "
        "FROM visit) t WHERE fee > a GROUP BY month"
    ),
    "dearer than their month": (
        "SELECT v.clinic, count(*) FROM visit v WHERE v.fee > (SELECT avg(w.fee) FROM visit w WHERE w.month = v.month) "
        "GROUP BY v.clinic"
    ),
    "public rows last": (
        "SELECT r.area, count(*), sum(v.score) FROM visit v RIGHT JOIN region r ON v.clinic = r.clinic GROUP BY r.area"
    ),
    "ranks": (
        "SELECT clinic, n, rank() OVER (ORDER BY n) FROM (SELECT clinic, count(*) AS n FROM visit GROUP "
        "BY clinic) t LIMIT 3"
    ),
    "the first visit": (
        "SELECT clinic, count(*), sum(fee) FROM (SELECT clinic, fee, person, row_number() OVER "
        "(PARTITION BY person ORDER BY month, clinic, fee) AS n FROM visit) t WHERE n = 1 GROUP BY "
        "clinic"
    ),
}


Change = tuple[PrivateFrontier, Vectors, Vectors]


def _changes(measured: Measured) -> list[Change]:
    """Every frontier, with all its numbers and with those without one of its units, for each of these."""
    whole, found = measured.vectors(), []
    for kind in {frontier.unit for frontier in measured.frontiers}:
        for unit in measured.units(kind):
            with measured.without(kind, unit):
                part = measured.vectors()
            found += [(frontier, whole, part) for frontier in measured.frontiers if frontier.unit == kind]
    return found


@cache
def changes(name: str, seed: int) -> list[Change]:
    """What one unit changes in a query, over the world of a seed."""
    return _changes(Measured(private_plan(QUERIES[name]), world(seed)))


@pytest.mark.parametrize("name", QUERIES)
def test_one_unit_moves_no_column_by_more_than_its_sensitivity(name: str) -> None:
    moved: Counter[str] = Counter()
    for seed in SEEDS:
        for frontier, whole, part in changes(name, seed):
            for place, column in enumerate(frontier.columns):
                change = distance(whole[frontier.number, place], part[frontier.number, place])
                assert change <= column.sensitivity, (column, change)
                moved[column.what] = max(moved[column.what], change)
    assert moved[CONTRIBUTORS] > 0


@pytest.mark.parametrize("name", QUERIES)
def test_one_unit_closes_the_gates_of_few_cells_and_only_where_it_was_the_last_that_was_needed(name: str) -> None:
    for k, seed in product((1, 2, 3), SEEDS):
        for frontier, whole, part in changes(name, seed):
            place = next(i for i, c in enumerate(frontier.columns) if c.what == CONTRIBUTORS)
            before, after = whole[frontier.number, place], part[frontier.number, place]
            closed = [key for key, n in before.items() if n >= k > after.get(key, 0)]
            assert len(closed) <= SMALL.cells_per_unit
            assert all(before[key] == k and after.get(key, 0) == k - 1 for key in closed)
            assert all(after.get(key, 0) <= n for key, n in before.items())
            assert set(after) <= set(before)


LIMITS = {
    "cells of a unit": replace(SMALL, cells_per_unit=1000),
    "rows of a unit": replace(SMALL, rows_per_unit=1000),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_without_the_bound_on_contributions_the_promise_is_broken(limit: str) -> None:
    """The attack that the bounds stop: a unit with very many rows or cells moves the numbers beyond the noise."""
    promised = private_plan(QUERIES["counts"]).private
    assert promised is not None
    unbounded = private_plan(QUERIES["counts"], LIMITS[limit])
    broken = [
        column.what
        for frontier, whole, part in _changes(Measured(unbounded, world(1)))
        for place, column in enumerate(promised.frontiers[0].columns)
        if distance(whole[frontier.number, place], part[frontier.number, place]) > column.sensitivity
    ]
    assert broken


@pytest.mark.parametrize("name", HANGING)
def test_rows_that_hang_on_other_units_would_break_the_promise(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack that the refusal of ranks and limits stops."""
    with pytest.raises(Refusal) as caught:
        private_plan(HANGING[name])
    assert {f.code for f in caught.value.findings} == {"dp-dependent-rows"}
    monkeypatch.setattr("app.query.private_plan.HARMLESS", frozenset({"rank-over-units", "limit-over-units"}))
    careless = Measured(private_plan(HANGING[name], replace(SMALL, rows_per_unit=1, cells_per_unit=1)), world(1))
    assert any(
        distance(whole[frontier.number, place], part[frontier.number, place]) > column.sensitivity
        for frontier, whole, part in _changes(careless)
        for place, column in enumerate(frontier.columns)
    )


def test_the_bounds_are_reached_so_that_no_noise_is_wasted() -> None:
    reached = {
        column.what
        for seed in SEEDS
        for frontier, whole, part in changes("counts", seed)
        for place, column in enumerate(frontier.columns)
        if distance(whole[frontier.number, place], part[frontier.number, place]) == column.sensitivity
    }
    assert {CONTRIBUTORS, "count"} <= reached


def test_rows_without_a_unit_count_for_nobody() -> None:
    measured = Measured(private_plan("SELECT count(*), sum(fee) FROM visit"), world(1))
    before = measured.vectors()
    measured.connection.execute("INSERT INTO visit SELECT * REPLACE (NULL AS person, NULL AS __tag_person) FROM visit")
    assert measured.vectors() == before
