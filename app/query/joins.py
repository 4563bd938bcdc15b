"""Which joins only say in another way what a condition says? SEMI and ANTI joins become EXISTS in WHERE.

What a sub-query in WHERE may do is known already, so such a join needs no rule of its own.
"""

from __future__ import annotations

from sqlglot import exp

SIDED = ("RIGHT", "FULL")


def semi_joins_as_conditions(select: exp.Select) -> None:
    """Rewrite the SEMI and ANTI joins of a resolved `select` in place.

    `a SEMI JOIN b ON c` keeps those rows of `a` for which EXISTS (SELECT 1 FROM b WHERE c). As a filter it may stand
    after later joins, unless one of those adds rows that the filter would not see (RIGHT, FULL): then it is left.
    """
    joins: list[exp.Join] = select.args.get("joins") or []
    last_sided = max((i for i, j in enumerate(joins) if j.side.upper() in SIDED), default=-1)
    taken = [j for i, j in enumerate(joins) if i > last_sided and j.kind.upper() in ("SEMI", "ANTI")]
    if not taken:
        return
    select.set("joins", [j for j in joins if j not in taken] or None)
    for join in taken:
        select.where(_condition(join), copy=False)


def _condition(join: exp.Join) -> exp.Expr:
    inner = exp.Select(expressions=[exp.alias_(exp.Literal.number(1), "one", quoted=True)])
    inner.set("from_", exp.From(this=join.this))
    on = join.args.get("on")
    if on is not None:
        inner.set("where", exp.Where(this=on))
    exists: exp.Expr = exp.Exists(this=inner)
    return exists if join.kind.upper() == "SEMI" else exp.not_(exists, copy=False)
