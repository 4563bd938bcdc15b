"""Does an operator get answers about what its authorization sees of rows and values, and about nothing else?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from app.disclosure.history import folder_history
from app.domain.errors import Broken, SluiceError
from app.domain.proofs import Plan
from app.domain.report_json import for_operator, from_json, to_json
from app.policy.conditions import Context
from app.policy.decision import standing_uses
from app.policy.snapshot import snapshot
from app.policy.views import Viewer, restrict
from app.policy.views_file import read_views
from app.query.plan import make_plan
from app.workflow import Evaluated, Question, authorize, evaluate
from tests.sql.ask import NOW, Desk, desk

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
units = ["person"]
field = [
  { name = "person", type = "INTEGER", level = "L3", identifier = "person" },
  { name = "region", type = "VARCHAR", level = "L2" },
  { name = "day", type = "DATE", level = "L3" },
  { name = "fee", type = "DECIMAL(9,2)", level = "L3" },
  { name = "name", type = "VARCHAR", level = "L3" },
]
"""
HEAD = {"zh": "说明", "en": "words"}
REGIONS = ("Hangzhou", "Ningbo", "Wenzhou")


def tables(table: str, **cells: Any) -> str:
    told = {"id": f"r-{table}", "dataset": "visit"} | cells | HEAD
    return f"[[{table}]]\n" + "".join(f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in told.items())


HANGZHOU = tables("rows", column="region", test="=", values=["Hangzhou"])
MONTH = tables("mask", field="name:day", kind="month", level="L2")
PSEUDONYM = tables("mask", id="r-name", field="name:name", kind="pseudonym", level="L1")


