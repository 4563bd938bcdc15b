"""Does a run say what identifiers its result holds, column by column, and never which?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from sandbox.launcher import Launcher
from sandbox.protocol import Answer, ColumnScan, Export, Found, QueryTask, View, encode

PHONE = "13812345678"
COLUMNS = {
    "phones": "(13812345670 + i % 10)::VARCHAR || CASE WHEN i % 2 = 0 THEN '' ELSE ' (home)' END",
    "some": f"CASE WHEN i < 3 THEN '电话：{PHONE}' WHEN i < 5 THEN NULL ELSE 'row ' || i END",
    "numbers": "13812345670 + i",
    "wide": "(13812345670 + i)::HUGEINT",
    "floats": "(13812345670 + i)::DOUBLE",
    "decimals": "(-13812345670 - i)::DECIMAL(18, 2)",
    "fractions": "13812345670.5 + i",
    "small": "i::INTEGER",
    "odd": "CASE i WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN 'inf'::DOUBLE WHEN 2 THEN 1e300 END",
    "lists": f"[i::VARCHAR, '{PHONE}']",
    "structures": f"{{'tel': '{PHONE}', 'n': i}}",
    "bytes": f"'{PHONE}'::BLOB",
    "days": "DATE '2024-01-01' + i::INTEGER",
    "moments": "TIMESTAMP '2024-01-01 00:00:00' + to_days(i::INTEGER)",
    "moments_in_a_list": "[TIMESTAMP '2024-01-01 00:00:00']",
    "truth": "i % 2 = 0",
}
ROWS = 20


def found(kind: str, rows: int, matches: int) -> tuple[Found, ...]:
    return (Found(kind=kind, rows=rows, matches=matches, candidates=matches),)


def phones(form: str, *, rows: int = ROWS, matches: int, values: int = ROWS, distinct: int) -> ColumnScan:
    return ColumnScan(form=form, values=values, distinct=distinct, found=found("mobile-phone", rows, matches))


EXPECTED = {
    "phones": phones("text", matches=10, distinct=10),
    "some": phones("text", rows=3, matches=1, values=18, distinct=16),
    "numbers": phones("number", matches=20, distinct=20),
    "wide": phones("number", matches=20, distinct=20),
    "floats": phones("number", matches=20, distinct=20),
    "decimals": phones("number", matches=20, distinct=20),
    "fractions": ColumnScan(form="number", values=20, distinct=0),
    "small": ColumnScan(form="number", values=20, distinct=0),
    "odd": ColumnScan(form="number", values=3, distinct=0),
    "lists": phones("text", matches=20, distinct=20),
    "structures": phones("text", matches=20, distinct=20),
    "bytes": phones("text", matches=1, distinct=1),
    "days": ColumnScan(form="other", values=0, distinct=0),
    "moments": ColumnScan(form="other", values=0, distinct=0),
    "moments_in_a_list": ColumnScan(form="text", values=20, distinct=1),
    "truth": ColumnScan(form="other", values=0, distinct=0),
}
Scan = Callable[..., Answer]


@pytest.fixture
def scan(launcher: Launcher, tmp_path: Path) -> Scan:
    """Run a query over a table with all columns and answer what its scan says."""
    path = tmp_path / "source.parquet"
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in COLUMNS.items())
    duckdb.sql(f"COPY (SELECT {columns} FROM range({ROWS}) AS t(i)) TO '{path}'")

    def run(sql: str, *, on: bool = True) -> Answer:
        task = QueryTask(
            views=(View(name="v", path=str(path), columns=tuple(COLUMNS)),),
            steps=(),
            exports=(Export(file="result.parquet", sql=sql), Export(file="other.parquet", sql="SELECT phones FROM v")),
            functions=(),
            scan="result.parquet" if on else None,
        )
        return launcher.run(task, tmp_path / f"scratch{on}", require_isolation=True)

    return run


def test_every_column_is_scanned_by_its_type(scan: Scan) -> None:
    answer = scan("SELECT * FROM v")
    assert answer.status == "ok"
    assert dict(zip(COLUMNS, answer.scan, strict=True)) == EXPECTED
    assert answer.usage.stages["scan"] > 0


def test_no_value_is_in_the_answer(scan: Scan) -> None:
    said = encode(replace(scan("SELECT * FROM v"), usage=Answer(status="ok").usage)).decode()
    assert "1381234" not in said
    assert "tel" not in said


def test_names_of_columns_make_no_difference(scan: Scan) -> None:
    answer = scan('SELECT phones AS "a""b", small AS "A""B", phones AS "13812345678" FROM v')
    assert [column.form for column in answer.scan] == ["text", "number", "text"]
    assert [bool(column.found) for column in answer.scan] == [True, False, True]


def test_a_result_without_rows_is_scanned_too(scan: Scan) -> None:
    answer = scan("SELECT phones, small FROM v WHERE small > 100")
    assert answer.scan == (
        ColumnScan(form="text", values=0, distinct=0),
        ColumnScan(form="number", values=0, distinct=0),
    )


def test_a_plan_that_asks_for_no_scan_gets_none(scan: Scan) -> None:
    answer = scan("SELECT phones FROM v", on=False)
    assert (answer.status, answer.scan) == ("ok", ())
