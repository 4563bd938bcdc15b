"""Does whatever passes the gate read nothing but the views of its plan, even when no other wall stands around it?

Texts that are nearly attacks are held against the gate; those that pass run with the gate as the only wall before
files, beside a file with a secret and over a source with a hidden column. Neither may ever show.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from itertools import islice

import duckdb
import pytest

from sandbox.confine import LANDLOCK, LOCK, OWN_ROOT, OWN_USER
from sandbox.gate import Gate, Refused
from sandbox.protocol import CODES
from tests.sandbox.attacks.aftermath import Aftermath
from tests.sandbox.attacks.attack import MARK, SMALL, Attack, Sql
from tests.sandbox.attacks.families import ATTACKS
from tests.sandbox.attacks.stage import COLUMNS, FUNCTIONS, Stage
from tests.sandbox.fuzz.mutations import Mutator
from tests.sandbox.test_gate import PASS, REFUSE

PASSED = 60
_OFF = frozenset({LOCK, LANDLOCK, OWN_ROOT, OWN_USER})
_LEFT_OUT = {"bombs", "crashers", "timing"}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    opened = Stage()
    yield opened
    opened.close()


def _passing(seed: int) -> Iterator[str]:
    """Texts that pass the gate, without end."""
    attacks = [a.how.sql for a in ATTACKS if isinstance(a.how, Sql) and a.family not in _LEFT_OUT]
    mutator = Mutator([*PASS, *REFUSE, *attacks], seed)
    connection = duckdb.connect()
    connection.execute("SET max_expression_depth=250")

    def serialize(sql: str) -> str:
        row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
        return str(row[0]) if row else ""

    gate = Gate(serialize, columns=COLUMNS, functions=FUNCTIONS, limits=SMALL)
    while True:
        text = mutator.text()
        try:
            gate.check(text, ("v", "w"))
        except (Refused, duckdb.Error):
            continue
        yield text


def _shows_nothing(after: Aftermath, sql: str) -> None:
    assert after.ending in CODES | {"ok"}, sql
    assert MARK not in after.shown, sql
    assert "hidden" not in after.shown, sql
    assert not after.changed, sql


def _try(stage: Stage, sql: str) -> Aftermath:
    return stage.attempt(Attack(name="mutation", how=Sql(sql=sql), ends="ok", limits=SMALL), _OFF)


def test_what_passes_the_gate_reads_nothing_but_its_views(stage: Stage) -> None:
    answered = 0
    for sql in islice(_passing(seed=20260102), PASSED):
        after = _try(stage, sql)
        _shows_nothing(after, sql)
        answered += after.ending == "ok"
    assert answered > PASSED // 3


def test_the_bait_would_show(stage: Stage) -> None:
    """Without the gate these very texts show what they must not."""
    for sql, bait in (("SELECT s FROM '<other>'", MARK), ("SELECT h FROM '<source>'", "hidden")):
        attack = Attack(name="bait", how=Sql(sql=sql), ends="ok")
        assert bait in stage.attempt(attack, _OFF | {"gate"}).shown


@pytest.mark.stress
@pytest.mark.timeout(float(os.environ.get("SLUICE_FUZZ_SECONDS", "300")) + 300)
def test_what_passes_the_gate_reads_nothing_but_its_views_for_long(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """SLUICE_FUZZ_SEED repeats a run, SLUICE_FUZZ_SECONDS says how long it takes."""
    seed = int(os.environ.get("SLUICE_FUZZ_SEED", secrets.randbits(32)))
    late = time.monotonic() + float(os.environ.get("SLUICE_FUZZ_SECONDS", "300"))
    tried = 0
    with capsys.disabled():
        print(f"\nSLUICE_FUZZ_SEED={seed}")
        for sql in _passing(seed):
            _shows_nothing(_try(stage, sql), sql)
            tried += 1
            if time.monotonic() > late:
                break
        print(f"{tried} texts passed the gate and showed nothing")
