"""Does any known attack get a protected value out? Each statement of leaks.sql through the real engine and sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import config
from app.domain.errors import SluiceError
from app.engine import Engine
from app.trial import Trial, run_trial
from sandbox.launcher import Launcher
from tests.sql.world import SECRETS, write_mine, write_world

STATEMENT = re.compile(
    r"-- ([A-F]\d\d) [^\n]*\n-- expect: ([^\n]*)\n((?:-- finds: [^\n]*\n)*)(.*?)(?=\n-- [A-F]\d\d |\Z)", re.DOTALL
)
CASES = STATEMENT.findall((Path(__file__).parent / "leaks.sql").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Launcher() as launcher:
        yield Engine.load(config.read().policies, launcher, require_isolation=True)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, Trial]:
    """The same world twice, but for the target's income and illness."""
    folder = tmp_path_factory.mktemp("worlds")
    mine = write_mine(folder / "mine.csv")
    own = (("mine", mine),)
    one = write_world(folder / "one")
    other = write_world(folder / "other", income=1234567, hiv=False)
    return (
        Trial(catalog=one, sql="", enterprise=own, history=folder / "h1"),
        Trial(catalog=other, sql="", enterprise=own, history=folder / "h2"),
    )


def outcome(engine: Engine, trial: Trial, sql: str) -> dict[str, object]:
    """What the operator sees, without times and evidence."""
    try:
        found = run_trial(engine, replace(trial, sql=sql), lambda: NOW).to_json()
    except SluiceError as error:
        return {"decision": "refused", "refusals": [f.to_json() for f in error.findings], "rows": [], "suppressed": 0}
    return {k: v for k, v in found.items() if k not in ("timings", "cells")}


def told(refusal: dict[str, object]) -> str:
    """A finding as leaks.sql writes it: what it is about, where it stands, by which rule."""
    parts = [
        str(refusal["code"]),
        "{dataset}.{field} {use}".format(**refusal) if refusal.get("field") else "",
        "@{line}:{column}".format(**refusal) if refusal.get("line") else "",
        "[{rule}]".format(**refusal) if refusal.get("rule") else "",
    ]
    return "-- finds: " + " ".join(p for p in parts if p)


def test_every_family_of_attacks_is_there() -> None:
    assert len(CASES) == 36
    assert {number[0] for number, *_ in CASES} == set("ABCDEF")


@pytest.mark.parametrize(("expected", "finds", "sql"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_attack_gets_nothing_of_the_target(
    engine: Engine, worlds: tuple[Trial, Trial], expected: str, finds: str, sql: str
) -> None:
    seen = outcome(engine, worlds[0], sql)
    word, _, code = expected.partition(" ")
    codes = {r["code"] for r in seen["refusals"]}  # type: ignore[attr-defined]
    if word == "refused":
        assert seen["decision"] == "refused"
        assert code in codes, codes
        assert [told(r) for r in seen["refusals"]] == finds.splitlines()  # type: ignore[attr-defined]
        assert seen["rows"] == []
    elif word == "suppressed":
        assert seen["rows"] == []
        assert seen["suppressed"]
    else:
        assert seen["decision"] == "checked", codes
    text = json.dumps(seen, default=str)
    assert not any(secret in text for secret in SECRETS)


@pytest.mark.parametrize("sql", [c[3] for c in CASES], ids=[c[0] for c in CASES])
def test_the_answer_is_the_same_whatever_the_targets_secret_is(
    engine: Engine, worlds: tuple[Trial, Trial], sql: str
) -> None:
    assert outcome(engine, worlds[0], sql) == outcome(engine, worlds[1], sql)
