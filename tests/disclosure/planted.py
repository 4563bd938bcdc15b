"""Which pairs must the firewall find? A cell, and a second one that differs in the contributions of d units.

The kinds are ways in which two queries can come to differ in few persons.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.disclosure.index.cells import cells_of
from app.disclosure.index.lookup import indexed, near
from tests.disclosure.simulated import Rows, cells, differing, some_rows

Plant = Callable[[np.random.Generator, Rows, int], Rows]


def remove(rng: np.random.Generator, rows: Rows, d: int) -> Rows:
    """WHERE that leaves d units out."""
    left = ~_chosen(rng, rows, d)
    return Rows(rows.unit[left], rows.value[left])


def add(rng: np.random.Generator, rows: Rows, d: int) -> Rows:
    """WHERE that lets d more in."""
    return rows.plus(some_rows(rng, d))


def swap(rng: np.random.Generator, rows: Rows, d: int) -> Rows:
    """Some out, others in."""
    return remove(rng, rows, d // 2).plus(some_rows(rng, d - d // 2))


def change(rng: np.random.Generator, rows: Rows, d: int) -> Rows:
    """CASE that gives d units another value."""
    value = rows.value.copy()
    value[_chosen(rng, rows, d)] += np.uint64(1_000_003)
    return Rows(rows.unit, value)


def drop(rng: np.random.Generator, rows: Rows, d: int) -> Rows:
    """One row fewer of each of d units that have several, as a cut by date leaves them."""
    _, first, count = np.unique(rows.unit, return_index=True, return_counts=True)
    several = first[count > 1]
    left = np.ones(len(rows.unit), dtype=bool)
    left[rng.choice(several, min(d, len(several)), replace=False)] = False
    return Rows(rows.unit[left], rows.value[left])


def repeat(rng: np.random.Generator, rows: Rows, d: int) -> Rows:
    """The rows of d units twice more, as a join multiplies them: an XOR over rows would not see it."""
    again = _chosen(rng, rows, d)
    twice = Rows(rows.unit[again], rows.value[again])
    return rows.plus(twice).plus(twice)


def zero(rng: np.random.Generator, rows: Rows, d: int) -> Rows:
    """CASE that gives d units nothing: in a sum they contribute no longer."""
    return remove(rng, rows, d)


def rescale(rng: np.random.Generator, rows: Rows, d: int) -> Rows:
    """sum(2 * x) without d units: every value moves."""
    left = remove(rng, rows, d)
    return Rows(left.unit, left.value * np.uint64(2))


PLANTS: tuple[Plant, ...] = (remove, add, swap, change, drop, repeat, zero, rescale)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A planted pair: its kind, the units that really differ (of those that matter), the buckets found, if near."""

    kind: str
    differs: int
    found: int | None


def trials(rng: np.random.Generator, count: int, k: int, *, farthest: int = 30) -> list[Trial]:
    """`count` planted pairs of every kind and distance, searched all at once as history and new release."""
    kinds = [PLANTS[i % len(PLANTS)] for i in range(count)]
    wanted = [(i // len(PLANTS)) % (farthest + 1) for i in range(count)]
    sizes = np.exp(rng.uniform(np.log(k), np.log(600), count)).astype(int)
    base = [some_rows(rng, max(int(n), k + d), most=3) for n, d in zip(sizes, wanted, strict=True)]
    new = [plant(rng, rows, d) for plant, rows, d in zip(kinds, base, wanted, strict=True)]
    index = indexed(cells_of(cells(base, k=k)))
    found = {
        (i, j): d
        for pairs in near(cells_of(cells(new, k=k)), index)
        for i, j, d in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True)
    }
    return [
        Trial(kind=kinds[i].__name__, differs=units_that_differ(base[i], new[i]), found=found.get((i, i)))
        for i in range(count)
    ]


def units_that_differ(a: Rows, b: Rows) -> int:
    """Units with other rows, or, when all have the same rows, with other values."""
    return differing(_rows_only(a), _rows_only(b)) or differing(a, b)


def _rows_only(rows: Rows) -> Rows:
    return Rows(rows.unit, np.ones_like(rows.value))


def _chosen(rng: np.random.Generator, rows: Rows, d: int) -> np.ndarray:
    """Which rows belong to d units of `rows`, chosen by chance."""
    return np.isin(rows.unit, rng.choice(np.unique(rows.unit), d, replace=False))
