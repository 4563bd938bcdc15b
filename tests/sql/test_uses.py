"""Which uses does a query make, and where? Each query with its exact uses: field=use@line:column."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app import config
from app.domain.values import Bilingual, Dataset, DatasetKind, Field, Level, Unit
from app.policy.functions import load_functions
from app.query.analysis import understand

FUNCTIONS = load_functions(config.read().policies)
CASES = re.findall(
    r"-- uses: ([^\n]*)\n(.*?);(?=\n|\Z)",
    (Path(__file__).parent / "uses.sql").read_text(encoding="utf-8"),
    re.DOTALL,
)


def dataset(name: str, fields: dict[str, str]) -> Dataset:
    """A table of persons with an identifier `id` and the given fields."""
    title = Bilingual(zh=name, en=name)
    listed = [Field(name="id", type="UINTEGER", level=Level.L3, label=title, identifier="person")]
    listed += [Field(name=n, type=t, level=Level.L2, label=title) for n, t in fields.items()]
    return Dataset(
        name=name,
        code="1/01/001/0001",
        kind=DatasetKind.PUBLIC,
        provider="bureau",
        title=title,
        fields=tuple(listed),
        units=(Unit(type="person", column="id", tag="__tag_id"),),
        version="0" * 64,
        path="/p",
        rows=1,
    )


TABLES = (
    dataset("p", {"a": "INTEGER", "b": "INTEGER", "s": "VARCHAR", "f": "BOOLEAN"}),
    dataset("q", {"c": "INTEGER", "d": "DATE"}),
)


@pytest.mark.parametrize(("uses", "sql"), CASES, ids=[" ".join(sql.split())[:80] for _, sql in CASES])
def test_the_uses_are_exactly_these(uses: str, sql: str) -> None:
    found = understand(sql, TABLES, FUNCTIONS).uses
    assert uses.split() == [
        f"{u.dataset}.{u.field}={u.use}@" + (f"{u.position.line}:{u.position.column}" if u.position else "-")
        for u in found
    ]
