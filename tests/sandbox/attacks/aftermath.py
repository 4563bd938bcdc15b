"""What is there after an attack? What came back and what changed, and the signs that an attack got through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.protocol import Answer
from tests.sandbox.attacks.attack import DONE, Ground


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What was found when an attack was over. `ending` is its code or, of a native attack, its word.

    `shown` is all that a reader of the result sees, `left` the names of what lies in scratch. `changed` names what is
    not as it was: files of the ground by their names there, "vault", "outside", "victim", "zygote", "connected",
    "process" (one that lives on).
    """

    answer: Answer
    ending: str
    ground: Ground
    changed: frozenset[str]
    shown: str
    left: tuple[str, ...]


Sign = Callable[[Aftermath], bool]


def done(after: Aftermath) -> bool:
    """The process did what it wanted."""
    return after.ending == DONE


def answered(after: Aftermath) -> bool:
    """The engine answered."""
    return after.ending == "ok"


def ends(*endings: str) -> Sign:
    """It ended so, later or elsewhere than it should."""
    return lambda after: after.ending in endings


def reaches(*stopped: str) -> Sign:
    """The kernel itself answered: it ended in any way but these."""
    return lambda after: after.ending not in stopped


def shows(text: str) -> Sign:
    """The result shows the text, in which names in angle brackets stand for what lies around."""
    return lambda after: after.ground.put_in(text) in after.shown


def changes(*what: str) -> Sign:
    """One of these is not as it was."""
    return lambda after: not after.changed.isdisjoint(what)
