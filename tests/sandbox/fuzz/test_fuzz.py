"""Do random texts over all functions and nested types only ever bring clean codes, and leave the sandbox as it was?"""

from __future__ import annotations

import os
import secrets
import time
import tomllib
from itertools import cycle
from pathlib import Path

import duckdb
import pytest

from sandbox.gate import FORBIDDEN
from sandbox.launcher import Launcher
from tests.sandbox.conftest import query
from tests.sandbox.fuzz.expressions import SPOKEN, Speaker, signatures
from tests.sandbox.fuzz.fuzzing import SHAPES, Fuzzing

ROUNDS, SECONDS = 24, 12.0
_POLICY = Path(__file__).parents[3] / "policies" / "functions.toml"
_NESTED = ("list_", "array_", "map_", "struct_", "json_", "len", "flatten", "cardinality", "element_at", "to_json")
_UNBOUNDED = frozenset({"list_resize", "array_resize", "json_execute_serialized_sql", "json_deserialize_sql"})


def allowed() -> frozenset[str]:
    """Every function of the policy, of whatever class."""
    classes = tomllib.loads(_POLICY.read_text(encoding="utf-8")).values()
    return frozenset(name for one in classes if isinstance(one, dict) for name in one.get("names", ()))


def every() -> frozenset[str]:
    """Those, and functions over nested types, which no analysis may call: the sandbox must bear them all the same."""
    engine = {str(row[0]) for row in duckdb.execute("SELECT function_name FROM duckdb_functions()").fetchall()}
    nested = {name for name in engine if name.startswith(_NESTED)} - _UNBOUNDED - FORBIDDEN
    return allowed() | nested | {"map", "struct_extract", "list_value"}


@pytest.fixture
def fuzzing(launcher: Launcher, table: Path, tmp_path: Path) -> Fuzzing:
    small = tmp_path / "small.parquet"
    duckdb.execute(f"COPY (FROM '{table}' WHERE i < 150) TO '{small}'")
    return Fuzzing(launcher=launcher, table=small, folder=tmp_path, names=every())


def _go_on(fuzzing: Fuzzing) -> None:
    """The sandbox runs an honest text, and nothing lies about."""
    scratch = fuzzing.folder / "honest"
    answer = fuzzing.launcher.run(query(fuzzing.table, "SELECT count(*) AS n FROM v"), scratch, require_isolation=True)
    assert answer.status == "ok"
    assert sorted(path.name for path in fuzzing.folder.iterdir()) == ["honest", "small.parquet"]
    assert not list(Path().glob("core*"))


def test_random_texts_only_ever_bring_codes(fuzzing: Fuzzing, capsys: pytest.CaptureFixture[str]) -> None:
    speaker = Speaker(every(), seed=20260101)
    late = time.monotonic() + SECONDS
    for shape, _ in zip(cycle(SHAPES), range(ROUNDS), strict=False):
        fuzzing.round(speaker, shape)
        if time.monotonic() > late:
            break
    assert fuzzing.endings["ok"] > 20
    _report(fuzzing, capsys)
    _go_on(fuzzing)


@pytest.mark.stress
@pytest.mark.timeout(float(os.environ.get("SLUICE_FUZZ_SECONDS", "300")) + 300)
def test_random_texts_for_long(fuzzing: Fuzzing, capsys: pytest.CaptureFixture[str]) -> None:
    """SLUICE_FUZZ_SEED repeats a run, SLUICE_FUZZ_SECONDS says how long it takes."""
    seed = int(os.environ.get("SLUICE_FUZZ_SEED", secrets.randbits(32)))
    with capsys.disabled():
        print(f"\nSLUICE_FUZZ_SEED={seed}")
    speaker = Speaker(every(), seed=seed)
    late = time.monotonic() + float(os.environ.get("SLUICE_FUZZ_SECONDS", "300"))
    for shape in cycle(SHAPES):
        fuzzing.round(speaker, shape)
        if time.monotonic() > late:
            break
    _report(fuzzing, capsys)
    _go_on(fuzzing)


def test_a_seed_says_the_same_again() -> None:
    first, second = Speaker(every(), seed=7), Speaker(every(), seed=7)
    assert [first.scalar() for _ in range(50)] == [second.scalar() for _ in range(50)]


def test_every_function_of_the_policy_is_called() -> None:
    assert allowed() - {one.name for one in signatures(allowed())} - SPOKEN == set()


def _report(fuzzing: Fuzzing, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nfuzzer: {fuzzing.tasks} tasks, {dict(fuzzing.endings)}")
        for sql in fuzzing.deadly:
            print(f"a process died of: {sql}")
