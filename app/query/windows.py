"""Does a window look across units? Those over whole partitions become frontiers, which its rows then read.

`sum(x) OVER (PARTITION BY g)` over rows of units is a group's sum beside each of its rows: a frontier keyed by g, whose
safe cells are joined to the rows; where a cell is not safe its value is NULL. Ranks order units by their values, so
people judge them. What carries one row's value to another row, or runs over part of the rows, is refused.
"""

from __future__ import annotations

from enum import StrEnum

from sqlglot import exp

from app.domain.errors import Finding, Refusal
from app.query.equality import Equalities
from app.query.frontier import MakeFinding, UnitExpression
from app.query.parse import FunctionClass, function_name
from app.query.relations import Rows, covered

_SPECIAL = ("on", "using", "side", "kind", "method")
"""What a comma's join has nothing of; after it, ON would not see the tables before the comma."""
RANKS = frozenset({"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile"})


class Reach(StrEnum):
    """How far a window over rows of units looks."""

    UNIT = "unit"
    PARTITION = "partition"
    RANK = "rank"
    OTHER = "other"


def own_windows(select: exp.Select) -> list[exp.Window]:
    """The windows of `select` itself."""
    return [w for w in select.find_all(exp.Window) if w.find_ancestor(exp.Query) is select]


def reach(window: exp.Window, units: list[UnitExpression], equal: Equalities, function_class: FunctionClass) -> Reach:
    """How far `window` looks: at one unit's rows, at whole partitions, at the rows' order, or otherwise."""
    held = covered(window.args.get("partition_by") or [], units, equal)
    if len(held) == len(units):
        return Reach.UNIT
    call = window.this.this if isinstance(window.this, exp.Filter) else window.this
    name = function_name(call)
    whole = window.args.get("order") is None and window.args.get("spec") is None
    if held:
        return Reach.OTHER
    if whole and function_class(name) == "aggregate":
        return Reach.PARTITION
    return Reach.RANK if name in RANKS else Reach.OTHER


def across_units(
    select: exp.Select, rows: Rows, function_class: FunctionClass, finding: MakeFinding
) -> tuple[list[tuple[list[exp.Expr], list[exp.Window]]], list[Finding]]:
    """The windows over whole partitions of rows of units, by their keys; and why people must judge the other ones.

    Raises Refusal("window-over-units") at a window that is neither within a unit nor one of these.
    """
    partitions: list[tuple[list[exp.Expr], list[exp.Window]]] = []
    reasons = []
    for window in own_windows(select):
        found = reach(window, rows.units, rows.equal, function_class)
        if found is Reach.OTHER:
            raise Refusal(finding("window-over-units", window))
        if found is Reach.RANK:
            reasons.append(finding("rank-over-units", window))
        if found is Reach.PARTITION:
            keys = window.args.get("partition_by") or []
            known = next((windows for k, windows in partitions if k == keys), None)
            if known is None:
                partitions.append((keys, [window]))
            else:
                known.append(window)
    return partitions, reasons


def refuse_as_keys(keys: list[exp.Expr], finding: MakeFinding) -> None:
    """DISTINCT over rows of units is a grouping by what is selected; a window can be no key of one."""
    for window in (w for k in keys if (w := k.find(exp.Window)) is not None):
        raise Refusal(finding("construct-refused", window, construct="DISTINCT … OVER"))


def groups_of(select: exp.Select, keys: list[exp.Expr], windows: list[exp.Window]) -> exp.Select:
    """The query whose groups are the partitions of `windows`: a GROUP BY over the rows that `select` reads."""
    found = exp.Select(expressions=[exp.alias_(w.this.copy(), f"w{i}", quoted=True) for i, w in enumerate(windows)])
    for clause in ("from_", "joins", "where"):
        held = select.args.get(clause)
        if held:
            found.set(clause, [j.copy() for j in held] if isinstance(held, list) else held.copy())
    found.set("group", exp.Group(expressions=[k.copy() for k in keys]))
    return found


def read_groups(select: exp.Select, keys: list[exp.Expr], windows: list[exp.Window], cells: exp.Table) -> None:
    """Join the safe cells of the partitions to the rows of `select`, and put their values in place of `windows`.

    A QUALIFY without any window left is a WHERE.
    """
    name = cells.name
    calls = list(dict.fromkeys(w.this.copy() for w in windows))
    for window in windows:
        window.replace(exp.column(f"a{calls.index(window.this)}", table=name, quoted=True))
    meets = [
        exp.NullSafeEQ(this=exp.column(f"k{i}", table=name, quoted=True), expression=key.copy())
        for i, key in enumerate(keys)
    ]
    for crossed in (j for j in select.args.get("joins") or [] if not any(j.args.get(a) for a in _SPECIAL)):
        crossed.set("kind", "CROSS")
    join = exp.Join(this=cells, side="LEFT", on=exp.and_(*meets, copy=False) if meets else exp.true())
    select.set("joins", [*(select.args.get("joins") or []), join])
    qualify = select.args.get("qualify")
    if qualify is not None and not own_windows(select):
        select.set("qualify", None)
        select.where(qualify.this, copy=False)
