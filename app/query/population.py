"""Of whom does a cell tell? The rows of a frontier without its conditions on sensitive fields: its *population*.

Who is sick in a region is a secret, who lives there is not. Whether `sick AND NOT (age = 37 AND trade = 4)` comes too
near to `sick` must not depend on whether that one person is sick: else the refusal says so (Kenthapadi, Mishra & Nissim
2005, simulatable auditing). So cells are also held against one another by their populations, the rows that meet all
conditions and keys without a sensitive field; and where a whole population is in a cell, the cell tells about each.

A population never has fewer rows than the cell: what cannot be told apart is left open. Sensitive is every field of the
data sets from level L3 on that is no identifier, and whatever is tied to one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from app.domain.values import Dataset, DatasetKind, Level
from app.query.contributions import CONDITIONS, COUNTS, NETS
from app.query.frontier import Frontier, Measure, Population

SENSITIVE = Level.L3
"""Fields from this level on are what an operator is after; those below are what it may know of a person."""


@dataclass(frozen=True, kw_only=True)
class Populations:
    """The frontiers with their populations, the WITH queries of both, and what mixes conditions."""

    frontiers: tuple[Frontier, ...]
    ctes: tuple[tuple[str, exp.Expr], ...]
    mixed: tuple[exp.Expr, ...]


def populations(
    frontiers: Iterable[Frontier], ctes: Iterable[tuple[str, exp.Expr]], datasets: Mapping[str, Dataset]
) -> Populations:
    """Find the population of each frontier that has a sensitive condition or key; the others are their own."""
    finder = _Finder(datasets=datasets, bodies=dict(ctes))
    found = tuple(replace(f, population=finder.population(f)) for f in frontiers)
    return Populations(
        frontiers=found, ctes=(*finder.bodies.items(), *finder.opened.items()), mixed=tuple(finder.mixed)
    )


Names = frozenset[str]


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Columns of a source, in lower case: those that tell something `sensitive`, those that `describe` a person."""

    sensitive: Names = frozenset()
    describing: Names = frozenset()


_NONE = _Columns()


@dataclass(frozen=True, kw_only=True)
class _Sources:
    """The sources of one SELECT: alias → its columns; `all_of` are aliases of which every column is sensitive."""

    columns: Mapping[str, _Columns]
    all_of: frozenset[str] = frozenset()

    def secret(self, column: exp.Column) -> bool:
        """Whether `column` tells something sensitive."""
        alias = column.table.lower()
        return alias in self.all_of or column.name.lower() in self.columns.get(alias, _NONE).sensitive

    def describes(self, column: exp.Column) -> bool:
        """Whether `column` is something by which a person may be known."""
        alias = column.table.lower()
        return alias not in self.all_of and column.name.lower() in self.columns.get(alias, _NONE).describing


