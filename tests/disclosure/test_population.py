"""Is the population of a cell everyone of whom it tells? On the oracle's world, whose fingerprints name the units."""

from __future__ import annotations

import pytest

from app.query.plan import make_plan
from tests.disclosure.oracle.corpus import Asked, queries
from tests.disclosure.oracle.governed import granted, rule
from tests.disclosure.oracle.world import as_mounted, datasets
from tests.sql.pipeline import ENGINE, Pipeline

ASKED = queries()
Units = dict[tuple[object, ...], frozenset[int]]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(as_mounted(), datasets())


def _run(pipeline: Pipeline, sql: str) -> list[tuple[Units, Units]]:
    """Of each frontier with a population: key of a population → units of its cells, and → its own units."""
    plan = make_plan(granted(pipeline, sql), rule(1), ENGINE.callable_functions(), ENGINE.limits["query"])
    for step in plan.task.steps:
        pipeline.connection.execute(f"CREATE OR REPLACE TEMP TABLE {step.table} AS {step.sql}")
    found = []
    for outline in plan.frontiers:
        if outline.population is not None:
            i = outline.number
            cells = f"SELECT v.population, g.b FROM __v{i} v JOIN __f{i} f USING (cell) JOIN __g{i}_0 g ON "
            same = " AND ".join(f"f.k{k} IS NOT DISTINCT FROM g.k{k}" for k in range(outline.keys)) or "TRUE"
            exported = {e.file: e.sql for e in plan.task.exports}
            whole = (
                f"SELECT p.key, d.bucket FROM ({exported[f'population_{i}.parquet']}) d "
                f"JOIN ({exported[f'populations_{i}.parquet']}) p USING (cell) WHERE d.lane = 0 AND d.p <> 0"
            )
            found.append((_grouped(pipeline, cells + same), _grouped(pipeline, whole)))
    return found


def _grouped(pipeline: Pipeline, sql: str) -> Units:
    held: dict[tuple[object, ...], set[int]] = {}
    for *key, bucket in pipeline.connection.execute(sql).fetchall():
        held.setdefault(tuple(key), set()).add(bucket)
    return {key: frozenset(units) for key, units in held.items()}


@pytest.mark.parametrize("asked", ASKED, ids=lambda a: a.title)
def test_nobody_is_in_a_cell_who_is_not_in_its_population(pipeline: Pipeline, asked: Asked) -> None:
    for cells, whole in _run(pipeline, asked.sql):
        assert {key: units - whole[key] for key, units in cells.items() if key in whole and units - whole[key]} == {}


POPULATIONS = {
    "a sensitive condition is dropped": ("person where sick and band = 1", "person where band = 1"),
    "of an OR of sensitive ones too": ("person where (sick or income > 5) and sex = 'f'", "person where sex = 'f'"),
    "nothing is left of it": ("person where income > 20", "person"),
    "in a query below": ("(select * from person where sick and band = 2)", "person where band = 2"),
    "in a WITH query": ("c", "person where band = 0"),
    "groups of one unit": (
        "(select person_id, sum(cost) s from visit where clinic = 'c1' group by person_id) where s > 10",
        "visit where clinic = 'c1'",
    ),
    "who is looked up": (
        "person where person_id in (select person_id from visit where cost > 9 and clinic = 'c2')",
        "person where person_id in (select person_id from visit where clinic = 'c2')",
    ),
    "a join": (
        "person p join visit v on v.person_id = p.person_id and v.cost > 3 where p.band = 1",
        "person p join visit v on v.person_id = p.person_id where p.band = 1",
    ),
}


@pytest.mark.parametrize("name", POPULATIONS)
def test_a_population_meets_all_conditions_that_tell_nothing_sensitive(pipeline: Pipeline, name: str) -> None:
    asked, meant = POPULATIONS[name]
    with_ = "with c as (select * from person where sick and band = 0) "
    ((_, whole),) = _run(pipeline, f"{with_}select count(*) from {asked}")
    column = "p.person_id" if "person p" in meant else "person_id"
    expected = pipeline.connection.execute(f"select distinct {column} from {meant}").fetchall()
    assert list(whole.values()) == [frozenset(number for (number,) in expected)]


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from person where sick or band = 1",
        "select count(*) from person where not (sick and band = 1)",
        "select count(*) from person where income > case when band = 1 then 0 else 100 end",
        "select sum(case when sick and band = 1 then 0 else points end) from person",
        "select case when sick and band = 1 then 'a' else 'b' end k, count(*) from person group by k",
        "select count(*) from (select * from person where band = 0 union all select * from person where sick)",
    ],
)
def test_what_mixes_conditions_goes_to_people_with_its_place(pipeline: Pipeline, sql: str) -> None:
    reasons = {f.code: f.position for f in granted(pipeline, sql).analysis.reasons}
    assert reasons["mixed-condition"] is not None


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from person where sick and band = 1",
        "select sum(case when sick and band = 1 then 1 else 0 end) from person",
        "select band, sick, count(*) from person group by band, sick",
        "select count(*) from person p where income > (select avg(income) from person)",
    ],
)
def test_conditions_that_stand_apart_do_not_mix(pipeline: Pipeline, sql: str) -> None:
    assert "mixed-condition" not in {f.code for f in granted(pipeline, sql).analysis.reasons}


def test_open_conditions_alone_make_no_population(pipeline: Pipeline) -> None:
    assert _run(pipeline, "select sex, count(*), sum(income) from person where band = 1 group by sex") == []
