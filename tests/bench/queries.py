"""Which aggregates are measured? The shapes that public statistics are made of, on TPC-H."""

from __future__ import annotations

from typing import Any

AGGREGATES = {
    "by flag and status (Q1)": """
        SELECT l_returnflag, l_linestatus, sum(l_quantity) AS quantity, sum(l_extendedprice) AS price,
               avg(l_quantity) AS mean_quantity, avg(l_discount) AS mean_discount, count(*) AS n
        FROM lineitem WHERE l_shipdate <= DATE '1998-09-02' GROUP BY l_returnflag, l_linestatus""",
    "by ship mode": """
        SELECT l_shipmode, count(*) AS n, sum(l_extendedprice) AS price FROM lineitem GROUP BY l_shipmode""",
    "by month": """
        SELECT date_trunc('month', l_shipdate) AS month, count(*) AS n, sum(l_extendedprice) AS price
        FROM lineitem GROUP BY date_trunc('month', l_shipdate)""",
    "by day": "SELECT l_shipdate, count(*) AS n, sum(l_quantity) AS quantity FROM lineitem GROUP BY l_shipdate",
    "by supplier": "SELECT l_suppkey, count(*) AS n, sum(l_extendedprice) AS price FROM lineitem GROUP BY l_suppkey",
    "join by priority": """
        SELECT o.o_orderpriority, count(*) AS n, sum(l.l_extendedprice) AS price
        FROM lineitem l JOIN orders o ON l.l_orderkey = o.o_orderkey AND l.l_custkey = o.o_custkey
        GROUP BY o.o_orderpriority""",
    "filtered sum (Q6)": """
        SELECT sum(l_extendedprice * l_discount) AS revenue, count(*) AS n FROM lineitem
        WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'
          AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24""",
    "count distinct": """
        SELECT l_shipmode, count(DISTINCT l_suppkey) AS suppliers, count(*) AS n FROM lineitem GROUP BY l_shipmode""",
    "averages": """
        SELECT l_shipinstruct, l_shipmode, avg(l_discount) AS discount, avg(l_quantity) AS quantity, count(*) AS n
        FROM lineitem GROUP BY l_shipinstruct, l_shipmode""",
    "orders by year": """
        SELECT year(o_orderdate) AS year, o_orderstatus, count(*) AS n, sum(o_totalprice) AS price
        FROM orders GROUP BY year(o_orderdate), o_orderstatus""",
}
"""Name → SQL that is the operator's text and, unchanged, the raw query."""

LARGE = {
    "by part": "SELECT l_partkey, count(*) AS n, sum(l_quantity) AS quantity FROM lineitem GROUP BY l_partkey",
}
"""Hundreds of thousands of cells, whose pairwise comparison takes minutes: measured with BENCH_LARGE=1 only."""

SKEWED = {
    "by clinic": "SELECT clinic, count(*) AS n, sum(cost) AS cost FROM visit GROUP BY clinic",
    "by clinic and age": "SELECT clinic, age, count(*) AS n, sum(cost) AS cost FROM visit GROUP BY clinic, age",
    "by age, dear ones": """
        SELECT age, count(*) AS n, count(*) FILTER (WHERE cost > 100) AS dear, avg(cost) AS mean
        FROM visit GROUP BY age""",
    "all": "SELECT count(*) AS n, sum(cost) AS cost FROM visit",
}
"""On visits of skewed units, some 10 million rows."""

USES: dict[str, Any] = {
    "purpose": "statistics",
    "uses": {
        "visit": {"*": ["group", "aggregate:*", "filter:eq", "filter:range", "link"]},
        "lineitem": {"*": ["group", "aggregate:*", "filter:eq", "filter:range", "link"]},
        "orders": {"*": ["group", "aggregate:*", "filter:eq", "filter:range", "link"]},
    },
}
"""What the operator of the bench holds: every statistical use of every field, and no row."""
