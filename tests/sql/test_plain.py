"""Does the plain text that a rehearsal runs mean what the operator wrote? Both on the same tables, in plain DuckDB."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import config
from app.catalog.manifest import read_catalog
from app.catalog.mounting import described
from app.policy.functions import load_functions
from app.query.analysis import understand
from app.query.plain import columns_read, plain_sql
from tests.sql.ask import Seen
from tests.sql.tables import OPEN, PROTECTED, write
from tests.sql.test_same_answer import OPEN_QUERIES, PAIRS, assert_same, expected

WORLDS = {"open": OPEN, "protected": PROTECTED}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: write(tmp_path_factory.mktemp(name), tables) for name, tables in WORLDS.items()}


def both(folder: Path, sql: str) -> tuple[Seen, list[tuple[object, ...]]]:
    """What the generated text answers, and what the operator's own does."""
    datasets = tuple(described(e) for e in read_catalog(folder).entries)
    understood = understand(sql, datasets, load_functions(config.read({}).policies))
    names, rows = expected(folder, plain_sql(understood))
    read = columns_read(understood)
    fields = {f.name.lower() for d in understood.datasets for f in d.fields}
    assert read & fields or "count(*)" in sql.lower() or not understood.datasets
    return Seen(decision="checked", columns=tuple(names), rows=rows), expected(folder, sql)[1]


@pytest.mark.parametrize("sql", OPEN_QUERIES)
def test_the_plain_text_answers_as_the_operators_does(folders: dict[str, Path], sql: str) -> None:
    seen, rows = both(folders["open"], sql)
    assert_same(seen, rows, ordered=False)


@pytest.mark.parametrize("sql", [p[1] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_nothing_is_suppressed_in_it(folders: dict[str, Path], sql: str) -> None:
    seen, rows = both(folders["protected"], sql)
    assert_same(seen, rows, ordered=False)
