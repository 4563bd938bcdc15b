"""What happens to the cells of a frontier when one unit is taken away? Plain SQL, once without each unit.

Beside each measure stands its *probe*: what a unit puts into a measure shows better in another one. An average, a
spread and a sum are probed by the sum; counts of distinct values, least and largest and the like by the count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from math import isclose
from typing import Any

import duckdb
from sqlglot import exp, parse_one

from tests.disclosure.oracle.governed import ROWS
from tests.disclosure.oracle.world import UNITS

SUMMED = (exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop)
COUNTED = (exp.Count, exp.CountIf)


@dataclass(kw_only=True)
class Effect:
    """What taking away the units of one type does to one cell's measure.

    `changes`: units without whom the number, or the row, is another. `contributes`: units without whom the probe is.
    `net`: what each of those puts into the probe.
    """

    changes: set[int] = field(default_factory=set)
    contributes: set[int] = field(default_factory=set)
    net: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """One frontier: which measures are sums, and (hash of the keys, measure) → type of unit → effect."""

    sums: frozenset[int]
    additive: frozenset[int]
    effects: dict[tuple[int, int], dict[str, Effect]]


def leave_one_out(connection: duckdb.DuckDBPyConnection, sql: str, keys: int, types: Iterable[str]) -> Truth:
    """Run `sql`, whose first `keys` columns are keys and the others measures, without each unit of `types`."""
    calls = [p.unalias() for p in _tree(sql).selects[keys:]]
    probed = _probed(sql, keys)
    whole = _cells(connection, probed)
    truth = Truth(
        sums=frozenset(j for j, c in enumerate(calls) if isinstance(_call(c), SUMMED)),
        additive=frozenset(j for j, c in enumerate(calls) if isinstance(_call(c), (*COUNTED, *SUMMED[:1]))),
        effects={(key, j): {t: Effect() for t in types} for key in whole for j in (ROWS, *range(len(calls)))},
    )
    for kind in {*types}:
        for unit in range(UNITS[kind]):
            connection.execute(f"SET VARIABLE gone_{kind} = {unit}::UINTEGER")
            _note(truth, whole, _cells(connection, probed), kind, unit, len(calls))
        connection.execute(f"SET VARIABLE gone_{kind} = NULL::UINTEGER")
    return truth


def _tree(sql: str) -> exp.Query:
    tree = parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query), sql
    return tree


def _call(tree: exp.Expr) -> exp.Expr:
    return tree.this if isinstance(tree, exp.Filter) else tree


def _probed(sql: str, keys: int) -> str:
    """`sql` with, after its columns, the probe of each measure and the number of rows; before them the keys' hash."""
    tree = _tree(sql)
    probes = [_probe(p.unalias()) for p in tree.selects[keys:]]
    names = [f"k{i}" for i in range(keys)]
    columns = [p.unalias().copy() for p in tree.selects]
    listed = [*columns, *probes, exp.Count(this=exp.Star())]
    tree.set("expressions", [exp.alias_(c, f"c{i}") for i, c in enumerate(listed)])
    hashed = f"hash({', '.join(f'c{i}' for i in range(keys))})" if names else "0::UBIGINT"
    return f"SELECT {hashed}, * FROM ({tree.sql('duckdb')})"


def _probe(measure: exp.Expr) -> exp.Expr:
    found = measure.copy()
    call = _call(found)
    if isinstance(call, SUMMED):
        probe: exp.Expr = exp.Sum(this=call.this.copy())
    elif isinstance(call, exp.CountIf) or (isinstance(call, exp.Count) and not isinstance(call.this, exp.Distinct)):
        return found
    else:
        value = call.find(exp.Column, exp.Literal)
        probe = exp.Count(this=value.copy() if value is not None else exp.Star())
    return exp.Filter(this=probe, expression=found.expression.copy()) if isinstance(found, exp.Filter) else probe


_Cells = dict[int, tuple[Any, ...]]


def _cells(connection: duckdb.DuckDBPyConnection, probed: str) -> _Cells:
    return {row[0]: row[1:] for row in connection.execute(probed).fetchall()}


def _note(truth: Truth, whole: _Cells, left: _Cells, kind: str, unit: int, measures: int) -> None:
    """Note what became of every cell without `unit`."""
    for key, before in whole.items():
        after = left.get(key)
        gone = after is None or after[-1] != before[-1]
        rows = truth.effects[key, ROWS][kind]
        if gone:
            rows.changes.add(unit)
            rows.contributes.add(unit)
        for j in range(measures):
            value, probe = j - 2 * measures - 1, j - measures - 1
            effect = truth.effects[key, j][kind]
            if after is None or differs(before[value], after[value]):
                effect.changes.add(unit)
            if after is None and before[probe] is None:
                continue
            net = float((before[probe] or 0) - ((after[probe] or 0) if after is not None else 0))
            if differs(before[probe] or 0, (after[probe] or 0) if after is not None else 0):
                effect.contributes.add(unit)
                effect.net[unit] = net


def differs(a: Any, b: Any) -> bool:
    """Whether two numbers differ; those in floating point may differ in their last digits."""
    if isinstance(a, float) and isinstance(b, float | int | Decimal):
        return not isclose(a, float(b), rel_tol=1e-9, abs_tol=1e-9)
    return bool(a != b)
