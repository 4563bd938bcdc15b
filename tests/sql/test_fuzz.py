"""Do random queries mean the same after the analysis, and can none be stopped by a value of a protected row?

A few in every run, many under `make stress`.

SLUICE_SQL_SEED is the first seed, SLUICE_SQL_QUERIES the number of queries of a long run; a failure names its seed.
"""

from __future__ import annotations

import os
from time import monotonic

import duckdb
import pytest

from app.domain.errors import SluiceError
from tests.sql.fuzz.queries import Queries
from tests.sql.fuzz.world import protected_pipeline
from tests.sql.pipeline import Pipeline, small_world

SECONDS = 9.0
"""How long the few may take on a busy machine; there are at least `LEAST` of them."""
LEAST, MOST = 60, 250


@pytest.fixture(scope="module")
def small() -> Pipeline:
    return Pipeline(small_world())


def fault(pipeline: Pipeline, seed: int) -> str:
    """What is wrong with the query of one seed; a query that DuckDB itself stops at a value has no answer to differ."""
    sql = Queries(seed).statement()
    try:
        pipeline.answer(sql)
    except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException):
        return ""
    except duckdb.Error as error:
        return f"seed {seed}: the generator wrote what is no SQL of DuckDB: {error}\n{sql}"
    try:
        found = pipeline.difference(sql, ordered=True, reproducible=seed % 2 == 1)
    except SluiceError as error:
        found = f"refused: {[f.to_json() for f in error.findings]}"
    return f"seed {seed}: {found}\n{sql}" if found else ""


def test_random_queries_mean_the_same(small: Pipeline) -> None:
    begun = monotonic()
    for seed in range(MOST):
        if seed >= LEAST and monotonic() - begun > SECONDS:
            break
        assert not fault(small, seed)


def stop(pipeline: Pipeline, seed: int) -> str:
    """Whether a value stops the query of one seed over protected rows; empty also when it is refused."""
    sql = Queries(seed).statement()
    try:
        task = pipeline.plan(sql, reproducible=seed % 2 == 1).task
    except SluiceError:
        return ""
    pipeline.checked(task)
    try:
        pipeline.run(task)
    except duckdb.Error as error:
        return f"seed {seed}: {error}\n{sql}"
    return ""


def test_no_value_of_a_protected_row_stops_a_random_query() -> None:
    pipeline, begun = protected_pipeline(), monotonic()
    for seed in range(MOST):
        if seed >= LEAST and monotonic() - begun > SECONDS / 2:
            break
        assert not stop(pipeline, seed)


def _seeds() -> range:
    first = int(os.environ.get("SLUICE_SQL_SEED", "100000"))
    return range(first, first + int(os.environ.get("SLUICE_SQL_QUERIES", "20000")))


@pytest.mark.stress
@pytest.mark.timeout(7200)
def test_many_random_queries_mean_the_same(small: Pipeline) -> None:
    faults = [found for seed in _seeds() if (found := fault(small, seed))]
    assert not faults, f"{len(faults)}: " + "\n\n".join(faults[:5])


@pytest.mark.stress
@pytest.mark.timeout(7200)
def test_no_value_of_a_protected_row_stops_many_random_queries() -> None:
    pipeline = protected_pipeline()
    stops = [found for seed in _seeds() if (found := stop(pipeline, seed))]
    assert not stops, f"{len(stops)}: " + "\n\n".join(stops[:5])
