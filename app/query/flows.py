"""What flows through a query? The values of fields on their way, and what is in scope for them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from app.domain.values import Position


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A field's value on its way: `label` after it became the label of a group, `condition` when it only decides.

    `identifier` is the registry of an identifier field. An enterprise field flows too, with `public` False: it is
    the operator's own and needs no right. `summed` after an aggregate over one unit's rows: still that unit's value.
    """

    dataset: str
    field: str
    position: Position | None
    identifier: str | None = None
    public: bool = True
    label: bool = False
    condition: bool = False
    summed: bool = False


Flows = frozenset[Flow]
NONE: Flows = frozenset()
Columns = dict[str, Flows]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The sources that a query's columns may refer to: alias → columns; `outer` for correlated sub-queries."""

    sources: dict[str, Columns]
    outer: Scope | None = None

    def flows(self, column: exp.Column) -> Flows:
        """What flows out of `column`; nothing for a name that is no source's (an output name in ORDER BY)."""
        found = self.sources.get(column.table.lower())
        if found is not None:
            return found.get(column.name.lower(), NONE)
        return self.outer.flows(column) if self.outer else NONE
