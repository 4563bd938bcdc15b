"""Do reviewers see rows of a result a page at a time, from a confined process, with numbers as numbers?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from app import bootstrap
from app.casework import Casework
from app.cli.main import sluice
from app.domain.errors import Broken, Invalid, SluiceError
from app.engine import Engine
from app.review.outputs import OutputRecord, load
from app.review.pages import PageAsked, ResultPage, page_of, page_task
from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Limits
from tests.jobs.deployment import Deployment

COLUMNS = (
    ("i", "BIGINT", "-7", -7),
    ("u", "UTINYINT", "255", 255),
    ("h", "DECIMAL(38,0)", "170141183460469231731687303715884105", 170141183460469231731687303715884105),
    ("d", "DECIMAL(9,2)", "10.50", 10.5),
    ("w", "DECIMAL(9,2)", "10.00", 10),
    ("x", "DECIMAL(38,2)", "12345678901234567890.12", "12345678901234567890.12"),
    ("f", "DOUBLE", "1e-07", 1e-07),
    ("n", "DOUBLE", "nan", "nan"),
    ("m", "FLOAT", "-inf", "-inf"),
    ("b", "BOOLEAN", "true", True),
    ("s", "VARCHAR", "12", "12"),
    ("t", "TIMESTAMP WITH TIME ZONE", "2024-01-01 00:00:00+00", "2024-01-01 00:00:00+00"),
    ("l", "INTEGER[]", "[1, 2]", "[1, 2]"),
    ("lie", "BIGINT", "1; no number", "1; no number"),
    ("big", "DOUBLE", "1e999", "1e999"),
    ("none", "BIGINT", None, None),
)


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with Launcher() as started:
        yield started


@pytest.fixture
def record(here: Deployment) -> OutputRecord:
    output_id = here.output()
    with here.store.reading() as connection:
        return load(connection, output_id)


@pytest.fixture
def casework(here: Deployment, launcher: Launcher) -> Casework:
    settings = here.services.config
    engine = Engine.load(settings.policies, launcher, require_isolation=True)
    return Casework(store=here.store, engine=engine, home=settings.home, clock=here.services.clock)


def table_of(here: Deployment, record: OutputRecord) -> Path:
    return here.quarantine / record.folder / "output.parquet"


def code(casework: Casework, record: OutputRecord, **asked: Any) -> str:
    with pytest.raises(SluiceError) as caught:
        casework.page(record, PageAsked(**asked))
    return caught.value.code


def test_values_are_what_their_types_say(here: Deployment, record: OutputRecord) -> None:
    report = replace(record.report, columns=tuple((n, t) for n, t, _, _ in COLUMNS), rows=1)
    task = page_task(record, PageAsked(), here.quarantine, Limits())
    answer = Answer(
        status="ok", columns=tuple((n, t) for n, t, _, _ in COLUMNS), page=(tuple(c[2] for c in COLUMNS),), page_of=1
    )
    found = page_of(replace(record, report=report), task, answer).records()
    assert found == [{n: value for n, _, _, value in COLUMNS}]
    assert [type(v) for v in found[0].values()] == [type(value) for *_, value in COLUMNS]
    json.dumps(found, allow_nan=False)


def test_a_page_comes_from_the_sandbox_and_leaves_nothing_behind(
    here: Deployment, casework: Casework, record: OutputRecord
) -> None:
    page = casework.page(record, PageAsked(rows=1, order_by="flights", columns=("flights", "carrier")))
    assert page == ResultPage(
        columns=(("flights", "BIGINT"), ("carrier", "VARCHAR")), rows=((900, "=B6"),), offset=0, total=2
    )
    assert casework.page(record, PageAsked(offset=9)).records() == []
    assert casework.page(record, PageAsked()).records() == [
        {"carrier": "AA", "flights": 1200},
        {"carrier": "=B6", "flights": 900},
    ]
    assert list((casework.home / "scratch").iterdir()) == []


def test_what_is_asked_for_must_be_there(casework: Casework, record: OutputRecord) -> None:
    assert code(casework, record, columns=("carrier", "Flights")) == "review-column-unknown"
    assert code(casework, record, order_by="tailnum") == "review-column-unknown"
    for asked in ({"rows": 0}, {"rows": 1001}, {"offset": -1}):
        assert code(casework, record, **asked) == "review-page-range"


def test_a_table_that_is_not_the_reported_one_is_not_shown(
    here: Deployment, casework: Casework, record: OutputRecord
) -> None:
    file = table_of(here, record)
    whole = file.read_bytes()
    with duckdb.connect() as engine:
        engine.execute(f"COPY (SELECT 'AA' AS carrier, 1 AS flights) TO '{file}' (FORMAT parquet)")
    assert code(casework, record) == "review-table-unreadable"
    for damaged in (b"", b"carrier,flights\n", whole[: len(whole) // 2]):
        file.write_bytes(damaged)
        assert code(casework, record) == "review-table-unreadable"
    file.unlink()
    assert code(casework, record) == "review-table-unreadable"


def test_no_sandbox_no_rows(here: Deployment, record: OutputRecord) -> None:
    from sandbox.confine import SECCOMP

    settings = here.services.config
    with Launcher(unsafe_without=frozenset({SECCOMP})) as weak:
        engine = Engine.load(settings.policies, weak, require_isolation=True)
        casework = Casework(store=here.store, engine=engine, home=settings.home, clock=here.services.clock)
        assert code(casework, record) == "isolation-missing"


# -------------------------------------------------------------------------------------------------------- command


@pytest.fixture
def show(here: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("SLUICE_HOME", str(here.services.config.home))
    for name in ("SLUICE_AS", "SLUICE_DATABASE_URL", "SLUICE_REQUIRE_ISOLATION"):
        monkeypatch.delenv(name, raising=False)
    bootstrap.services.cache_clear()

    def go(output_id: str, *options: str, by: str = "rev-roads") -> str:
        done = CliRunner().invoke(sluice, ["review", "show", output_id, "--as", by, *options], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    yield go
    bootstrap.services.cache_clear()


def test_the_command_shows_a_page(show: Any, record: OutputRecord) -> None:
    shown = json.loads(show(record.id, "--json", "--rows", "1", "--offset", "1", "--columns", "flights"))
    assert shown["table"] == [{"flights": 900}]
    assert shown["page"] == {"offset": 1, "rows": 1, "total": 2}
    text = show(record.id, "--rows", "1", "--order-by", "flights", "--desc", "--columns", 'flights,"carrier"')
    assert "Rows that would leave (1 to 1 of 2)" in text
    assert text.index("1200") < text.index("AA")
    assert "=B6" not in text
    assert "Rows that would leave\n" in show(record.id)


def test_a_column_that_is_not_there_is_named(show: Any, record: OutputRecord) -> None:
    with pytest.raises(Invalid, match="no column tailnum; its columns are: carrier, flights"):
        show(record.id, "--columns", "tailnum")


def test_an_operator_sees_no_row_and_no_process_reads_one(show: Any, here: Deployment, record: OutputRecord) -> None:
    table_of(here, record).unlink()
    shown = json.loads(show(record.id, "--json", by="ana"))
    assert not {"table", "page", "cells", "sql"} & set(shown)
    with pytest.raises(Broken, match="missing, damaged"):
        show(record.id)
