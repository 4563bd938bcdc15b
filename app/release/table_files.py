"""What rows does a result file hold, and what is it as CSV? The one module of the stages that reads result tables."""

from __future__ import annotations

from pathlib import Path

import pyarrow
import pyarrow.csv
import pyarrow.parquet

BATCH_ROWS = 65_536


def read_rows(table: Path, *, offset: int = 0, limit: int = 100) -> list[dict[str, object]]:
    """At most `limit` rows of a Parquet file from `offset` on, as column → value."""
    rows: list[dict[str, object]] = []
    skip = offset
    with pyarrow.parquet.ParquetFile(table) as source:
        for batch in source.iter_batches(batch_size=BATCH_ROWS):
            rows += batch.slice(min(skip, batch.num_rows), limit - len(rows)).to_pylist()
            skip = max(0, skip - batch.num_rows)
            if len(rows) >= limit:
                break
    return rows


def write_csv(table: Path, target: Path) -> None:
    """Write a Parquet file as CSV (RFC 4180, UTF-8, header line, nested values as JSON-like text)."""
    with pyarrow.parquet.ParquetFile(table) as source:
        schema = pyarrow.schema([(f.name, _flat(f.type)) for f in source.schema_arrow])
        options = pyarrow.csv.WriteOptions(include_header=True, quoting_style="needed")
        with pyarrow.csv.CSVWriter(target, schema, write_options=options) as writer:
            for batch in source.iter_batches(batch_size=BATCH_ROWS):
                writer.write_table(_flattened(pyarrow.Table.from_batches([batch]), schema))


def _flat(kind: pyarrow.DataType) -> pyarrow.DataType:
    nested = pyarrow.types.is_nested(kind) or pyarrow.types.is_dictionary(kind)
    return pyarrow.string() if nested or pyarrow.types.is_duration(kind) or pyarrow.types.is_interval(kind) else kind


def _flattened(table: pyarrow.Table, schema: pyarrow.Schema) -> pyarrow.Table:
    columns = [
        column if column.type == want.type else _as_text(column) for column, want in zip(table.columns, schema, strict=True)
    ]
    return pyarrow.Table.from_arrays(columns, schema=schema)


def _as_text(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    texts = [None if value is None else str(value) for value in column.to_pylist()]
    return pyarrow.chunked_array([pyarrow.array(texts, type=pyarrow.string())])
