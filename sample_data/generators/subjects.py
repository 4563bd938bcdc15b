"""Who appears in the synthetic data? Identifiers with valid check digits that belong to nobody, and names.

Nothing here is assigned: the plate letter Z is not issued in these provinces, the mobile prefix 1540 has no operator,
and the division code 990000 of resident IDs and credit codes does not exist (GB/T 2260).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Strings = NDArray[np.str_]
PLATE_PREFIXES = ("浙Z", "苏Z", "皖Z", "赣Z", "闽Z")
PLATE_SHARES = (0.72, 0.12, 0.08, 0.05, 0.03)
_PLATE_SIGNS = np.array(list("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"))
_USCC_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORG_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_RIC_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英建华文辉玲红"


def plates(rng: np.random.Generator, count: int) -> Strings:
    """`count` distinct plates: two signs of place, five or six of letters and digits (six: new-energy)."""
    numbers = rng.choice(34**5, size=count, replace=False)
    signs = _PLATE_SIGNS[(numbers[:, None] // 34 ** np.arange(5)) % 34]
    prefixes = rng.choice(PLATE_PREFIXES, size=count, p=PLATE_SHARES)
    electric = np.where(rng.random(count) < 0.18, "D", "")
    return np.array([p + e + "".join(s) for p, e, s in zip(prefixes, electric, signs, strict=True)])


def phones(rng: np.random.Generator, count: int) -> Strings:
    """`count` distinct mobile numbers under the unassigned prefix 1540."""
    return np.array([f"1540{n:07d}" for n in rng.choice(10**7, size=count, replace=False)])


def resident_ids(rng: np.random.Generator, births: NDArray[np.datetime64]) -> Strings:
    """A resident ID (GB 11643) of the division 990000 for each day of birth; distinct up to 1,000 births a day."""
    order = np.argsort(births, kind="stable")
    _, first, counts = np.unique(births[order], return_index=True, return_counts=True)
    serials = np.empty(births.size, dtype=np.int64)
    serials[order] = np.arange(births.size) - np.repeat(first, counts)
    serials = (serials + rng.integers(0, 1000)) % 1000
    days = np.datetime_as_string(births, unit="D")
    bodies = [f"990000{d.replace('-', '')}{s:03d}" for d, s in zip(days, serials, strict=True)]
    return np.array([body + _ric_check(body) for body in bodies])


def _ric_check(body: str) -> str:
    return "10X98765432"[sum(int(c) * w for c, w in zip(body, _RIC_WEIGHTS, strict=True)) % 11]


def credit_codes(rng: np.random.Generator, count: int, *, kind: str = "91") -> list[str]:
    """`count` distinct unified social credit codes (GB 32100) of the division 990000; "91" are companies."""
    serials = rng.choice(10**6, size=count, replace=False)
    return [_credit_code(f"{kind}990000", f"MA{n:06d}") for n in serials]


def _credit_code(head: str, organization: str) -> str:
    value = sum(_ORG_SIGNS.index(c) * w for c, w in zip(organization, _ORG_WEIGHTS, strict=True))
    body = head + organization + "0123456789X"[(11 - value % 11) % 11]
    total = sum(_USCC_SIGNS.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + _USCC_SIGNS[(31 - total % 31) % 31]


def person_names(rng: np.random.Generator, count: int) -> list[str]:
    """`count` Chinese names, not distinct: a surname and one or two further characters."""
    first = rng.choice(list(SURNAMES), size=count)
    second = rng.choice(list(GIVEN), size=count)
    third = np.where(rng.random(count) < 0.6, rng.choice(list(GIVEN), size=count), "")
    return [a + b + c for a, b, c in zip(first, second, third, strict=True)]


def skewed(rng: np.random.Generator, subjects: int, events: int, *, exponent: float = 0.7) -> NDArray[np.int64]:
    """A subject for each event, few of them with many: weights fall as a power of the rank."""
    weights = (np.arange(subjects) + 8.0) ** -exponent
    return rng.choice(subjects, size=events, p=weights / weights.sum())
