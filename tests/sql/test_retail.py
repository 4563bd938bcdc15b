"""What becomes of the questions of TPC-H and TPC-DS where customers are protected? Each as its file says, by the code.

What is governed passes the sandbox's gate and runs; every eighth question runs in the sandbox, over mounted data, both
where customers are protected and where all is open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from app.domain.errors import SluiceError
from tests.sql.ask import Desk, desk
from tests.sql.corpora import Case, Expected, questions
from tests.sql.pipeline import Pipeline, tpcds_world, tpch_world
from tests.sql.retail import TPCDS, TPCH, protected_tables, write_catalog

QUESTIONS = {name: questions(name) for name in ("tpch", "tpcds")}
PROTECTED = {"tpch": TPCH, "tpcds": TPCDS}
ALL = [case for cases in QUESTIONS.values() for case in cases]
SANDBOXED = ALL[::8]


def expected(case: Case) -> Expected:
    """What must become of a question; each says so."""
    assert case.protected is not None, case
    return case.protected


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pipeline]:
    worlds = {"tpch": tpch_world(tmp_path_factory.mktemp("tpch")), "tpcds": tpcds_world()}
    return {name: Pipeline(world, protected_tables(world, PROTECTED[name])) for name, world in worlds.items()}


@pytest.mark.parametrize("case", ALL, ids=str)
def test_a_question_over_protected_customers_gets_the_stated_answer(pipelines: dict[str, Pipeline], case: Case) -> None:
    pipeline, stated = pipelines[case.corpus], expected(case)
    if stated.word == "refused":
        assert stated.why
        with pytest.raises(SluiceError) as caught:
            pipeline.plan(case.sql)
        found = [f for f in caught.value.findings if f.code == stated.code]
        assert found, caught.value.findings
        assert all(f.position is not None for f in found)
        return
    plan = pipeline.plan(case.sql)
    assert [f.code for f in plan.grant.analysis.reasons][:1] == ([stated.code] if stated.word == "review" else [])
    pipeline.checked(plan.task)
    pipeline.run(plan.task)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Desk]]:
    home = tmp_path_factory.mktemp("desks")
    h = write_catalog(home / "tpch", tpch_world(home), TPCH)
    ds = write_catalog(home / "tpcds", tpcds_world(), TPCDS)
    with desk(h) as first, desk(ds) as second:
        yield {"tpch": first, "tpcds": second}


@pytest.mark.parametrize("case", SANDBOXED, ids=str)
def test_the_sandbox_gives_the_stated_answer(desks: dict[str, Desk], case: Case) -> None:
    seen, stated = desks[case.corpus].ask(case.sql), expected(case)
    assert seen.decision == ("checked" if stated.word == "governed" else stated.word)
    assert stated.code in ("", *seen.codes)


@pytest.fixture(scope="module")
def open_desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Desk, Pipeline]]]:
    home = tmp_path_factory.mktemp("open")
    h, ds = tpch_world(home), tpcds_world()
    with desk(write_catalog(home / "tpch", h, {})) as first, desk(write_catalog(home / "tpcds", ds, {})) as second:
        yield {"tpch": (first, Pipeline(h)), "tpcds": (second, Pipeline(ds))}


@pytest.mark.parametrize("case", [c for c in SANDBOXED if c.expected.word == "governed"], ids=str)
def test_the_sandbox_answers_over_open_data_as_duckdb_does(
    open_desks: dict[str, tuple[Desk, Pipeline]], case: Case
) -> None:
    asked, pipeline = open_desks[case.corpus]
    seen = asked.ask(case.sql)
    assert seen.decision == "checked", seen.codes
    assert Counter(map(_plain, seen.rows)) == Counter(map(_plain, pipeline.answer(case.sql).rows))


def _plain(row: tuple[Any, ...]) -> str:
    """A row without what a file of columns changes: a whole number of 128 bits is a DECIMAL there."""
    return repr([f"{float(v):.9g}" if isinstance(v, int | float | Decimal) else v for v in row])


def test_no_fewer_questions_are_answered_than_before() -> None:
    """More may be, when the analysis understands more: then the files and this number say so."""
    words = {name: [expected(c).word for c in cases] for name, cases in QUESTIONS.items()}
    assert {name: w.count("governed") for name, w in words.items()} == {"tpch": 17, "tpcds": 57}
