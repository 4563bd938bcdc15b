"""Where do units mix, and in which measures? Cuts an aggregating SELECT into a frontier and what goes on above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from app.domain.errors import Finding, Refusal
from app.domain.values import Level
from app.query.equality import ColumnKey
from app.query.parse import FunctionClass, function_name, is_call
from app.query.subqueries import belongs_to

MakeFinding = Callable[..., Finding]

ADDITIVE = frozenset({"count", "count_if", "countif"})
SUMS = frozenset(
    {
        "sum",
        "avg",
        "mean",
        "fsum",
        "kahan_sum",
        "sumkahan",
        "favg",
        "stddev",
        "stddev_samp",
        "stddev_pop",
        "variance",
        "var_samp",
        "var_pop",
    }
)
SINGLE_VALUES = frozenset({"min", "max", "any_value"})


@dataclass(frozen=True, kw_only=True)
class UnitExpression:
    """A protected unit of a SELECT's joined rows: type, and where its reference and its tag stand."""

    type: str
    alias: str
    reference: str
    tag: str

    @property
    def key(self) -> ColumnKey:
        """The reference column as a key for `Equalities`."""
        return self.alias, self.reference

    def column(self) -> exp.Column:
        """The reference column as a tree."""
        return exp.column(self.reference, table=self.alias, quoted=True)

    def tag_column(self) -> exp.Column:
        """The tag column as a tree."""
        return exp.column(self.tag, table=self.alias, quoted=True)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One aggregate call of a frontier. `family` names the base fields that flow into it (comparability, firewall)."""

    call: exp.Expr
    function: str
    argument: exp.Expr | None
    condition: exp.Expr | None
    distinct: bool
    family: str

    @property
    def is_sum(self) -> bool:
        """Whether single units may dominate it."""
        return self.function in SUMS


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """An aggregation that mixes units: sources, filter, keys and measures, all as trees that are already governed."""

    number: int
    from_: exp.Expr
    joins: tuple[exp.Expr, ...]
    where: exp.Expr | None
    keys: tuple[exp.Expr, ...]
    measures: tuple[Measure, ...]
    units: tuple[UnitExpression, ...]

    def trees(self) -> list[exp.Expr]:
        """Every tree of the frontier, for checks that walk over all of it."""
        calls = [m.call for m in self.measures]
        return [t for t in (self.from_, *self.joins, self.where, *self.keys, *calls) if t is not None]

    def reasons(self, level: Level, function_class: FunctionClass, finding: MakeFinding) -> list[Finding]:
        """Why people must judge some measure, although each cell has its contributors."""
        found = []
        for measure in self.measures:
            kind = function_class(measure.function)
            params = {"function": measure.function}
            if kind == "order_statistic":
                found.append(finding("order-statistic", measure.call, **params))
            elif kind == "extreme":
                found.append(finding("extreme-value", measure.call, **params))
            elif measure.function not in ADDITIVE | SUMS:
                found.append(finding("measure-unproved", measure.call, **params))
            if level >= Level.L3:
                found.extend(_transforms(measure, function_class, finding))
        return found


def cut_frontier(
    select: exp.Select,
    keys: list[exp.Expr],
    units: tuple[UnitExpression, ...],
    number: int,
    function_class: FunctionClass,
    finding: MakeFinding,
) -> Frontier:
    """Cut `select` in two: the frontier, and `select` itself rewritten in place to read its safe cells."""
    calls: dict[exp.Expr, int] = {}
    measures: list[Measure] = []
    for call in _measure_calls(select):
        if call not in calls:
            calls[call] = len(measures)
            measures.append(_measure(call, function_class, finding))
    frontier = Frontier(
        number=number,
        from_=select.args["from_"].copy(),
        joins=tuple(j.copy() for j in select.args.get("joins") or []),
        where=select.args["where"].copy() if select.args.get("where") is not None else None,
        keys=tuple(k.copy() for k in keys),
        measures=tuple(measures),
        units=units,
    )
    _read_cells(select, f"__s{number}", keys, calls, finding)
    return frontier


def split_groups(
    select: exp.Select, keys: list[exp.Expr], more: list[exp.Expr], name: str, finding: MakeFinding
) -> exp.Select:
    """Cut a GROUP BY out of `select` into a query of its own, which `select` then reads as `name`.

    Its columns are the keys k0 …, the aggregates a0 … and `more`.
    """
    calls = {call: i for i, call in enumerate(dict.fromkeys(_measure_calls(select)))}
    columns = [exp.alias_(k.copy(), f"k{i}", quoted=True) for i, k in enumerate(keys)]
    columns += [exp.alias_(c.copy(), f"a{i}", quoted=True) for c, i in calls.items()]
    positions = [exp.Literal.number(i + 1) for i in range(len(keys))]
    inner = exp.Select(expressions=[*columns, *more], group=exp.Group(expressions=positions))
    for clause in ("from_", "where", "joins"):
        held = select.args.get(clause)
        if held:
            inner.set(clause, [j.copy() for j in held] if isinstance(held, list) else held.copy())
    _read_cells(select, name, keys, calls, finding)
    return inner


def _measure_calls(select: exp.Select) -> list[exp.Expr]:
    """Aggregate calls of `select`, with their FILTER; a window's own call is none, but those inside it are."""
    found: list[exp.Expr] = []
    for call in select.find_all(exp.AggFunc):
        holder: exp.Expr = call.parent if isinstance(call.parent, exp.Filter) else call
        if call.find_ancestor(exp.Query) is not select or isinstance(holder.parent, exp.Window):
            continue
        found.append(holder.copy())
    return found


