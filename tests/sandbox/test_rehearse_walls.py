"""Does a rehearsal reach nothing but its rows and the operator's table, under the limits and the gate of queries?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from sandbox.confine import GATE, LANDLOCK, LOCK, OWN_ROOT, OWN_USER
from sandbox.launcher import Launcher
from sandbox.protocol import Limits, RehearseTask, SyntheticColumn, SyntheticTable, View
from tests.sandbox.rehearsals import EVENT, Rehearse, rehearsal, rehearser

Without = Callable[..., Launcher]


@pytest.fixture
def rehearse(launcher: Launcher, tmp_path: Path) -> Rehearse:
    return rehearser(launcher, tmp_path)


ATTACKS = {
    "rows": "SELECT * FROM read_parquet('{vault}')",
    "bytes": "SELECT octet_length(content) AS n FROM read_blob('{vault}')",
    "registry": "SELECT * FROM read_parquet('{registry}')",
    "names": "SELECT * FROM glob('{folder}/*')",
}
PAST_THE_LOCK = "SELECT content FROM read_blob('{vault}' || chr(0) || '{climb}' || '{own}')"


@pytest.fixture
def vault(tmp_path: Path) -> dict[str, str]:
    """A vault with a version and a registry, and a file of the operator's own."""
    places = {"folder": tmp_path / "vault", "own": tmp_path / "own.parquet"}
    places |= {"vault": places["folder"] / "v.parquet", "registry": places["folder"] / "registry" / "person.parquet"}
    places["registry"].parent.mkdir(parents=True)
    for place in ("vault", "registry", "own"):
        duckdb.sql(f"COPY (SELECT 'from the {place}' AS s) TO '{places[place]}'")
    return {n: str(p) for n, p in places.items()} | {"climb": "/.." * str(places["vault"]).count("/")}


def attacking(sql: str, vault: dict[str, str]) -> RehearseTask:
    """A rehearsal that may read its operator's own file, and goes for another one."""
    return rehearsal(sql.format_map(vault), views=(View(name="mine", path=vault["own"], columns=("s",)),))


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_file_of_the_vault_can_be_read(without: Without, vault: dict[str, str], tmp_path: Path, attack: str) -> None:
    task = attacking(ATTACKS[attack], vault)
    shut = without(GATE, LOCK).run(task, tmp_path / "a", require_isolation=True)
    assert shut.code == "engine-error" or shut.page == ()  # a file that is not there at all is no error in a pattern
    unwalled = without(GATE, LOCK, LANDLOCK, OWN_USER, OWN_ROOT)
    assert unwalled.run(task, tmp_path / "b", require_isolation=False).page
    assert without().run(task, tmp_path / "c", require_isolation=True).code == "guard-refused"


def test_landlock_alone_keeps_the_vault_shut(without: Without, vault: dict[str, str], tmp_path: Path) -> None:
    for number, attack in enumerate(ATTACKS.values()):
        alone = without(GATE, LOCK, OWN_USER, OWN_ROOT)
        answer = alone.run(attacking(attack, vault), tmp_path / str(number), require_isolation=True)
        assert answer.code == "engine-error" or answer.page == ()


def test_what_fools_the_lock_does_not_open_the_vault(without: Without, vault: dict[str, str], tmp_path: Path) -> None:
    task = attacking(PAST_THE_LOCK, vault)
    fooled = without(GATE, LANDLOCK, OWN_USER, OWN_ROOT).run(task, tmp_path / "a", require_isolation=False)
    assert "from the vault" in repr(fooled)
    shut = without(GATE).run(task, tmp_path / "b", require_isolation=True)
    assert shut.code == "engine-error" or shut.page == ()
    assert "from the vault" not in repr(shut)


def test_the_own_table_is_all_that_can_be_read(without: Without, vault: dict[str, str], tmp_path: Path) -> None:
    task = attacking("SELECT s FROM read_parquet('{own}')", vault)
    assert without(GATE, LOCK).run(task, tmp_path / "a", require_isolation=True).page == (("from the own",),)
    mine = without().run(attacking("SELECT s FROM mine", vault), tmp_path / "b", require_isolation=True)
    assert mine.page == (("from the own",),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT current_setting('allowed_paths')",
        "SELECT * FROM duckdb_tables()",
        "SELECT 1; SELECT 2",
        "SELECT 1) AS x; COPY (SELECT 1) TO 'x'; SELECT (1",
        "CREATE TABLE x AS SELECT 1",
        'SELECT * FROM "the result"',
        "SELECT upper(road), lower(road) FROM event",
        "SELECT current_user",
        "SELECT * FROM memory.main.event",
        "SELECT * FROM elsewhere",
    ],
)
def test_the_gate_holds_as_for_queries(rehearse: Rehearse, sql: str) -> None:
    answer = rehearse(sql)
    assert (answer.code, answer.step, answer.page) == ("guard-refused", "result", ())


def test_errors_are_codes(rehearse: Rehearse) -> None:
    answer = rehearse("SELECT CAST(road AS INTEGER) FROM event")
    assert (answer.code, answer.step) == ("engine-error", "result")
    assert "G60" not in repr(answer)


SLOW = "SELECT count(*) FROM event a, event b, event c, event d WHERE a.km + b.km + c.km + d.km = 17"


@pytest.mark.parametrize(
    ("sql", "limits", "code"),
    [
        ("SELECT who FROM event", {"result_rows": 999}, "limit-rows"),
        (SLOW, {"wall_seconds": 1.5}, "limit-wall"),
        ("SELECT list(a.note) FROM event a, event b, event c", {"memory_bytes": 64 << 20}, "limit-memory"),
        ("SELECT count(*) FROM event WHERE km IN (" + ", ".join("1" * 200) + ")", {"sql_bytes": 200}, "limit-sql"),
        ("SELECT " + "(" * 40 + "1" + " + 1)" * 40, {"sql_depth": 20}, "limit-sql"),
    ],
    ids=["rows", "wall", "memory", "bytes of sql", "depth of sql"],
)
def test_limits_hold_as_for_queries(rehearse: Rehearse, sql: str, limits: dict[str, int], code: str) -> None:
    assert rehearse(sql, limits=Limits(**limits)).code == code


@pytest.mark.parametrize(
    "bad",
    [
        {"minimum": "5", "maximum": "4"},
        {"minimum": "40000"},
        {"minimum": "soon"},
        {"maximum": "1.5"},
    ],
)
def test_a_declaration_that_contradicts_itself_is_malformed(rehearse: Rehearse, bad: dict[str, str]) -> None:
    made = SyntheticTable(name="t", rows=5, columns=(SyntheticColumn(name="c", type="SMALLINT", **bad),))  # type: ignore[arg-type]
    answer = rehearse("SELECT c FROM t", made)
    assert (answer.code, answer.step) == ("task-malformed", "t")


def test_a_table_may_be_empty(rehearse: Rehearse) -> None:
    answer = rehearse("SELECT * FROM event", replace(EVENT, rows=0))
    assert (answer.page_of, len(answer.columns)) == (0, 5)
