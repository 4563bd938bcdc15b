"""What is each field used for? Lineage over the resolved tree: every use of every field, with its place.

A value *flows* from a field to where it is consumed; the place of consumption names the use (values.is_use). Flows pass
through sub-queries, WITH queries, set operations, CASE and functions, so a use is found wherever the value ends up,
not by the names of output columns. Implicit flows count: what a condition compares is a filter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from app.domain.values import DatasetKind, FieldUse, Position
from app.query.flows import NONE, Columns, Flow, Flows, Scope
from app.query.grammar import COMPARISONS, CONNECTIVES, PREDICATE_FUNCTIONS
from app.query.grouping import grouping_keys, own_aggregates
from app.query.names import Resolved
from app.query.parse import FunctionClass, function_name, is_call
from app.query.subqueries import correlated_columns

PREDICATES: tuple[type[exp.Expr], ...] = (
    *CONNECTIVES[:3],
    exp.In,
    exp.Between,
    exp.Is,
    exp.Exists,
    exp.Like,
    exp.ILike,
    exp.Glob,
)

SHOW_VALUES = frozenset({"quantile_disc", "mode"})
"""Order statistics that are always the value of some row, as the extremes are; a median lies between two."""


@dataclass
class UseFinder:
    """One walk over one resolved tree; `uses` fills while it goes."""

    resolved: Resolved
    function_class: FunctionClass
    uses: set[FieldUse] = field(default_factory=set)
    _grouped: list[Flow] = field(default_factory=list)

    def find(self) -> tuple[FieldUse, ...]:
        """Every use that the query makes, in order of place."""
        for flows in self.columns_of(self.resolved.tree, {}, None):
            for flow in flows:
                self.record(flow, "group" if flow.label else "show")
        shown = {(u.dataset, u.field) for u in self.uses if u.use == "group"}
        for flow in self._grouped:
            if (flow.dataset, flow.field) not in shown:
                self.record(flow, "link")
        return tuple(sorted(self.uses, key=_order))

    # -- queries

    def columns_of(self, query: exp.Expr, ctes: dict[str, Columns], outer: Scope | None) -> list[Flows]:
        """What flows out of each output column of `query`."""
        ctes = dict(ctes)
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ is not None else []:
            ctes[cte.alias.lower()] = self._named(cte, self.columns_of(cte.this, ctes, None))
        if isinstance(query, exp.Subquery):
            return self.columns_of(query.this, ctes, outer)
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, ctes, outer)
        if not isinstance(query, exp.Select):
            raise TypeError(f"{type(query).__name__} is no query")
        return self._select(query, ctes, outer)

    def _named(self, holder: exp.Expr, flows: list[Flows]) -> Columns:
        query = holder.this
        alias = holder.args.get("alias")
        names = [c.name for c in alias.args.get("columns") or []] if isinstance(alias, exp.TableAlias) else []
        return dict(zip((n.lower() for n in names or query.named_selects), flows, strict=False))

    def _set_operation(self, query: exp.SetOperation, ctes: dict[str, Columns], outer: Scope | None) -> list[Flows]:
        left, right = self.columns_of(query.this, ctes, outer), self.columns_of(query.expression, ctes, outer)
        merged = [a | b for a, b in zip(left, right, strict=False)]
        keeps_rows = isinstance(query, exp.Union) and not query.args.get("distinct")
        outputs = merged if keeps_rows else [self.as_labels(f) for f in merged]
        _Select(self, Scope(sources={}, outer=outer), ctes).ordered(query.args.get("order"), _by_name(query, outputs))
        return outputs

    def _select(self, select: exp.Select, ctes: dict[str, Columns], outer: Scope | None) -> list[Flows]:
        inner = _Select(self, self._scope(select, ctes, outer), ctes)
        joins = [j.args.get("on") for j in select.args.get("joins") or []]
        for condition in [*joins, _this(select, "where")]:
            inner.compared(condition)
        group = select.args.get("group")
        inner.per_unit = outer is not None and bool(correlated_columns(select))
        for key in grouping_keys(select):
            flows = inner.key(key)
            inner.per_unit = inner.per_unit or any(f.identifier for f in flows)
            self.as_labels(flows)
        inner.labels = group is not None or bool(own_aggregates(select))
        for clause in ("having", "qualify"):
            inner.compared(_this(select, clause))
        outputs = [inner.value(p.unalias()) for p in select.expressions]
        distinct = select.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            named = dict(zip((p.alias_or_name for p in select.expressions), outputs, strict=True))
            for column in distinct.args["on"].find_all(exp.Column):
                self.as_labels(inner.value(column) if column.table else named[column.name])
        elif distinct is not None and not inner.labels:
            outputs = [self.as_labels(f) for f in outputs]
        inner.ordered(select.args.get("order"), _by_name(select, outputs))
        return outputs

    def _scope(self, select: exp.Expr, ctes: dict[str, Columns], outer: Scope | None) -> Scope:
        sources: dict[str, Columns] = {}
        from_ = select.args.get("from_")
        items = [from_.this] if from_ is not None else []
        items += [j.this for j in select.args.get("joins") or []]
        for item in items:
            sources[item.alias_or_name.lower()] = self._source(item, ctes, outer)
        return Scope(sources=sources, outer=outer)

    def _source(self, item: exp.Expr, ctes: dict[str, Columns], outer: Scope | None) -> Columns:
        if isinstance(item, exp.Values):
            return {}
        if isinstance(item, exp.Subquery):
            return self._named(item, self.columns_of(item.this, ctes, outer))
        name = item.name.lower()
        if name in ctes:
            return ctes[name]
        dataset = self.resolved.datasets[name]
        public = dataset.kind is DatasetKind.PUBLIC
        return {
            f.name.lower(): frozenset(
                {Flow(dataset=dataset.name, field=f.name, position=None, identifier=f.identifier, public=public)}
            )
            for f in dataset.fields
        }

    # -- recording

    def as_labels(self, flows: Flows) -> Flows:
        """The values become labels of groups: a link now, a `group` if the label ever leaves."""
        self._grouped.extend(f for f in flows if not f.label)
        return frozenset(replace(f, label=True) for f in flows)

    def record(self, flow: Flow, use: str) -> None:
        """Note one use of one public field; the operator's own fields need no right."""
        if flow.public:
            self.uses.add(FieldUse(dataset=flow.dataset, field=flow.field, use=use, position=flow.position))


