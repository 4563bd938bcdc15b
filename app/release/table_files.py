"""What is a result file as Parquet, CSV and rows? The one module that reads result tables to hand them on.

It shows them to nobody: whoever asks gets a file, or rows for a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

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


def write_parquet(table: Path, target: Path, marks: Mapping[str, str]) -> None:
    """Write a Parquet file again with `marks` as its only metadata; columns and values stay as they are."""
    with pq.ParquetFile(table) as source:
        schema = source.schema_arrow.with_metadata(dict(marks))
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            writer.add_key_value_metadata(dict(marks))
            for batch in source.iter_batches(batch_size=BATCH_ROWS):
                writer.write_batch(batch.replace_schema_metadata(dict(marks)))


def extent(table: Path) -> tuple[int, int]:
    """Rows and columns of a Parquet file."""
    with pq.ParquetFile(table) as source:
        return source.metadata.num_rows, len(source.schema_arrow)


def rows(table: Path) -> Iterator[tuple[Any, ...]]:
    """Every row of a Parquet file as values of Python; what Python has no exact value for comes as text."""
    with pq.ParquetFile(table) as source:
        for batch in source.iter_batches(batch_size=BATCH_ROWS):
            yield from zip(*(_values(column) for column in batch.columns), strict=True)


def _values(column: pa.Array) -> list[Any]:
    kind = column.type
    nanoseconds = (pa.types.is_timestamp(kind) or pa.types.is_time64(kind)) and kind.unit == "ns"
    values: list[Any] = (column.cast(pa.string()) if nanoseconds else column).to_pylist()
    return values


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
