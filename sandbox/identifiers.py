"""Which identifiers does a text hold? Those of people, vehicles, enterprises and accounts, also inside longer text.

Resident ID: GB 11643-1999 (ISO 7064 MOD 11-2), and its form of 15 digits. Unified social credit code (USCC):
GB 32100-2015 (MOD 31). Mobile phone: the mainland numbering plan. Plate: GA 36-2018, new energy ones included. Bank
card: ISO/IEC 7812-1 (Luhn) with the lengths of the known issuers. E-mail: RFC 5321, 4.5.3.1, in practical form.

A text is read as people read it: full-width signs and digits of any script are digits, what has no width is not there,
and spaces, dashes, dots and the like between the signs of a number do not part it. One point in a number makes it a
decimal fraction, which is no identifier; nor are digests and UUIDs. A text that was encoded on purpose is not seen.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache

from sandbox.lookalike import credit_code, resident_id

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_REGION = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)"
_YEARS = range(1900, 2050)
_LEAST_DIGITS = 2
_LONGEST = 19

_GAP = r"[\s‐-―−_/·•.\-]{1,3}"
_DIGITS = re.compile(rf"\d+(?:{_GAP}\d+)*")
_CHECK_X = re.compile(rf"(?:{_GAP})?X(?![0-9A-Z])")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_FRACTION = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?![\d.]|-\d)")
_DIGEST = re.compile(
    r"(?<![0-9A-Z])(?=\d*[A-F])(?:[0-9A-F]{16}|[0-9A-F]{32}|[0-9A-F]{40}|[0-9A-F]{64}|[0-9A-F]{96}|[0-9A-F]{128}"
    r"|(?=[0-9A-F-]{36})[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12})(?![0-9A-Z])"
)

_RESIDENT = re.compile(rf"{_REGION}\d{{15}}[\dX]")
_RESIDENT_OLD = re.compile(rf"{_REGION}\d{{13}}")
_MOBILE = re.compile(r"(?:0|86|086|0086)?(1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8})")
_MOBILE_LENGTHS = frozenset({11, 12, 13, 14, 15})
_CARD = re.compile(
    r"62\d{14,17}|60\d{14,17}|9558\d{15}|81[0-7]\d{13,16}"  # UnionPay, and older domestic debit cards
    r"|4\d{12}|4\d{15}|4\d{18}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Visa, Mastercard
    r"|3[47]\d{13}|35(?:2[89]|[3-8]\d)\d{12,15}|3(?:0[0-5]|[689]\d)\d{11}"  # American Express, JCB, Diners
    r"|6(?:4[4-9]|5\d)\d{13,16}|(?:5[06-8]|6[37])\d{11,17}"  # Discover, Maestro
)


def _spaced(*signs: str) -> str:
    """A pattern of `signs` with gaps allowed between them."""
    return rf"(?:{_GAP})?".join(signs)


_PLATE_SIGN = "[A-HJ-NP-Z0-9]"
_PLATE_HEAD = (f"[{_PROVINCES}]", "[A-HJ-NP-Z]")
_PLATE = re.compile(
    "|".join(
        _spaced(*signs) + r"(?![0-9A-Z])"
        for signs in (
            (*_PLATE_HEAD, *[_PLATE_SIGN] * 4, "[A-HJ-NP-Z0-9挂学警港澳领]"),
            (*_PLATE_HEAD, "[A-HJK]", _PLATE_SIGN, *[r"\d"] * 4),
            (*_PLATE_HEAD, *[r"\d"] * 5, "[A-HJK]"),
            ("W", "J", f"[{_PROVINCES}]", *[r"\d"] * 4, "[0-9A-Z]"),
            ("使", *[r"\d"] * 6),
        )
    )
)
_PLATE_LETTERS = 2
_USCC_SIGN = "[0-9A-HJ-NPQRTUWXY]"
_USCC = re.compile(
    r"(?<![0-9])(?=[0-9]|(?<![A-Z]).)("
    + _spaced("[1-9ANY]", "[1-9]", *[r"\d"] * 6, *[_USCC_SIGN] * 10)
    + ")(?![0-9A-Z])"
)
_USCC_HEAD = re.compile(
    rf"(?:1[1239]|2[19]|3[1-59]|4[19]|5[1-59]|6[129]|7[129]|8[19]|9[123]|A[19]|N[1-39]|Y1)(?:{_REGION}|10)"
)
_TRAVEL = re.compile(
    r"(?<![0-9A-Z])(?:[EGDSPCT]\d{8}|[EC][A-HJ-NP-Z]\d{7}|[DSP]E\d{7}|[HM]\d{8}(?:\d\d)?)(?![0-9A-Z])", re.ASCII
)
_MAIL_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}$")
_MAIL_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
_MAIL_SIDES = (64, 255)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Of one kind: signs of its form (`candidates`), and how many of them pass its check (`matches`)."""

    candidates: int
    matches: int


