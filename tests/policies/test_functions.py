"""Does policies/functions.toml know every function of the engine, and is each class what it says?"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import duckdb
import pytest

from app.domain.errors import Broken
from app.policy.functions import FILE, FunctionClass, FunctionTable, load_functions
from app.query.grammar import PREDICATE_FUNCTIONS

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture(scope="module")
def table() -> FunctionTable:
    return load_functions(POLICIES)


@pytest.fixture(scope="module")
def engine() -> dict[str, set[str]]:
    """Every function of the engine with its kinds."""
    rows = duckdb.connect().execute("select function_name, function_type from duckdb_functions()").fetchall()
    found: dict[str, set[str]] = {}
    for name, kind in rows:
        found.setdefault(name, set()).add(kind)
    return found


def test_every_listed_function_exists_in_the_engine(table: FunctionTable, engine: dict[str, set[str]]) -> None:
    assert set(table.classes) - set(engine) == set(table.syntax)


def test_every_function_of_the_engine_is_in_a_class_or_left_out_for_a_reason(
    table: FunctionTable, engine: dict[str, set[str]]
) -> None:
    left_out: list[dict[str, Any]] = tomllib.loads((POLICIES / FILE).read_text(encoding="utf-8"))["left_out"]
    named = {n for group in left_out for n in group.get("names", [])}
    prefixes = tuple(p for group in left_out for p in group.get("prefixes", []))
    assert all(group["reason"] for group in left_out)
    assert {n for n in engine if n not in table.classes and n not in named and not n.startswith(prefixes)} == set()
    assert named & set(table.classes) == set()
    assert named - set(engine) == set()
    assert {p for p in prefixes if not any(n.startswith(p) for n in engine)} == set()


def test_aggregates_and_windows_are_what_the_engine_says(table: FunctionTable, engine: dict[str, set[str]]) -> None:
    aggregates = (FunctionClass.AGGREGATE, FunctionClass.ORDER_STATISTIC, FunctionClass.EXTREME)
    assert all("aggregate" in engine[n] for n in table.names(*aggregates))
    assert all("window" in engine[n] for n in table.names(FunctionClass.WINDOW))
    scalars = (FunctionClass.SCALAR, FunctionClass.SCALAR_GUARDED, FunctionClass.MEASURE)
    assert all(engine[n] & {"scalar", "macro"} for n in table.names(*scalars) if n not in table.syntax)


def test_no_function_is_volatile_or_reads_the_clock(table: FunctionTable) -> None:
    rows = duckdb.connect().execute(
        "select function_name from duckdb_functions() where stability is not null and stability <> 'CONSISTENT'"
    )
    assert {r[0] for r in rows.fetchall()} & set(table.classes) == set()


@pytest.mark.parametrize(
    "call",
    [
        "x + y",
        "x - y",
        "x * y",
        "x // y",
        "x % y",
        "abs(x)",
        "-x",
        "x << y",
        "round(x, -19)",
        "interval 1 day * x",
        "sum(x::hugeint * x)",
    ],
)
def test_what_stops_on_some_values_is_marked_so(table: FunctionTable, call: str) -> None:
    least, most = "(-9223372036854775808)::bigint", "9223372036854775807::bigint"
    con = duckdb.connect()
    con.execute(
        f"create table t as from (values ({least}, (-1)::bigint), ({most}, {most}), (0, 0), ({least}, 1)) v(x, y)"
    )
    with pytest.raises(duckdb.Error):
        con.execute(f"select {call} from t").fetchall()
    tree = json.loads(con.execute("select json_serialize_sql(?)", [f"select {call} from t"]).fetchall()[0][0])
    assert _called(tree) & table.raises


@pytest.mark.parametrize("kind", [FunctionClass.SCALAR, FunctionClass.SCALAR_GUARDED, FunctionClass.MEASURE])
def test_unmarked_functions_never_stop_on_a_value(table: FunctionTable, kind: FunctionClass) -> None:
    con = duckdb.connect()
    overloads = con.execute(
        "select function_name, parameter_types from duckdb_functions() "
        "where function_type = 'scalar' and varargs is null"
    ).fetchall()
    tried = 0
    for name, types in overloads:
        if name not in table.names(kind) or name in table.raises or not name.isidentifier() or not types:
            continue
        if not all(t in VALUES for t in types):
            continue
        for number in range(max(len(VALUES[t]) for t in types)):
            arguments = [
                CONSTANTS.get((name, place), f"{VALUES[t][(number + place) % len(VALUES[t])]}::{t}")
                for place, t in enumerate(types)
            ]
            con.execute(f'create or replace table r as select "{name}"({", ".join(arguments)}) v')
            tried += 1
    assert tried > 50


def test_a_name_in_two_classes_and_an_unknown_class_break(tmp_path: Path) -> None:
    text = (POLICIES / FILE).read_text(encoding="utf-8")
    for broken in (text.replace('names = ["median"', 'names = ["sum", "median"'), text + "\n[scalars]\nnames = []\n"):
        (tmp_path / FILE).write_text(broken, encoding="utf-8")
        with pytest.raises(Broken) as caught:
            load_functions(tmp_path)
        assert caught.value.code == "policy-functions"


def test_names_are_looked_up_in_any_case(table: FunctionTable) -> None:
    assert table.function_class("SUM") is FunctionClass.AGGREGATE
    assert table.function_class("read_text") is None


VALUES = {
    "VARCHAR": ["''", "'a'", "'%'", "'('", "'日'"],
    "DOUBLE": ["'nan'", "'inf'", "'-inf'", "'-1.5'", "0", "'1e308'", "'-1e308'"],
    "FLOAT": ["'nan'", "'inf'", "'-inf'", "0", "'1e38'"],
    "BIGINT": ["'-9223372036854775808'", "'-1'", "0", "'9223372036854775807'"],
    "INTEGER": ["'-2147483648'", "'-1'", "0", "'2147483647'"],
    "UBIGINT": ["0", "'18446744073709551615'"],
    "HUGEINT": ["'-170141183460469231731687303715884105728'", "0", "'170141183460469231731687303715884105727'"],
    "DATE": ["'infinity'", "'-infinity'", "'2024-02-29'", "'0001-01-01'", "'9999-12-31'"],
    "TIMESTAMP": ["'infinity'", "'-infinity'", "'2024-02-29 23:59:59'"],
    "TIME": ["'00:00:00'", "'12:34:56.789'"],
    "BOOLEAN": ["true", "false"],
}
"""Extreme values per type."""

CONSTANTS = {
    **{(name, 1): "'a+'" for name in ("regexp_matches", "regexp_full_match", "regexp_extract", "regexp_replace")},
    **{(name, 2): "'$'" for name in ("like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape")},
    ("regexp_matches", 2): "'i'",
    ("regexp_full_match", 2): "'i'",
    ("regexp_extract", 2): "0",
    ("regexp_extract", 3): "'i'",
    ("regexp_replace", 3): "'g'",
    ("try_strptime", 1): "'%Y'",
    **{(name, 1): "2" for name in ("substring", "substr", "left", "right")},
    **{(name, 2): "2" for name in ("substring", "substr")},
}
"""Arguments that must be literals, with one that a steward might write: (function, position from 0) → literal."""


def _called(tree: Any) -> set[str]:
    """Names of all functions in a serialized tree."""
    if isinstance(tree, list):
        return set().union(*(map(_called, tree)), set())
    if not isinstance(tree, dict):
        return set()
    own = {tree["function_name"]} if "function_name" in tree else set()
    return own.union(*(map(_called, tree.values())))


def test_every_function_that_answers_yes_or_no_is_known_as_a_predicate(table: FunctionTable) -> None:
    query = "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = 'scalar'"
    answering = {row[0] for row in duckdb.connect().execute(f"{query} AND return_type = 'BOOLEAN'").fetchall()}
    assert {name for name in answering if table.function_class(name)} <= PREDICATE_FUNCTIONS