@dataclass
class _Finder:
    """One walk over the frontiers of a query and the WITH queries that they read."""

    datasets: Mapping[str, Dataset]
    bodies: Mapping[str, exp.Expr]
    opened: dict[str, exp.Expr] = field(default_factory=dict)
    mixed: list[exp.Expr] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def population(self, frontier: Frontier) -> Population | None:
        """The population of a frontier, None when nothing about it is sensitive."""
        before = len(self.dropped)
        items = [frontier.from_.this, *(j.this for j in frontier.joins)]
        sources = self._sources(items, frontier.joins, frontier.where)
        keys = tuple(i for i, k in enumerate(frontier.keys) if not self._is_secret(k, sources))
        for i, key in enumerate(frontier.keys):
            if i not in keys and self._mixes(key, sources):
                self.mixed.append(key)
        where = self._where(frontier.where, sources)
        joins = tuple(self._join(j, sources) for j in frontier.joins)
        from_ = frontier.from_.copy()
        from_.set("this", self._source(from_.this))
        asked = len(self.dropped) > before or len(keys) < len(frontier.keys)
        reach, conditional = list[exp.Expr | None](), list[bool]()
        for measure in frontier.measures:
            before = len(self.dropped)
            reach.append(self._measure(measure, sources))
            conditional.append(len(self.dropped) > before)
        if not (asked or any(conditional)):
            return None
        return Population(
            from_=from_,
            joins=joins,
            where=where,
            keys=keys,
            reach=tuple(reach),
            asked=asked,
            conditional=tuple(conditional),
        )

    # -- what is sensitive

    def _sources(self, items: list[exp.Expr], joins: Iterable[exp.Expr], where: exp.Expr | None) -> _Sources:
        found = _Sources(columns={item.alias_or_name.lower(): self._columns(item) for item in items})
        conditions = [where.this] if where is not None else []
        for join in joins:
            on = join.args.get("on")
            if on is None:
                continue
            if join.args.get("side") and self._is_secret(on, found):
                found = replace(found, all_of=found.all_of | {join.this.alias_or_name.lower()})
            conditions.append(on)
        return self._tied(found, conditions)

    def _tied(self, sources: _Sources, conditions: list[exp.Expr]) -> _Sources:
        """A source that is found by something sensitive tells it in every column."""
        pairs = [t for c in conditions for part in (c, *c.flatten()) if (t := _tie(part)) is not None]
        while True:
            more = set()
            for left, right in pairs:
                for a, b in ((left, right), (right, left)):
                    if sources.secret(a) and not sources.secret(b):
                        more.add(b.table.lower())
            if more <= sources.all_of:
                return sources
            sources = replace(sources, all_of=sources.all_of | more)

    def _columns(self, item: exp.Expr) -> _Columns:
        if isinstance(item, exp.Subquery):
            alias = item.args.get("alias")
            named = alias.args.get("columns") or [] if isinstance(alias, exp.TableAlias) else []
            return _collected(self._outputs(item.this), [c.name.lower() for c in named])
        if isinstance(item, exp.Table) and item.name in self.bodies:
            return _collected(self._outputs(self.bodies[item.name]), [])
        dataset = self.datasets.get(item.name.lower()) if isinstance(item, exp.Table) else None
        if dataset is None or not (dataset.units or dataset.kind is DatasetKind.ENTERPRISE):
            return _NONE
        plain = {f.name.lower(): f.level for f in dataset.fields if f.identifier is None}
        if dataset.kind is DatasetKind.ENTERPRISE:
            return _Columns(describing=frozenset(plain))
        sensitive = frozenset(name for name, level in plain.items() if level >= SENSITIVE)
        return _Columns(sensitive=sensitive, describing=frozenset(plain) - sensitive)

    def _outputs(self, query: exp.Expr) -> list[_Output]:
        """What each output column of a query is."""
        if isinstance(query, exp.SetOperation):
            sides = zip(self._outputs(query.this), self._outputs(query.expression), strict=False)
            return [(name, a or c, b or d) for (name, a, b), (_, c, d) in sides]
        if not isinstance(query, exp.Select):
            return self._outputs(query.this)
        sources = self._sources_of(query)
        return [
            (p.alias_or_name.lower(), self._is_secret(p, sources), self._mixes(p, sources)) for p in query.expressions
        ]

    def _sources_of(self, select: exp.Select) -> _Sources:
        from_, joins = select.args.get("from_"), select.args.get("joins") or []
        items = [from_.this] if from_ is not None else []
        return self._sources([*items, *(j.this for j in joins)], joins, select.args.get("where"))

    def _is_secret(self, node: exp.Expr, sources: _Sources) -> bool:
        """Whether an expression tells something sensitive, by its own columns or through queries inside."""
        for inner in _queries(node):
            if any(secret for _, secret, _ in self._outputs(inner)) or self._conditions_are_secret(inner):
                return True
        return any(sources.secret(c) for c in _own_columns(node))

    def _conditions_are_secret(self, query: exp.Expr) -> bool:
        for select in query.find_all(exp.Select):
            sources, where = self._sources_of(select), select.args.get("where")
            parts = [*([where.this] if where is not None else []), *(j.args.get("on") for j in _joins(select))]
            if any(p is not None and any(sources.secret(c) for c in _own_columns(p)) for p in parts):
                return True
        return False

    def _mixes(self, node: exp.Expr, sources: _Sources) -> bool:
        """Whether something in an expression may describe a person."""
        return any(sources.describes(c) for c in _own_columns(node))

    # -- what is left of it

    def _where(self, where: exp.Expr | None, sources: _Sources) -> exp.Expr | None:
        left = self._open(where.this, sources) if where is not None else None
        return exp.Where(this=left) if left is not None else None

    def _join(self, join: exp.Expr, sources: _Sources) -> exp.Expr:
        """An inner join without its sensitive conditions, if any other is left; every other join as it is."""
        found, on = join.copy(), join.args.get("on")
        found.set("this", self._source(found.this))
        if on is not None and not join.args.get("side") and (left := self._open(on, sources)) is not None:
            found.set("on", left)
        return found

    def _open(self, condition: exp.Expr, sources: _Sources) -> exp.Expr | None:
        """What a condition demands apart from its sensitive parts; None: nothing."""
        node = condition.unnest()
        if isinstance(node, exp.And):
            parts = [p for side in (node.this, node.expression) if (p := self._open(side, sources)) is not None]
            return exp.and_(*parts, copy=False) if len(parts) > 1 else next(iter(parts), None)
        if not self._is_secret(node, sources) or _tie(node) is not None:
            return exp.paren(node.copy(), copy=False)
        self.dropped.append(node.sql())
        if self._mixes(node, sources) and not isinstance(node, exp.In | exp.Exists):
            self.mixed.append(node)
        if isinstance(node, exp.In | exp.Exists) and not any(sources.secret(c) for c in _own_columns(node)):
            return self._opened_list(node)
        return None

    def _opened_list(self, node: exp.Expr) -> exp.Expr:
        """A list of values, or a query that must have rows, without the sensitive conditions inside."""
        found = node.copy()
        for inner in _queries(found):
            inner.replace(self._query(inner))
        return found

    def _source(self, item: exp.Expr) -> exp.Expr:
        found = item.copy()
        if isinstance(found, exp.Subquery):
            found.set("this", self._query(found.this))
        elif isinstance(found, exp.Table) and found.name in self.bodies:
            alias, name = found.alias_or_name, self._cte(found.name)
            found.set("this", exp.to_identifier(name, quoted=True))
            found.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
        return found

    def _cte(self, name: str) -> str:
        """The name of a WITH query without sensitive conditions; its own when it has none."""
        other = f"{name}p"
        if other not in self.opened:
            body = self.bodies[name]
            opened = self._query(body)
            if opened == body:
                return name
            self.opened[other] = opened
        else:
            self.dropped.append(name)
        return other

    def _query(self, query: exp.Expr) -> exp.Expr:
        found = query.copy()
        if isinstance(found, exp.SetOperation):
            return self._sides(found)
        if not isinstance(found, exp.Select):
            found.set("this", self._query(found.this))
            return found
        sources = self._sources_of(found)
        where = self._where(found.args.get("where"), sources)
        found.set("joins", [self._join(j, sources) for j in _joins(found)] or None)
        if (from_ := found.args.get("from_")) is not None:
            from_.set("this", self._source(from_.this))
        found.set("where", where)
        return found

    def _sides(self, query: exp.SetOperation) -> exp.Expr:
        """Both sides; if other sensitive conditions hold in the one than in the other, they mix."""
        lists = []
        for side in ("this", "expression"):
            before = len(self.dropped)
            query.set(side, self._query(query.args[side]))
            lists.append(sorted(self.dropped[before:]))
        if lists[0] != lists[1]:
            self.mixed.append(query)
        return query

    # -- measures

    def _measure(self, measure: Measure, sources: _Sources) -> exp.Expr | None:
        """Under which condition a row may count; None: always."""
        parts = []
        if measure.condition is not None:
            parts.append(self._open(measure.condition, sources))
        if measure.argument is not None:
            counts = measure.function in CONDITIONS
            parts.append((self._open if counts else self._reach(measure))(measure.argument, sources))
        left = [p for p in parts if p is not None]
        return exp.and_(*left, copy=False) if left else None

    def _reach(self, measure: Measure) -> Callable[[exp.Expr, _Sources], exp.Expr | None]:
        zeros = measure.function not in NETS or measure.distinct or measure.function in COUNTS

        def reach(node: exp.Expr, sources: _Sources) -> exp.Expr | None:
            """When `node` may be another value than NULL (or zero); None: in any row."""
            if not self._is_secret(node, sources):
                given = exp.Not(this=exp.Is(this=exp.paren(node.copy()), expression=exp.Null()))
                nonzero = exp.NEQ(this=exp.paren(node.copy()), expression=exp.Literal.number(0))
                return given if zeros else exp.and_(given, nonzero, copy=False)
            if isinstance(node, exp.Case | exp.If):
                return self._case(node, sources, reach)
            if isinstance(node, exp.Paren | exp.Cast | exp.TryCast | exp.Neg):
                return reach(node.this, sources)
            if isinstance(node, exp.Mul):
                parts = [p for p in (reach(node.this, sources), reach(node.expression, sources)) if p is not None]
                return exp.and_(*parts, copy=False) if parts else None
            if isinstance(node, exp.And | exp.Or | exp.Not | exp.Predicate):
                return self._open(node, sources)
            return None

        return reach

    def _case(
        self, node: exp.Expr, sources: _Sources, reach: Callable[[exp.Expr, _Sources], exp.Expr | None]
    ) -> exp.Expr | None:
        """The branches of a choice; what a branch keeps from the later ones is known only if it is not sensitive."""
        if isinstance(node, exp.Case) and node.this is not None:
            self.dropped.append(node.sql())
            if self._mixes(node, sources):
                self.mixed.append(node)
            return None
        branches = [(b.this, b.args["true"]) for b in node.args.get("ifs") or [node]]
        rest = node.args.get("default") if isinstance(node, exp.Case) else node.args.get("false")
        found: list[exp.Expr] = []
        earlier: list[exp.Expr] = []
        always = mixing = False
        for condition, value in [*branches, (None, rest)]:
            if value is None or isinstance(value, exp.Null) or _is_zero(value):
                part: exp.Expr | None = exp.false()
            else:
                if mixing:
                    self.mixed.append(node)
                own = [*earlier, *([self._open(condition, sources)] if condition is not None else [])]
                inner = [p for p in (*own, reach(value, sources)) if p is not None]
                part = exp.and_(*inner, copy=True) if inner else None
            if condition is not None:
                if self._is_secret(condition, sources):
                    self.dropped.append(condition.sql())
                    mixing = mixing or self._mixes(condition, sources)
                else:
                    whole = exp.func("coalesce", condition.copy(), exp.false())
                    earlier.append(exp.Not(this=exp.paren(whole)))
            always = always or part is None
            found += [part] if part is not None else []
        return None if always or not found else exp.paren(exp.or_(*found, copy=False))


