"""How does a query inside an expression become a list of checked cells? By what it is tied to outside, if by equality.

`(SELECT avg(q.income) FROM person q WHERE q.region = p.region)` looks at other units' rows, but at groups of them only:
it becomes `(SELECT v FROM (SELECT avg(q.income) AS v, q.region AS c0 FROM person q GROUP BY q.region) WHERE c0 =
p.region)`, whose inner query is a frontier like any other. A group that does not exist and one whose cell is not safe
both give no row: so a count is NULL there and not zero.
"""

from __future__ import annotations

from sqlglot import exp

from app.query.grouping import own_aggregates
from app.query.subqueries import correlated_columns

_CLAUSES = ("with_", "having", "qualify", "distinct", "limit", "offset", "order")


def decorrelate(node: exp.Expr, inner: exp.Select, name: str) -> exp.Select | None:
    """Rewrite the correlated query `inner` of an IN, EXISTS or scalar sub-query `node` in place, to read `name`.

    Answers the query in its FROM, which looks at nothing outside; None, with nothing changed, when `inner` is tied to
    the outside by anything but equalities that all of its rows must fulfil.
    """
    pairs, rest = _correlations(inner)
    grouped = bool(own_aggregates(inner))
    wrong = [c for c in _CLAUSES if inner.args.get(c) is not None and not (grouped and c == "having")]
    if not pairs or wrong or inner.args.get("group") is not None or grouped == isinstance(node, exp.In | exp.Exists):
        return None
    held = inner.copy()
    where = exp.and_(*(r.copy() for r in rest), copy=False) if rest else None
    held.set("where", exp.Where(this=where) if where is not None else None)
    keys = [exp.alias_(own.copy(), f"c{i}", quoted=True) for i, (own, _) in enumerate(pairs)]
    values = (
        [] if isinstance(node, exp.Exists) else [exp.alias_(held.expressions[0].unalias().copy(), "v", quoted=True)]
    )
    held.set("expressions", [*values, *keys])
    if correlated_columns(held):
        return None
    if grouped:
        held.set("group", exp.Group(expressions=[own.copy() for own, _ in pairs]))
    else:
        held.set("distinct", exp.Distinct())
    column = exp.column("v", table=name, quoted=True) if values else exp.Literal.number(1)
    read_as(inner, held, name, [exp.alias_(column, inner.expressions[0].alias_or_name or "v", quoted=True)])
    meets = [
        exp.EQ(this=exp.column(f"c{i}", table=name, quoted=True), expression=outside.copy())
        for i, (_, outside) in enumerate(pairs)
    ]
    inner.set("where", exp.Where(this=exp.and_(*meets, copy=False)))
    return held


def read_as(select: exp.Select, held: exp.Expr, name: str, columns: list[exp.Expr]) -> None:
    """Make `select` one that reads `columns` of the query `held` under `name`, and has no other clause."""
    for clause in [c for c in select.args if c not in ("expressions", "from_")]:
        select.set(clause, None)
    alias = exp.TableAlias(this=exp.to_identifier(name, quoted=True))
    select.set("expressions", columns)
    select.set("from_", exp.From(this=exp.Subquery(this=held, alias=alias)))


def distinct_values(query: exp.Expr, name: str, *, exist: bool) -> exp.Select:
    """The values that rows of `query` have, each once, or that there are any: a frontier when units have the rows."""
    names = query.named_selects if isinstance(query, exp.Query) else []
    columns = [exp.alias_(exp.column(n, table=name, quoted=True), n, quoted=True) for n in names]
    found = exp.Select()
    read_as(found, query, name, [exp.alias_(exp.Literal.number(1), "one", quoted=True)] if exist else columns)
    found.set("distinct", exp.Distinct())
    return found


def _correlations(inner: exp.Select) -> tuple[list[tuple[exp.Expr, exp.Expr]], list[exp.Expr]]:
    """The equalities of an expression inside with one outside, and the other conditions of the WHERE."""
    where = inner.args.get("where")
    outside = {id(c) for c in correlated_columns(inner)}
    pairs, rest = [], []
    for condition in _conjuncts(where.this) if where is not None else ():
        sides = (condition.this, condition.expression) if isinstance(condition, exp.EQ) else ()
        where_from = [{id(c) in outside for c in side.find_all(exp.Column)} for side in sides]
        if where_from == [{False}, {True}]:
            pairs.append((condition.this, condition.expression))
        elif where_from == [{True}, {False}]:
            pairs.append((condition.expression, condition.this))
        else:
            rest.append(condition)
    return pairs, rest


def _conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    plain = condition.unnest()
    if isinstance(plain, exp.And):
        return [*_conjuncts(plain.this), *_conjuncts(plain.expression)]
    return [plain]
