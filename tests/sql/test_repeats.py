"""Is it known whose rows a join leaves once each?"""

from __future__ import annotations

import pytest
from sqlglot import exp, parse_one

from app.query.equality import Equalities
from app.query.repeats import Joined, standing_once

KEYS = {
    "person": ({"id"},),
    "visit": ({"visit"},),
    "clinic": ({"clinic"}, {"district", "number"}),
    "weather": ({"station", "hour"},),
    "nothing": (),
}
CASES = (
    ("person p", "p"),
    ("visit v join person p on v.id = p.id", "v"),
    ("person p join visit v on v.id = p.id", "v"),
    ("person p join person q on p.id = q.id", "p q"),
    ("person p join person q on p.district = q.district", ""),
    ("person p, nothing n", ""),
    ("visit v join clinic c on v.clinic = c.clinic", "v"),
    ("visit v join clinic c on v.district = c.district and v.number = c.number", "v"),
    ("visit v join clinic c on v.district = c.district", ""),
    ("visit v join clinic c on v.district = c.district where c.number = 7", "v"),
    ("visit v join clinic c on v.district = c.district where c.number > 7", ""),
    ("visit v join weather w on w.station = v.station and w.hour = v.hour", "v"),
    ("visit v join person p on v.id = p.id join weather w on w.station = p.station and w.hour = v.hour", "v"),
    ("visit v join weather w on w.station = v.station or w.hour = v.hour", ""),
    ("visit v left join clinic c on v.clinic = c.clinic", "v"),
    ("visit v left join clinic c on v.district = c.district", ""),
    ("visit v, clinic c where v.clinic = c.clinic", "v"),
    ("visit v join visit w on v.id = w.id", ""),
)
"""FROM … → the aliases whose rows stand once each."""


@pytest.mark.parametrize(("text", "once"), CASES, ids=[c[0] for c in CASES])
def test_rows_stand_once_where_every_other_source_is_tied_by_a_key(text: str, once: str) -> None:
    select = parse_one(f"select 1 from {text}", dialect="duckdb")
    assert isinstance(select, exp.Select)
    joins = [None, *(select.args.get("joins") or [])]
    tables = [select.args["from_"].this, *(j.this for j in joins[1:] if j is not None)]
    sources = [
        Joined(
            alias=table.alias_or_name,
            keys=tuple(frozenset(key) for key in KEYS[table.name]),
            on=Equalities.of_condition(join.args.get("on")) if join is not None and join.side else None,
        )
        for table, join in zip(tables, joins, strict=True)
    ]
    assert standing_once(sources, Equalities.of(select)) == set(once.split())