_Output = tuple[str, bool, bool]
"""Name of an output column, whether it tells something sensitive, whether it describes a person."""


def _collected(outputs: list[_Output], names: list[str]) -> _Columns:
    """The columns of a query as a source, under `names` where it has others."""
    shown = names or [name for name, _, _ in outputs]
    listed = list(zip(shown, outputs, strict=False))
    return _Columns(
        sensitive=frozenset(name for name, (_, secret, _) in listed if secret),
        describing=frozenset(name for name, (_, secret, describes) in listed if describes and not secret),
    )


def _is_zero(node: exp.Expr) -> bool:
    plain = node.unnest()
    return isinstance(plain, exp.Literal) and not plain.is_string and float(plain.name) == 0


def _joins(select: exp.Expr) -> list[exp.Expr]:
    found: list[exp.Expr] = select.args.get("joins") or []
    return found


def _tie(node: exp.Expr) -> tuple[exp.Column, exp.Column] | None:
    """The two columns of different sources that a condition makes equal."""
    plain = node.unnest()
    sides = (plain.this, plain.expression) if isinstance(plain, exp.EQ) else ()
    if len(sides) == 2 and all(isinstance(s, exp.Column) for s in sides) and sides[0].table != sides[1].table:
        return sides
    return None


def _queries(node: exp.Expr) -> list[exp.Expr]:
    """The outermost queries inside an expression."""
    if isinstance(node, exp.Select | exp.SetOperation):
        return [node]
    return [q for child in node.iter_expressions() for q in _queries(child)]


def _own_columns(node: exp.Expr) -> list[exp.Column]:
    """The columns of an expression that stand in no query inside of it."""
    if isinstance(node, exp.Column):
        return [node]
    if isinstance(node, exp.Select | exp.SetOperation):
        return []
    return [c for child in node.iter_expressions() for c in _own_columns(child)]
