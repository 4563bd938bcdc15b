"""Where do units mix, and in which measures? What a frontier is, and what each of its aggregate calls measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from app.domain.errors import Finding, Refusal
from app.domain.values import Level
from app.query.equality import ColumnKey
from app.query.parse import FunctionClass, function_name, is_call
from app.query.weights import Weights

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
ANCHOR = "anchor"
"""The mark of a SELECT of rows of units: the alias of its own anchor, see `Frontier.anchor`."""
SINGLE_VALUES = frozenset({"min", "max", "any_value"})


@dataclass(frozen=True, kw_only=True)
class UnitExpression:
    """A protected unit of a SELECT's joined rows: type, and where its reference and its tag stand."""

    type: str
    alias: str
    reference: str
    tag: str
    nullable: bool = False
    """Whether an outer join may have left it out."""

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
class Population:
    """Of whom a frontier's cells tell: its sources and filter without sensitive conditions; see `app.query.population`.

    `keys` are the numbers of the frontier's keys without a sensitive field; `reach` has for each measure the condition
    under which a row may count in it, None when every row may. `asked` says whether something sensitive decides which
    rows are in a cell, `conditional` the same of each measure by itself.
    """

    from_: exp.Expr
    joins: tuple[exp.Expr, ...]
    where: exp.Expr | None
    keys: tuple[int, ...]
    reach: tuple[exp.Expr | None, ...]
    asked: bool
    conditional: tuple[bool, ...]

    def trees(self) -> list[exp.Expr]:
        """Every tree of it, for checks that walk over all of it."""
        return [t for t in (self.from_, *self.joins, self.where, *self.reach) if t is not None]


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
    margin_of: int | None = None
    """For a set of keys of one GROUP BY: the number of the frontier of its largest set, None for that one itself."""
    positions: tuple[int, ...] = ()
    """For a set of keys of one GROUP BY: which of all the keys of that GROUP BY its own ones are."""
    anchor: str | None = None
    """The alias of a source of units whose rows stand once each in the joined rows; None when a join repeats them all.

    Where an outer join may leave that source out, the rows without it stand once each for those it is joined to."""
    population: Population | None = None
    """Of whom its cells tell, None: of those in them."""

    def trees(self) -> list[exp.Expr]:
        """Every tree of the frontier, for checks that walk over all of it."""
        calls = [m.call for m in self.measures]
        return [t for t in (self.from_, *self.joins, self.where, *self.keys, *calls) if t is not None]

    def every_tree(self) -> list[exp.Expr]:
        """Those, and every tree of its population."""
        return [*self.trees(), *(self.population.trees() if self.population is not None else [])]

    def reasons(
        self, level: Level, weights: Weights, function_class: FunctionClass, finding: MakeFinding
    ) -> list[Finding]:
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
            if measure.is_sum and weights.of(measure.argument or exp.Null()).told_apart():
                found.append(finding("measure-pieces", measure.call, **params))
            if level >= Level.L3:
                found.extend(_transforms(measure, function_class, finding))
        return found


def measure_of(call: exp.Expr, function_class: FunctionClass, finding: MakeFinding) -> Measure:
    """What an aggregate call, with its FILTER, measures; raises Refusal("aggregate-refused")."""
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


def _transforms(measure: Measure, function_class: FunctionClass, finding: MakeFinding) -> list[Finding]:
    """Functions inside a measure that pack or amplify single values."""
    if measure.argument is None:
        return []
    return [
        finding("measure-transform", node, function=function_name(node))
        for node in measure.argument.walk()
        if is_call(node) and function_class(function_name(node)) == "measure"
    ]
