"""Is a suppressed cell hidden behind the totals of the same output? Real queries, and an attacker after them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from app import workflow
from app.disclosure.firewall import Comparison
from app.disclosure.history import folder_history
from app.disclosure.suppression.suppress import Suppressed, suppress
from app.domain.proofs import CheckReport, Plan
from app.domain.report_json import for_operator, from_json, to_json
from app.workflow import evaluate
from tests.sql.ask import Desk, desk
from tests.sql.tables import Fields, write

PEOPLE = [[4, 40, 60], [50, 61, 70], [45, 80, 33]]
"""People by region (rows) and kind (columns): one cell has fewer than ten."""
_FIELDS: Fields = (
    ("id", "INTEGER", "L3", "person"),
    ("region", "INTEGER", "L2", ""),
    ("kind", "INTEGER", "L2", ""),
    ("pay", "INTEGER", "L3", ""),
)
_ROWS = " UNION ALL ".join(
    f"SELECT {r} AS region, {k} AS kind, i FROM range({n}) t(i)"
    for r, row in enumerate(PEOPLE)
    for k, n in enumerate(row)
)
WORLD = {
    "person": (
        "id",
        _FIELDS,
        (
            "SELECT row_number() OVER (ORDER BY region, kind, i)::INTEGER AS id, region::INTEGER AS region, "
            f"kind::INTEGER AS kind, (100 + i)::INTEGER AS pay FROM ({_ROWS})"
        ),
    )
}
WAYS = {
    "cube": "SELECT region, kind, count(*) AS n FROM person GROUP BY CUBE (region, kind)",
    "sets": "SELECT region, kind, count(*) AS n FROM person GROUP BY GROUPING SETS ((region, kind), (region))",
    "parts and their totals": (
        "SELECT region, kind, count(*) AS n FROM person GROUP BY region, kind "
        "UNION ALL SELECT region, NULL, count(*) FROM person GROUP BY region"
    ),
    "totals of a query of its own": (
        "WITH t AS (SELECT region, count(*) AS n FROM person GROUP BY region) "
        "SELECT p.region, p.kind, p.n, t.n AS whole FROM ("
        "SELECT region, kind, count(*) AS n FROM person GROUP BY region, kind) p JOIN t ON p.region = t.region"
    ),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(write(tmp_path_factory.mktemp("people"), WORLD)) as found:
        yield found


def run(office: Desk, sql: str) -> tuple[CheckReport, list[tuple[Any, ...]], Path]:
    folder = office.home / "run"
    shutil.rmtree(folder, ignore_errors=True)
    found = evaluate(office.engine, office.question(sql), folder_history(office.home / "none"), folder)
    table = pq.read_table(folder / found.report.table)
    return found.report, list(zip(*(c.to_pylist() for c in table.columns), strict=True)), folder


def follows(rows: Sequence[tuple[Any, ...]]) -> dict[tuple[int, int], int]:
    """What an attacker works out: where one kind of a region is missing beside its total, it is the difference."""
    totals = {r[0]: r[2] for r in rows if r[0] is not None and r[1] is None and r[2] is not None}
    totals |= {r[0]: r[3] for r in rows if len(r) > 3 and r[3] is not None}
    found = {}
    for region, total in totals.items():
        cells = {r[1]: r[2] for r in rows if r[0] == region and r[1] is not None and r[2] is not None}
        missing = {0, 1, 2} - set(cells)
        if len(missing) == 1:
            found[region, missing.pop()] = total - sum(cells.values())
    return found


def blind(plan: Plan, folder: Path, marks: Any, *, until: float) -> Suppressed:
    found = suppress(plan, folder, marks, until=until)
    return replace(found, marks=marks, tables=())


@pytest.mark.parametrize("sql", WAYS.values(), ids=WAYS)
def test_a_suppressed_cell_does_not_follow_from_the_totals_beside_it(
    office: Desk, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as off:
        off.setattr(workflow, "suppress", blind)
        off.setattr(workflow, "compare", lambda *_: Comparison(near=()))
        off.setattr(workflow, "hold", lambda *_, **__: None)
        assert follows(run(office, sql)[1]) == {(0, 0): 4}, "the attack works when nothing stands against it"
    report, rows, _ = run(office, sql)
    assert follows(rows) == {}
    assert {c.verdict for c in report.cells} >= {"few-contributors", "complementary"}
    assert report.suppressed > 1
    assert report.stopped_by_firewall == 0


def test_reviewers_see_what_would_follow_and_operators_do_not(office: Desk) -> None:
    report, _, folder = run(office, WAYS["cube"])
    unsafe = [c for c in report.hidden if c.primary]
    assert [(c.frontier, c.measure) for c in unsafe] == [(0, "COUNT(*)")]
    assert unsafe[0].lower is not None
    assert unsafe[0].lower <= 2
    assert unsafe[0].upper is None or unsafe[0].upper >= 10
    assert from_json(to_json(report, salt="s")) == report
    told = json.dumps(for_operator(report))
    assert "hidden" not in told
    assert "patterns" not in told
    assert not list(folder.glob("margins_*")), "the values of suppressed cells are gone"


def test_the_same_question_leaves_out_the_same_rows(office: Desk) -> None:
    patterns = {run(office, WAYS["cube"])[0].patterns for _ in range(3)}
    assert len(patterns) == 1
    assert any(p.rows for p in patterns.pop())


def test_what_an_earlier_output_left_out_is_left_out_again_whoever_asks(office: Desk) -> None:
    earlier = {p.signature: frozenset(int(r, 16) for r in p.rows) for p in run(office, WAYS["cube"])[0].patterns}
    plain = replace(
        office.question("SELECT region, kind, count(*) AS n, sum(pay) AS pay FROM person GROUP BY region, kind"),
        patterns=lambda wanted: {s: earlier[s] for s in wanted if s in earlier},
    )
    shutil.rmtree(office.home / "run", ignore_errors=True)
    report = evaluate(office.engine, plain, folder_history(office.home / "none"), office.home / "run").report
    assert {p.signature: len(p.rows) for p in report.patterns}.items() <= {
        s: len(r) for s, r in earlier.items()
    }.items()
    assert report.rows == 9 - 1 - 3


def test_other_measures_of_a_row_do_not_tell_what_is_out(office: Desk) -> None:
    sql = (
        "SELECT region, kind, count(*) AS n, sum(pay) AS pay, avg(pay) AS mean FROM person GROUP BY CUBE (region, kind)"
    )
    _, rows, _ = run(office, sql)
    assert {row[2] is None for row in rows} == {False}
    assert follows(rows) == {}
    assert follows([(r[0], r[1], r[3]) for r in rows]) == {}
