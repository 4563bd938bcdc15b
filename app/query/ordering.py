"""How does a reproducible query get an answer that no order of rows can change?

Sums of DOUBLE depend on the order of their rows, so do ties, cut-off rows, and whatever takes "the first". Here every
aggregate on which order could tell takes its rows in the order of its own arguments (rows with equal arguments are
indistinguishable to it), every query that is cut off, and the result itself, is
ordered by all of its columns in the end, and windows that count rows break ties by all columns that their query reads.
Whole numbers and DECIMALs are summed exactly anyway; the engine leaves the order out there.

Not covered: a sum of DOUBLE over a window whose ORDER BY leaves ties (they are peers and enter together, in any order),
and the sign of zero where a column holds both 0.0 and -0.0.
"""

from __future__ import annotations

from typing import TypeVar

from sqlglot import exp

from app.query.parse import function_name
from app.query.subqueries import belongs_to

IN_ORDER = "in order"
"""Mark in the `meta` of aggregate calls that take their rows in order; `app.query.guarded` writes it out."""

EXACT = frozenset(
    "count count_star count_if countif approx_count_distinct min max bool_and bool_or bit_and bit_or bit_xor "
    "bitstring_agg median quantile quantile_cont quantile_disc mad histogram".split()
)
"""Aggregates whose result is the same in any order of rows; the unknown is ordered."""
BY_ROW = frozenset("row_number ntile lag lead".split())
"""Window functions that look at rows one by one, whatever their frame."""


Tree = TypeVar("Tree", bound=exp.Expr)


def ordered(tree: Tree, *, result: bool = False) -> Tree:
    """A copy of `tree` in which the order of rows decides nothing; with `result` its own rows are ordered as well."""
    tree = tree.copy()
    for call in tree.find_all(exp.AggFunc):
        holder: exp.Expr = call.parent if isinstance(call.parent, exp.Filter) else call
        window = holder.parent if isinstance(holder.parent, exp.Window) else None
        if function_name(call) not in EXACT and _by(call) and (window is None or _whole(window)):
            call.meta[IN_ORDER] = True
    for window in tree.find_all(exp.Window):
        _break_ties(window)
    for query in tree.find_all(exp.Select, exp.SetOperation):
        if query.args.get("limit") is not None or query.args.get("offset") is not None:
            _order_all(query)
    if result:
        _order_all(tree.unnest())
    return tree


def take_in_order(call: exp.Expr) -> exp.Expr:
    """A copy of an aggregate call that takes its rows in the order of its arguments."""
    plain = call.copy()
    plain.meta.pop(IN_ORDER, None)
    by = _by(plain)
    last = by[0].parent if isinstance(by[0].parent, exp.Distinct) else by[0]
    if not isinstance(plain, exp.GroupConcat):  # its ORDER BY is written after its separator anyway
        last = list(plain.iter_expressions())[-1]
    last.replace(exp.Order(this=last.copy(), expressions=[exp.Ordered(this=k.copy()) for k in by]))
    return plain


def _by(call: exp.Expr) -> list[exp.Expr]:
    """The arguments of a call that its rows can be ordered by: all but literals, without their DISTINCT."""
    held = [a for v in call.iter_expressions() for a in (v.expressions if isinstance(v, exp.Distinct) else [v])]
    return [a for a in held if not isinstance(a, exp.Literal | exp.Star)]


def _whole(window: exp.Window) -> bool:
    """Whether a window is its whole partition."""
    return window.args.get("order") is None and window.args.get("spec") is None


def _break_ties(window: exp.Window) -> None:
    """Order the rows of a window that looks at them one by one by all that its query reads.

    Rows that agree in all of it are indistinguishable. Peers stay peers: RANGE frames and ranks are left as they are.
    """
    spec = window.args.get("spec")
    by_row = spec is not None and str(spec.args.get("kind", "")).upper() == "ROWS"
    select = window.find_ancestor(exp.Select)
    if select is None or not (by_row or function_name(_function(window)) in BY_ROW):
        return
    read = {c.sql(): c for c in select.find_all(exp.Column) if c.table and belongs_to(c, select)}
    order = window.args.get("order") or exp.Order(expressions=[])
    more = [exp.Ordered(this=read[text].copy()) for text in sorted(read)]
    window.set("order", exp.Order(expressions=[*order.expressions, *more]) if order.expressions or more else None)


def _function(window: exp.Window) -> exp.Expr:
    call = window.this
    while isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        call = call.this
    return call  # type: ignore[no-any-return]  # sqlglot does not type its arguments


def _order_all(query: exp.Expr) -> None:
    """Order the rows of a query by all of its columns, after what it is ordered by already."""
    if not isinstance(query, exp.Select | exp.SetOperation):
        return
    before = query.args["order"].expressions if query.args.get("order") is not None else []
    if any(isinstance(o.this, exp.Var) for o in before):  # ORDER BY ALL
        return
    places = [exp.Ordered(this=exp.Literal.number(i)) for i in range(1, len(query.named_selects) + 1)]
    query.set("order", exp.Order(expressions=[*before, *places]))
