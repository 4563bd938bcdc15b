"""Does any attack tell a person's secret while the checks are on, and do the same attacks succeed when they are off?

One target per attack here, each in both worlds; `tests/stress/test_day_of_attacks.py` plays a whole day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import pytest
from sqlglot import exp

from app.domain.values import Dataset
from app.query import govern
from app.query.frontier import Frontier
from app.query.population import Populations
from tests.attacks import cells
from tests.attacks.asking import Guess, sick
from tests.attacks.attacks import ATTACKS, Attack
from tests.attacks.operator import Operator
from tests.attacks.referee import play, right
from tests.attacks.world import TARGETS, Person, World, people, worlds

FAST = [a for a in ATTACKS if not a.long]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    with worlds(tmp_path_factory.mktemp("attacks")) as found:
        yield found


def _target(attack: Attack) -> list[int]:
    return [ATTACKS.index(attack) % TARGETS]


def _case(attack: Attack) -> object:
    """A known hole is expected to be one: when it no longer is, its mark in `attacks.py` has to go."""
    marks = [pytest.mark.xfail(strict=True, raises=AssertionError, reason=attack.hole)] if attack.hole else []
    return pytest.param(attack, id=attack.name, marks=marks)


@pytest.mark.parametrize("attack", [_case(a) for a in FAST])
def test_with_the_checks_on_it_tells_no_secret(both: tuple[World, World], attack: Attack) -> None:
    score = play(attack, both, _target(attack), checked=True)
    assert score.asked >= 2
    assert score.recovered == 0, attack.name


@pytest.mark.parametrize("attack", [a for a in FAST if not a.by_refusals], ids=lambda a: a.name)
def test_with_the_checks_off_it_tells_the_secret(both: tuple[World, World], attack: Attack) -> None:
    assert play(attack, both, _target(attack), checked=False).recovered == 1


@pytest.mark.parametrize("play_it", [cells.what_the_firewall_stops, cells.everyone_alike], ids=lambda p: p.__name__)
def test_without_populations_it_would_tell_the_secret(
    both: tuple[World, World], play_it: Callable[[Operator, Person], Guess], monkeypatch: pytest.MonkeyPatch
) -> None:
    def themselves(
        frontiers: Iterable[Frontier], ctes: Iterable[tuple[str, exp.Expr]], _: Mapping[str, Dataset]
    ) -> Populations:
        return Populations(frontiers=tuple(frontiers), ctes=tuple(ctes), mixed=())

    monkeypatch.setattr(govern, "populations", themselves)
    attack = next(a for a in ATTACKS if a.play is play_it)
    assert play(attack, both, _target(attack), checked=True).recovered == 1


def test_reviewers_see_which_cells_went_for_the_sake_of_whom_they_tell(both: tuple[World, World]) -> None:
    target = both[0].targets[1]  # who is not sick: those in the cells are the same, those told of are one fewer
    operator = Operator(seat=both[0].checked, persons=both[0].persons)
    operator.forget()
    assert operator.number(sick(target)) is not None
    view = operator.see(sick(target, f"not {target.described}"))
    assert not target.sick
    assert view.report is not None
    out = {(c.frontier, c.cell) for c in view.report.cells if c.verdict == "near-released"}
    assert {(n.frontier, n.cell) for n in view.report.near_cells if n.population} == out != set()


@pytest.mark.parametrize("function", ["min(income)", "max(income)", "any_value(sick)", "median(income)"])
def test_a_single_value_does_not_leave_without_people(both: tuple[World, World], function: str) -> None:
    target = both[0].targets[0]
    operator = Operator(seat=both[0].checked, persons=both[0].persons)
    view = operator.see(f"select {function} from person where {target.described}")
    assert view.decision in ("refused", "review")
    assert view.rows == ()


@pytest.mark.parametrize(
    "condition",
    [
        "hash(income) % 2 = 0",
        "md5(income::varchar) < '8'",
        "random() < 0.5",
        "person_id % 2 = 0",
        "person_id in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)",
    ],
)
def test_no_subset_by_hash_or_identifier_is_counted(both: tuple[World, World], condition: str) -> None:
    view = Operator(seat=both[0].checked, persons=both[0].persons).see(f"select count(*) from person where {condition}")
    assert view.decision == "refused"


def test_nobody_wins_by_guessing(both: tuple[World, World]) -> None:
    first, second = both
    for secret, guesses in {"sick": (True, False, None), "income": (None, *range(0, 100_000, 500))}.items():
        for a, b in zip(first.targets, second.targets, strict=True):
            assert not any(right(g, a, secret) and right(g, b, secret) for g in guesses)


def test_the_worlds_differ_in_nothing_but_the_secrets_of_the_targets_and_their_fellows() -> None:
    differing = [a.number for a, b in zip(people(other=False), people(other=True), strict=True) if a != b]
    assert set(range(TARGETS)) <= set(differing)
    assert all(a.described == b.described for a, b in zip(people(other=False), people(other=True), strict=True))
    assert len({p.described for p in people(other=False)}) == len(people(other=False))
