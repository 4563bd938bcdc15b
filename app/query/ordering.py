"""How does a reproducible query get an answer that no order of rows can change?

Sums of DOUBLE depend on the order of their rows, so do ties, cut-off rows, and whatever takes "the first". Here every
aggregate on which order could tell takes its rows in the order of its own arguments (rows with equal arguments are
indistinguishable to it), every query that picks some of its rows, and the result itself, is ordered by all of its
columns in the end, and windows that count rows break ties by all columns that their query reads. Whole numbers and
DECIMALs are summed exactly anyway; the engine leaves the order out there.

Not covered: a sum of DOUBLE over a window whose ORDER BY leaves ties (they are peers and enter together, in any order),
an ASOF join with several equally near rows, and the sign of zero where a column holds both 0.0 and -0.0.
"""

from __future__ import annotations

from typing import TypeVar

from sqlglot import exp

from app.query.grouping import grouping_keys, grouping_sets, own_aggregates, window_of
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
        if function_name(call) not in EXACT | BY_ROW and _by(call) and _takes_all(call):
            call.meta[IN_ORDER] = True
    for window in tree.find_all(exp.Window):
        _break_ties(window)
    for query in tree.find_all(exp.Select, exp.SetOperation):
        if _takes_some(query):
            _order_all(query)
    if result:
        _order_all(tree.unnest())
    return tree


def take_in_order(call: exp.Expr) -> exp.Expr:
    """A copy of an aggregate call that takes its rows in the order of its arguments, after an ORDER BY of its own."""
    plain = call.copy()
    plain.meta.pop(IN_ORDER, None)
    more = [exp.Ordered(this=argument.copy()) for argument in _by(plain)]
    arguments = list(plain.iter_expressions())
    own = next((a for a in arguments if isinstance(a, exp.Order)), None)
    if own is not None:
        own.set("expressions", [*own.expressions, *more])
        return plain
    # the ORDER BY of a call is held by its last argument; string_agg writes it behind its separator by itself
    last = arguments[0] if isinstance(plain, exp.GroupConcat) else arguments[-1]
    last.replace(exp.Order(this=last.copy(), expressions=more))
    return plain


def _by(call: exp.Expr) -> list[exp.Expr]:
    """The arguments of a call that its rows can be ordered by: all but constants, without ORDER BY and DISTINCT."""
    if isinstance(call, exp.Grouping):
        return []
    held = [a.this if isinstance(a, exp.Order) else a for a in call.iter_expressions()]
    plain = [a for v in held for a in (v.expressions if isinstance(v, exp.Distinct) else [v])]
    return [a for a in plain if a.find(exp.Column) is not None and not isinstance(a, exp.Star)]


def _takes_all(call: exp.Expr) -> bool:
    """Whether a call is no window's, or of a window that is its whole partition."""
    window = window_of(call)
    return window is None or (window.args.get("order") or window.args.get("spec")) is None


def _takes_some(query: exp.Expr) -> bool:
    """Whether a query picks some of its rows: LIMIT, OFFSET, DISTINCT ON."""
    distinct = query.args.get("distinct")
    on = isinstance(distinct, exp.Distinct) and distinct.args.get("on") is not None
    return on or query.args.get("limit") is not None or query.args.get("offset") is not None


def _break_ties(window: exp.Window) -> None:
    """Order the rows of a window that looks at them one by one by all that its query reads.

    Rows that agree in all of it are indistinguishable. Peers stay peers: RANGE frames, ranks and frames that leave
    peers out are left as they are.
    """
    spec = window.args.get("spec")
    by_row = spec is not None and str(spec.args.get("kind", "")).upper() == "ROWS" and not _leaves_peers_out(spec)
    select = window.find_ancestor(exp.Select)
    call = window.this.find(exp.Func)
    if select is None or not (by_row or (call is not None and function_name(call) in BY_ROW)):
        return
    order = window.args.get("order") or exp.Order(expressions=[])
    more = [exp.Ordered(this=c.copy()) for c in _identifying(select)]
    window.set("order", exp.Order(expressions=[*order.expressions, *more]) if order.expressions or more else None)


def _leaves_peers_out(spec: exp.Expr) -> bool:
    left_out = spec.args.get("exclude")
    return left_out is not None and left_out.name.upper() in ("TIES", "GROUP")


def _identifying(select: exp.Select) -> list[exp.Expr]:
    """What tells the rows apart that the windows of `select` see: the keys of its groups, else all that it reads."""
    keys = grouping_keys(select)
    if keys and grouping_sets(select) is not None:
        return [*keys, exp.Grouping(expressions=[k.copy() for k in keys])]
    if keys or own_aggregates(select):
        return keys
    read = {c.sql(): c for c in select.find_all(exp.Column) if c.table and belongs_to(c, select)}
    return [read[text] for text in sorted(read)]


def _order_all(query: exp.Expr) -> None:
    """Order the rows of a query by all of its columns, after what it is ordered by already."""
    if not isinstance(query, exp.Select | exp.SetOperation):
        return
    before = query.args["order"].expressions if query.args.get("order") is not None else []
    if any(isinstance(o.this, exp.Var) for o in before):  # ORDER BY ALL
        return
    places = [exp.Ordered(this=exp.Literal.number(i)) for i in range(1, len(query.named_selects) + 1)]
    query.set("order", exp.Order(expressions=[*before, *places]))
