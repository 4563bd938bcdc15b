"""What is a result file as CSV? The one module of the stages that reads result tables, and shows them to nobody."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyarrow import csv
from pyarrow import parquet as pq

BATCH_ROWS = 65_536


def write_csv(table: Path, target: Path) -> None:
    """Write a Parquet file as CSV (RFC 4180, UTF-8, header line, nested values as JSON-like text)."""
    with pq.ParquetFile(table) as source:
        schema = pa.schema([(f.name, _flat(f.type)) for f in source.schema_arrow])
        options = csv.WriteOptions(include_header=True, quoting_style="needed")
        with csv.CSVWriter(target, schema, write_options=options) as writer:
            for batch in source.iter_batches(batch_size=BATCH_ROWS):
                writer.write_table(_flattened(pa.Table.from_batches([batch]), schema))


def _flat(kind: pa.DataType) -> pa.DataType:
    nested = pa.types.is_nested(kind) or pa.types.is_dictionary(kind)
    return pa.string() if nested or pa.types.is_duration(kind) or pa.types.is_interval(kind) else kind


def _flattened(table: pa.Table, schema: pa.Schema) -> pa.Table:
    pairs = zip(table.columns, schema, strict=True)
    columns = [column if column.type == want.type else _as_text(column) for column, want in pairs]
    return pa.Table.from_arrays(columns, schema=schema)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = [None if value is None else str(value) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, type=pa.string())])
