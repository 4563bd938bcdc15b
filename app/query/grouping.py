"""By what does a SELECT group its rows, and which aggregates does it call itself?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

SETS: tuple[type[exp.Expr], ...] = (exp.Rollup, exp.Cube, exp.GroupingSets)
_AROUND_A_CALL = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)


def grouping_keys(select: exp.Expr) -> list[exp.Expr]:
    """Every key of the GROUP BY, those within ROLLUP, CUBE and GROUPING SETS included."""
    group = select.args.get("group")
    return [key for listed in (group.expressions if group is not None else []) for key in _keys(listed)]


def _keys(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, (*SETS, exp.Tuple)):
        for part in node.expressions:
            yield from _keys(part)
    else:
        yield node


def grouping_sets(select: exp.Expr) -> exp.Expr | None:
    """The first ROLLUP, CUBE or GROUPING SETS of the GROUP BY; None for one plain set of keys."""
    group = select.args.get("group")
    return next((e for e in group.expressions if isinstance(e, SETS)), None) if group is not None else None


def window_of(call: exp.Expr) -> exp.Window | None:
    """The window that `call` is the function of; None for a call that is no window's."""
    node = call
    while isinstance(node.parent, _AROUND_A_CALL) and node.arg_key == "this":
        node = node.parent
    return node.parent if isinstance(node.parent, exp.Window) and node.arg_key == "this" else None


def own_aggregates(select: exp.Expr) -> Sequence[exp.Expr]:
    """Aggregate calls of this SELECT that are no window's."""
    return [
        call
        for call in select.find_all(exp.AggFunc)
        if call.find_ancestor(exp.Query) is select and window_of(call) is None
    ]
