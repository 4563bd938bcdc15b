"""Is it known whose rows a join leaves once each?"""

from __future__ import annotations

import pytest
from sqlglot import exp, parse_one

from app.query.analysis import GovernedQuery, complete, understand
from app.query.repeats import Joined, repeated_by
from tests.sql.pipeline import ENGINE
from tests.sql.support_page import protected_pipeline

DATASETS = protected_pipeline().datasets

KEYS = {
    "person": ({"id"},),
    "visit": ({"visit"},),
    "clinic": ({"clinic"}, {"district", "number"}),
    "weather": ({"station", "hour"},),
    "code": ({"code"},),
    "nothing": (),
    "one": (set[str](),),
}
TYPES = {
    **dict.fromkeys(("id", "visit", "clinic", "district", "station"), "INT"),
    "number": "BIGINT",
    "code": "TEXT",
    "text": "TEXT",
    "size": "DOUBLE",
    "hour": "TIMESTAMP",
    "day": "DATE",
}
CASES = (
    ("person p", "p"),
    ("visit v join person p on v.id = p.id", "v"),
    ("person p join visit v on v.id = p.id", "v"),
    ("person p join person q on p.id = q.id", "p q"),
    ("person p join person q on p.district = q.district", ""),
    ("person p, nothing n", ""),
    ("person p, one o", "p"),
    ("visit v join clinic c on v.clinic = c.clinic", "v"),
    ("visit v join clinic c on v.district = c.district and v.number = c.number", "v"),
    ("visit v join clinic c on v.district = c.district", ""),
    ("visit v join clinic c on v.district = c.district where c.number = 7", "v"),
    ("visit v join clinic c on v.district = c.district where c.number = 7 or c.number = 8", ""),
    ("visit v join clinic c on v.district = c.district where c.number > 7", ""),
    ("visit v, clinic c where c.clinic = v.clinic and c.number = 7 or c.clinic = v.clinic and c.number = 8", "v"),
    ("visit v, clinic c where c.clinic = v.clinic or c.clinic = v.number", ""),
    ("visit v join weather w on w.station = v.station and w.hour = v.hour", "v"),
    ("visit v join weather w on w.station = v.station and w.hour = date_trunc('hour', v.hour)", "v"),
    ("visit v join weather w on w.station = v.station and w.hour = v.day", "v"),
    ("visit v join weather w on w.station = v.station and w.hour = date_trunc('hour', w.day)", ""),
    ("visit v join weather w on w.station = 4 and w.hour = '2026-01-01 00:00:00'", "v"),
    ("visit v join weather w on w.station = 4 and w.hour = (select max(x.hour) from weather x)", ""),
    ("visit v join person p on v.id = p.id join weather w on w.station = p.station and w.hour = v.hour", "v"),
    ("visit v join weather w on w.station = v.station or w.hour = v.hour", ""),
    ("visit v join clinic c on v.clinic is not distinct from c.clinic", "v"),
    ("visit v left join clinic c on v.clinic = c.clinic", "v"),
    ("visit v left join clinic c on v.district = c.district", ""),
    ("person p left join visit v on v.id = p.id", "v"),
    ("clinic c right join visit v on v.clinic = c.clinic", "v"),
    ("person p, clinic c left join visit v on v.clinic = c.clinic and p.id = 4", ""),
    ("person p full join visit v on v.id = p.id", "v"),
    ("person p full join clinic c on c.clinic = p.id", "p c"),
    ("person p full join clinic c on c.district = p.district", ""),
    ("visit v right join clinic c on c.clinic = v.clinic", "v"),
    ("visit v right join clinic c on c.clinic = 4", "v"),
    ("person p, visit v right join clinic c on c.clinic = 4 where v.id = p.id", ""),
    ("visit v join clinic c on c.clinic = v.id % 12", "v"),
    ("visit v join clinic c on c.clinic = v.id / 12", ""),
    ("visit v, clinic c where v.clinic = c.clinic", "v"),
    ("visit v join visit w on v.id = w.id", ""),
    ("visit v join code c on c.code = v.text", "v"),
    ("visit v join code c on c.code = v.id", ""),
    ("visit v join code c on c.code = v.id and v.id = c.clinic", ""),
    ("visit v join code c on c.code = 1", ""),
    ("visit v join code c on c.code = '1'", "v"),
    ("visit v join code c on c.code = cast(v.id as varchar)", "v"),
    ("visit v join clinic c on c.clinic = v.text", ""),
    ("visit v join clinic c on c.clinic = v.size", ""),
    ("visit v join clinic c on c.clinic = v.unknown", ""),
)
"""FROM … → the aliases whose rows stand once each."""


