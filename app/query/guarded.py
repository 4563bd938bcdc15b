"""How does a tree become text that no value can make fail? What may raise is written so that it gives NULL instead."""

from __future__ import annotations

from sqlglot import exp

from app.query.parse import DIALECT, RAISES


def total_sql(tree: exp.Expr) -> str:
    """The DuckDB text of `tree`: CAST as TRY_CAST, zero divisors of // and % as NULL, calls that can fail in TRY.

    An error that depends on a value would tell the operator about that value.
    """
    return tree.copy().transform(_total).sql(DIALECT, comments=False)


def _total(node: exp.Expr) -> exp.Expr:
    if type(node) is exp.Cast and not isinstance(node.this, exp.Literal):
        return exp.TryCast(this=node.this, to=node.args["to"])
    if isinstance(node, exp.IntDiv | exp.Mod) and not _nonzero_literal(node.expression):
        divisor = exp.Nullif(this=node.expression.copy(), expression=exp.Literal.number(0))
        node.set("expression", divisor)
    if node.meta.get(RAISES) and not isinstance(node, exp.AggFunc | exp.Binary):
        return exp.Anonymous(this="TRY", expressions=[node])
    return node


def _nonzero_literal(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.this) != 0
