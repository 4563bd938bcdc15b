"""Does an operator who tries every attack on every target, all day, learn a secret?

SLUICE_ATTACK_TARGETS is the number of targets (up to 12). The table that is printed says of each attack how many
secrets it told with the checks on, with them on over a day in which everything that left still counts, and off.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.attacks.attacks import ATTACKS
from tests.attacks.operator import Operator
from tests.attacks.referee import play, right
from tests.attacks.world import TARGETS, World, worlds

pytestmark = [pytest.mark.stress, pytest.mark.timeout(7200)]
CHOSEN = range(min(TARGETS, int(os.environ.get("SLUICE_ATTACK_TARGETS", str(TARGETS)))))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    with worlds(tmp_path_factory.mktemp("day")) as found:
        yield found


def test_each_attack_on_every_target_with_the_checks_on_and_off(both: tuple[World, World]) -> None:
    told, silent = [], []
    for attack in ATTACKS:
        on = play(attack, both, CHOSEN, checked=True)
        off = play(attack, both, CHOSEN, checked=False)
        print(f"{attack.name:44} on {on.recovered:2}/{on.targets} off {off.recovered:2}/{off.targets} {attack.hole}")
        told += [attack.name] * (on.recovered > 0 and not attack.hole)
        silent += [attack.name] * (off.recovered < off.targets and not attack.by_refusals)
    assert told == []
    assert silent == []


def test_a_day_in_which_everything_that_left_counts(both: tuple[World, World]) -> None:
    """Every attack on every target in random order, in both worlds the same; nothing is forgotten."""
    day = [(attack, number) for attack in ATTACKS if not attack.long for number in CHOSEN]
    random.Random(1).shuffle(day)
    found: Counter[tuple[str, int]] = Counter()
    asked = 0
    for world in both:
        operator = Operator(seat=world.checked, persons=world.persons)
        operator.forget()
        for attack, number in day:
            target = world.targets[number]
            found[attack.name, number] += right(attack.play(operator, target), target, attack.secret)
        asked += operator.asked
    recovered = Counter(name for (name, _), worlds_won in found.items() if worlds_won == 2)
    print(f"{asked} queries", *(f"{name}: {count}" for name, count in sorted(recovered.items())), sep="\n")
    assert {*recovered} <= {a.name for a in ATTACKS if a.hole}
