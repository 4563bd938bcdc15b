"""Tables with all their margins, for tests and benches of suppression: from the numbers inside alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.disclosure.suppression.table import Status, Table

Numbers = NDArray[np.float64] | NDArray[np.int64]


def with_margins(inner: Numbers) -> NDArray[np.float64]:
    """The numbers with a sum at the end of each axis."""
    found = np.asarray(inner, dtype=np.float64)
    for axis in range(inner.ndim):
        found = np.concatenate([found, found.sum(axis=axis, keepdims=True)], axis=axis)
    return found


def lines_of(shape: Sequence[int]) -> tuple[NDArray[np.int64], ...]:
    """The sums of a table of this shape, margins included: along each axis the last number is the sum of the others."""
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    return tuple(line for axis in range(len(shape)) for line in np.moveaxis(numbers, axis, -1).reshape(-1, shape[axis]))


def count_table(inner: Numbers, *, k: int, singles: bool = False, slack: float = 0.0) -> Table:
    """A table of people: cells with 1 to k - 1 of them are primary and must seem to have half as many, or k."""
    whole = with_margins(inner)
    value = whole.ravel()
    margins = sum((np.indices(whole.shape)[a] == whole.shape[a] - 1).astype(int) for a in range(whole.ndim))
    level = np.asarray(margins).ravel()
    primary = (value > 0) & (value < k)
    weight = np.log2(2 + np.abs(value)) * np.where(level == 0, 1.0, np.where(level < whole.ndim, 25.0, 1e4))
    return Table(
        value=value,
        weight=np.where(value == 0, 1e5, weight),
        status=np.where(primary, Status.PRIMARY, np.where(value == 0, Status.KNOWN, Status.PUBLISHED)).astype(np.int8),
        single=singles & (value == 1),
        lower=np.zeros(len(value)),
        upper=np.full(len(value), np.inf),
        down=np.where(primary, np.minimum(value, value / 2 + slack), 0.0),
        up=np.where(primary, k - value + slack, 0.0),
        lines=lines_of(whole.shape),
    )


def random_counts(shape: Sequence[int], seed: int, small: float) -> NDArray[np.int64]:
    """Skewed counts, of which about the share `small` is less than ten."""
    random = np.random.default_rng(seed)
    base = np.exp(random.normal(0, 1.0, shape))
    for axis, size in enumerate(shape):
        wide = [1] * len(shape)
        wide[axis] = size
        base = base * np.exp(random.normal(0, 0.5, wide))
    low, high = 0.01, 1e4
    for _ in range(40):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if (base * middle < 9.5).mean() <= small else (middle, high)
    return random.poisson(base * low)
