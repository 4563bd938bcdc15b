"""Could a query inside an expression stop the query around it, for some values of the rows outside?

Whether a query fails is an answer. So where rows of units stand outside, a query that looks at them must never fail: a
scalar one gives one row at most, and nothing is calculated over its aggregates that could overflow.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from app.query.grouping import own_aggregates
from app.query.guarded import calculated_in_doubles, fallible
from app.query.subqueries import correlated_columns, query_of

MANY_ROWS, MAY_FAIL = "subquery-many-rows", "may-fail-over-units"


def stops(node: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    """Each reason why the correlated IN, EXISTS or scalar sub-query `node` may fail: its code and place.

    Arithmetic over aggregates that can be done in DOUBLE is rewritten so, in place.
    """
    inner = query_of(node)
    for query in [node, *inner.find_all(exp.Subquery)]:
        held = query.this if isinstance(query, exp.Subquery) else None
        scalar = held is not None and not isinstance(query.parent, exp.From | exp.Join | exp.In | exp.Exists)
        if scalar and correlated_columns(query_of(query)) and not _one_row(query_of(query)):
            yield MANY_ROWS, query
    for part in list(inner.walk()):
        across = part.find(exp.AggFunc, exp.Window, exp.Query) is not None
        if fallible(part) and across and not calculated_in_doubles(part):
            yield MAY_FAIL, part


def _one_row(query: exp.Expr) -> bool:
    """Whether `query` gives one row at most: an aggregate without groups, LIMIT 1, or no table at all."""
    if not isinstance(query, exp.Select):
        return False
    limit = query.args.get("limit")
    if limit is not None and limit.expression.name in ("0", "1"):
        return True
    if query.args.get("group") is not None:
        return False
    return query.args.get("from_") is None or bool(own_aggregates(query))
