"""Is the difference of two cells a number that was released itself? Then the pair of them tells nothing new."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from app.disclosure.index.cells import Cells
from app.disclosure.index.lookup import Index, equals
from app.disclosure.index.past import UNWANTED, Past

MAX_NOTED = 100_000
"""Differences that are looked up; pairs beyond these are not excused."""


@dataclass(kw_only=True)
class Differences:
    """Differences of near pairs, in the order noted, until they are looked up among what was released."""

    _parts: list[Cells] = field(default_factory=list)
    _noted: int = 0

    def note(self, left: Cells, i: NDArray[np.int64], right: Cells, j: NDArray[np.int64]) -> None:
        """Note left[i] - right[j] for every pair, with the larger k of the two."""
        room = max(0, MAX_NOTED - self._noted)
        i, j = i[:room], j[:room]
        self._noted += len(i)
        self._parts.append(
            Cells(
                group=left.group[i],
                k=np.maximum(left.k[i], right.k[j]),
                aspect=left.aspect[i] & right.aspect[j],
                presence=left.presence[i] - right.presence[j],
                content=left.content[i] - right.content[j],
            )
        )

    def released(self, new: Index, past: Past) -> frozenset[int]:
        """Numbers of the noted differences that are, up to their sign, a cell or sum of `new` or of the history.

        The same group, all 64 bits of all buckets of presence and content, and at least the same k.
        """
        if not self._noted:
            return frozenset()
        wanted = Cells(**{n: np.concatenate([getattr(p, n) for p in self._parts]) for n in Cells.__dataclass_fields__})
        negated = replace(wanted, presence=-wanted.presence, content=-wanted.content)
        found: set[int] = set()
        for signed in (wanted, negated):
            rows, cells = equals(signed, new)
            found.update(rows[signed.k[rows] <= new.cells.k[cells]].tolist())
            for stock, rank in past.stocks():
                rows, cells = equals(signed, stock.index)
                enough = signed.k[rows] <= stock.index.cells.k[cells]
                rows, cells = rows[enough], cells[enough]
                found.update(rows[stock.best(cells, rank) != UNWANTED].tolist())
        return frozenset(found)
