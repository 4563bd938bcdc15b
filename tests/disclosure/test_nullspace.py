"""Does the audit of many releases say what exact arithmetic over fractions says?"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from app.disclosure.nullspace import PRIME, VECTORS, audit

Rows = list[list[Fraction]]


def echelon(rows: Rows) -> Rows:
    """The reduced echelon form over the rationals, rows of zeros left out."""
    rows, top = [r[:] for r in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        at = next((i for i in range(top, len(rows)) if rows[i][column]), None)
        if at is None:
            continue
        rows[top], rows[at] = rows[at], rows[top]
        rows[top] = [v / rows[top][column] for v in rows[top]]
        for i, row in enumerate(rows):
            if i != top and row[column]:
                rows[i] = [a - row[column] * b for a, b in zip(row, rows[top], strict=True)]
        top += 1
    return rows[:top]


def exact(cells: np.ndarray) -> Rows:
    return echelon([[Fraction(int(v)) for v in row] for row in cells])


def follows(reduced: Rows, wanted: list[int]) -> bool:
    """Whether `wanted` is in the row space."""
    return len(echelon([*reduced, [Fraction(v) for v in wanted]])) == len(reduced)


def pair_follows(reduced: Rows, classes: int, a: int, b: int) -> bool:
    """Whether some combination of classes a and b is in the row space: taking both away loses a dimension."""
    unit = [[Fraction(int(i == c)) for i in range(classes)] for c in (a, b)]
    return len(echelon([*reduced, *unit])) < len(reduced) + 2


@pytest.mark.parametrize("seed", range(40))
def test_classes_pairs_and_sums_are_derivable_exactly_when_they_are_over_the_rationals(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes, count = int(rng.integers(2, 9)), int(rng.integers(1, 8))
    cells = (rng.random((count, classes)) < rng.uniform(0.2, 0.8)).astype(np.int64)
    if seed % 4 == 0:
        cells *= rng.integers(1, 4, cells.shape)
    reduced, found = exact(cells), audit(cells, rng)
    units = np.eye(classes, dtype=np.int64)
    assert found.rank == len(reduced)
    assert found.known == tuple(c for c in range(classes) if follows(reduced, units[c].tolist()))
    unknown = [c for c in range(classes) if c not in found.known]
    pairs = {p for g in found.together for p in combinations(g, 2)}
    assert pairs == {(a, b) for a, b in combinations(unknown, 2) if pair_follows(reduced, classes, a, b)}
    sums = rng.integers(0, 3, (20, classes))
    assert found.derivable(sums).tolist() == [follows(reduced, s.tolist()) for s in sums]


def test_a_table_with_margins_gives_its_suppressed_cell_away_and_one_more_suppressed_does_not() -> None:
    inner = np.eye(9, dtype=np.int64)
    margins = np.array(
        [np.repeat(np.eye(3), 3, axis=1)[i] for i in range(3)] + [np.tile(np.eye(3), 3)[i] for i in range(3)]
    )
    rng = np.random.default_rng(1)
    published = [i for i in range(9) if i != 4]
    assert audit(np.vstack([inner[published], margins.astype(np.int64)]), rng).derivable(inner[[4]]).tolist() == [True]
    square = [i for i in range(9) if i not in (0, 1, 3, 4)]
    found = audit(np.vstack([inner[square], margins.astype(np.int64)]), rng)
    assert found.derivable(inner[[0, 1, 3, 4]]).tolist() == [False] * 4
    assert found.together == ((0, 1, 3, 4),)


def test_three_releases_no_two_of_which_are_near_tell_one_class_together() -> None:
    """A = B and C and one person more: pairs of cells are far apart, the three of them are not."""
    cells = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 0]], dtype=np.int64)
    assert audit(cells[:2], np.random.default_rng(2)).known == (0,)
    assert audit(cells, np.random.default_rng(2)).known == (0, 1, 2)


def test_nothing_released_tells_nothing() -> None:
    found = audit(np.zeros((0, 5), dtype=np.int64), np.random.default_rng(3))
    assert (found.rank, found.known, found.together) == (0, (), ())
    assert found.vectors.shape == (5, VECTORS)
    assert not found.derivable(np.eye(5, dtype=np.int64)).any()


def test_null_vectors_move_no_cell_of_a_large_system() -> None:
    rng = np.random.default_rng(4)
    cells = (rng.random((150, 600)) < 0.3).astype(np.int64)
    found = audit(cells, rng)
    product = cells.astype(object) @ found.vectors.astype(object)
    assert found.rank == 150
    assert not (product % PRIME).any()
