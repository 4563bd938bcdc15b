"""Does the text that runs mean what the operator's text means? The same answers on DuckDB, for every query we have."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot

from app.domain.errors import SluiceError
from tests.catalog.analyses import Analysis, everything
from tests.sql.corpora import Case, questions, small_ones
from tests.sql.pipeline import Pipeline, sample_world, small_world, tpcds_world, tpch_world

SMALL = small_ones()
TPCH, TPCDS = questions("tpch"), questions("tpcds")
SAMPLES = [a for a in everything() if a.decision != "refused"]


@pytest.fixture(scope="module")
def small() -> Pipeline:
    return Pipeline(small_world())


@pytest.fixture(scope="module")
def tpch(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return Pipeline(tpch_world(tmp_path_factory.mktemp("tpch")))


@pytest.fixture(scope="module")
def tpcds() -> Pipeline:
    return Pipeline(tpcds_world())


def ordered(sql: str) -> bool:
    """Whether the query as a whole has an ORDER BY; every corpus orders by enough to leave no ties."""
    return sqlglot.parse_one(sql, dialect="duckdb").args.get("order") is not None


def check(pipeline: Pipeline, case: Case) -> None:
    """What must happen to one query over open data."""
    if case.expected.word == "refused":
        with pytest.raises(SluiceError) as caught:
            pipeline.plan(case.sql)
        assert case.expected.code in {f.code for f in caught.value.findings}
    elif case.expected.word == "raises":
        assert pipeline.generated(case.sql)
        with pytest.raises(duckdb.Error):
            pipeline.answer(case.sql)
    else:
        assert not pipeline.difference(case.sql, ordered=ordered(case.sql))
        assert not pipeline.difference(case.sql, ordered=ordered(case.sql), reproducible=True)


def test_there_are_at_least_five_hundred_queries() -> None:
    assert len(SMALL) + len(TPCH) + len(TPCDS) + len(SAMPLES) >= 500
    assert len(TPCH) == 22
    assert len(TPCDS) >= 60


@pytest.mark.parametrize("case", SMALL, ids=str)
def test_a_small_query_means_the_same(small: Pipeline, case: Case) -> None:
    check(small, case)


@pytest.mark.parametrize("case", TPCH, ids=str)
def test_a_question_of_tpch_means_the_same(tpch: Pipeline, case: Case) -> None:
    check(tpch, case)


@pytest.mark.parametrize("case", TPCDS, ids=str)
def test_a_question_of_tpcds_means_the_same(tpcds: Pipeline, case: Case) -> None:
    check(tpcds, case)


@pytest.mark.parametrize("analysis", SAMPLES, ids=lambda a: a.name)
def test_a_sample_analysis_means_the_same(analysis: Analysis) -> None:
    pipeline = Pipeline(sample_world(analysis.folder, analysis.enterprise))
    for reproducible in (False, True):
        assert not pipeline.difference(analysis.sql, ordered=False, reproducible=reproducible)


@pytest.mark.parametrize(("cases", "least"), [(TPCH, 0.9), (TPCDS, 0.8)], ids=["tpch", "tpcds"])
def test_enough_of_the_questions_are_governed_over_open_data(cases: list[Case], least: float) -> None:
    governed = [c for c in cases if c.expected.word == "governed"]
    assert len(governed) >= least * len(cases)
