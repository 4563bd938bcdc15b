"""What nearly was an attack? Known texts with parts of others put in, taken out or around them, from a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

_PARTS = re.compile(r"\s+|\w+|'[^']*'|\"[^\"]*\"|.", re.DOTALL)
_BAITS = (
    "'<other>'", '"<other>"', '"<source>"', "'<source>'", "WITH RECURSIVE", "USING KEY (k)", "LATERAL", "TABLE", "FROM",
    "AS", "\u00a0", "\ufeff", "recurring.", "memory.main.", "--", "/*", "*/", ";", "h", "UNION ALL", "NATURAL JOIN",
)  # fmt: skip
_NAMES = ("c", "v", '"<source>"', '"<other>"', "secret", "t0", "É", "é")
_MOST = 2000


class Mutator:
    """Makes texts of texts. The same texts and seed give the same."""

    def __init__(self, texts: Iterable[str], seed: int) -> None:
        self._chance = random.Random(seed)
        self._known = [_PARTS.findall(text) for text in texts if len(text) < _MOST]
        self._parts = [part for parts in self._known for part in parts]
        self._parts += [bait for bait in _BAITS for _ in range(len(self._parts) // 100)]

    def text(self) -> str:
        """One text."""
        chance = self._chance
        parts = list(chance.choice(self._known))
        for _ in range(chance.choice((0, 1, 1, 2, 3, 5))):
            self._change(parts)
        return "".join(self._around(parts) if chance.random() < 0.4 else parts)

    def _change(self, parts: list[str]) -> None:
        """Put in, exchange or take out one part."""
        place = self._chance.randrange(len(parts) + 1)
        until = place + self._chance.choice((0, 1))
        parts[place:until] = self._chance.choice(
            ([self._chance.choice(self._parts)], [self._chance.choice(self._parts)], [])
        )

    def _around(self, parts: list[str]) -> list[str]:
        """The text within another one."""
        other, name = self._chance.choice(self._known), self._chance.choice(_NAMES)
        return self._chance.choice(
            (
                ["SELECT * FROM (", *parts, ") AS q, (", *other, ") AS z"],
                [f"WITH {name} AS (", *parts, ") ", *other],
                [f"WITH RECURSIVE {name} AS (", *parts, " UNION ALL ", *other, f") SELECT * FROM {name}"],
                [*parts, " UNION ALL ", *other],
                ["SELECT (", *parts, ")"],
                ["SELECT i FROM v WHERE i IN (", *parts, ")"],
            )
        )
