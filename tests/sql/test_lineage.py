"""Does each output column name the fields that it is made of, and how they are used for it?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.values import DatasetKind
from app.query.analysis import understand
from app.query.lineage import lineage
from tests.sql.pipeline import ENGINE, open_datasets, small_world

DATASETS = open_datasets(small_world())

CASES = {
    "SELECT shop, sum(qty) AS q FROM sale GROUP BY shop": {
        "shop": {"sale.shop group"},
        "q": {"sale.qty aggregate:sum"},
    },
    "SELECT s.qty * s.price AS v FROM sale s WHERE s.day > DATE '2025-01-01' AND s.kind = 'a'": {
        "v": {"sale.qty show", "sale.price show"},
        None: {"sale.day filter:range", "sale.kind filter:eq"},
    },
    "SELECT shop.name, count(*) AS n FROM sale JOIN shop ON sale.shop = shop.shop GROUP BY shop.name": {
        "name": {"shop.name group"},
        "n": set(),
        None: {"sale.shop link", "shop.shop link"},
    },
    "WITH a AS (SELECT shop, avg(price) AS p FROM sale GROUP BY shop) SELECT max(p) AS top FROM a": {
        "top": {"sale.price aggregate:avg"},
        None: {"sale.shop link"},
    },
    "SELECT CASE WHEN paid THEN qty ELSE 0 END AS due FROM sale": {
        "due": {"sale.paid filter:eq", "sale.paid show", "sale.qty show"},  # which of the two it is shows
    },
    "SELECT qty AS x FROM sale UNION ALL SELECT boss FROM shop": {
        "x": {"sale.qty show", "shop.boss show"},
    },
    "SELECT name, (SELECT sum(qty) FROM sale WHERE sale.shop = shop.shop) AS q FROM shop": {
        "name": {"shop.name show"},
        "q": {"sale.qty aggregate:sum", "sale.qty show"},  # a shop has one row: its own sum stands beside its name
        None: {"sale.shop link", "shop.shop link"},
    },
    "SELECT x.n AS m FROM (SELECT count(DISTINCT kind) AS n, shop FROM sale GROUP BY shop) AS x": {
        "m": {"sale.kind link"},
        None: {"sale.shop link"},
    },
    "SELECT upper(name) AS n FROM shop ORDER BY \"Opened\"": {
        "n": {"shop.name show"},
        None: {"shop.Opened filter:range"},
    },
    "SELECT 1 AS one": {"one": set()},
}  # fmt: skip


def found(sql: str) -> dict[str | None, set[str]]:
    understood = understand(sql, DATASETS, ENGINE.functions)
    columns = lineage(understood.resolved, understood.uses)
    return {c.column: {f"{s.dataset}.{s.field} {s.use}" for s in c.sources} for c in columns}


@pytest.mark.parametrize("sql", CASES)
def test_a_column_names_its_fields_and_their_uses(sql: str) -> None:
    assert found(sql) == CASES[sql]


@pytest.mark.parametrize("sql", CASES)
def test_every_use_is_told_of_some_column_or_of_the_rows(sql: str) -> None:
    uses = understand(sql, DATASETS, ENGINE.functions).uses
    told = set().union(*found(sql).values())
    assert {f"{u.dataset}.{u.field} {u.use}" for u in uses} == told


def test_fields_of_the_operator_are_its_own() -> None:
    own = tuple(replace(d, kind=DatasetKind.ENTERPRISE) if d.name == "shop" else d for d in DATASETS)
    understood = understand("SELECT name, qty FROM shop JOIN sale ON sale.shop = shop.shop", own, ENGINE.functions)
    columns = {c.column: c.sources for c in lineage(understood.resolved, understood.uses)}
    assert [(s.field, s.use) for s in columns["name"]] == [("name", "own")]
    assert [(s.field, s.use) for s in columns["qty"]] == [("qty", "show")]
