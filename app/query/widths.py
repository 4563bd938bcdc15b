"""Which sums could overflow? DuckDB sums whole numbers as HUGEINT: wide only if the query itself makes them wide."""

from __future__ import annotations

from sqlglot import exp

WIDE = "wide"
"""Mark in the `meta` of sums whose argument may be near the limits of the widest numbers; see `app.query.guarded`."""

_DIGITS = 18
_WIDE_TYPES = frozenset({"INT128", "UINT128", "HUGEINT", "UHUGEINT", "BIGNUM", "BIGINT128"})
_SUMS = (exp.Sum, exp.Avg)


def mark_wide_sums(tree: exp.Expr) -> None:
    """Mark every sum of `tree` if wide numbers may reach one.

    They can: through casts to HUGEINT or a long DECIMAL, long literals, or products of what another query summed.
    Products of a field and short literals stay far below the limit for any number of rows that a file can have.
    """
    if any(_wide(node) for node in tree.walk()):
        for node in tree.walk():
            if isinstance(node, _SUMS) or (isinstance(node, exp.AnonymousAggFunc) and node.name.lower() == "mean"):
                node.meta[WIDE] = True


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
    with_ = {c.alias.lower() for c in select.root().find_all(exp.CTE)}
    sources = [i.this for i in items if i is not None]
    return any(isinstance(s, exp.Subquery) or s.name.lower() in with_ for s in sources)
