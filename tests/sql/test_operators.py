"""What becomes of each operator over rows of units? The table of contributor accounting, one query per row.

What a governed query answers is held against DuckDB in test_same_answer.py, what attacks get in test_evasions.py.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pytest

from tests.sql.ask import Desk, desk
from tests.sql.pipeline import Pipeline
from tests.sql.support_page import outcome, protected_pipeline
from tests.sql.tables import PROTECTED, write

PER = "(select person_id, sum(cost) s from visit group by person_id)"
ROWS = (
    ("a table of units", "select count(*) from person", "governed", ""),
    ("a table of nobody", "select label from area", "governed", ""),
    ("rows of units", "select count(*) over (partition by region) from person", "refused", "rows-of-units"),
    ("inner join on the unit", "select sum(cost) from person join visit using (person_id)", "governed", ""),
    (
        "two units of one type",
        "select count(*) from person a join person b on a.sex = b.sex",
        "review",
        "rows-repeated",
    ),
    ("two types of units", "select trade, count(*) from job group by trade", "governed", ""),
    ("LEFT JOIN of public rows", "select count(*) from person left join area using (region)", "governed", ""),
    (
        "LEFT JOIN to public rows",
        "select a.label, count(p.sex) from area a left join person p on p.region = a.region group by 1",
        "governed",
        "",
    ),
    ("LEFT JOIN on the unit", f"select sum(s) from person left join {PER} v using (person_id)", "governed", ""),
    (
        "LEFT JOIN of other units",
        "select count(*) from person p left join visit v on v.clinic = p.sex",
        "review",
        "outer-join-of-units",
    ),
    (
        "FULL JOIN of units",
        "select count(*) from person full join visit using (person_id)",
        "review",
        "outer-join-of-units",
    ),
    (
        "ASOF JOIN",
        "select count(*) from person a asof join visit b on a.person_id = b.person_id and a.income >= b.cost",
        "refused",
        "open-data-only",
    ),
    (
        "LATERAL",
        "select count(*) from person p, lateral (select 1 from visit v where v.cost > p.region) t",
        "refused",
        "construct-refused",
    ),
    ("WHERE on the unit", "select count(*) from person where person_id <> 17", "refused", "use-denied"),
    ("GROUP BY the unit", f"select avg(s) from {PER}", "governed", ""),
    (
        "GROUP BY some of the units",
        "select avg(n) from (select person_id, count(*) n from job group by person_id)",
        "refused",
        "mixed-units",
    ),
    ("ROLLUP", "select region, sex, count(*) from person group by rollup(region, sex)", "governed", ""),
    (
        "ROLLUP of the unit",
        "select count(*) from (select person_id from visit group by rollup(person_id))",
        "refused",
        "mixed-units",
    ),
    ("FILTER", "select sex, count(*) filter (where sick) from person group by sex", "governed", ""),
    ("arithmetic over aggregates", "select sum(cost) * 1.0 / count(*) from visit", "governed", ""),
    (
        "a sum that comes apart",
        "select sum(case when sick then 1 else 1000 end) from person",
        "review",
        "measure-pieces",
    ),
    ("COUNT DISTINCT", "select count(distinct clinic) from visit", "governed", ""),
    ("MAX", "select max(region) from person", "review", "extreme-value"),
    ("MEDIAN", "select median(income) from person", "review", "order-statistic"),
    ("LIST", "select list(region) from person", "refused", "aggregate-refused"),
    ("DISTINCT", "select distinct region, sex from person", "governed", ""),
    ("IN on the unit", "select count(*) from person where person_id in (select person_id from visit)", "governed", ""),
    (
        "NOT IN values",
        "select count(*) from visit where clinic not in (select clinic from visit where cost > 90)",
        "governed",
        "",
    ),
    (
        "EXISTS by equality",
        "select count(*) from visit v where exists (select 1 from visit w where w.clinic = v.clinic)",
        "governed",
        "",
    ),
    (
        "EXISTS by order",
        "select count(*) from person p where exists (select 1 from person q where q.income > p.income)",
        "refused",
        "correlated-subquery",
    ),
    ("a scalar query", "select count(*) from person where income > (select avg(income) from person)", "governed", ""),
    (
        "a scalar query by equality",
        "select count(*) from visit v where cost > (select avg(w.cost) from visit w where w.clinic = v.clinic)",
        "governed",
        "",
    ),
    (
        "a scalar query of a row",
        "select count(*) from area where region < (select income from person limit 1)",
        "refused",
        "subquery-of-units",
    ),
    (
        "a window within the unit",
        (
            "select count(*) from (select row_number() over (partition by person_id "
            "order by day) r from visit) where r = 1"
        ),
        "governed",
        "",
    ),
    (
        "a window over a partition",
        "select count(*) from (select cost, avg(cost) over (partition by clinic) a from visit) where cost > a",
        "governed",
        "",
    ),
    (
        "a rank over units",
        "select count(*) from (select rank() over (order by income) r from person) where r < 99",
        "review",
        "rank-over-units",
    ),
    (
        "a running window",
        "select avg(s) from (select sum(cost) over (order by day) s from visit)",
        "refused",
        "window-over-units",
    ),
    (
        "LIMIT over units",
        "select avg(cost) from (select cost from visit order by cost limit 500)",
        "review",
        "limit-over-units",
    ),
    ("DISTINCT ON", "select count(*) from (select distinct on (region) sex from person)", "refused", "open-data-only"),
    ("UNION ALL", "select count(*) from (select sex from person union all select clinic from visit)", "governed", ""),
    (
        "UNION ALL with public rows",
        "select count(*) from (select sex from person union all select label from area)",
        "refused",
        "set-operation-of-units",
    ),
    (
        "UNION",
        "select count(*) from (select sex from person union select clinic from visit)",
        "refused",
        "set-operation-of-units",
    ),
    ("a hidden query", "select array(select income from person)", "refused", "use-denied"),
    ("a list", "select sum(len([income])) from person", "refused", "open-data-only"),
    ("chance", "select count(*) from person where random() < 0.5", "refused", "function-refused"),
)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return protected_pipeline()


@pytest.mark.parametrize(("sql", "word", "code"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_the_operator_is_governed_reviewed_or_refused(pipeline: Pipeline, sql: str, word: str, code: str) -> None:
    found = outcome(pipeline, sql)
    assert (found.word, found.code) == (word, code)


def test_an_inner_aggregation_is_a_frontier_of_its_own(pipeline: Pipeline) -> None:
    sql = "select count(*) from visit v where cost > (select avg(w.cost) from visit w where w.clinic = v.clinic)"
    plan = pipeline.plan(sql)
    exported = {e.file for e in plan.task.exports}
    assert [f.keys for f in plan.frontiers] == [1, 0]
    assert {f"{kind}_{f.number}.parquet" for f in plan.frontiers for kind in ("evidence", "fingerprint")} <= exported


@pytest.fixture(scope="module")
def padded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Four persons live in region 90; the operator brings a hundred rows of its own with that region."""
    folder = write(tmp_path_factory.mktemp("padded"), PROTECTED)
    own = folder / "own.csv"
    with own.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["region", "tag"], *([90, i] for i in range(100))])
    with desk(folder, {"own": own}) as found:
        yield found


PADDING = (
    "select p.region, count(*), sum(p.income) from person p join own o on p.region = o.region group by p.region",
    "select count(*), count(distinct o.tag) from own o, person p where p.region = o.region",
    "select p.region, count(*) from person p, (values (1), (2), (3), (4), (5)) v(k) where p.region = 90 group by 1",
    "select count(*) from own o where o.region in (select region from person where region = 90)",
    "select n from (select (select count(*) from person p where p.region = o.region) n from own o) where n > 0",
)


@pytest.mark.parametrize("sql", PADDING)
def test_own_rows_count_for_nobody(padded: Desk, sql: str) -> None:
    seen = padded.ask(sql)
    assert seen.codes == (("rows-repeated",) if sql in PADDING[:3] else ())
    assert all(value in (None, 0) for row in seen.rows for value in row), seen.rows
    assert seen.suppressed


def test_own_rows_do_not_join_rows_of_units_in_a_union(padded: Desk) -> None:
    sql = "select region, count(*) from (select region from person union all select region from own) group by region"
    assert padded.ask(sql).codes == ("set-operation-of-units",)
