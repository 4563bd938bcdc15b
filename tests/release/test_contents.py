"""What a recipient opens: data that a spreadsheet keeps as it is and never runs, pages without a script, a mark."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest
from pyarrow import csv
from pyarrow import parquet as pq

from app.domain.errors import Invalid
from app.domain.proofs import CheckReport, ColumnLineage, FieldFlow
from app.domain.values import Decision, Level
from app.release import workbook
from app.release.contents import Occasion, write_contents
from app.release.dictionary import dictionary
from app.release.table_files import rows
from app.release.workbook import MAX_ROWS, Sheet, check_extent, write_workbook
from tests.jobs.deployment import FLIGHTS
from tests.release.bundles import Released, contents

NAMESPACE = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
MADE = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


def cells(book: Path | bytes, sheet: int = 1) -> list[list[tuple[str, str]]]:
    """The rows of a sheet as (type, content), read from the format itself."""
    with zipfile.ZipFile(io.BytesIO(book) if isinstance(book, bytes) else book) as archive:
        tree = ET.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))
    assert not tree.findall(".//s:f", NAMESPACE), "a formula"
    return [[_cell(c) for c in row] for row in tree.findall(".//s:row", NAMESPACE)]


def _cell(cell: ET.Element) -> tuple[str, str]:
    text = "".join(t.text or "" for t in cell.iter(f"{{{NAMESPACE['s']}}}t"))
    value = cell.find("s:v", NAMESPACE)
    return cell.get("t", "n"), text if value is None else value.text or ""


def written(tmp_path: Path, *values: Any) -> list[tuple[str, str]]:
    """What each of `values` becomes, one per row."""
    target = tmp_path / "t.xlsx"
    write_workbook(target, [Sheet(name="data", columns=["x"], rows=[(v,) for v in values])], {}, MADE)
    return [row[0] for row in cells(target)[1:] if row]


FORMULAS = ("=1+1", "+1", "-2", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")', "=cmd|'/c calc'!A0")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_like_a_formula_stays_text(tmp_path: Path, text: str) -> None:
    ((kind, content),) = written(tmp_path, text)
    assert (kind, content) == ("inlineStr", text)
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        styles = archive.read("xl/styles.xml").decode()
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    style = int(re.search(r'<c r="A2" s="(\d+)"', sheet)[1])  # type: ignore[index]
    formats = re.findall(r"<xf [^>]*>", styles.split("<cellXfs", 1)[1])
    assert 'quotePrefix="1"' in formats[style]
    assert 'numFmtId="49"' in formats[style]


EXACT: tuple[tuple[object, tuple[str, str]], ...] = (
    (True, ("b", "1")),
    (12, ("n", "12")),
    (-(10**15) + 1, ("n", "-999999999999999")),
    (10**15, ("inlineStr", "1000000000000000")),
    (2**63 - 1, ("inlineStr", "9223372036854775807")),
    (0.25, ("n", "0.25")),
    (float("nan"), ("inlineStr", "nan")),
    (float("inf"), ("inlineStr", "inf")),
    (Decimal("12.50"), ("n", "12.50")),
    (Decimal("1234567890123456.78"), ("inlineStr", "1234567890123456.78")),
    (date(2026, 11, 25), ("n", "46351")),
    (date(1900, 2, 28), ("inlineStr", "1900-02-28")),
    (date(1, 1, 1), ("inlineStr", "0001-01-01")),
    (datetime(2026, 11, 25, 12), ("n", "46351.5")),  # noqa: DTZ001  a result without a zone
    (datetime(2026, 11, 25, 12, tzinfo=UTC), ("inlineStr", "2026-11-25T12:00:00+00:00")),
    (datetime(2026, 11, 25, 12, 0, 0, 1), ("inlineStr", "2026-11-25T12:00:00.000001")),  # noqa: DTZ001
    (time(6), ("n", "0.25")),
    (b"\x01\xff", ("inlineStr", "01ff")),
    ([1, "=2"], ("inlineStr", "[1, '=2']")),
    ("007", ("inlineStr", "007")),
    ("https://x.example", ("inlineStr", "https://x.example")),
)


@pytest.mark.parametrize("value, expected", EXACT, ids=[repr(v) for v, _ in EXACT])
def test_a_value_is_kept_exactly_or_written_as_text(tmp_path: Path, value: object, expected: tuple[str, str]) -> None:
    assert written(tmp_path, value) == [expected]


def test_nothing_stands_where_nothing_was(tmp_path: Path) -> None:
    assert written(tmp_path, None, "", "x") == [("inlineStr", "x")]


def test_moments_finer_than_python_has_come_as_text(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    moments = pa.array([1_800_000_000_000_000_001, None], type=pa.timestamp("ns"))
    pq.write_table(pa.table({"at": moments, "n": [1, 2]}), file)
    assert list(rows(file)) == [("2027-01-15 08:00:00.000000001", 1), (None, 2)]


def test_the_rows_of_the_format_are_its_limit() -> None:
    check_extent(MAX_ROWS - 1, workbook.MAX_COLUMNS)
    for extent, code in (((MAX_ROWS, 1), "xlsx-too-many-rows"), ((1, 16_385), "xlsx-too-many-columns")):
        with pytest.raises(Invalid) as caught:
            check_extent(*extent)
        assert caught.value.code == code


def report(**more: Any) -> CheckReport:
    settings: dict[str, Any] = {
        "decision": Decision.CHECKED,
        "reasons": (),
        "level": Level.L2,
        "plan_hash": "cd" * 32,
        "policy_version": "policy-1",
        "columns": (("carrier", "VARCHAR"), ("flights", "BIGINT")),
        "rows": 3,
        "suppressed": 0,
        "stopped_by_firewall": 0,
        "cells": (),
        "table": "output.parquet",
        "segment": "s",
        "near": (("release-other", 1),),
        "lineage": (
            ColumnLineage(column="carrier", sources=(FieldFlow(dataset="flights", field="carrier", use="group"),)),
            ColumnLineage(
                column="flights", sources=(FieldFlow(dataset="flights", field="tailnum", use="aggregate:count"),)
            ),
            ColumnLineage(column=None, sources=(FieldFlow(dataset="flights", field="carrier", use="filter:eq"),)),
        ),
        **more,
    }
    return CheckReport(**settings)


def occasion(folder: Path, table: pa.Table, **more: Any) -> Occasion:
    file = folder / "output.parquet"
    pq.write_table(table, file)
    return Occasion(
        release="release-1",
        output="output-1",
        authorization="auth-maps",
        operator="maps",
        recipient="maps",
        watermark="mark-77",
        made=MADE,
        report=report(**more),
        table=file,
        datasets=(FLIGHTS,),
        template=None,
    )


TABLE = pa.table({"carrier": ["AA", "<script>alert(1)</script>", "=B6"], "flights": [2**60, None, 5]})


def test_the_forms_of_the_data_hold_the_same_values(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    made = write_contents(occasion(tmp_path, TABLE), tmp_path / "parts").files
    assert pq.read_table(made["data.parquet"]).equals(TABLE)
    assert csv.read_csv(made["data.csv"]).cast(TABLE.schema).to_pylist()[0] == TABLE.to_pylist()[0]
    assert isinstance(made["data.xlsx"], Path)
    names, *lines = cells(made["data.xlsx"])
    assert [text for _, text in names] == ["carrier", "flights"]
    assert lines[0] == [("inlineStr", "AA"), ("inlineStr", str(2**60))]
    assert lines[2] == [("inlineStr", "=B6"), ("n", "5")]


def test_parquet_keeps_every_type(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    columns = {
        "at": pa.array([noon, None], type=pa.timestamp("us", tz="Asia/Shanghai")),
        "took": pa.array([1, 2], type=pa.duration("us")),
        "kind": pa.array(["a", "b"]).dictionary_encode(),
        "money": pa.array([Decimal("1.10"), None], type=pa.decimal128(38, 2)),
        "small": pa.array([1, 2], type=pa.uint8()),
        "many": pa.array([[1, 2], []], type=pa.list_(pa.int32())),
    }
    table = pa.table(columns)
    named = {"columns": tuple((name, "x") for name in columns)}
    made = write_contents(occasion(tmp_path, table, **named), tmp_path / "parts").files
    assert pq.read_table(made["data.parquet"]).equals(table)
    assert isinstance(made["data.xlsx"], Path)
    assert cells(made["data.xlsx"])[1][0] == ("inlineStr", "2026-11-25T20:00:00+08:00")


@pytest.mark.parametrize(
    "limit, table, code",
    [
        ("MAX_ROWS", TABLE, "xlsx-too-many-rows"),
        ("MAX_COLUMNS", TABLE, "xlsx-too-many-columns"),
        ("MAX_TEXT", TABLE, "xlsx-text-too-long"),
    ],
)
def test_what_no_workbook_can_hold_is_not_cut_and_everybody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, table: pa.Table, code: str
) -> None:
    monkeypatch.setattr(workbook, limit, {"MAX_ROWS": 3, "MAX_COLUMNS": 1, "MAX_TEXT": 20}[limit])
    (tmp_path / "parts").mkdir()
    made = write_contents(occasion(tmp_path, table), tmp_path / "parts")
    assert "data.xlsx" not in made.files
    (told,) = made.omitted
    assert (told["file"], told["code"]) == ("data.xlsx", code)
    assert "XLSX" in told["message_zh"]
    for lang in ("zh", "en"):
        page = made.files[f"report.{lang}.html"]
        assert isinstance(page, bytes)
        assert told[f"message_{lang}"] in page.decode()


ACTIVE = re.compile(r"<(script|img|link|iframe|object|form|a )|\son\w+=|\sstyle=|https?://|url\(|@import")


def test_a_page_stands_alone_and_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    hostile = {"columns": (("<script>alert(1)</script>", "VARCHAR"), ('"><img src=x>', "BIGINT"))}
    made = write_contents(occasion(tmp_path, TABLE, **hostile), tmp_path / "parts").files
    for lang in ("zh", "en"):
        page = made[f"report.{lang}.html"]
        assert isinstance(page, bytes)
        text = page.decode()
        assert not re.search(
            r"<(script|img|link|iframe|object|form|a )|\son\w+=|\sstyle=|https?://|url\(|@import", text
        )
        assert "&lt;script&gt;" in text
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
        assert policy
        assert policy[1] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        assert "release-other" not in text


def test_the_dictionary_follows_the_lineage_and_not_the_names() -> None:
    words = {w["name"]: w for w in dictionary(report(), (FLIGHTS,))}
    assert (words["carrier"]["label_zh"], words["carrier"]["label_en"]) == ("承运人", "carrier")
    assert words["flights"]["label_zh"] == "由机号计算得出"
    assert words["flights"]["label_en"] == "computed from tail number"
    counted = report(
        columns=(("carrier", "BIGINT"),),
        lineage=(
            ColumnLineage(column="carrier", sources=(FieldFlow(dataset="flights", field="tailnum", use="link"),)),
        ),
    )
    (word,) = dictionary(counted, (FLIGHTS,))
    assert word["label_en"] == "computed from tail number"
    (word,) = dictionary(report(columns=(("one", "BIGINT"),)), (FLIGHTS,))
    assert (word["label_zh"], word["sources"]) == ("由分析计算得出", [])
    own = report(
        columns=(("w", "BIGINT"),),
        lineage=(ColumnLineage(column="w", sources=(FieldFlow(dataset="own", field="weight", use="show"),)),),
    )
    assert dictionary(own, (FLIGHTS,))[0]["label_zh"] == "weight"


def test_every_form_that_can_bear_it_leads_to_the_release(released: Released) -> None:
    _, release_id, bundle = released
    files = contents(bundle)
    body = json.loads(base64.b64decode(json.loads(files["manifest.json"])["payload"]))
    mark = body["predicate"]["watermark"].encode()
    assert mark.startswith(b"mark-")
    metadata = pq.read_metadata(io.BytesIO(files["data.parquet"])).metadata
    assert metadata.pop(b"ARROW:schema")
    assert metadata == {b"sluice.release": release_id.encode(), b"sluice.watermark": mark}
    with zipfile.ZipFile(io.BytesIO(files["data.xlsx"])) as archive:
        assert mark in archive.read("docProps/custom.xml")
    for name in ("report.json", "report.zh.html", "report.en.html"):
        assert mark in files[name]
    assert mark not in files["data.csv"]
