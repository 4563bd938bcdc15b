"""Is every attack stopped behind all walls, stopped by each of its walls alone, and by nothing else?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sandbox.confine import GATE, SECURE_VIEWS
from sandbox.protocol import CODES
from tests.sandbox.attacks.aftermath import Aftermath
from tests.sandbox.attacks.attack import MARK, ROOT, Attack, Native, Sql
from tests.sandbox.attacks.families import ATTACKS
from tests.sandbox.attacks.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One way to try an attack: without which walls, and which of its walls is then the last one."""

    attack: Attack
    name: str
    without: frozenset[str]
    last: str | None = None


def _trials(attack: Attack) -> Iterator[Trial]:
    walls = frozenset(attack.walls)
    if attack.walls or attack.ends:
        yield Trial(attack=attack, name="all walls", without=frozenset())
    for wall in attack.walls:
        if len(walls) > 1 and wall != GATE:  # what the gate refuses it has refused alone: nothing else was asked yet
            yield Trial(attack=attack, name=f"only {wall}", without=walls - {wall}, last=wall)
    if walls:
        yield Trial(attack=attack, name="none", without=walls)


def _cases(name: str) -> list[object]:
    trials = [trial for attack in ATTACKS for trial in _trials(attack) if trial.name.split()[0] == name]
    return [pytest.param(one, id=f"{one.attack.family}: {one.attack.name} - {one.name}") for one in trials]


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    opened = Stage()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def walls(stage: Stage) -> tuple[frozenset[str], dict[str, str]]:
    """The walls that stand on this machine for this user, and why the others do not."""
    return stage.walls()


Walls = tuple[frozenset[str], dict[str, str]]


def _only(attack: Attack) -> None:
    if attack.only is not None and attack.only[0] != ("root" if ROOT else "user"):
        pytest.skip(f"for {attack.only[0]} only: {attack.only[1]}")


def _fits(after: Aftermath, endings: str) -> None:
    assert after.ending in endings.split("|"), (after.answer, after.changed)


def _hurt_nothing(after: Aftermath) -> None:
    """Nothing but a code came back, and all is as it was."""
    answer = after.answer
    assert after.changed == frozenset()
    assert MARK not in after.shown + repr(answer)
    assert (answer.status == "ok") == (answer.code is None)
    assert answer.code is None or answer.code in CODES
    assert after.left == answer.files
    if answer.status != "ok":
        assert (answer.files, answer.rows, answer.page, answer.columns) == ((), {}, (), ())


@pytest.mark.parametrize("trial", _cases("all"))
def test_behind_all_walls_it_hurts_nothing(trial: Trial, stage: Stage, walls: Walls) -> None:
    _only(trial.attack)
    standing, _ = walls
    if trial.attack.walls and not trial.attack.held_by(standing):
        pytest.skip(f"none of its walls stands here: {', '.join(trial.attack.walls)}")
    after = stage.attempt(trial.attack, trial.without)
    _fits(after, trial.attack.ending(standing))
    _hurt_nothing(after)


@pytest.mark.parametrize("trial", _cases("only"))
def test_one_wall_alone_stops_it(trial: Trial, stage: Stage, walls: Walls) -> None:
    _only(trial.attack)
    standing, absent = walls
    assert trial.last is not None
    if trial.last not in trial.attack.held_by(standing):
        pytest.skip(f"{trial.last} does not stand here: {absent.get(trial.last, 'too old for this attack')}")
    after = stage.attempt(trial.attack, trial.without)
    _fits(after, trial.attack.walls[trial.last])
    assert trial.attack.through is not None
    assert not trial.attack.through(after)
    _hurt_nothing(after)


@pytest.mark.parametrize("trial", _cases("none"))
def test_without_its_walls_it_gets_through(trial: Trial, stage: Stage) -> None:
    _only(trial.attack)
    after = stage.attempt(trial.attack, trial.without)
    assert trial.attack.through is not None
    assert trial.attack.through(after), (after.ending, after.changed, after.shown[:200])


def test_an_honest_text_gets_its_answer(stage: Stage, walls: Walls) -> None:
    after = stage.attempt(Attack(name="honest", how=Sql(sql="SELECT count(*) AS n FROM w"), ends="ok"), frozenset())
    assert (after.ending, after.shown) == ("ok", "[{'n': 600}]")
    _hurt_nothing(after)


def test_what_is_native_runs_behind_the_walls_that_stand(stage: Stage, walls: Walls) -> None:
    native = next(attack for attack in ATTACKS if isinstance(attack.how, Native))
    after = stage.attempt(native, frozenset())
    assert walls[0] <= {*after.answer.walls, SECURE_VIEWS}