class _Select:
    """The expressions of one SELECT: which values flow out of them, and which uses they make on the way."""

    def __init__(self, finder: UseFinder, scope: Scope, ctes: dict[str, Columns]) -> None:
        self.finder = finder
        self.scope = scope
        self.ctes = ctes
        self.labels = False
        self.per_unit = False
        self.parameters: dict[str, Flows] = {}
        self._readers: tuple[tuple[tuple[type[exp.Expr], ...], Callable[[Any], Flows]], ...] = (
            ((exp.Column,), self._column),
            ((*COMPARISONS, *PREDICATES), self.condition),
            ((exp.Window,), self._window),
            ((exp.Filter,), self._filtered),
            ((exp.Case, exp.If), self._case),
            ((exp.Nullif,), self._nulled),
            ((exp.Query,), self._subquery),
            ((exp.Order,), self._in_order),
            ((exp.Grouping,), lambda _: NONE),
            ((exp.Identifier,), lambda node: self.parameters.get(node.name.lower(), NONE)),
            ((exp.Dot,), lambda node: self.value(node.this)),
        )

    def value(self, node: exp.Expr) -> Flows:
        """What flows out of an expression."""
        for classes, read in self._readers:
            if isinstance(node, classes):
                return read(node)
        if not is_call(node):
            return self._arguments(node)
        if function_name(node) in PREDICATE_FUNCTIONS:
            return self._decided(self._arguments(node), "filter:range")
        consumed = self._aggregate(node)
        return self._arguments(node) if consumed is None else consumed

    def _arguments(self, node: exp.Expr) -> Flows:
        """What flows into a call; a lambda's parameters hold what its other arguments hold."""
        parts = list(node.iter_expressions())
        flows: Flows = frozenset().union(*(self.value(p) for p in parts if not isinstance(p, exp.Lambda)))
        for part in parts:
            if isinstance(part, exp.Lambda):
                before, names = self.parameters, [p.name.lower() for p in part.expressions]
                self.parameters = before | dict.fromkeys(names, flows)
                flows |= self.value(part.this)
                self.parameters = before
        return flows

    def _filtered(self, node: exp.Expr) -> Flows:
        self.condition(node.expression.this)
        return self.value(node.this)

    def _in_order(self, node: exp.Expr) -> Flows:
        """An aggregate's argument, taken in an order."""
        self.ordered(node)
        return self.value(node.this)

    def _subquery(self, node: exp.Expr) -> Flows:
        return frozenset().union(*self.finder.columns_of(node, self.ctes, self.scope))

    def compared(self, condition: exp.Expr | None) -> None:
        """Record a predicate, if there is one."""
        if condition is not None:
            self.condition(condition)

    def ordered(self, order: exp.Expr | None, outputs: Columns | None = None) -> None:
        """Record what ORDER BY looks at: an order over values is a comparison of them.

        A column without a table is one of `outputs`, the output columns of the same query.
        """
        for item in order.expressions if order is not None else []:
            flows = self.value(item.this)
            for column in item.find_all(exp.Column):
                if not column.table and outputs is not None:
                    flows |= self._here(column, outputs.get(column.name.lower(), NONE))
            self._decided(frozenset(f for f in flows if not f.label), "filter:range")

    def _here(self, column: exp.Column, flows: Flows) -> Flows:
        """Flows that are looked at where `column` stands."""
        place = self.finder.resolved.place(column)
        return frozenset(replace(f, position=place or f.position) for f in flows)

    def key(self, node: exp.Expr) -> Flows:
        """What flows into a grouping key; an identifier inside an expression leaves as a label of it."""
        flows = self.value(node)
        if not isinstance(node, exp.Column):
            for flow in flows:
                if flow.identifier:
                    self.finder.record(flow, "group")
        return flows

    def condition(self, node: exp.Expr) -> Flows:
        """Record what a predicate compares; what flows out of it only decides."""
        if isinstance(node, CONNECTIVES):
            return frozenset().union(*(self.condition(c) for c in node.iter_expressions()))
        if isinstance(node, COMPARISONS):
            return self._comparison(node)
        if isinstance(node, exp.In):
            return self._in(node)
        if isinstance(node, exp.Exists):
            self.finder.columns_of(node.this, self.ctes, self.scope)
            return NONE
        kind = "filter:eq" if isinstance(node, exp.Is | exp.Column) else "filter:range"
        flows = self._children(node) if not isinstance(node, exp.Column | exp.Case | exp.Filter) else self.value(node)
        if isinstance(node, exp.Literal | exp.Boolean | exp.Null):
            return NONE
        return self._decided(flows, kind)

    def _column(self, column: exp.Column) -> Flows:
        place = self.finder.resolved.place(column)
        return frozenset(
            replace(f, position=place or f.position, label=f.label or self.labels) for f in self.scope.flows(column)
        )

    def _children(self, node: exp.Expr) -> Flows:
        return frozenset().union(*(self.value(c) for c in node.iter_expressions()))

    def _decided(self, flows: Flows, use: str) -> Flows:
        for flow in flows:
            if not flow.condition:
                self.finder.record(flow, use)
        return frozenset(replace(f, condition=True) for f in flows)

    def _nulled(self, node: exp.Expr) -> Flows:
        """NULLIF compares its arguments, and lets the first one pass where they differ."""
        self._met(node, equality=True)
        return self.value(node.this)

    def _comparison(self, node: exp.Expr) -> Flows:
        return self._met(node, equality=isinstance(node, exp.EQ | exp.NEQ | exp.NullSafeEQ | exp.NullSafeNEQ))

    def _met(self, node: exp.Expr, *, equality: bool) -> Flows:
        """Two sides held against each other."""
        left, right = self.value(node.this), self.value(node.expression)
        if not (equality and left and right):
            return self._decided(left | right, "filter:eq" if equality else "filter:range")
        bare = isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Column)
        return self._linked(left, right, bare)

    def _linked(self, left: Flows, right: Flows, bare: bool) -> Flows:
        """Fields compared with fields; an identifier may only meet one of its own registry, both bare."""
        same = bare and {f.identifier for f in left} == {f.identifier for f in right}
        for flow in left | right:
            matched = same if flow.identifier else True
            self._decided(frozenset({flow}), "link" if matched else "filter:eq")
        return frozenset(replace(f, condition=True) for f in left | right)

    def _in(self, node: exp.In) -> Flows:
        query = node.args.get("query")
        if query is None:
            left = self.value(node.this)
            listed = frozenset().union(*(self.value(e) for e in node.expressions))
            return self._decided(left | listed, "filter:eq")
        left_parts = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
        columns = self.finder.columns_of(query, self.ctes, self.scope)
        if len(columns) != len(left_parts):
            columns = [frozenset().union(*columns)] * len(left_parts)
        out: Flows = NONE
        for part, right in zip(left_parts, columns, strict=True):
            out |= self._member(part, right)
        return out

    def _member(self, node: exp.Expr, listed: Flows) -> Flows:
        """One value looked up among those of a query's column."""
        value = self.value(node)
        return (
            self._linked(value, listed, isinstance(node, exp.Column)) if listed else self._decided(value, "filter:eq")
        )

    def _case(self, node: exp.Expr) -> Flows:
        out: Flows = NONE
        operand = node.args.get("this") if isinstance(node, exp.Case) else None
        if operand is not None:
            out |= self._decided(self.value(operand), "filter:eq")
        for branch in node.args.get("ifs") or [node]:
            out |= self.value(branch.this) if operand is not None else self.condition(branch.this)
            out |= self.value(branch.args["true"]) if branch.args.get("true") is not None else NONE
        rest = node.args.get("default") if isinstance(node, exp.Case) else node.args.get("false")
        return out | (self.value(rest) if rest is not None else NONE)

    def _window(self, node: exp.Window) -> Flows:
        for key in node.args.get("partition_by") or []:
            self.finder.as_labels(self.key(key))
        self.ordered(node.args.get("order"))
        per_unit, self.per_unit = self.per_unit, self.per_unit or not self.labels
        flows = self.value(node.this)
        self.per_unit = per_unit
        return flows

    def _aggregate(self, node: exp.Expr) -> Flows | None:
        """The uses of an aggregate call's arguments; None when `node` is none. Marks the call with its base fields."""
        name = function_name(node)
        kind = self.finder.function_class(name)
        if kind not in ("aggregate", "order_statistic", "extreme"):
            return None
        labels, self.labels = self.labels, False
        flows = self._children(node)
        self.labels = labels
        distinct = isinstance(node.this, exp.Distinct)
        if name == "count" and not distinct and not isinstance(node.this, exp.Column | exp.Nullif):
            self._decided(flows, "filter:range")  # an expression that is NULL for some values decides which rows count
        elif name in ("count_if", "countif"):
            self.condition(node.this)
        node.meta["family"] = ",".join(sorted({f"{f.dataset}.{f.field}" for f in flows if not f.condition}))
        shows = kind == "extreme" or name in SHOW_VALUES
        use = "extreme" if shows else "link" if distinct and name == "count" else f"aggregate:{name}"
        for flow in flows:
            if flow.identifier and distinct and not isinstance(node.this.expressions[0], exp.Column):
                self.finder.record(flow, "aggregate:count")
            elif flow.label:
                self.finder.record(flow, "group")
            elif not flow.condition and (use == "extreme" or not flow.summed):
                self.finder.record(flow, use)
        kept = flows if self.per_unit else NONE
        return frozenset(replace(f, summed=True) for f in kept if not f.identifier)


def _by_name(query: exp.Query, outputs: list[Flows]) -> Columns:
    """What flows out under each name; under one that stands twice, of both."""
    found: Columns = {}
    for name, flows in zip(query.named_selects, outputs, strict=False):
        found[name.lower()] = found.get(name.lower(), NONE) | flows
    return found


def _this(select: exp.Expr, clause: str) -> exp.Expr | None:
    held = select.args.get(clause)
    return held.this if held is not None else None


def _order(use: FieldUse) -> tuple[int, int, str, str, str]:
    where = use.position or Position(line=0, column=0)
    return where.line, where.column, use.dataset, use.field, use.use
