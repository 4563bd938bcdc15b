"""Which syntax only says in another way what can be said plainly? Parsed tree → tree without it, before it is checked.

What is left needs no rule of its own in the stages after this one. Each rewriting keeps DuckDB's meaning, which
`tests/sql/test_differential.py` holds it to.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

IsAggregate = Callable[[str], bool]
"""Answers whether a function that the parser does not know makes one value of many rows."""


def without_sugar(tree: exp.Expr, is_aggregate: IsAggregate) -> exp.Expr:
    """`tree`, rewritten in place from its leaves up."""
    for node in reversed(list(tree.dfs())):
        plain = _plain(node, is_aggregate)
        if node is tree:
            tree = plain
        elif plain is not node:
            node.replace(plain)
    return tree


def _plain(node: exp.Expr, is_aggregate: IsAggregate) -> exp.Expr:
    if isinstance(node, exp.Anonymous) and is_aggregate(node.name):
        call = exp.AnonymousAggFunc(this=node.name.upper(), expressions=node.expressions)
        call.meta.update(node.meta)
        return call
    rewrite = _REWRITES.get(type(node))
    return node if rewrite is None else rewrite(node)


def _without_nulls_clause(node: exp.Expr) -> exp.Expr:
    """ANY_VALUE without the clause that the parser always gives it."""
    call: exp.Expr = node.this
    return call if isinstance(call, exp.AnyValue) else node


def _equal(node: exp.Expr) -> exp.Expr:
    """`x = ANY (query)` is IN; rows are equal when their parts are, a NULL being equal to a NULL."""
    if isinstance(node.expression, exp.Any) and _query_in(node.expression) is not None:
        return _member(node.this, node.expression)
    return _same_parts(node) or node


def _unequal(node: exp.Expr) -> exp.Expr:
    if isinstance(node.expression, exp.All) and _query_in(node.expression) is not None:
        return exp.not_(_member(node.this, node.expression), copy=False)
    same = _same_parts(node)
    return node if same is None else exp.not_(same, copy=False)


def _query_in(node: exp.Expr) -> exp.Query | None:
    held = node.this.unnest() if isinstance(node.this, exp.Subquery | exp.Paren) else node.this
    return held if isinstance(held, exp.Select | exp.SetOperation) else None


def _member(value: exp.Expr, among: exp.Expr) -> exp.Expr:
    return exp.In(this=value, query=exp.Subquery(this=_query_in(among)))


def _same_parts(node: exp.Expr) -> exp.Expr | None:
    left, right = node.this, node.expression
    if not (isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple)):
        return None
    pairs = list(zip(left.expressions, right.expressions, strict=False))
    if len(left.expressions) != len(right.expressions) or not pairs:
        return None
    return exp.paren(exp.and_(*(exp.NullSafeEQ(this=a, expression=b) for a, b in pairs), copy=False), copy=False)


def _without_star(node: exp.Expr) -> exp.Expr:
    """EXISTS asks for rows and not for their columns: `SELECT *` would name them all."""
    select = node.this.this if isinstance(node.this, exp.Subquery) else node.this
    if isinstance(select, exp.Select) and all(isinstance(p, exp.Star) for p in select.expressions):
        select.set("expressions", [exp.alias_(exp.Literal.number(1), "one", quoted=True)])
    return node


def _similar(node: exp.Expr) -> exp.Expr:
    """SIMILAR TO is a match of the whole text."""
    return exp.RegexpFullMatch(this=node.this, expression=node.expression)


def _quantile(node: exp.Expr) -> exp.Expr:
    """`quantile(p) WITHIN GROUP (ORDER BY x)` is `quantile(x, p)`, in ascending order."""
    call, order = node.this, node.expression
    if not isinstance(call, exp.PercentileCont | exp.PercentileDisc) or call.args.get("expression") is not None:
        return node
    if len(order.expressions) != 1 or order.expressions[0].args.get("desc"):
        return node
    kind: type[exp.Expr] = type(call)
    return kind(this=order.expressions[0].this, expression=call.this)


def _joins_of_from(select: exp.Expr) -> exp.Expr:
    """`FROM a JOIN b … SELECT` and `FROM (a JOIN b …) JOIN c`: the joins belong to the SELECT, from left to right."""
    from_ = select.args.get("from_")
    while from_ is not None:
        first = from_.this
        if isinstance(first, exp.Subquery) and isinstance(first.this, exp.Table) and not first.alias:
            first = first.this
        joins = first.args.get("joins") if isinstance(first, exp.Table) else None
        if first is from_.this and not joins:
            break
        from_.set("this", first)
        if joins:
            first.set("joins", None)
            select.set("joins", [*joins, *(select.args.get("joins") or [])])
    return select


def _by_position(node: exp.Expr) -> exp.Expr:
    """`UNION BY NAME` with its columns put in one order; left as it is where a column's name is not written."""
    if not node.args.get("by_name"):
        return node
    left, right = _written_names(node.this), _written_names(node.expression)
    if left is None or right is None:
        return node
    names = left | {name: column for name, column in right.items() if name not in left}
    for side, own in (("this", left), ("expression", right)):
        if list(own) != list(names):
            node.set(side, _reordered(node.args[side], own, names))
    node.set("by_name", None)
    return node


def _written_names(query: exp.Expr) -> dict[str, exp.Expr] | None:
    """Name in lower case → output column, when each name is written and none stands twice."""
    select = query
    while not isinstance(select, exp.Select):
        if select.args.get("by_name"):
            return None
        select = select.this
    named = all(isinstance(p, exp.Alias | exp.Column) and not p.is_star for p in select.expressions)
    columns = {p.alias_or_name.lower(): p for p in select.expressions}
    return columns if named and len(columns) == len(select.expressions) else None


def _reordered(query: exp.Expr, own: dict[str, exp.Expr], names: dict[str, exp.Expr]) -> exp.Expr:
    """A query over `query` with the columns `names`; those that it does not have are NULL."""
    columns = [
        exp.alias_(_taken(name, own[name]) if name in own else exp.Null(), column.alias_or_name, quoted=True)
        for name, column in names.items()
    ]
    held = query.this if isinstance(query, exp.Subquery) and not query.alias else query
    source = exp.Subquery(this=held, alias=exp.TableAlias(this=exp.to_identifier("q")))
    return exp.Select(expressions=columns, from_=exp.From(this=source))


def _taken(name: str, projection: exp.Expr) -> exp.Column:
    """The column `name` of the query inside, which stands where its projection is written."""
    column = exp.column(name, table="q", quoted=True)
    written = next((n for n in projection.walk(bfs=False) if "start" in n.meta), None)
    if written is not None:
        column.this.meta.update(written.meta)
    return column


_REWRITES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.IgnoreNulls: _without_nulls_clause,
    exp.Exists: _without_star,
    exp.EQ: _equal,
    exp.NEQ: _unequal,
    exp.SimilarTo: _similar,
    exp.GroupingId: lambda node: exp.Grouping(expressions=node.expressions),
    exp.WithinGroup: _quantile,
    exp.Select: _joins_of_from,
    exp.Union: _by_position,
}
