"""What does the bench read? TPC-H orders and line items, each with its customer, and a catalog for both."""

from __future__ import annotations

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

UNITS = {"lineitem": "l_custkey", "orders": "o_custkey"}
"""Table → the column with the customer, whose subjects the bench protects."""

SOURCES = {
    "orders": "SELECT * EXCLUDE (o_comment, o_clerk) FROM read_parquet('{tpch}/orders.parquet')",
    "lineitem": (
        "SELECT l.* EXCLUDE (l_comment), o.o_custkey AS l_custkey FROM read_parquet('{tpch}/lineitem.parquet') l"
        " JOIN read_parquet('{tpch}/orders.parquet') o ON l.l_orderkey = o.o_orderkey ORDER BY l_orderkey, l_linenumber"
    ),
}
"""Table → how it is made from TPC-H: free texts left out, the path from line item to customer materialized."""


def _generate(scale: float, folder: Path) -> None:
    program = str(Path(sys.executable).with_name("tpchgen-cli"))
    options = ("--tables", "lineitem,orders", "--output-dir", str(folder), "--quiet")
    subprocess.run([program, "parquet", "-s", f"{scale:g}", *options], check=True)


def _fields(connection: duckdb.DuckDBPyConnection, table: str, file: Path) -> str:
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{file}')").fetchall()
    lines = []
    for name, sql_type, *_ in described:
        is_unit = name == UNITS[table]
        extra = 'level = "L3"\nidentifier = "customer"' if is_unit else 'level = "L2"'
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
    tpch = folder / "tpch"
    tpch.mkdir(parents=True, exist_ok=True)
    catalog.parent.mkdir(exist_ok=True)
    _generate(scale, tpch)
    text = CATALOG_HEAD
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        for number, (table, source) in enumerate(SOURCES.items(), 1):
            file = catalog.parent / f"{table}.parquet"
            connection.execute(f"COPY ({source.format(tpch=tpch)}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
            text += _dataset(connection, number, table, file)
    catalog.write_text(text, encoding="utf-8")
    return catalog.parent
