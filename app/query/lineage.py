"""Which field flows into which output column, and by which use? The uses of an analysis, column by column.

What a column is made of is every field in its expression, followed through sub-queries, WITH queries and set
operations; of such a field, those uses count that the query makes at a place on this way. Uses that no column's way
meets (WHERE, joins, keys that are not shown) decide which rows count, for all columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from app.domain.proofs import ColumnLineage, FieldFlow
from app.domain.values import DatasetKind, FieldUse, Position
from app.query.names import Resolved

OWN = "own"
"""The use of a field that the operator brought itself, which needs no right."""


@dataclass(frozen=True, kw_only=True)
class _Way:
    """A field, and the places at which it is mentioned on its way into a column."""

    dataset: str
    field: str
    places: frozenset[Position]
    public: bool


_Ways = frozenset[_Way]
_Sources = Mapping[str, Mapping[str, _Ways]]


def lineage(resolved: Resolved, uses: Iterable[FieldUse]) -> tuple[ColumnLineage, ...]:
    """The fields of each output column, in the order of the columns; last, under the name None, what decides rows."""
    made = defaultdict(set)
    for use in uses:
        made[use.dataset, use.field].add(use)
    columns = _Lineage(resolved).outputs(resolved.tree, {}, {})
    met: set[FieldUse] = set()
    found = []
    for name, ways in zip(resolved.outputs, columns, strict=True):
        flows = set()
        for way in ways:
            here = {u for u in made[way.dataset, way.field] if u.position in way.places}
            here = here or made[way.dataset, way.field]
            met |= here
            flows |= {_flow(u.dataset, u.field, u.use) for u in here}
            flows |= set() if way.public else {_flow(way.dataset, way.field, OWN)}
        found.append(_column(name, flows))
    rest = {_flow(u.dataset, u.field, u.use) for us in made.values() for u in us - met}
    return (*found, *([_column(None, rest)] if rest else []))


def _flow(dataset: str, field: str, use: str) -> tuple[str, str, str]:
    return dataset, field, use


def _column(name: str | None, flows: set[tuple[str, str, str]]) -> ColumnLineage:
    return ColumnLineage(column=name, sources=tuple(FieldFlow(dataset=d, field=f, use=u) for d, f, u in sorted(flows)))


class _Lineage:
    """One walk over one resolved tree."""

    def __init__(self, resolved: Resolved) -> None:
        self.resolved = resolved

    def outputs(self, query: exp.Expr, ctes: Mapping[str, Mapping[str, _Ways]], outer: _Sources) -> list[_Ways]:
        """The ways into each output column of `query`."""
        known = dict(ctes)
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ is not None else []:
            known[cte.alias.lower()] = self._named(cte, self.outputs(cte.this, known, {}))
        if isinstance(query, exp.SetOperation):
            left, right = (self.outputs(q, known, outer) for q in (query.this, query.expression))
            return [a | b for a, b in zip(left, right, strict=False)]
        if not isinstance(query, exp.Select):
            return self.outputs(query.this, known, outer)
        sources = {**outer, **self._sources(query, known, outer)}
        return [self._ways(p, known, sources) for p in query.expressions]

    def _sources(self, select: exp.Expr, ctes: Mapping[str, Mapping[str, _Ways]], outer: _Sources) -> _Sources:
        from_ = select.args.get("from_")
        items = [from_.this] if from_ is not None else []
        items += [j.this for j in select.args.get("joins") or []]
        return {item.alias_or_name.lower(): self._source(item, ctes, outer) for item in items}

    def _source(self, item: exp.Expr, ctes: Mapping[str, Mapping[str, _Ways]], outer: _Sources) -> Mapping[str, _Ways]:
        if isinstance(item, exp.Subquery):
            return self._named(item, self.outputs(item.this, ctes, outer))
        name = item.name.lower()
        if name in ctes:
            return ctes[name]
        dataset = self.resolved.datasets.get(name)
        if dataset is None:
            return {}
        public = dataset.kind is DatasetKind.PUBLIC
        return {
            f.name.lower(): frozenset({_Way(dataset=dataset.name, field=f.name, places=frozenset(), public=public)})
            for f in dataset.fields
        }

    def _named(self, holder: exp.Expr, ways: list[_Ways]) -> Mapping[str, _Ways]:
        alias = holder.args.get("alias")
        names = [c.name for c in alias.args.get("columns") or []] if isinstance(alias, exp.TableAlias) else []
        return dict(zip((n.lower() for n in names or holder.this.named_selects), ways, strict=False))

    def _ways(self, node: exp.Expr, ctes: Mapping[str, Mapping[str, _Ways]], sources: _Sources) -> _Ways:
        if isinstance(node, exp.Query):
            return frozenset().union(*self.outputs(node, ctes, sources))
        if isinstance(node, exp.Column):
            place = self.resolved.place(node)
            here = frozenset() if place is None else frozenset({place})
            ways = sources.get(node.table.lower(), {}).get(node.name.lower(), frozenset())
            return frozenset(
                _Way(dataset=w.dataset, field=w.field, places=w.places | here, public=w.public) for w in ways
            )
        return frozenset().union(*(self._ways(part, ctes, sources) for part in node.iter_expressions()))
