"""What can be computed from many released sums together? An audit of their null space, exact but for rare chance.

Units that stand in the same released cells form a class; each released cell is then a row of ones and zeros over the
classes (or of multiplicities), and whoever holds the cells knows exactly the row space of that matrix. A vector of the
null space moves the classes without moving any cell: a class that no such vector moves is known to the last digit, two
classes that all of them move in proportion are known in some combination, and so is any sum that none of them moves.
Source: Chin & Ozsoyoglu 1982 (Audit Expert), with random null vectors in place of all of them.

Arithmetic is modulo the prime 2^31 - 1, on VECTORS random vectors. What is derivable over the rationals is found unless
the prime divides a denominator of the elimination; what is not derivable is reported by chance with a probability below
classes^2 / PRIME^(VECTORS - 1), which errs towards refusing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PRIME = (1 << 31) - 1
VECTORS = 4
"""Random null vectors; two classes look parallel by chance with probability PRIME^-(VECTORS - 1)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """What follows from cells over classes: `rank` independent cells, the classes known exactly, groups of classes.

    Of each group in `together`, two or more classes none of which is known, some combination of any two is known.
    `vectors` are random vectors of the null space, shape (classes, VECTORS). `reduced` are sums that follow from the
    cells, one for each of the classes `pivots`, in which none of the classes before it takes part: so those from a
    column on span all that follows about the classes from there on alone.
    """

    rank: int
    pivots: tuple[int, ...]
    reduced: NDArray[np.int64]
    known: tuple[int, ...]
    together: tuple[tuple[int, ...], ...]
    vectors: NDArray[np.int64]

    def derivable(self, sums: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which rows of `sums` (n, classes), e.g. suppressed cells, follow from the released cells."""
        found: NDArray[np.bool_] = (_times(sums % PRIME, self.vectors) == 0).all(axis=1)
        return found


def audit(cells: NDArray[np.int64], rng: np.random.Generator) -> Audit:
    """Audit `cells` (released cells, classes); time rank x cells x classes. `rng` must be unknown to the analysts."""
    reduced, pivots = _reduced(cells)
    classes = cells.shape[1]
    free = np.setdiff1d(np.arange(classes), pivots)
    vectors = np.zeros((classes, VECTORS), dtype=np.int64)
    vectors[free] = rng.integers(0, PRIME, (len(free), VECTORS))
    vectors[pivots] = -_times(reduced[:, free], vectors[free]) % PRIME
    known = np.flatnonzero((vectors == 0).all(axis=1))
    return Audit(
        rank=len(pivots),
        pivots=tuple(pivots.tolist()),
        reduced=reduced,
        known=tuple(known.tolist()),
        together=_parallel(vectors),
        vectors=vectors,
    )


def _reduced(cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of the reduced echelon form that are not zero, and the column of each one's pivot."""
    rows, pivots = cells.astype(np.int64) % PRIME, list[int]()
    for column in range(rows.shape[1]):
        top = len(pivots)
        below = np.flatnonzero(rows[top:, column])
        if not len(below):
            continue
        at = top + int(below[0])
        rows[[top, at]] = rows[[at, top]]
        rows[top] = rows[top] * pow(int(rows[top, column]), -1, PRIME) % PRIME
        others = np.flatnonzero(rows[:, column])
        others = others[others != top]
        rows[others] = (rows[others] - rows[others, column][:, None] * rows[top] % PRIME) % PRIME
        pivots.append(column)
        if len(pivots) == len(rows):
            break
    return rows[: len(pivots)], np.array(pivots, dtype=np.int64)


def _times(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """The product of two matrices modulo the prime, in halves of 16 bits so that no sum overflows."""
    high, low = left >> 16, left & 0xFFFF
    found: NDArray[np.int64] = (_half(high, right) * (1 << 16) + _half(low, right)) % PRIME
    return found


def _half(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same for a left side of at most 16 bits; sums of 2^15 products stay below 2^62."""
    total = np.zeros((left.shape[0], right.shape[1]), dtype=np.int64)
    for start in range(0, left.shape[1], 1 << 15):
        total = (total + left[:, start : start + (1 << 15)] @ right[start : start + (1 << 15)]) % PRIME
    return total


def _parallel(vectors: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Groups of classes whose signatures are multiples of one another, those that are zero left out."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, row in enumerate(vectors.tolist()):
        first = next((v for v in row if v), 0)
        if first:
            scale = pow(first, -1, PRIME)
            groups.setdefault(tuple(v * scale % PRIME for v in row), []).append(number)
    return tuple(tuple(g) for g in groups.values() if len(g) > 1)
