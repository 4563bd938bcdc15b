"""The same world as an authorization sees it whose rows are filtered and whose fields are masked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from app.policy.conditions import Context
from app.policy.views import Viewer, restrict
from app.policy.views_file import read_views
from sandbox.views import create_views
from tests.disclosure.oracle.world import TABLES, as_mounted, datasets, without_one
from tests.sql.pipeline import ENGINE, NOW, Pipeline

VIEWS = """
[[rows]]
id = "rows-person"
dataset = "person"
column = "band"
test = "in"
values = ["0", "1"]
zh = "说明"
en = "words"
[[rows]]
id = "rows-visit"
dataset = "visit"
column = "cost"
test = ">="
values = ["-20"]
zh = "说明"
en = "words"
[[mask]]
id = "mask-day"
dataset = "visit"
field = "name:day"
kind = "month"
level = "L2"
zh = "说明"
en = "words"
[[mask]]
id = "mask-points"
dataset = "person"
field = "name:points"
kind = "band"
argument = "2"
level = "L2"
zh = "说明"
en = "words"
[[mask]]
id = "mask-clinic"
dataset = "visit"
field = "name:clinic"
kind = "prefix"
argument = "1"
level = "L2"
zh = "说明"
en = "words"
"""
BY_HAND = {
    "person": "SELECT * REPLACE ((floor(points / 2) * 2)::INTEGER AS points) FROM {} WHERE band < 2",
    "visit": (
        "SELECT * REPLACE (date_trunc('month', day)::DATE AS day, clinic[1:1] AS clinic) FROM {} WHERE cost >= -20"
    ),
}
"""What the rules above leave of each table, in plain SQL."""


def as_seen(folder: Path) -> Pipeline:
    """The way of queries over the secure views that the sandbox makes for such an authorization."""
    whole, folder = as_mounted(), folder.resolve()
    folder.mkdir(parents=True)
    for name in TABLES:
        whole.execute(f"COPY {name} TO '{folder / name}.parquet' (FORMAT parquet)")
    views, _, findings = read_views(VIEWS, "views.toml")
    assert not findings
    placed = [replace(d, path=str(folder / f"{d.name}.parquet")) for d in datasets()]
    viewer = Viewer(authorization="a-1", secret=lambda: b"k" * 32)
    seen = restrict(replace(ENGINE.standing, views=views), placed, viewer, Context(now=NOW))
    pipeline = Pipeline(duckdb.connect(config={"threads": 1}), seen)
    for dataset in seen:
        task = pipeline.plan(f"select count(*) from {dataset.name}").task
        create_views(pipeline.connection, task.views)
    return pipeline


def seen_without_one() -> duckdb.DuckDBPyConnection:
    """The same by hand, over the tables without the units that are left out."""
    connection = without_one()
    for name, text in BY_HAND.items():
        connection.execute(f"ALTER VIEW {name} RENAME TO all_of_{name}")
        connection.execute(f"CREATE VIEW {name} AS {text.format(f'all_of_{name}')}")
    return connection
