"""What are the tables of TPC-H and TPC-DS like as a catalog in which customers are protected?

Customers are the protected subject of every table that knows them; names and birth dates are strict, money is L3, what
describes a sale L2, and everything about goods, shops and dates is open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from app.domain.values import Bilingual, Dataset, DatasetKind, Field, Level, Unit

CUSTOMER = "customer"


@dataclass(frozen=True, kw_only=True)
class Protection:
    """One table: the columns with its customers, the level of the fields that no other rule names, and those rules."""

    units: tuple[str, ...] = ()
    level: str = "L1"
    levels: dict[str, str] = field(default_factory=dict)


def _fields(level: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), level)


TPCH = {
    "customer": Protection(
        units=("c_custkey",),
        level="L2",
        levels=_fields("L4", "c_name c_address c_phone") | _fields("L3", "c_acctbal c_comment"),
    ),
    "orders": Protection(units=("o_custkey",), level="L2", levels=_fields("L3", "o_totalprice o_comment")),
    "lineitem": Protection(units=("l_custkey",), level="L2", levels=_fields("L3", "l_extendedprice l_comment")),
}
"""Tables with protected customers; all others are open."""

_MONEY = {
    prefix: _fields("L3", " ".join(f"{prefix}_{name}" for name in names.split()))
    for prefix, names in {
        "ss": "ext_discount_amt ext_sales_price net_paid net_paid_inc_tax net_profit coupon_amt",
        "cs": "ext_discount_amt ext_sales_price net_paid net_paid_inc_tax net_profit coupon_amt",
        "ws": "ext_discount_amt ext_sales_price net_paid net_profit coupon_amt",
        "sr": "return_amt refunded_cash net_loss",
        "cr": "return_amount return_amt_inc_tax refunded_cash net_loss store_credit",
        "wr": "return_amt refunded_cash net_loss",
    }.items()
}

TPCDS = {
    "customer": Protection(
        units=("c_customer_sk",),
        level="L2",
        levels=_fields("L4", "c_customer_id c_first_name c_last_name c_login c_email_address")
        | _fields("L3", "c_birth_day c_birth_month c_birth_year c_current_addr_sk"),
    ),
    "customer_address": Protection(level="L2"),
    "store_sales": Protection(units=("ss_customer_sk",), level="L2", levels=_MONEY["ss"]),
    "store_returns": Protection(units=("sr_customer_sk",), level="L2", levels=_MONEY["sr"]),
    "catalog_sales": Protection(units=("cs_bill_customer_sk", "cs_ship_customer_sk"), level="L2", levels=_MONEY["cs"]),
    "catalog_returns": Protection(
        units=("cr_refunded_customer_sk", "cr_returning_customer_sk"), level="L2", levels=_MONEY["cr"]
    ),
    "web_sales": Protection(units=("ws_bill_customer_sk", "ws_ship_customer_sk"), level="L2", levels=_MONEY["ws"]),
    "web_returns": Protection(
        units=("wr_refunded_customer_sk", "wr_returning_customer_sk"), level="L2", levels=_MONEY["wr"]
    ),
}

KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    table: tuple(tuple(key.split()) for key in keys.split(", "))
    for table, keys in {
        "region": "r_regionkey",
        "nation": "n_nationkey",
        "supplier": "s_suppkey",
        "customer": "c_custkey, c_customer_sk",
        "part": "p_partkey",
        "partsupp": "ps_partkey ps_suppkey",
        "orders": "o_orderkey",
        "lineitem": "l_orderkey l_linenumber",
        "date_dim": "d_date_sk, d_date",
        "time_dim": "t_time_sk",
        "item": "i_item_sk",
        "store": "s_store_sk",
        "customer_address": "ca_address_sk",
        "customer_demographics": "cd_demo_sk",
        "household_demographics": "hd_demo_sk",
        "income_band": "ib_income_band_sk",
        "promotion": "p_promo_sk",
        "reason": "r_reason_sk",
        "ship_mode": "sm_ship_mode_sk",
        "warehouse": "w_warehouse_sk",
        "web_page": "wp_web_page_sk",
        "web_site": "web_site_sk",
        "call_center": "cc_call_center_sk",
        "catalog_page": "cp_catalog_page_sk",
        "inventory": "inv_date_sk inv_item_sk inv_warehouse_sk",
        "store_sales": "ss_item_sk ss_ticket_number",
        "store_returns": "sr_item_sk sr_ticket_number",
        "catalog_sales": "cs_item_sk cs_order_number",
        "catalog_returns": "cr_item_sk cr_order_number",
        "web_sales": "ws_item_sk ws_order_number",
        "web_returns": "wr_item_sk wr_order_number",
    }.items()
}
"""The primary keys of both schemas; `customer` is a table of each."""

WITH_CUSTOMER = "SELECT l.*, o.o_custkey AS l_custkey FROM lineitem l JOIN orders o ON l.l_orderkey = o.o_orderkey"
"""Line items with their customer, as the vault holds them: a path to the protected subject is taken when mounting."""


def protected_tables(connection: duckdb.DuckDBPyConnection, protected: dict[str, Protection]) -> tuple[Dataset, ...]:
    """Put the tables of `connection` into the shape that mounting gives them; answers their data sets."""
    for table, known in protected.items():
        source = WITH_CUSTOMER if "l_custkey" in known.units else f"SELECT * FROM {table}"
        present = " AND ".join(f"{unit} IS NOT NULL" for unit in known.units) or "true"
        tags = "".join(f', hash({unit}) AS "__tag_{unit}"' for unit in known.units)
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT *{tags} FROM ({source}) WHERE {present}")
    names = [n for (n,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
    return tuple(_dataset(connection, n, protected.get(n, Protection())) for n in names)


def _dataset(connection: duckdb.DuckDBPyConnection, name: str, known: Protection) -> Dataset:
    columns = connection.execute(f'DESCRIBE "{name}"').fetchall()
    fields = [
        Field(
            name=column,
            type="UINTEGER" if column in known.units else kind,
            level=Level(_level(known, column)),
            label=Bilingual(zh=column, en=column),
            identifier=CUSTOMER if column in known.units else None,
        )
        for column, kind, *_ in columns
        if not column.startswith("__")
    ]
    return Dataset(
        name=name,
        code="1/01/001/0001",
        kind=DatasetKind.PUBLIC,
        provider="bureau",
        title=Bilingual(zh=name, en=name),
        fields=tuple(fields),
        units=tuple(Unit(type=CUSTOMER, column=u, tag=f"__tag_{u}") for u in known.units),
        version="0" * 64,
        path=f"/vault/{name}",
        rows=1,
        keys=_keys(name, {column for column, *_ in columns}),
    )


def _keys(table: str, columns: set[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(key for key in KEYS[table] if set(key) <= columns)


def _level(known: Protection, column: str) -> str:
    return "L3" if column in known.units else known.levels.get(column, known.level)


def write_catalog(folder: Path, connection: duckdb.DuckDBPyConnection, protected: dict[str, Protection]) -> Path:
    """Write every table of `connection` as Parquet, with a catalog; answers the folder. Nothing is open by chance."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = ['[[provider]]\ncode = "bureau"\nname = "Bureau"\n']
    tables = [n for (n,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
    for number, table in enumerate(tables, 1):
        known = protected.get(table, Protection())
        source = WITH_CUSTOMER if "l_custkey" in known.units else f"SELECT * FROM {table}"
        present = " AND ".join(f"{unit} IS NOT NULL" for unit in known.units) or "true"
        select = f"SELECT * FROM ({source}) WHERE {present}"
        connection.execute(f"COPY ({select}) TO '{folder / table}.parquet' (FORMAT parquet)")
        parts.append(_entry(number, table, known, connection.execute(f"DESCRIBE {source}").fetchall()))
    (folder / "catalog.toml").write_text("\n".join(parts), encoding="utf-8")
    return folder


def _entry(number: int, table: str, known: Protection, columns: list[tuple[str, ...]]) -> str:
    lines = []
    for name, kind, *_ in columns:
        unit = name in known.units
        level = _level(known, name)
        extra = f', identifier = "{CUSTOMER}"' if unit else ""
        lines.append(f'{{ name = "{name}", type = "{kind}", level = "{level}"{extra} }},')
    units = ", ".join(f'"{u}"' for u in known.units)
    keys = json.dumps(_keys(table, {name for name, *_ in columns}))
    return (
        f'[[dataset]]\nname = "{table}"\ncode = "1/01/001/{number:04d}"\ntitle = "{table}"\nprovider = "bureau"\n'
        f'file = "{table}.parquet"\nunits = [{units}]\nkeys = {keys}\nfield = [\n' + "\n".join(lines) + "\n]\n"
    )
