"""What do attacks have in common? Guesses, the numbers that everybody can read, and queries about the target's region.

A guess about `sick` is a bool; a guess about `income` a number, None for none.
"""

from __future__ import annotations

from tests.attacks.world import Person

Guess = bool | float | None
K = 10
"""The contributors that a cell of L3 fields needs, as everybody can read in the policies."""


def sick(t: Person, more: str = "true", *, what: str = "count(*)", source: str = "person") -> str:
    """How many of the target's region are sick, and `more`."""
    return f"select {what} from {source} where region = {t.region} and sick and {more}"


def income(t: Person, what: str = "sum(income)", more: str = "true", *, source: str = "person") -> str:
    return f"select {what} from {source} where region = {t.region} and {more}"


def one_more(whole: float | None, without: float | None) -> bool:
    """Whether the target is in the whole; nothing is concluded from a number that did not leave."""
    return whole is not None and without is not None and round(whole - without) == 1


def difference(whole: float | None, without: float | None) -> float | None:
    return None if whole is None or without is None else whole - without


def double(rows: int) -> str:
    return f"person, (values {', '.join(f'({i})' for i in range(rows))}) v(i)"