@pytest.mark.parametrize(("text", "once"), CASES, ids=[c[0] for c in CASES])
def test_rows_stand_once_where_every_other_source_is_tied_by_a_key(text: str, once: str) -> None:
    select = parse_one(f"select 1 from {text}", dialect="duckdb")
    assert isinstance(select, exp.Select)
    tables = [select.args["from_"].this, *(j.this for j in select.args.get("joins") or [])]
    sources = [
        Joined(alias=table.alias_or_name, keys=tuple(frozenset(key) for key in KEYS[table.name]), types=TYPES)
        for table in tables
    ]
    assert {alias for alias, by in repeated_by(select, sources).items() if not by} == set(once.split())


ANCHORS = (
    ("select count(*) from person", "person"),
    ("select count(*) from person p join area a using (region)", "p"),
    ("select count(*) from person p join (select distinct label, big from area) a on label = sex", None),
    ("select count(*) from person p join (select distinct region from area) a using (region)", "p"),
    ("select count(*) from person p join (select region r, max(label) l from area group by r) a on r = region", "p"),
    ("with a as (select * from area where big) select count(*) from person p join a using (region)", "p"),
    ("with a as (select region + 0 r from area) select count(*) from person p join a on r = region", None),
    ("select count(*) from person p, area a", None),
    ("select count(*) from person p, (values (1), (2)) v(i)", None),
    ("select count(*) from person p, (values (1), (2)) v(i) where i = 1", "p"),
    ("select count(*) from person p, (values ('1'), ('01')) v(i) where i = region", None),
    ("select count(*) from person p, (values (1, 5), (1, 6)) v(i, j) where i = region", None),
    ("select count(*) from person p, (values (1, 5), (2, 5)) v(i, j) where i = region", "p"),
    ("select count(*) from person p, (select count(*) n from area) a where n > region", "p"),
    ("select count(*) from visit v join person p using (person_id)", "v"),
    ("select count(*) from person p left join visit v using (person_id)", "v"),
    ("select sum(s) from (select person_id i, sum(cost) s from visit group by 1) v join person on i = person_id", "v"),
    ("select count(*) from (select region from person) x", "x"),
    ("select count(*) from (select region from person, (values (1), (2)) v(i)) x", None),
    ("select count(*) from (select region from person union all select region from person) x", None),
    ("select count(*) from (select person_id from person union all select person_id from visit) x", "x"),
    (
        "select count(*) from (select cost c from visit union all select income from person) x join area on region = c",
        "x",
    ),
    ("select count(*) from (select cost c from visit union all select fee from visit where false) x", None),
    ("select count(*) from person p join (select region r from area union select 3) a on r = region", "p"),
    ("select count(*) from person p join (select region r from area union all select 3) a on r = region", None),
    ("select count(*) from (select person_id from visit, (values (1), (2)) v(i) group by person_id) x", None),
)
"""Query → the alias of the source whose rows stand once each in the rows of its one frontier."""


@pytest.mark.parametrize(("sql", "anchor"), ANCHORS, ids=[a[0] for a in ANCHORS])
def test_a_frontier_knows_a_source_whose_rows_stand_once(sql: str, anchor: str | None) -> None:
    query = complete(understand(sql, DATASETS, ENGINE.functions), ENGINE.functions).governed
    assert isinstance(query, GovernedQuery)
    (frontier,) = query.governed.frontiers
    assert frontier.anchor == anchor