def write(folder: Path) -> Path:
    """300 persons with 12 visits each; the names in Wenzhou are no numbers, all others are."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    lines = ["person,region,day,fee,name"]
    for i in range(3600):
        region = REGIONS[i % 3]
        day = date(2026, 1, 1) + timedelta(days=(i * 7) % 150)
        fee = 10 + i % 90 + (100000 if region == "Wenzhou" else 0)
        lines.append(f"{i // 12},{region},{day},{fee}.50,{'secret' if region == 'Wenzhou' else i % 40}")
    (folder / "visit.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Someone who asks under an authorization and rules about rows and masks."""

    desk: Desk
    views: str
    authorization: str = "a-1"

    def question(self, sql: str) -> Question:
        views, _, findings = read_views(self.views, "views.toml")
        assert not findings
        standing, context = replace(self.desk.engine.standing, views=views), Context(now=NOW)
        viewer = Viewer(authorization=self.authorization, secret=lambda: b"k" * 32)
        datasets = restrict(standing, self.desk.datasets, viewer, context)
        policy = snapshot(standing, {self.authorization: standing_uses(standing, datasets, context)}, datasets)
        return Question(sql=sql, datasets=datasets, policy=policy, authorization=self.authorization, context=context)

    def evaluated(self, sql: str) -> Evaluated:
        folder = self.desk.home / "run"
        rmtree(folder, ignore_errors=True)
        return evaluate(self.desk.engine, self.question(sql), folder_history(self.desk.home / "none"), folder)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        found = self.evaluated(sql)
        table = pq.read_table(Path(found.result.folder) / found.report.table)
        return sorted(zip(*(c.to_pylist() for c in table.columns), strict=True))

    def plan(self, sql: str) -> Plan:
        engine, grant = self.desk.engine, authorize(self.desk.engine, self.question(sql))
        level = engine.rules.levels[grant.analysis.level]
        return make_plan(grant, level, engine.callable_functions(), engine.limits["query"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(write(tmp_path_factory.mktemp("visits"))) as found:
        yield found


@pytest.fixture(scope="module")
def truth(world: Desk) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.sql(f"CREATE VIEW whole AS FROM read_csv('{world.home.parent}/visit.csv')")
    connection.sql("CREATE VIEW visit AS FROM whole WHERE region = 'Hangzhou'")
    return connection


SAME = (
    "SELECT region, count(*) AS n, sum(fee) AS s FROM visit GROUP BY region",
    "SELECT count(DISTINCT person) AS n FROM visit",
    "SELECT count(*) AS n FROM visit a JOIN visit b ON a.person = b.person AND a.day = b.day",
    "SELECT count(*) AS n FROM visit WHERE person IN (SELECT person FROM visit WHERE fee > 50)",
    (
        "WITH w AS (SELECT region, fee FROM visit UNION ALL SELECT region, fee FROM visit) "
        "SELECT region, count(*) AS n FROM w GROUP BY region"
    ),
)


@pytest.mark.parametrize("sql", SAME)
def test_an_answer_is_that_of_the_rows_that_pass(world: Desk, truth: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert Seat(desk=world, views=HANGZHOU).rows(sql) == sorted(truth.sql(sql).fetchall())


ATTACKS = {
    "asking for the hidden rows": "SELECT region, count(*) AS n FROM visit WHERE region <> 'Hangzhou' GROUP BY region",
    "or that makes every row true": "SELECT region, count(*) AS n FROM visit WHERE fee > 0 OR TRUE GROUP BY 1",
    "a union": "SELECT region, count(*) AS n FROM (FROM visit UNION ALL FROM visit) GROUP BY region",
    "an outer join that keeps all": (
        "SELECT b.region AS region, count(*) AS n FROM visit a FULL JOIN visit b ON a.person = b.person GROUP BY 1"
    ),
    "a name of its own that hides the view": (
        "WITH visits AS (SELECT * FROM visit) SELECT region, count(*) AS n FROM visits GROUP BY region"
    ),
    "a correlated query": (
        "SELECT region, count(*) AS n FROM visit a "
        "WHERE EXISTS (SELECT 1 FROM visit b WHERE b.person = a.person AND b.region = 'Wenzhou') GROUP BY region"
    ),
    "every region with no rows": "SELECT region, count(*) FILTER (WHERE fee > 50000) AS n FROM visit GROUP BY ALL",
    "the file itself": "SELECT count(*) AS n FROM read_parquet('visit.parquet')",
    "the file by its path": "SELECT count(*) AS n FROM 'visit.parquet'",
    "the text of the view": "SELECT sql FROM duckdb_views()",
    "its statistics": "SELECT stats(fee) AS s FROM visit",
}


REFUSED = {
    "the file itself": "construct-refused",
    "the file by its path": "unknown-table",
    "the text of the view": "construct-refused",
    "its statistics": "function-refused",
}
"""Attacks that are refused, with their codes; the others are answered, about the rows that pass."""


@pytest.mark.parametrize("name", ATTACKS)
def test_no_question_reaches_a_hidden_row(world: Desk, name: str) -> None:
    seat = Seat(desk=world, views=HANGZHOU)
    if name in REFUSED:
        with pytest.raises(SluiceError) as refused:
            seat.rows(ATTACKS[name])
        assert refused.value.code == REFUSED[name]
        return
    found = seat.rows(ATTACKS[name])
    shown = json.dumps(found, default=str)
    assert found == [] or "Hangzhou" in shown
    assert not any(region in shown for region in REGIONS[1:])


def test_an_error_that_only_a_hidden_row_raises_is_not_raised(world: Desk) -> None:
    sql = "SELECT count(*) AS n FROM visit WHERE CAST(name AS INTEGER) >= 20"
    assert Seat(desk=world, views=HANGZHOU).rows(sql) == [(600,)]


def test_a_threshold_counts_the_persons_that_are_seen(world: Desk) -> None:
    sql = "SELECT region, sum(fee) AS s FROM visit GROUP BY region"
    forty = HANGZHOU + tables("rows", id="r-fee", column="fee", test="<", values=["11"])
    eight = forty + tables("rows", id="r-day", column="day", test="=", values=["2026-01-01"])
    found = [Seat(desk=world, views=views).evaluated(sql).report for views in (forty, eight)]
    assert [(r.level, r.rows, r.suppressed) for r in found] == [("L3", 1, 0), ("L3", 0, 1)]
    assert [c.contributors for c in found[1].cells if c.measure is None] == [8]


MONTHS = {
    "as it is": "SELECT day AS m, count(*) AS n FROM visit GROUP BY day",
    "as text": "SELECT CAST(day AS VARCHAR) AS m, count(*) AS n FROM visit GROUP BY 1",
    "by its day": "SELECT day AS m, count(*) AS n FROM visit WHERE extract('day' FROM day) = 1 GROUP BY day",
    "in a query below": "SELECT m, count(*) AS n FROM (SELECT day AS m, person FROM visit) GROUP BY m",
    "cut by the operator": "SELECT date_trunc('day', day)::DATE AS m, count(*) AS n FROM visit GROUP BY 1",
}


@pytest.mark.parametrize("name", MONTHS)
def test_a_date_masked_to_its_month_groups_by_month_whatever_the_sql_does(
    world: Desk, truth: duckdb.DuckDBPyConnection, name: str
) -> None:
    months = truth.sql("SELECT date_trunc('month', day)::DATE, count(*) FROM whole GROUP BY 1").fetchall()
    found = Seat(desk=world, views=MONTH).rows(MONTHS[name])
    assert [(str(m)[:10], n) for m, n in found] == [(str(m), n) for m, n in sorted(months)]
    assert len(found) == 5


def test_a_filter_sees_what_the_mask_hides(world: Desk, truth: duckdb.DuckDBPyConnection) -> None:
    early = tables("rows", id="r-early", column="day", test="<", values=["2026-01-10"])
    (expected,) = truth.sql("SELECT count(*) FROM whole WHERE day < '2026-01-10'").fetchall()
    assert Seat(desk=world, views=MONTH + early).rows("SELECT count(*) AS n FROM visit") == [expected]


def test_the_level_of_what_is_left_governs_rule_and_thresholds(world: Desk) -> None:
    sql = "SELECT day, count(*) AS n FROM visit GROUP BY day"
    plain, cut = (Seat(desk=world, views=views).plan(sql) for views in ("", MONTH))
    assert (plain.grant.analysis.level, cut.grant.analysis.level) == ("L3", "L2")
    assert (plain.rule.contributors, cut.rule.contributors) == (10, 5)
    open_days = Seat(desk=world, views=MONTH.replace('"L2"', '"L1"'))
    assert len(open_days.rows("SELECT day FROM visit")) == 3600
    with pytest.raises(SluiceError) as refused:
        Seat(desk=world, views=MONTH).rows("SELECT day FROM visit")
    assert [f.rule for f in refused.value.findings][:2] == ["deny-l2-rows", "r-mask"]


def test_units_are_counted_by_their_true_references_under_every_mask(world: Desk) -> None:
    everything = "".join(
        tables("mask", id=f"m-{name}", field=f"name:{name}", kind="null", level="L2")
        for name in ("region", "day", "fee", "name")
    )
    found = Seat(desk=world, views=everything).evaluated("SELECT region, count(*) AS n FROM visit GROUP BY region")
    assert found.report.rows == 1
    assert {(c.unit, c.exact or c.contributors >= 5) for c in found.report.cells} == {("person", True)}
    assert Seat(desk=world, views=everything).rows("SELECT count(DISTINCT person) AS n FROM visit") == [(300,)]


def test_a_plan_that_would_mask_a_unit_is_not_made(world: Desk) -> None:
    seat = Seat(desk=world, views=PSEUDONYM)
    question = seat.question("SELECT count(*) AS n FROM visit")
    (dataset,) = question.datasets
    mask = dataset.fields[-1].mask
    wrong = replace(dataset, fields=(replace(dataset.fields[0], mask=mask), *dataset.fields[1:]))
    context, standing = question.context, question.policy.standing
    policy = snapshot(standing, {"a-1": standing_uses(standing, (wrong,), context)}, (wrong,))
    grant = authorize(world.engine, replace(question, datasets=(wrong,), policy=policy))
    with pytest.raises(Broken) as refused:
        make_plan(grant, world.engine.rules.levels[grant.analysis.level], (), world.engine.limits["query"])
    assert refused.value.code == "plan-unit-masked"


NAMES = "SELECT DISTINCT name FROM visit"


def test_a_pseudonym_is_stable_within_an_authorization_and_another_in_the_next(world: Desk) -> None:
    first, again, other = (
        {row[0] for row in Seat(desk=world, views=PSEUDONYM, authorization=a).rows(NAMES)}
        for a in ("a-1", "a-1", "a-2")
    )
    assert first == again
    assert len(first) == len(other) == 41
    assert not first & other
    assert all(len(name) == 16 for name in first)


def test_the_key_of_a_pseudonym_is_in_nothing_that_is_shown_or_kept(world: Desk) -> None:
    seat = Seat(desk=world, views=PSEUDONYM)
    found = seat.evaluated(NAMES)
    (mask,) = found.plan.task.views[0].masks
    assert len(mask.argument) == 64
    kept = json.dumps([to_json(found.report, salt="s"), for_operator(found.report)], default=str)
    assert mask.argument not in kept + repr(found.plan) + repr(found.report) + found.plan.hash
    other = replace(seat, authorization="a-2").plan(NAMES)
    assert other.hash != found.plan.hash


def test_a_filter_and_a_mask_are_part_of_the_hash_of_a_plan(world: Desk) -> None:
    sql = "SELECT region, count(*) AS n FROM visit GROUP BY region"
    views = ("", HANGZHOU, HANGZHOU.replace("Hangzhou", "Ningbo"), MONTH, PSEUDONYM)
    assert len({Seat(desk=world, views=v).plan(sql).hash for v in views}) == len(views)


def test_a_report_says_which_rules_kept_what_from_the_analysis(world: Desk) -> None:
    seat = Seat(desk=world, views=HANGZHOU + MONTH + PSEUDONYM)
    report = seat.evaluated("SELECT day, count(*) AS n FROM visit GROUP BY day").report
    told = for_operator(report)["restrictions"]
    assert told == [
        {"rule": "r-rows", "what": "rows", "dataset": "visit", "field": None, **HEAD},
        {"rule": "r-mask", "what": "mask:month", "dataset": "visit", "field": "day", **HEAD},
    ]
    kept = to_json(report, salt="s")
    assert from_json(kept) == report
    del kept["report"]["restrictions"]
    assert from_json(kept).restrictions == ()
