"""Does every aggregate that an analysis may call give the same bits in any order of rows, once it is ordered?"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from app.policy.functions import FunctionClass, load_functions
from app.query.guarded import total_sql
from app.query.ordering import EXACT, ordered
from app.query.parse import parse

FUNCTIONS = load_functions(Path(__file__).parents[2] / "policies")
AGGREGATES = FUNCTIONS.names(FunctionClass.AGGREGATE, FunctionClass.ORDER_STATISTIC, FunctionClass.EXTREME)
ARGUMENTS = ("x", "x, y", "x, 0.3", "n", "n, 2", "c, 3", "c, ','", "b", "x::decimal(38,9)")
"""One of these fits every aggregate: doubles, whole numbers, texts, truth values, a rank, a number, a separator."""
ORDERS = ("", "ORDER BY i DESC", "ORDER BY hash(i)", "ORDER BY n, i DESC")


NOT_CALLED = ("count_star", "histogram_exact")
"""One is written count(*); the other wants a list, which no analysis can write."""


@pytest.fixture(scope="module")
def answers() -> Callable[[str], set[str]]:
    """What a query gives over the same rows in different orders, on one thread and on two: each answer once."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE rows AS SELECT i, (i % 3)::INTEGER AS g, (hash(i) % 7)::INTEGER AS n, 'c' || i % 5 AS c, "
        "hash(i) % 2 = 0 AS b, ((hash(i) % 1000003)::DOUBLE - 300000) * power(10, (hash(i + 1) % 13)::INTEGER - 6) "
        "AS x, (hash(i + 2) % 11)::DOUBLE / 7 AS y FROM range(6000) r(i)"
    )
    for number, order in enumerate(ORDERS):
        connection.execute(f"CREATE TABLE t{number} AS FROM rows {order}")

    def ask(sql: str) -> set[str]:
        found = set()
        for number in range(len(ORDERS)):
            for threads in (1, 2):
                connection.execute(f"SET threads = {threads}")
                found.add(repr(connection.sql(re.sub(r"FROM t\b", f"FROM t{number} AS t", sql)).fetchall()))
        return found

    return ask


def calls(name: str, answers: Callable[[str], set[str]]) -> list[str]:
    """Queries that call the aggregate in every way that it can be called here."""
    found = []
    for arguments in ARGUMENTS:
        sql = f"SELECT t.g, {name}({arguments}) FILTER (WHERE t.y > 0.2) AS r FROM t GROUP BY t.g ORDER BY t.g"
        try:
            answers(sql)
        except duckdb.Error:
            continue
        found.append(sql)
    return found


@pytest.mark.parametrize("name", [n for n in AGGREGATES if n not in NOT_CALLED])
def test_every_aggregate_gives_the_same_bits_in_any_order_of_rows(
    answers: Callable[[str], set[str]], name: str
) -> None:
    ways = calls(name, answers)
    assert ways
    for sql in ways:
        assert len(answers(total_sql(ordered(parse(sql, FUNCTIONS))))) == 1, sql


WRITTEN = {
    "sum(x ORDER BY y)": "SUM(t.x ORDER BY t.y, t.x)",
    "string_agg(c, ',' ORDER BY n)": "LISTAGG(t.c, ',' ORDER BY t.n, t.c)",
    "sum(DISTINCT x)": "SUM(DISTINCT t.x ORDER BY t.x)",
    "arg_max(x, y)": "ARG_MAX(t.x, t.y ORDER BY t.x, t.y)",
    "first_value(x IGNORE NULLS) OVER (PARTITION BY g)": (
        "FIRST_VALUE(t.x ORDER BY t.x IGNORE NULLS) OVER (PARTITION BY t.g)"
    ),
    "avg(x) FILTER (WHERE b) OVER ()": "AVG(t.x ORDER BY t.x) FILTER(WHERE t.b) OVER ()",
    "sum(x) OVER (ORDER BY n)": "SUM(t.x) OVER (ORDER BY t.n)",
    "rank() OVER (ORDER BY n)": "RANK() OVER (ORDER BY t.n)",
    "lag(x) OVER (ORDER BY n)": "LAG(t.x) OVER (ORDER BY t.n, t.n, t.x)",
    "sum(x) OVER (ORDER BY n ROWS 2 PRECEDING)": (
        "SUM(t.x) OVER (ORDER BY t.n, t.n, t.x ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"
    ),
    "count(x)": "COUNT(t.x)",
    "sum(1)": "SUM(1)",
}
"""What is written → what is generated."""


def qualified(call: str) -> exp.Expr:
    """SELECT of one call over t, as `app.query.names` leaves it."""
    tree = sqlglot.parse_one(f"SELECT {call} AS r FROM t", dialect="duckdb")
    for column in tree.find_all(exp.Column):
        column.set("table", exp.to_identifier("t"))
    for call_ in list(tree.find_all(exp.Anonymous)):
        call_.replace(exp.AnonymousAggFunc(this=call_.name.upper(), expressions=call_.expressions))
    return tree


@pytest.mark.parametrize("call", WRITTEN)
def test_what_order_could_change_is_written_in_order(answers: Callable[[str], set[str]], call: str) -> None:
    tree = ordered(qualified(call))
    text = total_sql(tree.expressions[0].this)
    assert text.replace(" ASC", "").replace(" NULLS LAST", "") == WRITTEN[call]
    answers(total_sql(tree))


@pytest.mark.parametrize(
    ("sql", "order"),
    [
        ("SELECT a, b FROM t LIMIT 3", "ORDER BY 1, 2 LIMIT 3"),
        ("SELECT a, b FROM t ORDER BY b OFFSET 3", "ORDER BY b, 1, 2 OFFSET 3"),
        ("SELECT DISTINCT ON (a) a, b FROM t", "ORDER BY 1, 2"),
        ("SELECT a FROM t UNION ALL SELECT b FROM t LIMIT 2", "ORDER BY 1 LIMIT 2"),
        ("SELECT a, b FROM t ORDER BY ALL LIMIT 2", "ORDER BY ALL LIMIT 2"),
    ],
)
def test_a_query_that_picks_rows_orders_them_by_all_of_its_columns(sql: str, order: str) -> None:
    text = total_sql(ordered(sqlglot.parse_one(sql, dialect="duckdb")))
    assert text.endswith(order)
    assert total_sql(ordered(sqlglot.parse_one("SELECT a, b FROM t", dialect="duckdb"))) == "SELECT a, b FROM t"


def test_the_list_of_exact_aggregates_names_aggregates_only() -> None:
    assert {*AGGREGATES, *FUNCTIONS.names(FunctionClass.INTERNAL)} >= EXACT


@pytest.mark.parametrize("name", ["sum", "avg", "stddev", "mode", "any_value", "string_agg"])
def test_the_test_can_tell_an_order_from_another(answers: Callable[[str], set[str]], name: str) -> None:
    assert any(len(answers(sql)) > 1 for sql in calls(name, answers))
