"""Do the texts of an output hold identifiers? Counts from the sandbox's scan → findings, by `policies/disclosure.toml`.

Some numbers that are no identifiers pass a check digit: one of ten has the form of a bank card's. So what has a check
counts when more pass than chance explains (the tail of the binomial distribution). In a text few candidates cannot
tell, and every one counts; in a column of numbers, which may be amounts, they do not. What has no check (a phone among
numbers, a passport) counts as possible when most of the column looks like it.

An identifier refuses the output from a level on, and no column is taken out: a label that names a subject makes every
number beside it a number about that subject, and what is left would no longer be what was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.errors import Broken, Finding, Refusal
from app.domain.proofs import TextFinding
from app.domain.values import Bilingual, Level
from sandbox.protocol import ColumnScan, Found

IDENTIFIER, POSSIBLE, CHANCE, MANY = "identifier", "possible", "chance", "many-values"
MANY_VALUES = "many-values"

KINDS: Mapping[str, Bilingual] = {
    "resident-id": Bilingual(zh="居民身份证号", en="resident ID"),
    "resident-id-old": Bilingual(zh="15 位居民身份证号", en="resident ID of 15 digits"),
    "mobile-phone": Bilingual(zh="手机号", en="mobile phone number"),
    "plate": Bilingual(zh="车牌号", en="vehicle plate"),
    "uscc": Bilingual(zh="统一社会信用代码", en="unified social credit code"),
    "bank-card": Bilingual(zh="银行卡号", en="bank card number"),
    "e-mail": Bilingual(zh="电子邮箱", en="e-mail address"),
    "travel-document": Bilingual(zh="护照或通行证号", en="number of a passport or travel permit"),
}
_BY_CHANCE: Mapping[str, float] = {
    "resident-id": 150 / 10_000 * 365.25 / 10_000 / 11,  # years of birth, days of the year, MOD 11-2
    "resident-id-old": 365.25 / 10_000,
    "uscc": 1 / 31,
    "bank-card": 1 / 10,
}
"""Kind with a check → the share of random numbers of its form that pass."""
_WITHOUT_PATTERN_OF_ITS_OWN = frozenset({("number", "mobile-phone"), ("text", "travel-document")})


@dataclass(frozen=True, kw_only=True)
class TextRules:
    """The numbers of the table [text].

    `chance`: a share of valid check digits that is likelier than this among random numbers proves nothing; `few`: with
    fewer candidates in a text every match counts. `least` different values and a `share` of a column make what has no
    check a possible identifier. From the level `refuse_from` on an identifier refuses the output. A text with at least
    `many` different values, at least `many_share` of its rows, is told from the level `many_from` on.
    """

    chance: float
    few: int
    least: int
    share: float
    refuse_from: Level
    many: int
    many_share: float
    many_from: Level


def text_rules(table: Mapping[str, object]) -> TextRules:
    """The rules in the table [text]; raises Broken("disclosure-rules") unless each is there and of its type."""
    try:
        found = {name: _TYPES[kind](table[name]) for name, kind in TextRules.__annotations__.items()}
        if set(table) == set(found):
            return TextRules(**found)
    except (KeyError, TypeError, ValueError):
        pass
    raise Broken("disclosure-rules", problem="text")


_TYPES = {"float": float, "int": int, "Level": Level}


def judge_texts(columns: tuple[str, ...], scan: tuple[ColumnScan, ...], rules: TextRules) -> tuple[TextFinding, ...]:
    """What the scan of a result says of its columns, in their order.

    Raises Broken("evidence-malformed") unless every column was scanned: what nobody looked at is not clean.
    """
    if len(scan) != len(columns):
        raise Broken("evidence-malformed", file="scan")
    found = []
    for column, seen in zip(columns, scan, strict=True):
        found += [_finding(column, seen, f, _verdict(seen, f, rules)) for f in seen.found if f.matches]
        if seen.form == "text" and seen.distinct >= max(rules.many, rules.many_share * seen.values):
            found.append(TextFinding(column=column, kind=MANY_VALUES, rows=seen.distinct, of=seen.values, verdict=MANY))
    return tuple(found)


def text_reasons(found: tuple[TextFinding, ...], level: Level, rules: TextRules) -> tuple[Finding, ...]:
    """Why people must look at the texts of an output of `level`; they name columns and kinds, counts stay inside.

    Raises Refusal("text-identifier-refused") for every identifier when the level allows none.
    """
    identifiers = [f for f in found if f.verdict == IDENTIFIER]
    if identifiers and level >= rules.refuse_from:
        raise Refusal(*(_said("text-identifier-refused", f, level) for f in identifiers))
    told = {IDENTIFIER: "text-identifier", POSSIBLE: "text-identifier-possible"}
    reasons = [_said(told[f.verdict], f, level) for f in found if f.verdict in told]
    if level >= rules.many_from:
        reasons += [
            Finding(code="text-many-values", params=(("column", f.column),)) for f in found if f.verdict == MANY
        ]
    return tuple(reasons)


def _finding(column: str, seen: ColumnScan, found: Found, verdict: str) -> TextFinding:
    return TextFinding(column=column, kind=found.kind, rows=found.rows, of=seen.values, verdict=verdict)


def _verdict(seen: ColumnScan, found: Found, rules: TextRules) -> str:
    if found.kind in _BY_CHANCE:
        if seen.form == "text" and found.candidates < rules.few:
            return IDENTIFIER
        likely = tail(found.candidates, found.matches, _BY_CHANCE[found.kind])
        return CHANCE if likely > rules.chance else IDENTIFIER
    if (seen.form, found.kind) in _WITHOUT_PATTERN_OF_ITS_OWN:
        enough = found.matches >= rules.least and found.rows >= rules.share * seen.values
        return POSSIBLE if enough else CHANCE
    return IDENTIFIER


def tail(number: int, least: int, share: float) -> float:
    """The probability of at least `least` successes among `number` trials of probability `share`."""
    known = math.lgamma(number + 1)
    total = 0.0
    for hits in range(least, number + 1):
        ways = known - math.lgamma(hits + 1) - math.lgamma(number - hits + 1)
        term = math.exp(ways + hits * math.log(share) + (number - hits) * math.log1p(-share))
        total += term
        if hits > number * share and term < total * 1e-12:
            break
    return min(1.0, total)


def _said(code: str, found: TextFinding, level: Level) -> Finding:
    words = KINDS[found.kind]
    params = (("column", found.column), ("kind_zh", words.zh), ("kind_en", words.en), ("level", level.value))
    return Finding(code=code, params=params)
