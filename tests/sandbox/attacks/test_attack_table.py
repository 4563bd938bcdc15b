"""Are there enough attacks, of every kind, against every wall, and does the table say what it must?"""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox import confine
from sandbox.confine import LIMITS
from sandbox.protocol import CODES
from tests.sandbox.attacks.attack import Native, Sql
from tests.sandbox.attacks.families import ATTACKS, FAMILIES
from tests.sandbox.attacks.walls import FIVE, NEVER_ALONE, WALLS, stopped_by

REQUIRED_FAMILIES = {
    "answers", "bombs", "catalogs", "crashers", "dynamic SQL", "engine state", "files", "inheritance",
    "modifying queries", "network", "paths", "processes", "signals", "system calls", "timing",
}  # fmt: skip


def test_there_are_two_hundred_attacks_and_no_two_are_the_same() -> None:
    assert len(ATTACKS) >= 200
    assert [name for name, times in Counter(a.name for a in ATTACKS).items() if times > 1] == []
    made = Counter((a.how, a.limits) for a in ATTACKS if isinstance(a.how, Sql))
    assert [how for how, times in made.items() if times > 1] == []


def test_every_family_is_there() -> None:
    assert set(FAMILIES) == REQUIRED_FAMILIES
    assert all(len(family) >= 5 for family in FAMILIES.values())


def test_every_wall_has_attacks() -> None:
    named = {value for name, value in vars(confine).items() if name.isupper() and isinstance(value, str)}
    assert named == set(WALLS)
    assert all(len(stopped_by(ATTACKS, wall)[0]) >= (1 if wall == "secure-views" else 3) for wall in WALLS)


@pytest.mark.parametrize("wall", FIVE)
def test_each_of_the_five_walls_is_needed_or_it_is_said_why_others_hide_that(wall: str) -> None:
    alone = [attack for part in FIVE[wall] for attack in stopped_by(ATTACKS, part)[1]]
    assert len(alone) >= 5 or all(part in NEVER_ALONE for part in FIVE[wall])


def test_a_wall_that_is_never_alone_has_no_attack_of_its_own() -> None:
    alone = {wall for wall in WALLS if stopped_by(ATTACKS, wall)[1]}
    assert alone | set(NEVER_ALONE) == set(WALLS)
    assert not alone & set(NEVER_ALONE)


def test_limits_and_the_own_root_are_each_needed() -> None:
    for wall in (LIMITS, confine.OWN_ROOT, confine.SECCOMP):
        assert len(stopped_by(ATTACKS, wall)[1]) >= 5


def test_every_attack_says_how_it_ends_and_how_one_sees_that_it_got_through() -> None:
    for attack in ATTACKS:
        assert attack.walls or attack.ends, attack.name
        assert (attack.through is not None) == bool(attack.walls), attack.name
        assert set(attack.walls) <= set(WALLS), attack.name
        if isinstance(attack.how, Sql):
            endings = "|".join([*attack.walls.values(), attack.ends]).split("|")
            assert set(endings) <= CODES | {"ok", ""}, attack.name


def test_what_is_native_is_found_by_its_name() -> None:
    assert all(not {"'", '"'} & set(attack.name) for attack in ATTACKS if isinstance(attack.how, Native))
