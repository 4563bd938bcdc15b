"""How are the tables written? Small Parquet and plain CSV, the same bytes for the same table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet


def write_parquet(columns: Mapping[str, object], file: Path, *, deltas: tuple[str, ...] = ()) -> None:
    """Write `columns` as Parquet; `deltas` are ascending integers or moments, kept as differences."""
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    parquet.write_table(
        table,
        file,
        compression="zstd",
        compression_level=19,
        use_dictionary=[c for c in table.column_names if c not in deltas],
        column_encoding=dict.fromkeys(deltas, "DELTA_BINARY_PACKED") or None,
        row_group_size=1 << 20,
    )


def write_csv(columns: Mapping[str, object], file: Path) -> None:
    """Write `columns` as CSV: RFC 4180, UTF-8, a header line, missing values empty."""
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    csv.write_csv(table, file, csv.WriteOptions(quoting_style="needed"))
