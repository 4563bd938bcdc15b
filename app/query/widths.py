"""Which sums could overflow? DuckDB sums whole numbers as HUGEINT: wide only if the query itself makes them wide."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from app.query.subqueries import visible_ctes

WIDE = "wide"
"""Mark in the `meta` of sums whose argument may be near the limits of the widest numbers; see `app.query.guarded`."""

_DIGITS = 18
_WIDE_TYPES = frozenset({"INT128", "UINT128", "HUGEINT", "UHUGEINT", "BIGNUM", "BIGINT128"})
_SUMS = (exp.Sum, exp.Avg)


def mark_wide_sums(tree: exp.Expr) -> None:
    """Mark the sums of a resolved `tree` that wide numbers may reach.

    They can be made through casts to HUGEINT or a long DECIMAL, long literals, or products of what another query
    summed, in the argument itself or in a query that it reads from. Products of a field and short literals stay far
    below the limit for any number of rows that a file can have.
    """
    wide = {id(node) for node in tree.walk() if _wide(node)}
    for call in tree.walk() if wide else ():
        is_sum = isinstance(call, _SUMS) or (isinstance(call, exp.AnonymousAggFunc) and call.name.lower() == "mean")
        if is_sum and any(id(node) in wide for part in _reached(call) for node in part.walk()):
            call.meta[WIDE] = True


def _reached(call: exp.Expr) -> Iterator[exp.Expr]:
    """The expressions that the numbers of an aggregate call may come from: its argument, and what its columns hold."""
    with_: dict[str, list[exp.Expr]] = {}
    for cte in call.root().find_all(exp.CTE):
        with_.setdefault(cte.alias.lower(), []).append(cte.this)
    waiting, seen = list(call.iter_expressions()), set[int]()
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting += [origin for c in part.find_all(exp.Column) for origin in _origins(c, with_)]


def _origins(column: exp.Column, with_: dict[str, list[exp.Expr]]) -> list[exp.Expr]:
    """The output columns, of every query behind the source that `column` names, which it may be."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        items = [select.args.get("from_"), *(select.args.get("joins") or [])]
        source = next((i.this for i in items if i is not None and i.this.alias_or_name == column.table), None)
        if source is not None:
            queries = [source.this] if isinstance(source, exp.Subquery) else with_.get(source.name.lower(), [])
            return [p for query in queries for p in _outputs(query, column.name)]
        select = select.find_ancestor(exp.Select)
    return []


def _outputs(query: exp.Expr, name: str) -> list[exp.Expr]:
    """The output column `name` of a query, in each member of a set operation."""
    members, waiting = list[exp.Select](), [query.unnest()]
    while waiting:
        member = waiting.pop()
        if isinstance(member, exp.SetOperation):
            waiting += [member.this.unnest(), member.expression.unnest()]
        elif isinstance(member, exp.Select):
            members.append(member)
    names = query.named_selects if isinstance(query, exp.Query) else []
    places = [i for i, n in enumerate(names) if n == name]
    return [m.expressions[i] for m in members for i in places if i < len(m.expressions)]


def _wide(node: exp.Expr) -> bool:
    if isinstance(node, exp.DataType):
        return _wide_type(node)
    if isinstance(node, exp.Mul):
        digits = sum(len(n.name) for n in node.find_all(exp.Literal) if not n.is_string)
        return digits > _DIGITS or node.find(exp.AggFunc, exp.Query) is not None or _above_a_query(node)
    return isinstance(node, exp.Literal) and not node.is_string and len(node.name) > _DIGITS


def _wide_type(kind: exp.DataType) -> bool:
    parameters = [p.name for p in kind.expressions]
    precise = bool(parameters) and parameters[0].isdigit() and int(parameters[0]) > _DIGITS
    return kind.this.name in _WIDE_TYPES or precise


def _above_a_query(node: exp.Expr) -> bool:
    """Whether the SELECT that holds `node` reads from another query rather than from tables alone."""
    select = node.find_ancestor(exp.Select)
    if select is None:
        return False
    items = [select.args.get("from_"), *(select.args.get("joins") or [])]
    sources = [i.this for i in items if i is not None]
    return any(isinstance(s, exp.Subquery) or s.name.lower() in visible_ctes(s) for s in sources)
