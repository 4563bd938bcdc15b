"""The tables of the differential tests: an open world (all L1) and a protected one, made by DuckDB from formulas."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

Fields = tuple[tuple[str, str, str, str], ...]
"""(name, type, level, registry or "")"""

OPEN: dict[str, tuple[str, Fields, str]] = {
    "sale": (
        "",
        (
            ("id", "INTEGER", "L1", ""),
            ("shop", "INTEGER", "L1", ""),
            ("kind", "VARCHAR", "L1", ""),
            ("day", "DATE", "L1", ""),
            ("at", "TIMESTAMP", "L1", ""),
            ("qty", "INTEGER", "L1", ""),
            ("price", "DECIMAL(10,2)", "L1", ""),
            ("ratio", "DOUBLE", "L1", ""),
            ("paid", "BOOLEAN", "L1", ""),
            ("城市", "VARCHAR", "L1", ""),
        ),
        (
            "SELECT i::INTEGER AS id, CASE WHEN i % 11 = 0 THEN NULL ELSE (i % 7)::INTEGER END AS shop, "
            "['Ab', 'bC', 'c_d', 'd%', NULL][i % 5 + 1] AS kind, DATE '2025-01-01' + (i % 90)::INTEGER AS day, "
            "TIMESTAMP '2025-01-01 00:00:00' + to_minutes(i * 37) AS at, "
            "CASE WHEN i % 13 = 0 THEN NULL ELSE (i % 9)::INTEGER END AS qty, ((i * 37 % 1000) / "
            "100)::DECIMAL(10,2) AS price, "
            "(i % 17) / 8 AS ratio, CASE i % 3 WHEN 0 THEN true WHEN 1 THEN false END AS paid, "
            "['杭州', '宁波'][i % 2 + 1] AS \"城市\" FROM range(1, 301) t(i)"
        ),
    ),
    "shop": (
        "",
        (
            ("shop", "INTEGER", "L1", ""),
            ("name", "VARCHAR", "L1", ""),
            ("Opened", "DATE", "L1", ""),
            ("boss", "INTEGER", "L1", ""),
        ),
        (
            "SELECT i::INTEGER AS shop, 'shop ' || i AS name, DATE '2020-02-29' + (i * 100)::INTEGER AS Opened, "
            "CASE WHEN i > 2 THEN (i // 2)::INTEGER END AS boss FROM range(1, 10) t(i)"
        ),
    ),
}

PROTECTED: dict[str, tuple[str, Fields, str]] = {
    "person": (
        "person_id",
        (
            ("person_id", "INTEGER", "L3", "person"),
            ("region", "INTEGER", "L2", ""),
            ("sex", "VARCHAR", "L2", ""),
            ("income", "INTEGER", "L3", ""),
            ("sick", "BOOLEAN", "L3", ""),
        ),
        (
            "SELECT i::INTEGER AS person_id, CASE WHEN i <= 4 THEN 90 WHEN i % 50 = 0 THEN NULL ELSE (i % "
            "8)::INTEGER END AS region, "
            "CASE i % 2 WHEN 0 THEN 'f' ELSE 'm' END AS sex, "
            "CASE WHEN i % 9 = 0 THEN 0 WHEN i % 10 = 0 THEN NULL ELSE (1000 + i * 7919 % 500)::INTEGER END AS income, "
            "i % 7 = 0 AS sick FROM range(1, 601) t(i)"
        ),
    ),
    "visit": (
        "person_id",
        (
            ("visit_id", "INTEGER", "L2", ""),
            ("person_id", "INTEGER", "L3", "person"),
            ("clinic", "VARCHAR", "L2", ""),
            ("day", "DATE", "L2", ""),
            ("cost", "INTEGER", "L3", ""),
            ("fee", "DECIMAL(12,2)", "L3", ""),
        ),
        (
            "SELECT i::INTEGER AS visit_id, (i * 17 % 600 + 1)::INTEGER AS person_id, "
            "CASE WHEN i % 1000 = 1 THEN 'rare' WHEN i % 31 = 0 THEN NULL ELSE 'c' || (i % 12) END AS clinic, "
            "DATE '2025-03-01' + (i % 60)::INTEGER AS day, (50 + i * 37 % 100)::INTEGER AS cost, "
            "((i * 13 % 900) / 10)::DECIMAL(12,2) AS fee FROM range(1, 3001) t(i)"
        ),
    ),
    "job": (
        "person_id,firm_id",
        (
            ("person_id", "INTEGER", "L3", "person"),
            ("firm_id", "INTEGER", "L3", "firm"),
            ("trade", "VARCHAR", "L2", ""),
            ("wage", "INTEGER", "L3", ""),
        ),
        (
            "SELECT i::INTEGER AS person_id, (CASE WHEN i % 5 = 4 THEN i % 4 ELSE i % 40 END)::INTEGER AS firm_id, "
            "'t' || (i % 5) AS trade, (2000 + i * 31 % 300)::INTEGER AS wage FROM range(1, 601) t(i)"
        ),
    ),
    "area": (
        "",
        (("region", "INTEGER", "L1", ""), ("label", "VARCHAR", "L1", ""), ("big", "BOOLEAN", "L1", "")),
        "SELECT i::INTEGER AS region, 'area ' || i AS label, i > 3 AS big FROM range(0, 12) t(i)",
    ),
    "secret": (
        "person_id",
        (
            ("person_id", "INTEGER", "L3", "person"),
            ("grp", "INTEGER", "L3", ""),
            ("amount", "INTEGER", "L4", ""),
        ),
        (
            "SELECT i::INTEGER AS person_id, (i % 4)::INTEGER AS grp, (100 + i % 37)::INTEGER AS amount "
            "FROM range(1, 301) t(i)"
        ),
    ),
}

KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "sale": (("id",),),
    "shop": (("shop",),),
    "person": (("person_id",),),
    "visit": (("visit_id",),),
    "job": (("person_id",),),
    "area": (("region",),),
    "secret": (("person_id",),),
}
"""Fields in which no two rows of a table are alike."""


def write(folder: Path, tables: dict[str, tuple[str, Fields, str]]) -> Path:
    """Write the tables as Parquet with their catalog; answers the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = ['[[provider]]\ncode = "bureau"\nname = "Bureau"\n']
    connection = duckdb.connect()
    for number, (name, (units, fields, select)) in enumerate(tables.items(), 1):
        connection.sql(f"COPY ({select}) TO '{folder / name}.parquet' (FORMAT parquet)")
        listed = ", ".join(f'"{u}"' for u in units.split(",") if u)
        known = {n for n, *_ in fields}
        keys = json.dumps([key for key in KEYS.get(name, ()) if known.issuperset(key)])
        lines = [
            f'{{ name = "{n}", type = "{t}", level = "{level}"' + (f', identifier = "{i}"' if i else "") + " },"
            for n, t, level, i in fields
        ]
        parts.append(
            f'[[dataset]]\nname = "{name}"\ncode = "1/01/001/{number:04d}"\ntitle = "{name}"\nprovider = "bureau"\n'
            f'file = "{name}.parquet"\nunits = [{listed}]\nkeys = {keys}\nfield = [\n' + "\n".join(lines) + "\n]\n"
        )
    (folder / "catalog.toml").write_text("\n".join(parts), encoding="utf-8")
    return folder