def seek(text: str) -> dict[str, Seen]:
    """What of each kind of `protocol.IDENTIFIERS` a text has candidates for; empty for most texts."""
    plain = _plain(text)
    forms: Counter[str] = Counter()
    valid: Counter[str] = Counter()
    if sum(plain.count(digit) for digit in "0123456789") >= _LEAST_DIGITS or "@" in plain:
        for kind, passed in _found(plain):
            forms[kind] += 1
            valid[kind] += passed
    return {kind: Seen(candidates=number, matches=valid[kind]) for kind, number in forms.items()}


def _found(text: str) -> Iterator[tuple[str, bool]]:
    """Every candidate with its kind, and whether it passes."""
    yield from (("e-mail", True) for _ in _mails(text))
    numbers = _DIGEST.sub("~", _FRACTION.sub(_whole, text))
    for kind, matches in _BY_PATTERN.items():
        yield from ((kind, passed) for passed in matches(numbers))
    for code in _codes(numbers):
        yield from _judged(code)


def _judged(code: str) -> Iterator[tuple[str, bool]]:
    """What kinds of number `code` (digits, perhaps X at the end) has the form of."""
    if _RESIDENT.fullmatch(code):
        passed = _is_date(code[6:14]) and resident_id(code)
        yield "resident-id", passed
        if passed:
            return
    if _RESIDENT_OLD.fullmatch(code):
        yield "resident-id-old", _is_date("19" + code[6:12])
    if len(code) in _MOBILE_LENGTHS and _MOBILE.fullmatch(code):
        yield "mobile-phone", True
    if _CARD.fullmatch(code):
        yield "bank-card", luhn(code)


def luhn(code: str) -> bool:
    """Whether the last of some digits is their check digit (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(code)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _codes(text: str) -> Iterator[str]:
    """The numbers in a text: every run of whole groups of digits that has the length of an identifier."""
    for chain in _DIGITS.finditer(text):
        groups = re.split(_GAP, chain[0])
        end_x = _CHECK_X.match(text, chain.end()) is not None
        for first in range(len(groups)):
            code = ""
            for last in range(first, len(groups)):
                code += groups[last]
                if len(code) > _LONGEST:
                    break
                yield code
                if end_x and last == len(groups) - 1:
                    yield code + "X"


def _plates(text: str) -> Iterator[bool]:
    for found in _PLATE.finditer(text):
        signs = re.sub(_GAP, "", found[0])[2:]
        yield sum("A" <= sign <= "Z" for sign in signs) <= _PLATE_LETTERS


def _credit_codes(text: str) -> Iterator[bool]:
    for found in _USCC.finditer(text):
        code = re.sub(_GAP, "", found[1])
        if _USCC_HEAD.match(code):
            yield credit_code(code)


def _travel_documents(text: str) -> Iterator[bool]:
    for _ in _TRAVEL.finditer(text):
        yield True


def _mails(text: str) -> Iterator[str]:
    """An address around each @, which may have spaces beside it."""
    left, right = _MAIL_SIDES
    for at in re.finditer("@", text):
        before, after = (
            text[max(0, at.start() - left) : at.start()].rstrip(),
            text[at.end() : at.end() + right].lstrip(),
        )
        if _MAIL_LOCAL.search(before) and (domain := _MAIL_DOMAIN.match(after)):
            yield domain[0]


_BY_PATTERN: dict[str, Callable[[str], Iterator[bool]]] = {
    "uscc": _credit_codes,
    "plate": _plates,
    "travel-document": _travel_documents,
}


def _plain(text: str) -> str:
    """The text in capitals, in signs of the normal width, without those that have none."""
    if text.isascii():
        return text.upper()
    return unicodedata.normalize("NFKC", _NOT_ASCII.sub(lambda sign: _sign(sign[0]), text)).upper()


@cache
def _sign(sign: str) -> str:
    """What is read where `sign` stands: nothing for what is not seen, an ASCII digit for a digit of any script."""
    if unicodedata.category(sign) in {"Cf", "Mn", "Me"} or sign in "\u3164\u115f\u1160":
        return ""
    digit = unicodedata.decimal(sign, None)
    return sign if digit is None else str(digit)


def _whole(number: re.Match[str]) -> str:
    """A number with a point: itself without it when nothing but noughts follow, else not a number to look at."""
    return "~" if number[2].strip("0") else number[1]


def _is_date(digits: str) -> bool:
    with suppress(ValueError):
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year in _YEARS
    return False
