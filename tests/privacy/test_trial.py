"""Does a question with noise go all the way: allowed by the policy, run confined, noised, reported, never compared?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import config
from app.domain.values import Decision
from app.engine import Engine
from app.policy.rules import rule
from app.trial import Outcome, Trial, run_trial
from sandbox.launcher import Launcher
from tests.sql.world import write_world

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BY_REGION = "select region, count(*) as n from p group by region"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    anything = {"subject": "*", "dataset": "*", "field": "*", "condition": "", "effect": "allow"}
    with Launcher() as launcher:
        found = Engine.load(config.read().policies, launcher, require_isolation=True)
        more = [
            rule("here", {"id": f"allow-{kind}", "use": f"repair:{kind}", **anything})
            for kind in ("dp", "round", "cell-key")
        ]
        yield replace(found, standing=replace(found.standing, rules=(*found.standing.rules, *more)))


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world") / "one")


def tried(engine: Engine, catalog: Path, sql: str, repair: str | None, **more: object) -> Outcome:
    return run_trial(engine, Trial(catalog=catalog, sql=sql, repair=repair, **more), lambda: NOW)  # type: ignore[arg-type]


def test_numbers_carry_noise_that_is_new_each_time_and_near_the_truth(engine: Engine, catalog: Path) -> None:
    exact = {r["region"]: r["n"] for r in tried(engine, catalog, BY_REGION, None).rows}
    first, second = (tried(engine, catalog, BY_REGION, "dp") for _ in range(2))
    assert exact
    assert first.decision is Decision.CHECKED, first.refusals
    assert first.rows != second.rows
    assert first.report is not None
    assert first.report.privacy is not None
    bound = 4 * max(float(m.half_width) for m in first.report.privacy.measures)
    for row in first.rows:
        assert abs(row["n"] - exact[row["region"]]) <= bound


def test_noise_is_not_held_against_what_was_released(engine: Engine, catalog: Path, tmp_path: Path) -> None:
    for _ in range(3):
        found = tried(engine, catalog, BY_REGION, "dp", history=tmp_path / "history")
        assert (found.decision, found.report.stopped_by_firewall if found.report else None) == (Decision.CHECKED, 0)


def test_without_a_rule_there_is_no_noise_and_no_answer(engine: Engine, catalog: Path) -> None:
    strict = replace(
        engine, standing=Engine.load(config.read().policies, engine.launcher, require_isolation=True).standing
    )
    found = tried(strict, catalog, BY_REGION, "dp")
    assert (found.decision, [f.code for f in found.refusals]) == (Decision.REFUSED, ["repair-not-allowed"])


def test_numbers_are_rounded_where_that_was_asked_for(engine: Engine, catalog: Path) -> None:
    rows = tried(engine, catalog, BY_REGION, "round").rows
    assert rows
    assert all(row["n"] % 5 == 0 for row in rows)
    assert any(row["n"] % 5 for row in tried(engine, catalog, BY_REGION, None).rows)


ALIKE = (
    "select region, count(*) as n from p group by region",
    "select region, count(region) as n from p where age_band >= 0 group by all having count(*) > 0",
)


def test_noise_by_cell_key_is_bounded_and_the_same_for_the_same_contributors(
    engine: Engine, catalog: Path, tmp_path: Path
) -> None:
    exact, first, second, again = (
        {r["region"]: r["n"] for r in tried(engine, catalog, sql, repair, history=tmp_path / "h").rows}
        for sql, repair in ((ALIKE[0], None), (ALIKE[0], "cell-key"), (ALIKE[1], "cell-key"), (ALIKE[0], "cell-key"))
    )
    assert first == second == again
    noise = [first[region] - exact[region] for region in exact]
    assert set(first) == set(exact)
    assert max(map(abs, noise)) <= 5
    assert len(set(noise)) > 1
    found = tried(engine, catalog, ALIKE[0], "cell-key")
    assert found.report is not None
    assert found.report.noise == 5


def test_what_the_noise_is_not_for_is_refused_with_its_place(engine: Engine, catalog: Path) -> None:
    found = tried(engine, catalog, "select region, count(*), avg(income) from p group by region", "cell-key")
    assert found.decision is Decision.REFUSED
    (finding,) = found.refusals
    assert finding.code == "noise-not-for"
    assert finding.position is not None
    assert (finding.position.line, finding.position.column) == (1, 26)
