"""What stands in a Parquet file from the sandbox? Its columns as arrays of the type each should have; hostile input.

Whatever is not as it should be raises Broken("evidence-malformed").
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.domain.errors import Broken


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of a Parquet file."""

    file: str
    table: pa.Table

    @staticmethod
    def read(file: Path, *, by_cell: bool = True) -> Columns:
        """The file, with `by_cell` in the order of its cells' numbers."""
        try:
            table = pq.read_table(file)
            if by_cell:
                table = table.take(pc.sort_indices(table, [("cell", "ascending")]))
            return Columns(file=file.name, table=table)
        except (pa.ArrowException, OSError, ValueError, KeyError):
            raise Broken("evidence-malformed", file=file.name) from None

    def __len__(self) -> int:
        return len(self.table)

    def malformed(self) -> Broken:
        """The error that says that this file is not what the plan asked for."""
        return Broken("evidence-malformed", file=self.file)

    def whole(self, *names: str) -> NDArray[np.int64]:
        """Whole numbers in the first of `names` that is there."""
        name = next((n for n in names if n in self.table.column_names), names[-1])
        return self._array(name, pa.int64())

    def hashed(self, name: str) -> NDArray[np.uint64]:
        """Numbers of 64 bits without sign."""
        return self._array(name, pa.uint64())

    def flags(self, name: str) -> NDArray[np.bool_]:
        """Truths."""
        return self._array(name, pa.bool_())

    def numbers(self, name: str, empty: float | None = None) -> NDArray[np.float64]:
        """Finite numbers, NULL as 0 or `empty`; if that is given, a column that is not there has nothing else."""
        if empty is not None and name not in self.table.column_names:
            return np.full(len(self.table), empty)
        found = self._array(name, pa.float64(), null=0.0 if empty is None else empty)
        if np.isinf(found).any():
            raise self.malformed()
        return found

    def _array(self, name: str, kind: pa.DataType, null: float | None = None) -> NDArray[Any]:
        try:
            column = self.table.column(name).cast(kind)
            if null is not None:
                column = pc.fill_null(column, null)
            elif column.null_count:
                raise self.malformed()
            found: NDArray[Any] = column.to_numpy()
            return found
        except (pa.ArrowException, ValueError, KeyError):
            raise self.malformed() from None
