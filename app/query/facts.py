"""What is known of a frontier's rows before anything runs? What mounting counted, carried to its units and measures.

Counts are of all rows of a version. A WHERE, a row rule and an inner join only take rows away or repeat them, and no
value changes: so a column without zeros has none in any frontier over it. How many rows a unit has at most is known
only where no join can repeat its rows. Whatever is not a plain column of a mounted table, or is masked, is unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from math import prod

from sqlglot import exp

from app.domain.values import Counted, Dataset
from app.query.frontier import Frontier, UnitExpression

FILTERED = 0.01
"""What a filter leaves of the rows, taken rather too small: an estimate that is too large costs a second scan."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known: the mounted tables by their alias, and whether the rows are those of one of them, each once."""

    tables: dict[str, Dataset] = field(default_factory=dict)
    alone: bool = False
    filtered: bool = True

    def nonzero(self, argument: exp.Expr) -> bool:
        """Whether no row has zero or NULL there."""
        known = self._of(argument)
        return known is not None and known.zeros == 0 and known.nulls == 0

    def nonnegative(self, argument: exp.Expr) -> bool:
        """Whether every row has an exact number there that is not below zero, or NULL."""
        known = self._of(argument)
        return known is not None and known.negatives == 0

    def never_null(self, argument: exp.Expr) -> bool:
        """Whether every row has a value there."""
        known = self._of(argument)
        return known is not None and known.nulls == 0

    def rows_per_unit(self, unit: UnitExpression) -> tuple[int, int] | None:
        """The most rows that one unit has, and how many have none; None when that is not known."""
        known = self._of(unit.column()) if self.alone else None
        return (known.most, known.nulls) if known is not None and known.most else None

    def rows_per_cell(self, keys: Iterable[exp.Expr]) -> float | None:
        """How many rows a cell has on average, more or less; None when that is not known."""
        cells = self.cells(keys)
        if not self.alone or cells is None:
            return None
        return next(iter(self.tables.values())).rows / cells * (FILTERED if self.filtered else 1)

    @property
    def rows_at_hand(self) -> int:
        """How many rows there are, where they are those of one table as it stands; 0 else."""
        return next(iter(self.tables.values())).rows if self.alone and not self.filtered else 0

    def cells(self, keys: Iterable[exp.Expr]) -> int | None:
        """How many cells there are at most, by the different values of the columns in their keys."""
        columns = {c.sql(): self._of(c) for key in keys for c in key.find_all(exp.Column)}
        if any(known is None for known in columns.values()):
            return None
        return prod(known.distinct + 1 for known in columns.values() if known is not None)

    def _of(self, argument: exp.Expr) -> Counted | None:
        argument = argument.unnest()
        dataset = self.tables.get(argument.table) if isinstance(argument, exp.Column) else None
        if dataset is None:
            return None
        wanted = argument.name.casefold()
        seen = dataset.field(argument.name)
        if seen is not None and seen.mask is not None:
            return None
        return next((c for c in dataset.counted if c.column.casefold() == wanted), None)


UNKNOWN = Facts()


def facts_of(frontier: Frontier, datasets: Iterable[Dataset], queries: Collection[str]) -> Facts:
    """What is known of a frontier over `datasets`; `queries` are the names of the WITH queries, which are no tables."""
    by_name = {d.name.casefold(): d for d in datasets}
    named = {q.casefold() for q in queries}
    sources = [frontier.from_.this, *(j.this for j in frontier.joins)]
    if any(j.args.get("side") or j.args.get("method") for j in frontier.joins) or not isinstance(
        frontier.from_, exp.From
    ):
        return UNKNOWN
    tables = {}
    for source in sources:
        plain = isinstance(source, exp.Table) and not source.args.get("joins") and not source.args.get("sample")
        name = source.name.casefold() if plain else ""
        if name in by_name and name not in named:
            tables[source.alias_or_name] = by_name[name]
    dataset = next(iter(tables.values()), None)
    alone = len(sources) == 1 and dataset is not None
    return Facts(tables=tables, alone=alone, filtered=frontier.where is not None or bool(dataset and dataset.filters))
