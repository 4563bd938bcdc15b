"""How much noise does the cell-key method add to a number?

The same contributors always get the same noise, whoever asks, so that asking again averages nothing away, and the
difference of two numbers is a difference of noise. The distribution is the one of greatest entropy with mean 0, a
given variance and a bound: p(d) in proportion to exp(-a d^2) for |d| <= D.
Sources: Fraser & Wooton 2005 (the method), Giessing 2016 (the distribution).
"""

from __future__ import annotations

from math import exp

KEYS = 1 << 64
"""Cell keys: the sum of the secret hashes of all that went into a cell, modulo 2^64, and so evenly spread."""

_STEPS = 200


def distribution(largest: int, variance: float) -> tuple[float, ...]:
    """The probabilities of the noise -largest … largest.

    Raises ValueError for a variance that no such distribution has: at most that of equal probabilities.
    """
    widest = largest * (largest + 1) / 3
    if largest < 1 or not 0 < variance <= widest:
        raise ValueError(f"variance {variance} of noise up to {largest}: more than 0, at most {widest:g}")
    low, high = 0.0, 1.0
    while _variance(_shape(largest, high)) > variance:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _variance(_shape(largest, middle)) > variance else (low, middle)
    return _shape(largest, high)


def thresholds(largest: int, variance: float) -> tuple[int, ...]:
    """The keys at which the noise grows by one: 2 * largest numbers of 0 … 2^64, the noise of key 0 is -largest."""
    total, found = 0.0, []
    for probability in distribution(largest, variance)[:-1]:
        total += probability
        found.append(min(KEYS - 1, round(total * KEYS)))
    return tuple(found)


def noise(key: int, at: tuple[int, ...]) -> int:
    """The noise of a cell key under the thresholds `at`."""
    return sum(key >= t for t in at) - len(at) // 2


def _shape(largest: int, a: float) -> tuple[float, ...]:
    weights = [exp(-a * d * d) for d in range(-largest, largest + 1)]
    return tuple(w / sum(weights) for w in weights)


def _variance(probabilities: tuple[float, ...]) -> float:
    largest = len(probabilities) // 2
    return sum(p * d * d for p, d in zip(probabilities, range(-largest, largest + 1), strict=True))
