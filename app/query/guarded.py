"""How does a tree become text that no value can make fail? What may raise is written so that it gives NULL instead."""

from __future__ import annotations

from sqlglot import exp

from app.query.grammar import FALLIBLE
from app.query.ordering import IN_ORDER, take_in_order
from app.query.parse import DIALECT, RAISES
from app.query.widths import WIDE

_IN_DOUBLES = "in doubles"
"""Mark in the `meta` of arithmetic whose operands are DOUBLE or literals: it has infinities and never fails."""

ACROSS_ROWS = (exp.AggFunc, exp.Window, exp.Query)
"""What DuckDB does not allow inside TRY."""


def total_sql(tree: exp.Expr) -> str:
    """The DuckDB text of `tree`: CAST as TRY_CAST, zero divisors of // and % as NULL, what can fail in TRY.

    An error that depends on a value would tell the operator about that value. Over aggregates, windows and sub-queries
    there is no TRY: `app.query.govern` lets such calls stand above checked cells and public rows only.
    """
    root = tree.copy()
    for node in reversed(list(root.dfs())):
        guarded = _guarded(node)
        if node is root:
            root = guarded
        elif guarded is not node:
            node.replace(guarded)
    return root.sql(DIALECT, comments=False)


def fallible(node: exp.Expr) -> bool:
    """Whether this node itself, its operands apart, can stop a query for some values."""
    if node.meta.get(_IN_DOUBLES):
        return False
    return isinstance(node, FALLIBLE) or bool(node.meta.get(RAISES) and not isinstance(node, exp.AggFunc | exp.Binary))


def calculated_in_doubles(node: exp.Expr) -> bool:
    """Whether `node` is a number times, plus or minus a sub-query or an aggregate; if so it is made to be in DOUBLE.

    There is no TRY over those, but DOUBLE has no overflow: so the share of an average may stand beside rows.
    """
    if not isinstance(node, exp.Mul | exp.Add | exp.Sub):
        return False
    operands = [node.this.unnest(), node.expression.unnest()]
    numbers = [o for o in operands if isinstance(o, exp.Literal) and not o.is_string]
    across = [o for o in (node.this, node.expression) if isinstance(o.unnest(), (*ACROSS_ROWS, exp.Filter))]
    if len(numbers) != 1 or len(across) != 1:
        return False
    across[0].replace(exp.TryCast(this=across[0].copy(), to=exp.DataType.build("DOUBLE")))
    node.meta[_IN_DOUBLES] = True
    return True


def _guarded(node: exp.Expr) -> exp.Expr:
    if type(node) is exp.Cast and not isinstance(node.this, exp.Literal):
        return exp.TryCast(this=node.this.copy(), to=node.args["to"].copy())
    if node.meta.get(WIDE) or node.meta.get(IN_ORDER):
        call = _summed_as_double(node) if node.meta.get(WIDE) else node
        return take_in_order(call) if node.meta.get(IN_ORDER) else call
    if not fallible(node) or (isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal)):
        return node
    plain = node.copy()
    if isinstance(node, exp.IntDiv | exp.Mod) and not _nonzero_literal(node.expression):
        plain.set("expression", exp.Nullif(this=node.expression.copy(), expression=exp.Literal.number(0)))
    if node.find(*ACROSS_ROWS) is not None:
        return plain
    return exp.Anonymous(this="TRY", expressions=[_without_inner_try(plain)])


def _without_inner_try(node: exp.Expr) -> exp.Expr:
    """One TRY around a chain of arithmetic does for all of it: NULL spreads through arithmetic."""
    if not isinstance(node, FALLIBLE):
        return node
    for operand in list(node.iter_expressions()):
        inner = operand.unnest()
        if isinstance(inner, exp.Anonymous) and inner.name == "TRY" and isinstance(inner.expressions[0], FALLIBLE):
            operand.replace(exp.paren(inner.expressions[0].copy()))
    return node


def _summed_as_double(call: exp.Expr) -> exp.Expr:
    """A sum whose argument may be so wide that the sum overflows is a sum of DOUBLE, which cannot."""
    plain = call.copy()
    plain.meta.pop(WIDE)
    held = plain.this if isinstance(plain.this, exp.Distinct) else plain
    argument = held.expressions[0] if held.expressions else held.this
    argument.replace(exp.TryCast(this=argument.copy(), to=exp.DataType.build("DOUBLE")))
    return plain


def _nonzero_literal(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.this) != 0