def _measure(call: exp.Expr, function_class: FunctionClass, finding: MakeFinding) -> Measure:
    base = call.this if isinstance(call, exp.Filter) else call
    name = function_name(base)
    kind = function_class(name)
    if kind == "extreme" and name not in SINGLE_VALUES:
        raise Refusal(finding("aggregate-refused", base, function=name))
    distinct = isinstance(base.this, exp.Distinct)
    if distinct and (name != "count" or len(base.this.expressions) != 1):
        raise Refusal(finding("aggregate-refused", base, function=f"{name} DISTINCT"))
    if not _one_argument(base, kind):
        raise Refusal(finding("aggregate-refused", base, function=f"{name}(…, …)"))
    argument = base.expressions[0] if isinstance(base, exp.AnonymousAggFunc) and base.expressions else base.this
    argument = argument.expressions[0] if distinct else argument
    family = str(base.meta.get("family", ""))
    return Measure(
        call=call,
        function=name,
        argument=None if isinstance(argument, exp.Star) else argument,
        condition=call.expression.this if isinstance(call, exp.Filter) else None,
        distinct=distinct,
        family=_comparable(name, family, distinct),
    )


def _one_argument(call: exp.Expr, kind: str | None) -> bool:
    """Whether a call takes one value per row; a quantile's rank, a literal, may come with it."""
    held = [v for v in call.args.values() if v is not None]
    arguments = [a for v in held for a in (v if isinstance(v, list) else [v]) if isinstance(a, exp.Expr)]
    rank = arguments[1:]
    return not rank or (kind == "order_statistic" and len(rank) == 1 and isinstance(rank[0], exp.Literal))


def _comparable(function: str, fields: str, distinct: bool) -> str:
    """What the firewall may compare a measure with: counts with counts, sums over the same fields with one another."""
    if distinct:
        return f"distinct:{fields}"
    if function in ADDITIVE:
        return ""
    return fields if function in SUMS else f"{function}:{fields}"


def _read_cells(
    select: exp.Select, source: str, grouped: list[exp.Expr], calls: dict[exp.Expr, int], finding: MakeFinding
) -> None:
    """Rewrite `select` to read the cells in `source`; HAVING becomes its WHERE."""
    keys = {k.copy(): i for i, k in reversed(list(enumerate(grouped)))}

    def cell_of(node: exp.Expr) -> exp.Column | None:
        if node in calls:
            return exp.column(f"a{calls[node]}", table=source, quoted=True)
        return exp.column(f"k{keys[node]}", table=source, quoted=True) if node in keys else None

    _read_from(select, source)
    for clause in [*select.expressions, *(select.args.get(c) for c in ("where", "qualify", "order"))]:
        for node in list(clause.dfs()) if clause is not None else []:
            cell = cell_of(node) if _attached(node, select) and belongs_to(node, select) else None
            if cell is not None:
                node.replace(cell)
    for column in select.find_all(exp.Column):
        if column.table and column.table != source and belongs_to(column, select):
            raise Refusal(finding("column-not-grouped", column, column_name=column.name))


def _attached(node: exp.Expr, select: exp.Select) -> bool:
    """Whether `node` still stands in `select`, no part of what was replaced."""
    while node.parent is not None and node is not select:
        node = node.parent
    return node is select


def _read_from(select: exp.Select, source: str) -> None:
    """Let `select` read the table `source` with nothing but its HAVING as filter, every output column named."""
    for projection in select.expressions:
        if not isinstance(projection, exp.Alias):
            projection.replace(exp.alias_(projection.copy(), projection.alias_or_name or "_col", quoted=True))
    having = select.args.get("having")
    select.set("where", exp.Where(this=having.this) if having is not None else None)
    for clause in ("having", "group", "joins"):
        select.set(clause, None)
    table = exp.Table(this=exp.to_identifier(source, quoted=True))
    table.meta["governed"] = True
    select.set("from_", exp.From(this=table))


def _transforms(measure: Measure, function_class: FunctionClass, finding: MakeFinding) -> list[Finding]:
    """Functions inside a measure that pack or amplify single values."""
    if measure.argument is None:
        return []
    return [
        finding("measure-transform", node, function=function_name(node))
        for node in measure.argument.walk()
        if is_call(node) and function_class(function_name(node)) == "measure"
    ]
