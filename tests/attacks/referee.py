"""Who won? Plays an attack in both worlds and counts the targets whose secrets it told in both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.attacks.asking import Guess
from tests.attacks.attacks import Attack
from tests.attacks.operator import Operator
from tests.attacks.world import Person, World

CLOSE = 0.05
"""A guessed value is right within this part of it."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """Of how many targets was the secret told, with how many queries."""

    recovered: int
    targets: int
    asked: int


def right(guess: Guess, person: Person, secret: str) -> bool:
    """Whether a guess tells the secret of `person`."""
    truth = getattr(person, secret)
    if isinstance(truth, bool):
        return guess is not None and bool(guess) == truth
    return guess is not None and abs(float(guess) - truth) <= CLOSE * truth


def play(
    attack: Attack, worlds: tuple[World, World], targets: Iterable[int], *, checked: bool, afresh: bool = True
) -> Score:
    """Play `attack` against `targets` in both worlds, with the checks on or off.

    `afresh`: before every target nothing was released yet, which is best for the attacker; else everything counts.
    """
    chosen, told, asked = list(targets), dict[int, int](), 0
    for world in worlds:
        operator = Operator(seat=world.checked if checked else world.unchecked, persons=world.persons)
        for number in chosen:
            if afresh or not checked:
                operator.forget()
            guess = attack.play(operator, world.targets[number])
            told[number] = told.get(number, 0) + right(guess, world.targets[number], attack.secret)
        asked += operator.asked
    return Score(recovered=sum(n == len(worlds) for n in told.values()), targets=len(chosen), asked=asked)
