"""By what does a SELECT group its rows, and which aggregates does it call itself?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from sqlglot import exp

MAX_SETS = 32
"""Sets of keys of one GROUP BY over rows of units; each is a frontier of its own."""

Keys = tuple[exp.Expr, ...]
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
        yield node.unnest()


def grouping_sets(select: exp.Expr) -> exp.Expr | None:
    """The first ROLLUP, CUBE or GROUPING SETS of the GROUP BY; None for one plain set of keys."""
    group = select.args.get("group")
    return next((e for e in group.expressions if isinstance(e, SETS)), None) if group is not None else None


def expand_positions(select: exp.Select) -> None:
    """Put the output columns in place of the numbers that stand for them within ROLLUP, CUBE and GROUPING SETS."""
    group = select.args.get("group")
    for number in [n for s in (group.find_all(*SETS) if group is not None else ()) for n in _keys(s)]:
        place = int(number.name) if isinstance(number, exp.Literal) and number.name.isdigit() else 0
        if 1 <= place <= len(select.expressions):
            number.replace(select.expressions[place - 1].unalias().copy())


def key_sets(select: exp.Select) -> list[Keys]:
    """The sets of keys that the GROUP BY of `select` asks for, largest first; at most `MAX_SETS` + 1 of them.

    `GROUP BY a, ROLLUP (b, c)` asks for (a, b, c), (a, b) and (a): every element contributes one of its sets.
    """
    found: list[Keys] = [()]
    for element in select.args["group"].expressions:
        found = [a + b for a, b in product(found, _sets(element))][: MAX_SETS + 1]
    return sorted((tuple(dict.fromkeys(keys)) for keys in found), key=len, reverse=True)


def _sets(element: exp.Expr) -> list[Keys]:
    """The sets of keys of one element of a GROUP BY."""
    parts = [tuple(_keys(part)) for part in element.expressions] if isinstance(element, SETS) else []
    if isinstance(element, exp.Rollup):
        return [_flat(parts[:n]) for n in range(len(parts), -1, -1)]
    if isinstance(element, exp.Cube):
        kept = product((True, False), repeat=len(parts))
        return [_flat([p for p, k in zip(parts, keep, strict=True) if k]) for keep, _ in zip(kept, _SOME, strict=False)]
    if isinstance(element, exp.GroupingSets):
        return [keys for part in element.expressions for keys in _sets(part)]
    return [tuple(_keys(element))]


_SOME = range(MAX_SETS + 1)


def _flat(parts: list[Keys]) -> Keys:
    return tuple(key for part in parts for key in part)


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
