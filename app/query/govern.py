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
from app.domain.values import Dataset, Level
from app.query.cutting import cut_frontier, cut_margins, governed_table, split_groups
from app.query.decorrelation import decorrelate, distinct_values
from app.query.equality import Equalities
from app.query.frontier import ANCHOR, Frontier
from app.query.grouping import grouping_keys, grouping_sets, own_aggregates
from app.query.guarded import calculated_in_doubles, fallible
from app.query.joined import joined_rows, joined_units, repetition
from app.query.keys import keys_of_select, keys_of_union, types_of_select, types_of_union
from app.query.names import Resolved
from app.query.parse import FunctionClass
from app.query.population import populations
from app.query.relations import (
    Kind,
    Relation,
    Rows,
    Source,
    aligned,
    both,
    covered,
    cut_short,
    expression_queries,
    open_only,
    open_syntax,
    output_names,
    reads_cells,
    rows_of_groups,
    table_relation,
    unit_expressions,
    unit_relation,
    values_relation,
)
from app.query.stopping import stops
from app.query.subqueries import correlated_columns, own_aliases, own_sources, query_of
from app.query.windows import across_units, groups_of, read_groups, refuse_as_keys


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
    """Find the frontiers of a query that reaches fields of `level`; raises Refusal with the place of what cannot be."""
    governor = _Governor(resolved=resolved, level=level, function_class=function_class)
    tree = resolved.tree.copy()
    relation = governor.query(tree, {}, hidden=False)
    governor.refuse_open_syntax()
    if relation.kind is Kind.UNIT:
        raise Refusal(Finding(code="rows-of-units", position=resolved.place(tree)))
    peopled = populations(governor.frontiers, governor.ctes, resolved.datasets)
    governor.reasons += [governor.finding("mixed-condition", node) for node in peopled.mixed]
    for query in (tree, *(q for _, q in peopled.ctes), *(t for f in peopled.frontiers for t in f.every_tree())):
        for table in query.find_all(exp.Table):
            if not table.meta.get("governed"):
                raise Refusal(governor.finding("construct-refused", table, construct=table.name))
    return Governed(
        tree=tree,
        frontiers=peopled.frontiers,
        ctes=peopled.ctes,
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
    queries: int = 0

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
            found = Relation(kind=Kind.SAFE if Kind.SAFE in kinds else Kind.PUBLIC, own=own)
            return replace(found, keys=keys_of_union(query), types=types_of_union(query, left.types, right.types))
        plain = isinstance(query, exp.Union) and not query.args.get("distinct")
        same = [u.type for u in left.units] == [u.type for u in right.units]
        if not (plain and same and kinds == {Kind.UNIT} and hidden):
            raise Refusal(self.finding("set-operation-of-units", query))
        self._judge_limit(query)
        self._without_order(query)
        return replace(both(left, right, query), own=own)

    def _mark(self) -> tuple[int, int, int]:
        return len(self.frontiers), len(self.ctes), len(self.reasons)

    def _back_to(self, mark: tuple[int, int, int]) -> None:
        """Forget what was found since `mark`: the same query is governed again in another way."""
        for found, size in zip((self.frontiers, self.ctes, self.reasons), mark, strict=True):
            del found[size:]  # type: ignore[attr-defined]

    # -- one SELECT

    def _select(self, select: exp.Select, env: Environment, *, hidden: bool) -> Relation:
        sources = self._sources(select, env)
        equal = Equalities.of(select)
        units, reasons = joined_units(select, sources, equal, self.finding)
        self.reasons += reasons
        rows, once = joined_rows(select, sources, units, equal)
        joined = [s.joined for s in sources]
        keys, types = keys_of_select(select, joined, once), types_of_select(select, joined)
        for node in expression_queries(select):
            self._expression_query(node, env, rows)
        own = not sources or any(s.relation.own for s in sources)
        kinds = {s.relation.kind for s in sources}
        if Kind.UNIT not in kinds:
            safe = Kind.SAFE in kinds or reads_cells(select)
            return Relation(kind=Kind.SAFE if safe else Kind.PUBLIC, own=own, keys=keys, types=types)
        self._refuse_open_only(select)
        grouped = select.args.get("group") is not None or bool(own_aggregates(select))
        relation = self._grouped(select, rows, hidden=hidden) if grouped else self._rows(select, rows, hidden=hidden)
        return replace(relation, own=own, keys=keys, types=types)

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
            return Source(alias=alias, relation=values_relation(item))
        if not isinstance(item, exp.Table):
            raise Refusal(self.finding("construct-refused", item, construct=type(item).__name__))
        item.meta["governed"] = True
        known = env.get(item.name.lower())
        if known is not None:
            item.set("this", exp.to_identifier(known[1], quoted=True))
            return Source(alias=alias, relation=known[0])
        return Source(alias=alias, relation=self._table(self.resolved.datasets[item.name.lower()]))

    def _table(self, dataset: Dataset) -> Relation:
        protected = self.level is not Level.L1 and bool(dataset.units)
        self.protected = self.protected or protected
        return table_relation(dataset, protected=protected)

    def _refuse_lateral(self, query: exp.Expr) -> None:
        """A source may not depend on the rows of its siblings."""
        if correlated_columns(query):
            raise Refusal(self.finding("correlated-subquery", query))

    # -- rows that stay with their unit

    def _rows(self, select: exp.Select, rows: Rows, *, hidden: bool) -> Relation:
        self._windows(select, rows)
        self._judge_limit(select)
        if select.args.get("distinct") is not None:
            keys = [p.unalias() for p in select.expressions]
            held = covered(keys, rows.units, rows.equal)
            if len(held) < len(rows.units):
                refuse_as_keys(keys, self.finding)
                self._refuse_mixed(held, select)
                return self._frontier(select, keys, rows)
        self._refuse_fallible([select], select)
        relation = unit_relation(select, rows)
        if hidden:
            self._without_order(select)
            select.meta[ANCHOR] = rows.anchor.alias if rows.anchor is not None else None
            for i, unit in enumerate(rows.units):
                select.append("expressions", exp.alias_(unit.column(), f"__u{i}", quoted=True))
                select.append("expressions", exp.alias_(unit.tag_column(), f"__t{i}", quoted=True))
        return relation

    def _grouped(self, select: exp.Select, rows: Rows, *, hidden: bool) -> Relation:
        if grouping_sets(select) is not None:
            return self._margins(select, rows)
        keys = grouping_keys(select)
        held = covered(keys, rows.units, rows.equal)
        if len(held) < len(rows.units):
            self._refuse_mixed(held, select)
            return self._frontier(select, keys, rows)
        shown = [p.unalias() for p in select.expressions]
        if select.args.get("distinct") is not None and len(covered(shown, rows.units, rows.equal)) < len(rows.units):
            raise Refusal(self.finding("set-operation-of-units", select))
        relation = unit_relation(select, rows)
        name = self._new_cte()
        tags = [exp.alias_(exp.Min(this=u.tag_column()), f"t{i}", quoted=True) for i, u in enumerate(rows.units)]
        inner = split_groups(select, keys, tags, name, self.finding)
        self.ctes.append((name, inner))
        groups = rows_of_groups(inner, name, held, rows)
        self._windows(select, groups)
        self._judge_limit(select)
        self._refuse_fallible([select], select)
        if hidden:
            self._without_order(select)
            for i, unit in enumerate(groups.units):
                select.append("expressions", exp.alias_(unit.column(), f"__u{i}", quoted=True))
                select.append("expressions", exp.alias_(unit.tag_column(), f"__t{i}", quoted=True))
        return relation

    def _new_cte(self) -> str:
        return f"__c{len(self.ctes)}"

    def _judge_limit(self, query: exp.Expr) -> None:
        """Which rows are cut off depends on other units' rows: people judge what is counted of the rest."""
        if cut_short(query):
            place = query.args.get("limit") or query.args["offset"]
            self.reasons.append(self.finding("limit-over-units", place))

    def _without_order(self, query: exp.Expr) -> None:
        """The order of rows that are aggregated above says nothing, unless it decides which ones are cut off."""
        if not cut_short(query):
            query.set("order", None)

    def _refuse_fallible(self, trees: list[exp.Expr], select: exp.Select) -> None:
        """Over rows of units nothing may fail, and DuckDB has no TRY over windows and sub-queries."""
        for node in (n for t in trees for n in t.walk()):
            own = node.find_ancestor(exp.Query) in (select, None) and fallible(node)
            if own and node.find(exp.Window, exp.Query) and not calculated_in_doubles(node):
                raise Refusal(self.finding("may-fail-over-units", node))

    def _refuse_mixed(self, covered: dict[int, int], select: exp.Select) -> None:
        if covered:
            raise Refusal(self.finding("mixed-units", select))

    def _frontier(self, select: exp.Select, keys: list[exp.Expr], rows: Rows) -> Relation:
        number, units = len(self.frontiers), tuple(rows.units)
        frontier = cut_frontier(select, keys, units, number, self.function_class, self.finding)
        self._add_frontier(frontier, select, rows)
        return Relation(kind=Kind.SAFE)

    def _margins(self, select: exp.Select, rows: Rows) -> Relation:
        """Groups and their totals: each set of keys is a frontier of its own."""
        self._refuse_mixed(covered(grouping_keys(select), rows.units, rows.equal), select)
        name, number = self._new_cte(), len(self.frontiers)
        frontiers, union = cut_margins(select, tuple(rows.units), number, name, self.function_class, self.finding)
        self.ctes.append((name, union))
        for frontier in frontiers:
            self._add_frontier(frontier, select, rows)
        return Relation(kind=Kind.SAFE)

    def _add_frontier(self, frontier: Frontier, select: exp.Select, rows: Rows) -> None:
        self.reasons.extend(frontier.reasons(self.level, rows.weights(), self.function_class, self.finding))
        self.reasons.extend(repetition(rows, self.finding) if frontier.measures else ())
        self._refuse_fallible(frontier.trees()[1:], select)
        self.frontiers.append(replace(frontier, anchor=rows.anchor.alias if rows.anchor is not None else None))

    def _windows(self, select: exp.Select, rows: Rows) -> None:
        """Windows over rows of units: those over whole partitions become frontiers, some go to people."""
        partitions, reasons = across_units(select, rows, self.function_class, self.finding)
        self.reasons += reasons
        for keys, windows in partitions:
            cells = governed_table(f"__s{len(self.frontiers)}")
            self._frontier(groups_of(select, keys, windows), keys, rows)
            read_groups(select, keys, windows, cells)

    # -- queries inside expressions

    def _expression_query(self, node: exp.Expr, env: Environment, rows: Rows) -> None:
        inner = query_of(node)
        if correlated_columns(inner):
            for code, place in stops(node) if rows.units else ():
                raise Refusal(self.finding(code, place))
            self._correlated(node, inner, env, rows)
            return
        before, mark = inner.copy(), self._mark()
        relation = self.query(inner, env, hidden=False)
        if relation.kind is not Kind.UNIT:
            return
        if not isinstance(node, exp.In | exp.Exists):
            raise Refusal(self.finding("subquery-of-units", node))
        if isinstance(node, exp.In) and aligned(
            node.this, relation, output_names(before)[0].lower(), rows.units, rows.equal
        ):
            return
        self._back_to(mark)
        self._value_list(node, before, env)

    def _value_list(self, node: exp.In | exp.Exists, inner: exp.Expr, env: Environment) -> None:
        """The values that rows of units have are a frontier: each value needs its own contributors."""
        listed = distinct_values(inner, self._new_query(), exist=isinstance(node, exp.Exists))
        held = node.args["query"] if isinstance(node, exp.In) else None
        if isinstance(held, exp.Subquery):
            held.set("this", listed)
        else:
            node.set("query" if isinstance(node, exp.In) else "this", listed)
        self._refuse_rows(self.query(listed, env, hidden=False), node)

    def _new_query(self) -> str:
        self.queries += 1
        return f"__q{self.queries}"

    def _refuse_rows(self, relation: Relation, node: exp.Expr) -> None:
        if relation.kind is Kind.UNIT:
            raise Refusal(self.finding("subquery-of-units", node))

    def _correlated(self, node: exp.Expr, inner: exp.Expr, env: Environment, rows: Rows) -> None:
        """A correlated query may look at the same unit's rows, at nobody's, or at groups by what it is tied to."""
        if self._reads_no_units(inner, env):
            self.query(inner, env, hidden=False)
            return
        if not isinstance(inner, exp.Select):
            raise Refusal(self.finding("correlated-subquery", inner))
        if self._of_the_same_units(inner, env, rows):
            self._sources(inner, env)
            return
        held = decorrelate(node, inner, self._new_query())
        if held is None:
            raise Refusal(self.finding("correlated-subquery", inner))
        self._refuse_rows(self.query(held, env, hidden=False), inner)

    def _of_the_same_units(self, inner: exp.Select, env: Environment, rows: Rows) -> bool:
        """Whether every source of units in `inner`, all of them plain tables, is tied to the same unit outside."""
        if any(q is not inner for q in inner.find_all(exp.Query)):
            return False
        where = Equalities.of_condition(inner.args["where"].this if inner.args.get("where") else None)
        outside = [u for u in rows.units if u.alias not in own_aliases(inner)]
        sources = [self._source(s.copy(), env) for s in own_sources(inner)]
        return all(s.relation.kind is not Kind.SAFE for s in sources) and all(
            any(u.type == own.type and where.same(u.key, own.key) for u in outside)
            for s in sources
            for own in unit_expressions(s)
        )

    def _reads_no_units(self, query: exp.Expr, env: Environment) -> bool:
        """Whether every table that `query` reads, at any depth, has rows of nobody or checked cells."""
        inside = {c.alias.lower() for c in query.find_all(exp.CTE)}
        for name in {t.name.lower() for t in query.find_all(exp.Table)}:
            known, dataset = env.get(name), self.resolved.datasets.get(name)
            kinds = {known[0].kind} if known is not None else set()
            kinds |= {self._table(dataset).kind} if dataset is not None else set()
            if Kind.UNIT in kinds or not (kinds or name in inside):
                return False
        return True
