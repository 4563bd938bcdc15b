"""Into what may the values of a key be merged? Keys of an aggregation → the hierarchies and bands that are declared.

A key is a plain column that shows the values of one field, also through sub-queries and WITH queries; what is computed
has nothing declared. A hierarchy ends where a mask lies on its next field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from app.domain.proofs import Analysis, ColumnLineage, FieldFlow
from app.domain.values import Dataset, Field, FieldUse, Level
from app.query.analysis import Understood
from app.query.bounds import sources_of

MERGE = "merge"
"""The repair that follows what is declared here."""
SHOWN = frozenset({"group", "show", "extreme"})
"""Uses in which the values of a key, and so the labels in their place, leave."""


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The levels above the values of a field: names of coarser fields (`by_value`), or one band level for all values.

    `by_value`, each value climbs alone, and above the last field there is "all others"; else all values climb together.
    """

    dataset: str
    field: Field
    levels: tuple[tuple[str, ...], ...]
    by_value: bool

    @property
    def names(self) -> tuple[str, ...]:
        """What each level is called in a report, from the finest that is not the field itself."""
        return (*(", ".join(level) for level in self.levels), *(("*",) if self.by_value else ()))


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Which field's values a column shows, over the data sets `datasets` (name → data set) and the WITH queries."""

    datasets: Mapping[str, Dataset]
    ctes: Mapping[str, exp.Expr]

    def ladder(self, key: exp.Expr, sources: list[exp.Expr]) -> Ladder | None:
        """What is declared above the values of `key`, whose columns come from the items of FROM in `sources`."""
        found = self._origin(key, sources)
        return ladder_of(*found) if found is not None else None

    def _origin(self, node: exp.Expr, sources: list[exp.Expr]) -> tuple[Dataset, Field] | None:
        if not isinstance(node, exp.Column):
            return None
        source = next((s for s in sources if s.alias_or_name.lower() == node.table.lower()), None)
        if isinstance(source, exp.Subquery):
            return self._output(source.this, node.name)
        if not isinstance(source, exp.Table):
            return None
        if source.name in self.ctes:
            return self._output(self.ctes[source.name], node.name)
        dataset = self.datasets.get(source.name.lower())
        field = dataset.field(node.name) if dataset is not None else None
        return (dataset, field) if dataset is not None and field is not None else None

    def _output(self, query: exp.Expr, name: str) -> tuple[Dataset, Field] | None:
        query = query.unnest()
        if not isinstance(query, exp.Select):
            return None
        found = next((p.unalias() for p in query.expressions if p.alias_or_name.lower() == name.lower()), None)
        return self._origin(found, sources_of(query)) if found is not None else None


def ladder_of(dataset: Dataset, field: Field) -> Ladder | None:
    """What the catalog declares above the values of a field of `dataset`; None when there is nothing."""
    coarser = coarser_fields(dataset, field)
    if coarser:
        levels = tuple((f.name,) for f in coarser)
        return Ladder(dataset=dataset.name, field=field, levels=levels, by_value=True)
    if field.bands:
        return Ladder(dataset=dataset.name, field=field, levels=field.bands, by_value=False)
    return None


def coarser_fields(dataset: Dataset, field: Field) -> tuple[Field, ...]:
    """The fields above `field` in the first hierarchy that has any, up to the first under a mask."""
    for names in dataset.hierarchies:
        folded = [name.casefold() for name in names]
        if field.mask is not None or field.name.casefold() not in folded[:-1]:
            continue
        above = [dataset.field(name) for name in names[folded.index(field.name.casefold()) + 1 :]]
        masked = next((i for i, f in enumerate(above) if f is None or f.mask is not None), len(above))
        if masked:
            return tuple(f for f in above[:masked] if f is not None)
    return ()


def with_merged_uses(understood: Understood) -> Understood:
    """The query as it is when its keys may be merged: labels of coarser fields may leave at the place of each key."""
    found = [(use, f) for use in understood.uses if use.use in SHOWN for f in _above(use, understood.datasets)]
    uses = dict.fromkeys((*understood.uses, *(replace(use, field=f.name) for use, f in found)))
    level = Level.strictest([understood.level, *(f.level for _, f in found)])
    return replace(understood, uses=tuple(uses), level=level)


def with_merged_lineage(analysis: Analysis) -> Analysis:
    """The analysis whose output columns are also made of the fields into whose labels their keys may be merged."""
    columns = [
        replace(c, sources=tuple(dict.fromkeys((*c.sources, *_flows(c, analysis.datasets)))))
        for c in analysis.lineage
        if c.column is not None
    ]
    shown = {s for c in columns for s in c.sources}
    rest = [replace(c, sources=tuple(s for s in c.sources if s not in shown)) for c in analysis.lineage if not c.column]
    return replace(analysis, lineage=(*columns, *(c for c in rest if c.sources)))


def _flows(column: ColumnLineage, datasets: Iterable[Dataset]) -> Iterator[FieldFlow]:
    for flow in column.sources:
        if flow.use in SHOWN:
            yield from (replace(flow, field=f.name) for f in _above(flow, datasets))


def _above(place: FieldUse | FieldFlow, datasets: Iterable[Dataset]) -> tuple[Field, ...]:
    """The coarser fields of the field that a use or a flow is of."""
    for dataset in datasets:
        field = dataset.field(place.field) if dataset.name == place.dataset else None
        if field is not None:
            return coarser_fields(dataset, field)
    return ()
