"""What does the bench read? TPC-H orders and line items, each with its customer, and a catalog for both."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".bench"

CATALOG_HEAD = """\
[catalog]
title = { zh = "TPC-H 测速", en = "TPC-H bench" }

[[provider]]
code = "tpch"
uscc = "12330100MB0000001N"
name = { zh = "测速数据", en = "Bench data" }
"""

UNITS = {"lineitem": "l_custkey", "orders": "o_custkey", "visit": "person"}
"""Table → the column with the customer, whose subjects the bench protects."""

SOURCES = {
    "orders": "SELECT * EXCLUDE (o_comment, o_clerk) FROM read_parquet('{tpch}/orders.parquet')",
    "lineitem": (
        "SELECT l.* EXCLUDE (l_comment), o.o_custkey AS l_custkey FROM read_parquet('{tpch}/lineitem.parquet') l"
        " JOIN read_parquet('{tpch}/orders.parquet') o ON l.l_orderkey = o.o_orderkey ORDER BY l_orderkey, l_linenumber"
    ),
}
"""Table → how it is made from TPC-H: free texts left out, the path from line item to customer materialized."""


def tpch(scale: float) -> dict[str, Path]:
    """The Parquet file of each table as TPC-H has it at this scale factor, made when they are not there yet."""
    folder = CACHE / f"sf{scale:g}" / "tpch"
    files = {table: folder / f"{table}.parquet" for table in ("lineitem", "orders")}
    if not all(file.exists() for file in files.values()):
        folder.mkdir(parents=True, exist_ok=True)
        program = str(Path(sys.executable).with_name("tpchgen-cli"))
        options = ("--tables", ",".join(files), "--output-dir", str(folder), "--quiet")
        subprocess.run([program, "parquet", "-s", f"{scale:g}", *options], check=True)
    return files


def fitting(scale: float, bytes_per_scale: int) -> float:
    """The largest scale factor up to `scale`, by halves, whose files and their use fit into half of the free disk."""
    CACHE.mkdir(exist_ok=True)
    free = shutil.disk_usage(CACHE).free // 2
    while scale * bytes_per_scale > free:
        scale /= 2
    return scale


def _fields(connection: duckdb.DuckDBPyConnection, table: str, file: Path) -> str:
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{file}')").fetchall()
    lines = []
    for name, sql_type, *_ in described:
        is_unit = name == UNITS[table]
        kind = "person" if table == "visit" else "customer"
        extra = f'level = "L3"\nidentifier = "{kind}"' if is_unit else 'level = "L2"'
        lines.append(f'\n[[dataset.field]]\nname = "{name}"\ntype = "{sql_type}"\n{extra}\n')
    return "".join(lines)


def _dataset(connection: duckdb.DuckDBPyConnection, number: int, table: str, file: Path) -> str:
    return f"""
[[dataset]]
name = "{table}"
code = "3/09/001/{number:04d}"
title = {{ zh = "{table}", en = "{table}" }}
provider = "tpch"
file = "{file.name}"
format = "parquet"
operation_authorized = true
units = ["{UNITS[table]}"]
{_fields(connection, table, file)}"""


def prepare(scale: float) -> Path:
    """The catalog folder at this scale factor, made when it is not there yet."""
    folder = CACHE / f"sf{scale:g}"
    catalog = folder / "catalog" / "catalog.toml"
    if catalog.exists():
        return catalog.parent
    raw = tpch(scale)["lineitem"].parent
    catalog.parent.mkdir(exist_ok=True)
    text = CATALOG_HEAD
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        for number, (table, source) in enumerate(SOURCES.items(), 1):
            file = catalog.parent / f"{table}.parquet"
            connection.execute(f"COPY ({source.format(tpch=raw)}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
            text += _dataset(connection, number, table, file)
    catalog.write_text(text, encoding="utf-8")
    return catalog.parent


SKEWED_ROWS = 10_000_000
_SKEWED = """
    SELECT (1000000 * pow((hash(i) % 1000003) / 1000003, 3))::INTEGER AS person,
           (200 * pow((hash(i + 1) % 100003) / 100003, 2))::SMALLINT AS clinic,
           (hash((1000000 * pow((hash(i) % 1000003) / 1000003, 3))::INTEGER) % 90)::UTINYINT AS age,
           DATE '2024-01-01' + (hash(i + 2) % 730)::INTEGER AS day,
           (10 / pow(1e-6 + (hash(i + 3) % 999983) / 999983, 0.6))::DECIMAL(12,2) AS cost
    FROM range({rows}) t(i)
"""
"""Visits to clinics: a few persons have most of them, a few clinics too, and costs have a long tail. No randomness."""


def prepare_skewed(rows: int = SKEWED_ROWS) -> Path:
    """The catalog folder of one table with skewed units and amounts, made when it is not there yet."""
    folder = CACHE / "skewed" / "catalog"
    catalog = folder / "catalog.toml"
    if catalog.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "visit.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"COPY ({_SKEWED.format(rows=rows)}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        catalog.write_text(CATALOG_HEAD + _dataset(connection, 3, "visit", file), encoding="utf-8")
    return folder
