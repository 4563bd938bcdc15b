"""Do values look like the identifiers of people, vehicles or enterprises? Patterns with their check digits.

Resident ID: GB 11643-1999 (ISO 7064 MOD 11-2). Unified social credit code (USCC): GB 32100-2015 (MOD 31). Mainland
mobile phone: 11 digits. Plate: GA 36-2018, new energy ones included. A value counts when it contains one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

SAMPLE = 2000
MIN_MATCHES = 3
MIN_SHARE = 0.2
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_USCC_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ALONE_BEFORE, _ALONE_AFTER = r"(?<![0-9A-Za-z.])", r"(?![0-9A-Za-z])"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_RESIDENT = r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]"
_USCC = rf"[1-9A-HJ-NPQRTUWXY][{_USCC_SIGNS}]\d{{6}}[{_USCC_SIGNS}]{{10}}"
_MOBILE = r"(?:\+?86[- ]?)?1[3-9]\d{9}"
_PLATE = rf"[{_PROVINCES}][A-HJ-NP-Z][·•. -]?(?:[A-HJ-NP-Z0-9]{{4}}[A-HJ-NP-Z0-9挂学警港澳][A-HJ-NP-Z0-9]?)"


def resident_id(code: str) -> bool:
    """Whether the last of 18 signs is the check digit of a resident ID."""
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, code[:17], strict=True))
    return _ID_CHECKS[total % 11] == code[17]


def credit_code(code: str) -> bool:
    """Whether the last of 18 signs is the check digit of a unified social credit code."""
    total = sum(_USCC_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17]))
    return _USCC_SIGNS[-total % 31] == code[17]


def _always(_: str) -> bool:
    return True


KINDS: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "resident-id": (re.compile(f"{_ALONE_BEFORE}{_RESIDENT}{_ALONE_AFTER}", re.ASCII), resident_id),
    "uscc": (re.compile(f"{_ALONE_BEFORE}{_USCC}{_ALONE_AFTER}", re.ASCII), credit_code),
    "mobile-phone": (re.compile(f"{_ALONE_BEFORE}{_MOBILE}{_ALONE_AFTER}", re.ASCII), _always),
    "plate": (re.compile(f"{_PLATE}{_ALONE_AFTER}", re.ASCII), _always),
}


def contains(kind: str, value: str) -> bool:
    """Whether `value` contains an identifier of this kind."""
    pattern, check = KINDS[kind]
    return any(check(match[0]) for match in pattern.finditer(value.upper()))


def kind_of(values: Iterable[str]) -> str | None:
    """The kind that enough of these distinct values look like, or None."""
    sample = list(values)
    for kind in KINDS:
        matches = sum(contains(kind, value) for value in sample)
        if matches >= MIN_MATCHES and matches >= MIN_SHARE * len(sample):
            return kind
    return None
