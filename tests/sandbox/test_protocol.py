"""Does the door take exactly the messages of the protocol?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.column_types import column_type
from sandbox.decoding import decode_answer, decode_task
from sandbox.protocol import (
    MAX_ANSWER_BYTES,
    VERSION,
    Answer,
    ColumnScan,
    Export,
    Found,
    Limits,
    MountField,
    MountTask,
    Problem,
    QueryTask,
    Step,
    Usage,
    View,
    encode,
)
from sandbox.shape import Malformed

QUERY = QueryTask(
    views=(View(name="v", path="/vault/v.parquet", columns=("编号", "a b")),),
    steps=(Step(table="s", sql="SELECT 1"),),
    exports=(Export(file="r.parquet", sql="SELECT * FROM s", max_rows=5),),
    functions=("count", "+", "!~~", "list_transform"),
    limits=Limits(wall_seconds=3),
    reproducible=True,
    scan="r.parquet",
)
MOUNT = MountTask(
    source="/data/a.csv",
    format="csv",
    fields=(MountField(name="车牌", type="VARCHAR", identifier="vehicle"), MountField(name="n", type="DECIMAL(10,2)")),
    units=("车牌",),
    row_unit=False,
    registry="/vault/registry",
    expected_rows=10,
)
ANSWER = Answer(
    status="ok",
    files=("version.parquet",),
    rows={"version.parquet": 3},
    columns=(("a", "INTEGER"), ("b", "STRUCT(x INTEGER)")),
    statistics={"a": {"distinct": 3, "nulls": 0, "max_rows": 1}},
    scan=(
        ColumnScan(form="text", values=3, distinct=2, found=(Found(kind="plate", rows=2, matches=1, candidates=4),)),
    ),
    usage=Usage(wall_seconds=0.5, cpu_seconds=1, peak_memory_bytes=7, stages={"step:s": 0.1}),
    walls=("landlock", "seccomp"),
)
FAILED = Answer(
    status="failed",
    code="source-rows",
    problems=(Problem(line=70001, column="编号", what="wrong-type", expected="INTEGER"),),
    problems_total=3,
)
Change = Callable[[Any], None]


def changed(message: bytes, change: Change) -> bytes:
    body = json.loads(message)
    change(body)
    return json.dumps(body).encode()


def test_messages_come_back_as_they_were() -> None:
    assert decode_task(encode(QUERY)) == QUERY
    assert decode_task(encode(MOUNT)) == MOUNT
    assert decode_answer(encode(ANSWER)) == ANSWER
    assert decode_answer(encode(FAILED)) == FAILED


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(v=VERSION + 1),
        lambda m: m.update(v=True),
        lambda m: m.update(extra=1),
        lambda m: m["body"].update(extra=1),
        lambda m: m["body"].update(kind="other"),
        lambda m: m["body"].pop("views"),
        lambda m: m["body"].update(views={}),
        lambda m: m["body"].update(reproducible=1),
        lambda m: m["body"]["views"][0].update(name="a.b"),
        lambda m: m["body"]["views"][0].update(name='v"'),
        lambda m: m["body"]["views"][0].update(path="vault/v.parquet"),
        lambda m: m["body"]["views"][0].update(path="/vault/../etc/passwd"),
        lambda m: m["body"]["views"][0].update(path="/vault/v\0.parquet"),
        lambda m: m["body"]["views"][0].update(columns=[]),
        lambda m: m["body"]["views"][0].update(columns=["a", "A"]),
        lambda m: m["body"]["views"][0].update(columns=["a\n"]),
        lambda m: m["body"]["views"].append(m["body"]["views"][0]),
        lambda m: m["body"]["steps"][0].update(table="V"),
        lambda m: m["body"]["steps"][0].update(sql=""),
        lambda m: m["body"]["steps"][0].update(sql="x" * (1 << 19)),
        lambda m: m["body"]["steps"][0].update(sql="SELECT 1\0"),
        lambda m: m["body"]["exports"][0].update(file="../r.parquet"),
        lambda m: m["body"]["exports"][0].update(file=".r"),
        lambda m: m["body"]["exports"][0].update(max_rows=-1),
        lambda m: m["body"]["exports"][0].update(max_rows=1.5),
        lambda m: m["body"].update(functions=["a b"]),
        lambda m: m["body"].update(scan="other.parquet"),
        lambda m: m["body"].update(scan=True),
        lambda m: m["body"]["limits"].update(threads=0),
        lambda m: m["body"]["limits"].update(threads=1000),
        lambda m: m["body"]["limits"].update(memory_bytes="1"),
        lambda m: m["body"]["limits"].update(wall_seconds=-1),
        lambda m: m["body"]["limits"].update(wall_seconds=float("nan")),
        lambda m: m["body"]["limits"].update(wall_seconds=float("inf")),
    ],
)
def test_a_query_that_is_not_of_the_protocol_is_refused(change: Change) -> None:
    with pytest.raises(Malformed):
        decode_task(changed(encode(QUERY), change))


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.update(format="xlsx"),
        lambda b: b.update(source="a.csv"),
        lambda b: b.update(units=["n"]),
        lambda b: b.update(expected_rows=-1),
        lambda b: b["fields"][0].update(name="__row"),
        lambda b: b["fields"][0].update(type="INTEGER); DROP TABLE x"),
        lambda b: b["fields"][0].update(type="STRUCT(a INTEGER)"),
        lambda b: b["fields"][0].update(identifier="../x"),
        lambda b: b["fields"][1].update(name="车牌"),
    ],
)
def test_a_mount_that_is_not_of_the_protocol_is_refused(change: Change) -> None:
    with pytest.raises(Malformed):
        decode_task(changed(encode(MOUNT), lambda m: change(m["body"])))


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.update(status="fine"),
        lambda b: b.update(code="engine-error"),
        lambda b: b.update(files=["../../etc/passwd"]),
        lambda b: b.update(files=["a", "a"]),
        lambda b: b.update(files=["a/b"]),
        lambda b: b.update(rows={"other": 1}),
        lambda b: b.update(rows={"version.parquet": -1}),
        lambda b: b.update(rows={"version.parquet": True}),
        lambda b: b.update(rows={"version.parquet": 1e300}),
        lambda b: b.update(step="\x1b[31m red"),
        lambda b: b.update(columns=[["a"]]),
        lambda b: b.update(columns=[["a", "B", "C"]]),
        lambda b: b.update(columns=[["a\n", "INTEGER"]]),
        lambda b: b.update(statistics={"a": {"values": 3}}),
        lambda b: b.update(problems=[{"line": -1, "column": "a", "what": "wrong-type", "expected": ""}]),
        lambda b: b.update(problems=[{"line": 1, "column": "a", "what": "Zhang San, 13812345678", "expected": ""}]),
        lambda b: b.update(problems=[{"line": 1, "column": "a", "what": "x", "expected": "y" * 100}]),
        lambda b: b.update(problems=[{"line": 1, "column": "a", "what": "x", "expected": ""}] * 21),
        lambda b: b.update(walls=["x"] * 33),
        lambda b: b["usage"].update(cpu_seconds=float("nan")),
        lambda b: b["usage"].update(stages={"a": float("inf")}),
        lambda b: b["usage"].update(stages={"<script>": 1.0}),
        lambda b: b["usage"].update(peak_memory_bytes=1.5),
        lambda b: b.update(usage=[]),
        lambda b: b["scan"][0].update(form="13812345678"),
        lambda b: b["scan"][0].update(form="other"),
        lambda b: b["scan"][0].update(values=-1),
        lambda b: b["scan"][0].update(values=True),
        lambda b: b["scan"][0].update(distinct=4),
        lambda b: b["scan"][0].update(column="a"),
        lambda b: b["scan"][0]["found"][0].update(kind="13812345678"),
        lambda b: b["scan"][0]["found"][0].update(rows=4),
        lambda b: b["scan"][0]["found"][0].update(rows=0),
        lambda b: b["scan"][0]["found"][0].update(matches=5),
        lambda b: b["scan"][0]["found"][0].update(matches=0),
        lambda b: b["scan"][0]["found"].append(b["scan"][0]["found"][0]),
        lambda b: b.update(scan=b["scan"] * 4097),
    ],
)
def test_a_hostile_answer_is_refused(change: Change) -> None:
    with pytest.raises(Malformed):
        decode_answer(changed(encode(ANSWER), lambda m: change(m["body"])))


def test_a_failed_answer_has_no_results() -> None:
    for wrong in (
        replace(FAILED, files=("a",)),
        replace(FAILED, columns=(("a", "INTEGER"),)),
        replace(FAILED, scan=ANSWER.scan),
        replace(FAILED, code=None),
        replace(FAILED, code="something"),
    ):
        with pytest.raises(Malformed):
            decode_answer(encode(wrong))


def test_what_is_too_long_or_deep_or_not_text_is_refused() -> None:
    for message in (b"", b"[]", b"{", b"\xff\xfe", b"null", b"[" * 100_000, b" " * (MAX_ANSWER_BYTES + 1)):
        with pytest.raises(Malformed):
            decode_answer(message)
        with pytest.raises(Malformed):
            decode_task(message)


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_JSON = st.recursive(
    _PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


@given(st.sampled_from(sorted(json.loads(encode(ANSWER))["body"])), _JSON)
def test_any_value_in_any_place_is_taken_or_refused_but_never_breaks(key: str, value: Any) -> None:
    message = changed(encode(ANSWER), lambda m: m["body"].update({key: value}))
    try:
        decode_answer(message)
    except Malformed:
        return


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int", "INTEGER"),
        ("decimal(10, 2)", "DECIMAL(10,2)"),
        ("Numeric(5,1)", "DECIMAL(5,1)"),
        ("timestamptz", "TIMESTAMP WITH TIME ZONE"),
        ("string", "VARCHAR"),
        ("HUGEINT", None),
        ("DECIMAL(50,2)", None),
        ("INTEGER[]", None),
        ("VARCHAR; --", None),
    ],
)
def test_types_have_one_spelling(text: str, expected: str | None) -> None:
    assert column_type(text) == expected
