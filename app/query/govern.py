"""Which rows belong to whom, and where do units mix? Resolved tree → governed tree with its frontiers.

Each query node is PUBLIC (no protected input), UNIT (each row belongs to one unit per unit column) or SAFE (a function
of checked cells and public data). The lowest aggregation that mixes units is a *frontier*: it is cut out into a step of
its own whose unsafe cells are removed, and the query goes on above it, so that HAVING, windows, ORDER and LIMIT only
ever see safe cells. What the walk does not understand is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlglot import exp

from app.domain.errors import Finding, Refusal
from app.domain.values import Dataset, DatasetKind, Level
from app.query.cutting import cut_frontier, cut_margins, split_groups
from app.query.equality import Equalities, key_of
from app.query.frontier import Frontier, UnitExpression
from app.query.grouping import grouping_keys, grouping_sets, own_aggregates
from app.query.guarded import calculated_in_doubles, fallible
from app.query.joined import joined_units
from app.query.names import Resolved
from app.query.parse import FunctionClass
from app.query.relations import (
    Kind,
    Relation,
    Source,
    UnitColumn,
    aligned,
    covered,
    cut_short,
    expression_queries,
    open_only,
    open_syntax,
    output_names,
    reads_cells,
    unit_expressions,
)
from app.query.stopping import stops
from app.query.subqueries import correlated_columns, own_aliases, query_of


@dataclass(frozen=True, kw_only=True)
class Governed:
    """The query above its frontiers, the frontiers in the order in which they run, and the WITH queries of both."""

    tree: exp.Query
    frontiers: tuple[Frontier, ...]
    ctes: tuple[tuple[str, exp.Expr], ...]
    reasons: tuple[Finding, ...]


Environment = dict[str, tuple[Relation, str]]
"""WITH name → what it yields, and the unique name under which it is emitted."""


def govern(resolved: Resolved, level: Level, function_class: FunctionClass) -> Governed:
    """Find the frontiers of a resolved query that reaches fields of `level`.

    Raises Refusal with the place of the first construct that cannot be governed.
    """
    governor = _Governor(resolved=resolved, level=level, function_class=function_class)
    tree = resolved.tree.copy()
    relation = governor.query(tree, {}, hidden=False)
    governor.refuse_open_syntax()
    if relation.kind is Kind.UNIT:
        raise Refusal(Finding(code="rows-of-units", position=resolved.place(tree)))
    for query in (tree, *(q for _, q in governor.ctes), *(t for f in governor.frontiers for t in f.trees())):
        for table in query.find_all(exp.Table):
            if not table.meta.get("governed"):
                raise Refusal(governor.finding("construct-refused", table, construct=table.name))
    return Governed(
        tree=tree,
        frontiers=tuple(governor.frontiers),
        ctes=tuple(governor.ctes),
        reasons=tuple(dict.fromkeys(governor.reasons)),
    )


@dataclass
class _Governor:
    """One walk over one tree, which it rewrites in place."""

    resolved: Resolved
    level: Level
    function_class: FunctionClass
    frontiers: list[Frontier] = field(default_factory=list)
    ctes: list[tuple[str, exp.Expr]] = field(default_factory=list)
    reasons: list[Finding] = field(default_factory=list)
    protected: bool = False

    def finding(self, code: str, node: exp.Expr, **params: str) -> Finding:
        """A finding at the place of `node`."""
        return Finding(code=code, params=tuple(params.items()), position=self.resolved.place(node))

    def query(self, query: exp.Expr, env: Environment, *, hidden: bool) -> Relation:
        """Govern one query; with `hidden`, a UNIT query also yields its unit columns."""
        env = dict(env)
        with_ = query.args.get("with_")
        if with_ is not None:
            for cte in with_.expressions:
                self._refuse_lateral(cte.this)
                relation = self.query(cte.this, env, hidden=True)
                name = f"__c{len(self.ctes)}"
                self.ctes.append((name, cte.this))
                env[cte.alias.lower()] = (relation, name)
            query.set("with_", None)
        if isinstance(query, exp.Subquery):
            return self.query(query.this, env, hidden=hidden)
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, env, hidden=hidden)
        if not isinstance(query, exp.Select):
            raise Refusal(self.finding("construct-refused", query, construct=type(query).__name__))
        return self._select(query, env, hidden=hidden)

    def _set_operation(self, query: exp.SetOperation, env: Environment, *, hidden: bool) -> Relation:
        left = self.query(query.this, env, hidden=True)
        right = self.query(query.expression, env, hidden=True)
        kinds = {left.kind, right.kind}
        own = left.own or right.own
        if Kind.UNIT not in kinds:
            return Relation(kind=Kind.SAFE if Kind.SAFE in kinds else Kind.PUBLIC, own=own)
        plain = isinstance(query, exp.Union) and not query.args.get("distinct")
        same = [u.type for u in left.units] == [u.type for u in right.units]
        if not (plain and same and kinds == {Kind.UNIT}) or cut_short(query) or not hidden:
            raise Refusal(self.finding("set-operation-of-units", query))
        query.set("order", None)
        return Relation(kind=Kind.UNIT, units=left.units, own=own)

    # -- one SELECT

    def _select(self, select: exp.Select, env: Environment, *, hidden: bool) -> Relation:
        sources = self._sources(select, env)
        equal = Equalities.of(select)
        units = joined_units(select, sources, equal, self.finding)
        for node in expression_queries(select):
            self._expression_query(node, env, units, equal)
        own = not sources or any(s.relation.own for s in sources)
        kinds = {s.relation.kind for s in sources}
        if Kind.UNIT not in kinds:
            safe = Kind.SAFE in kinds or reads_cells(select)
            return Relation(kind=Kind.SAFE if safe else Kind.PUBLIC, own=own)
        return replace(self._of_units(select, units, equal, hidden=hidden), own=own)

    def _of_units(
        self, select: exp.Select, units: list[UnitExpression], equal: Equalities, *, hidden: bool
    ) -> Relation:
        """What a SELECT over rows of units yields."""
        self._refuse_open_only(select)
        self._check_windows(select, units, equal)
        if select.args.get("group") is not None or own_aggregates(select):
            return self._grouped(select, units, equal, hidden=hidden)
        return self._rows(select, units, equal, hidden=hidden)

    def refuse_open_syntax(self) -> None:
        """Once rows of units were read, refuse what only a query over public rows may have."""
        for node in self.resolved.tree.walk() if self.protected else ():
            name = open_syntax(node, self.function_class)
            if name is not None:
                raise Refusal(self.finding("open-data-only", node, construct=name))

    def _refuse_open_only(self, select: exp.Select) -> None:
        """Constructs that are understood over public rows and checked cells, but not over rows of units."""
        for node, construct in open_only(select):
            raise Refusal(self.finding("open-data-only", node, construct=construct))

    def _sources(self, select: exp.Select, env: Environment) -> list[Source]:
        from_ = select.args.get("from_")
        items = [from_.this] if from_ is not None else []
        items += [j.this for j in select.args.get("joins") or []]
        return [self._source(item, env) for item in items]

    def _source(self, item: exp.Expr, env: Environment) -> Source:
        alias = item.alias_or_name.lower()
        if isinstance(item, exp.Subquery):
            self._refuse_lateral(item.this)
            return Source(alias=alias, relation=self.query(item.this, env, hidden=True))
        if isinstance(item, exp.Values):
            return Source(alias=alias, relation=Relation(kind=Kind.PUBLIC, own=True))
        if not isinstance(item, exp.Table):
            raise Refusal(self.finding("construct-refused", item, construct=type(item).__name__))
        item.meta["governed"] = True
        known = env.get(item.name.lower())
        if known is not None:
            item.set("this", exp.to_identifier(known[1], quoted=True))
            return Source(alias=alias, relation=known[0])
        dataset = self.resolved.datasets[item.name.lower()]
        own = dataset.kind is DatasetKind.ENTERPRISE
        return Source(alias=alias, relation=replace(self._table(dataset), own=own))

    def _table(self, dataset: Dataset) -> Relation:
        if self.level is Level.L1 or not dataset.units:
            return Relation(kind=Kind.PUBLIC)
        self.protected = True
        units = tuple(UnitColumn(type=u.type, column=u.column.lower(), tag=u.tag.lower()) for u in dataset.units)
        return Relation(kind=Kind.UNIT, units=units, exposed={u.column: i for i, u in enumerate(units)})

    def _refuse_lateral(self, query: exp.Expr) -> None:
        """A source may not depend on the rows of its siblings."""
        if correlated_columns(query):
            raise Refusal(self.finding("correlated-subquery", query))

    # -- rows that stay with their unit

    def _rows(self, select: exp.Select, units: list[UnitExpression], equal: Equalities, *, hidden: bool) -> Relation:
        if cut_short(select) and select.parent is not None:
            raise Refusal(self.finding("limit-over-units", select.args.get("limit") or select.args["offset"]))
        if select.args.get("distinct") is not None:
            keys = [p.unalias() for p in select.expressions]
            held = covered(keys, units, equal)
            if len(held) < len(units):
                self._refuse_distinct_windows(keys)
                self._refuse_mixed(held, select)
                return self._frontier(select, keys, units)
        self._refuse_fallible([select], select)
        relation = self._unit_relation(select, units, equal)
        if hidden:
            select.set("order", None)
            for i, unit in enumerate(units):
                select.append("expressions", exp.alias_(unit.column(), f"__u{i}", quoted=True))
                select.append("expressions", exp.alias_(unit.tag_column(), f"__t{i}", quoted=True))
        return relation

    def _grouped(self, select: exp.Select, units: list[UnitExpression], equal: Equalities, *, hidden: bool) -> Relation:
        if grouping_sets(select) is not None:
            return self._margins(select, units, equal)
        keys = grouping_keys(select)
        held = covered(keys, units, equal)
        if len(held) < len(units):
            self._refuse_mixed(held, select)
            return self._frontier(select, keys, units)
        self._check_per_unit(select, units, equal)
        relation = self._unit_relation(select, units, equal)
        name = f"__c{len(self.ctes)}"
        tags = [exp.alias_(exp.Min(this=u.tag_column()), f"t{i}", quoted=True) for i, u in enumerate(units)]
        self.ctes.append((name, split_groups(select, keys, tags, name, self.finding)))
        self._refuse_fallible([select], select)
        if hidden:
            select.set("order", None)
            for i in range(len(units)):
                for column, hidden_name in ((f"k{held[i]}", f"__u{i}"), (f"t{i}", f"__t{i}")):
                    value = exp.column(column, table=name, quoted=True)
                    select.append("expressions", exp.alias_(value, hidden_name, quoted=True))
        return relation

    def _check_per_unit(self, select: exp.Select, units: list[UnitExpression], equal: Equalities) -> None:
        """Rows that are groups of one unit: neither cut short, nor compared across units."""
        if cut_short(select):
            raise Refusal(self.finding("limit-over-units", select))
        shown = [p.unalias() for p in select.expressions]
        if select.args.get("distinct") is not None and len(covered(shown, units, equal)) < len(units):
            raise Refusal(self.finding("set-operation-of-units", select))
        self._windows_within_units(select, units, equal)

    def _refuse_fallible(self, trees: list[exp.Expr], select: exp.Select) -> None:
        """Over rows of units nothing may fail, and DuckDB has no TRY over windows and sub-queries."""
        for node in (n for t in trees for n in t.walk()):
            own = node.find_ancestor(exp.Query) in (select, None) and fallible(node)
            if own and node.find(exp.Window, exp.Query) and not calculated_in_doubles(node):
                raise Refusal(self.finding("may-fail-over-units", node))

    def _unit_relation(self, select: exp.Select, units: list[UnitExpression], equal: Equalities) -> Relation:
        exposed = {}
        for projection in select.expressions:
            column = projection.unalias()
            for i, unit in enumerate(units):
                if isinstance(column, exp.Column) and equal.same(key_of(column), unit.key):
                    exposed[projection.alias_or_name.lower()] = i
        columns = tuple(UnitColumn(type=u.type, column=f"__u{i}", tag=f"__t{i}") for i, u in enumerate(units))
        return Relation(kind=Kind.UNIT, units=columns, exposed=exposed)

    def _refuse_distinct_windows(self, keys: list[exp.Expr]) -> None:
        """DISTINCT over rows of units is a grouping by what is selected; a window can be no key of one."""
        for window in (w for k in keys if (w := k.find(exp.Window)) is not None):
            raise Refusal(self.finding("construct-refused", window, construct="DISTINCT … OVER"))

    def _refuse_mixed(self, covered: dict[int, int], select: exp.Select) -> None:
        if covered:
            raise Refusal(self.finding("mixed-units", select))

    def _frontier(self, select: exp.Select, keys: list[exp.Expr], units: list[UnitExpression]) -> Relation:
        frontier = cut_frontier(select, keys, tuple(units), len(self.frontiers), self.function_class, self.finding)
        self._add_frontier(frontier, select)
        return Relation(kind=Kind.SAFE)

    def _add_frontier(self, frontier: Frontier, select: exp.Select) -> None:
        self.reasons.extend(frontier.reasons(self.level, self.function_class, self.finding))
        self._refuse_fallible(frontier.trees()[1:], select)
        self.frontiers.append(frontier)

    def _margins(self, select: exp.Select, units: list[UnitExpression], equal: Equalities) -> Relation:
        """Groups and their totals: each set of keys is a frontier of its own."""
        self._refuse_mixed(covered(grouping_keys(select), units, equal), select)
        name = f"__c{len(self.ctes)}"
        first = len(self.frontiers)
        frontiers, union = cut_margins(select, tuple(units), first, name, self.function_class, self.finding)
        self.ctes.append((name, union))
        for frontier in frontiers:
            self._add_frontier(frontier, select)
        return Relation(kind=Kind.SAFE)

    def _check_windows(self, select: exp.Select, units: list[UnitExpression], equal: Equalities) -> None:
        """A window over rows of units may not look across units; above a GROUP BY it looks at groups."""
        if select.args.get("group") is None and not own_aggregates(select):
            self._windows_within_units(select, units, equal)

    def _windows_within_units(self, select: exp.Select, units: list[UnitExpression], equal: Equalities) -> None:
        for window in select.find_all(exp.Window):
            keys = window.args.get("partition_by") or []
            if window.find_ancestor(exp.Query) is select and len(covered(keys, units, equal)) < len(units):
                raise Refusal(self.finding("window-over-units", window))

    # -- queries inside expressions

    def _expression_query(
        self, node: exp.Expr, env: Environment, units: list[UnitExpression], equal: Equalities
    ) -> None:
        inner = query_of(node)
        if correlated_columns(inner):
            for code, place in stops(node) if units else ():
                raise Refusal(self.finding(code, place))
            self._correlated(inner, env, units)
            return
        before, cells = inner.copy(), (len(self.frontiers), len(self.ctes), len(self.reasons))
        relation = self.query(inner, env, hidden=False)
        if relation.kind is not Kind.UNIT:
            return
        if not isinstance(node, exp.In):
            raise Refusal(self.finding("subquery-of-units", node))
        if aligned(node.this, relation, output_names(before)[0].lower(), units, equal):
            return
        del self.frontiers[cells[0] :], self.ctes[cells[1] :], self.reasons[cells[2] :]
        self._value_list(node, before, env)

    def _value_list(self, node: exp.In, inner: exp.Expr, env: Environment) -> None:
        """The values that rows of units have are a frontier: each value needs its own contributors."""
        columns = [exp.alias_(exp.column(n, table="__q", quoted=True), n, quoted=True) for n in output_names(inner)]
        listed = exp.Select(expressions=columns, distinct=exp.Distinct())
        held = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("__q", quoted=True)))
        listed.set("from_", exp.From(this=held))
        query = node.args["query"]
        if isinstance(query, exp.Subquery):
            query.set("this", listed)
        else:
            node.set("query", listed)
        self.query(listed, env, hidden=False)

    def _correlated(self, inner: exp.Expr, env: Environment, units: list[UnitExpression]) -> None:
        """A correlated query may look at the same unit's rows, or at public rows."""
        if self._reads_public_rows(inner, env):
            self.query(inner, env, hidden=False)
            return
        if not isinstance(inner, exp.Select) or any(q is not inner for q in inner.find_all(exp.Query)):
            raise Refusal(self.finding("correlated-subquery", inner))
        sources = self._sources(inner, env)
        if any(s.relation.kind is Kind.SAFE for s in sources):
            raise Refusal(self.finding("correlated-subquery", inner))
        where = Equalities.of_condition(inner.args["where"].this if inner.args.get("where") else None)
        outside = [u for u in units if u.alias not in own_aliases(inner)]
        for source in sources:
            for own in unit_expressions(source):
                if not any(u.type == own.type and where.same(u.key, own.key) for u in outside):
                    raise Refusal(self.finding("correlated-subquery", inner))

    def _reads_public_rows(self, query: exp.Expr, env: Environment) -> bool:
        """Whether every table that `query` reads, at any depth, has rows of nobody."""
        inside = {c.alias.lower() for c in query.find_all(exp.CTE)}
        for name in {t.name.lower() for t in query.find_all(exp.Table)}:
            known, dataset = env.get(name), self.resolved.datasets.get(name)
            kinds = {known[0].kind} if known is not None else set()
            kinds |= {self._table(dataset).kind} if dataset is not None else set()
            if kinds - {Kind.PUBLIC} or not (kinds or name in inside):
                return False
        return True
