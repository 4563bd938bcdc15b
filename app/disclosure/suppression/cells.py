"""What came out of the sandbox about the cells of a table with margins? Evidence and values, read as hostile input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.domain.errors import Broken
from app.domain.proofs import FrontierOutline

VALUED = ("count", "sum")
"""Kinds of measures whose values are needed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """The rows of a frontier with margins, in the order of their numbers; arrays of one length.

    `key` is the hash of all keys and `keys` (a column per key) that of each. Per measure: `value` (0 for means and for
    NULL), `contributors` of the type that has fewest, `share` of the largest unit (1 where it is not known), and
    whether the sandbox let it through.
    """

    outline: FrontierOutline
    cell: NDArray[np.int64]
    key: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    value: tuple[NDArray[np.float64], ...]
    contributors: tuple[NDArray[np.int64], ...]
    share: tuple[NDArray[np.float64], ...]
    passed: tuple[NDArray[np.bool_], ...]


def margins_file(folder: Path, frontier: int) -> Path:
    """The file with the values of a frontier's cells; it must not outlive the judgement."""
    return folder / f"margins_{frontier}.parquet"


def read_cells(outline: FrontierOutline, folder: Path) -> Cells:
    """The cells of a frontier; raises Broken("evidence-malformed") when the files are not what the plan asked for."""
    number, measures = outline.number, range(len(outline.measures))
    evidence = _Columns.read(folder / f"evidence_{number}.parquet")
    margins = _Columns.read(margins_file(folder, number))
    cell = evidence.whole("cell")
    if len(np.unique(cell)) != len(cell) or not np.array_equal(cell, margins.whole("cell")):
        raise Broken("evidence-malformed", file=margins.file)
    units = range(len(outline.units))
    return Cells(
        outline=outline,
        cell=cell,
        key=evidence.hashed("key"),
        keys=np.stack([margins.hashed(f"h{k}") for k in range(outline.keys)], axis=1)
        if outline.keys
        else np.empty((len(cell), 0), dtype=np.uint64),
        value=tuple(margins.numbers(f"v{j}") if outline.kinds[j] in VALUED else np.zeros(len(cell)) for j in measures),
        contributors=tuple(np.min([evidence.whole(f"n{u}_{j}", f"n{u}") for u in units], axis=0) for j in measures),
        share=tuple(_share([evidence.numbers(f"share{u}_{j}", empty=np.nan) for u in units]) for j in measures),
        passed=tuple(evidence.flags(f"ok{j}") for j in measures),
    )


def _share(shares: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The largest share of any unit; where none is told it may be everything."""
    known = np.stack(shares)
    return np.where(np.isnan(known).all(axis=0), 1.0, np.nan_to_num(known, nan=0.0).max(axis=0)).clip(0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """The columns of a Parquet file, in the order of its cells' numbers."""

    file: str
    table: pa.Table

    @staticmethod
    def read(file: Path) -> _Columns:
        try:
            table = pq.read_table(file)
            return _Columns(file=file.name, table=table.take(pc.sort_indices(table, [("cell", "ascending")])))
        except (pa.ArrowException, OSError, ValueError, KeyError):
            raise Broken("evidence-malformed", file=file.name) from None

    def whole(self, *names: str) -> NDArray[np.int64]:
        """Whole numbers in the first of `names` that is there."""
        name = next((n for n in names if n in self.table.column_names), names[-1])
        return self._array(name, pa.int64())

    def hashed(self, name: str) -> NDArray[np.uint64]:
        return self._array(name, pa.uint64())

    def flags(self, name: str) -> NDArray[np.bool_]:
        return self._array(name, pa.bool_())

    def numbers(self, name: str, empty: float | None = None) -> NDArray[np.float64]:
        """Finite numbers, NULL as 0 or `empty`; if that is given, a column that is not there has nothing else."""
        if empty is not None and name not in self.table.column_names:
            return np.full(len(self.table), empty)
        found = self._array(name, pa.float64(), null=0.0 if empty is None else empty)
        if np.isinf(found).any():
            raise Broken("evidence-malformed", file=self.file)
        return found

    def _array(self, name: str, kind: pa.DataType, null: float | None = None) -> NDArray[Any]:
        try:
            column = self.table.column(name).cast(kind)
            if null is not None:
                column = pc.fill_null(column, null)
            elif column.null_count:
                raise Broken("evidence-malformed", file=self.file)
            found: NDArray[Any] = column.to_numpy()
            return found
        except (pa.ArrowException, ValueError, KeyError):
            raise Broken("evidence-malformed", file=self.file) from None
