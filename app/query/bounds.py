"""Between which numbers does an expression lie, and in which steps? Told from what is public: catalog and SQL text.

A bound that follows is a promise about nobody: whoever clips by it leaves nothing to the data. What is not known has no
end. Intervals after Moore 1966.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import Any

from sqlglot import exp

from app.domain.values import Dataset, Field

_INFINITE = Decimal("Infinity")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True, kw_only=True)
class Interval:
    """From `low` to `high`, both included and perhaps infinite, in steps of 10^`step`; None: in steps of any size."""

    low: Decimal = -_INFINITE
    high: Decimal = _INFINITE
    step: int | None = None

    @property
    def finite(self) -> bool:
        """Whether both ends are known."""
        return self.low.is_finite() and self.high.is_finite()

    def hull(self, other: Interval) -> Interval:
        """The least interval around both."""
        return Interval(low=min(self.low, other.low), high=max(self.high, other.high), step=_finer(self, other))


ANY = Interval()


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The intervals of expressions over the data sets `datasets` (name → data set) and the WITH queries `ctes`."""

    datasets: Mapping[str, Dataset]
    ctes: Mapping[str, exp.Expr]

    def of(self, node: exp.Expr, sources: list[exp.Expr]) -> Interval:
        """The interval of `node`, whose columns come from the items of FROM in `sources`."""
        if isinstance(node, exp.Column):
            return self._column(node, sources)
        if isinstance(node, exp.Literal):
            return _literal(node)
        parts = _parts(node)
        combine = _COMBINED.get(type(node))
        if combine is None or not parts:
            return ANY
        try:
            return combine([self.of(part, sources) for part in parts], node)
        except InvalidOperation:  # an infinity times nothing, or less another
            return ANY

    def _column(self, column: exp.Column, sources: list[exp.Expr]) -> Interval:
        source = next((s for s in sources if s.alias_or_name.lower() == column.table.lower()), None)
        if isinstance(source, exp.Subquery):
            return self._output(source.this, column.name)
        if not isinstance(source, exp.Table):
            return ANY
        if source.name in self.ctes:
            return self._output(self.ctes[source.name], column.name)
        dataset = self.datasets.get(source.name.lower())
        field = dataset.field(column.name) if dataset is not None else None
        return _declared(field) if field is not None else ANY

    def _output(self, query: exp.Expr, name: str) -> Interval:
        """The interval of the output column `name` of a query, in each member of a set operation."""
        query = query.unnest()
        if isinstance(query, exp.SetOperation):
            place = [n.lower() for n in query.named_selects].index(name.lower())
            right = query.expression.unnest()
            other = right.named_selects[place] if isinstance(right, exp.Query) else name
            return self._output(query.this, name).hull(self._output(right, other))
        if not isinstance(query, exp.Select):
            return ANY
        found = next((p.unalias() for p in query.expressions if p.alias_or_name.lower() == name.lower()), None)
        return self.of(found, sources_of(query)) if found is not None else ANY


def sources_of(select: exp.Expr) -> list[exp.Expr]:
    """The items of FROM and of the joins of `select`."""
    from_ = select.args.get("from_")
    return [*([from_.this] if from_ is not None else []), *(j.this for j in select.args.get("joins") or [])]


def _parts(node: exp.Expr) -> list[exp.Expr]:
    """The values that the value of `node` is made of; conditions are none."""
    if isinstance(node, exp.Case):
        rest = node.args.get("default")
        return [*(branch.args["true"] for branch in node.args["ifs"]), *([rest] if rest is not None else [])]
    if isinstance(node, exp.If):
        return [node.args["true"], *([node.args["false"]] if node.args.get("false") is not None else [])]
    held = [node.this, *node.expressions] if not isinstance(node, exp.Binary) else [node.this, node.expression]
    return [part for part in held if isinstance(part, exp.Expr) and not isinstance(part, exp.Null)]


def _declared(field: Field) -> Interval:
    """What the catalog declares of a field."""
    kind, step = field.type.upper(), None
    if kind in _WHOLE:
        step = 0
    elif kind.startswith("DECIMAL("):
        step = -int(kind.rstrip(")").split(",")[1])
    elif kind not in ("DOUBLE", "FLOAT"):
        return ANY
    ends = [field.minimum, field.maximum]
    listed = [Decimal(v) for v in field.values]
    low, high = (Decimal(e) if e is not None else None for e in ends)
    return Interval(
        low=low if low is not None else min(listed, default=-_INFINITE),
        high=high if high is not None else max(listed, default=_INFINITE),
        step=step,
    )


def _literal(node: exp.Literal) -> Interval:
    try:
        value = Decimal(node.name) if not node.is_string else _INFINITE
    except InvalidOperation:
        return ANY
    exponent = value.normalize().as_tuple().exponent
    if not value.is_finite() or not isinstance(exponent, int):
        return ANY
    return Interval(low=value, high=value, step=min(0, exponent))


def _finer(*intervals: Interval) -> int | None:
    steps = [i.step for i in intervals]
    return None if None in steps else min(s for s in steps if s is not None)


def _ends(ends: list[Decimal], step: int | None) -> Interval:
    return Interval(low=min(ends), high=max(ends), step=step)


def _product(parts: list[Interval], _node: exp.Expr) -> Interval:
    a, b = parts
    step = None if a.step is None or b.step is None else a.step + b.step
    return _ends([x * y for x in (a.low, a.high) for y in (b.low, b.high)], step)


def _least(parts: list[Interval], _node: exp.Expr) -> Interval:
    return Interval(low=min(p.low for p in parts), high=min(p.high for p in parts), step=_finer(*parts))


def _greatest(parts: list[Interval], _node: exp.Expr) -> Interval:
    return Interval(low=max(p.low for p in parts), high=max(p.high for p in parts), step=_finer(*parts))


def _cast(parts: list[Interval], node: exp.Expr) -> Interval:
    whole = node.args["to"].this in exp.DataType.INTEGER_TYPES
    return Interval(low=parts[0].low, high=parts[0].high, step=0 if whole else None)


def _all(parts: list[Interval], _node: exp.Expr) -> Interval:
    return reduce(Interval.hull, parts)


_COMBINED: Mapping[type[exp.Expr], Callable[[list[Interval], Any], Interval]] = {
    exp.Neg: lambda p, _: Interval(low=-p[0].high, high=-p[0].low, step=p[0].step),
    exp.Add: lambda p, _: Interval(low=p[0].low + p[1].low, high=p[0].high + p[1].high, step=_finer(*p)),
    exp.Sub: lambda p, _: Interval(low=p[0].low - p[1].high, high=p[0].high - p[1].low, step=_finer(*p)),
    exp.Mul: _product,
    exp.Least: _least,
    exp.Greatest: _greatest,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Abs: lambda p, _: _ends([Decimal(0), abs(p[0].low), abs(p[0].high)], p[0].step),
    exp.Avg: lambda p, _: Interval(low=p[0].low, high=p[0].high),
    **dict.fromkeys((exp.Case, exp.If, exp.Coalesce), _all),
    **dict.fromkeys((exp.Paren, exp.Min, exp.Max, exp.AnyValue), _all),
}
"""Node → the interval of its value from those of its parts."""
