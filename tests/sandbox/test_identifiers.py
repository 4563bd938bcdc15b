"""Are identifiers found in texts, however they are written, and are other numbers left alone?"""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections import Counter

import pytest

from sandbox.identifiers import luhn, seek
from sandbox.protocol import IDENTIFIERS

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def resident(front: str) -> str:
    """17 digits and their check sign, by the recursive form of ISO 7064 MOD 11-2."""
    rest = 0
    for digit in front:
        rest = (rest + int(digit)) * 2 % 11
    check = (12 - rest) % 11
    return front + ("X" if check == 10 else str(check))


def credit(front: str) -> str:
    """17 signs and their check sign: the value of the polynomial at 3, modulo 31, by Horner's rule."""
    value = 0
    for sign in reversed(front):
        value = (value * 3 + SIGNS.index(sign)) % 31
    return front + SIGNS[(31 - value) % 31]


def card(front: str) -> str:
    """Digits and their Luhn digit, by the table of doubled digits."""
    total = sum(int("0246813579"[int(d)]) if place % 2 == 0 else int(d) for place, d in enumerate(reversed(front)))
    return front + str(-total % 10)


RESIDENT = resident("44010619991231123")
RESIDENT_X = next(r for n in range(100, 999) if (r := resident(f"11010519491231{n}")).endswith("X"))
CREDIT = credit("91440101MA5XYQ123")
CARD_16, CARD_19 = card("622202123456789"), card("622848001234567890")

VALID = {
    "resident-id": [RESIDENT, RESIDENT_X, resident("81000019800101001"), resident("91044019850228123")],
    "resident-id-old": ["110105491231002", "440106990101123"],
    "mobile-phone": ["13812345678", "19912345678", "17012345678", "14512345678", "8613812345678", "013812345678"],
    "plate": ["京A12345", "粤B1234A", "沪AD12345", "粤B12345D", "粤Z1234港", "川A1234学", "WJ京12345", "使014578"],
    "uscc": [CREDIT, credit("12330100MB0000001"), credit("51100000500000123")],
    "bank-card": [CARD_16, CARD_19, card("411111111111111"), card("555555555555444"), card("37828224631000")],
    "e-mail": ["zhang.san+x@example.com", "a@b.cn", "li_si@mail.example.com.cn", "王五@例子.中国"],
    "travel-document": ["E12345678", "EA1234567", "G12345678", "C12345678", "H12345678", "T12345678", "PE1234567"],
}
INVALID = {
    "resident-id": [RESIDENT[:17] + str((int(RESIDENT[17], 16 if RESIDENT[17] == "X" else 10) + 1) % 10)]
    + [resident(front) for front in ("44010619990230123", "44010618991231123", "99010619991231123")],
    "resident-id-old": ["110105491331002", "990105491231002", "1101054912310021"],
    "mobile-phone": ["12812345678", "1381234567", "138123456789", "15412345678", "23812345678", "0.13812345678"],
    "plate": ["京I12345", "京A1234O", "京ABCDE1", "啊A12345", "京A123456789"],
    "uscc": [CREDIT[:17] + SIGNS[(SIGNS.index(CREDIT[17]) + 1) % 31], credit("91990101MA5XYQ123"), CREDIT[:17]],
    "bank-card": [CARD_16[:15] + str((int(CARD_16[15]) + 1) % 10), card("100002123456789"), card("62220212345")],
    "e-mail": ["zhang.san@", "@example.com", "a@b", "zhang.san at example.com", "a@b.1"],
    "travel-document": ["E1234567", "X12345678", "E123456789", "AE12345678"],
}


def kinds(text: str) -> set[str]:
    return {kind for kind, seen in seek(text).items() if seen.matches}


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, values in VALID.items() for v in values])
def test_every_kind_is_found_alone_and_within_a_text(kind: str, value: str) -> None:
    assert kinds(value) == {kind}
    for around in (
        "本人 {} 已登记",
        '{{"key":"{}","n":1}}',
        "（{}）",
        "a,{},b",
        "\n{}\t",
        "<b>{}</b>",
        "https://x.y/?q={}&z",
    ):
        assert kind in kinds(around.format(value)), around


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, values in INVALID.items() for v in values])
def test_what_is_not_of_a_kind_is_not_taken_for_it(kind: str, value: str) -> None:
    assert kind not in kinds(value)


def test_every_kind_of_the_protocol_has_cases() -> None:
    assert set(VALID) == set(INVALID) == set(IDENTIFIERS)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("resident-id", RESIDENT), ("mobile-phone", "13812345678"), ("bank-card", CARD_16), ("uscc", CREDIT)],
)
@pytest.mark.parametrize(
    "evade",
    [
        " ".join,
        lambda v: "-".join((v[:6], v[6:])),
        lambda v: f"{v[:3]} - {v[3:7]} – {v[7:]}",
        lambda v: ".".join((v[:3], v[3:7], v[7:])),
        lambda v: "·".join((v[:4], v[4:])),
        "\u200b".join,
        lambda v: "\u2060\ufeff".join((v[:4], v[4:])),
        "\u00ad".join,
        lambda v: "".join(chr(ord(c) + 0xFEE0) for c in v),
        lambda v: "".join(chr(0x0660 + int(c)) if c.isdigit() else c for c in v),
        lambda v: v[:5] + "\u0301" + v[5:],
        lambda v: v[:6] + "\u3000" + v[6:],
        lambda v: "编号" + v,
        lambda v: "no." + v + "号",
        lambda v: v.lower(),
        lambda v: "2024-01-01," + v,
    ],
)  # fmt: skip
def test_no_way_of_writing_a_number_hides_it(kind: str, value: str, evade: object) -> None:
    assert kind in kinds(evade(value))  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        RESIDENT_X.lower(),
        "京 a·1 2 3 4 5",
        "粤Ｂ－１２３４５Ｄ",
        "tel13812345678",
        "+86 (0)138 1234 5678".replace("(0)", ""),
        "zhang ＠ example．com",
        "13812345678.00",
        f"{CARD_19[:4]} {CARD_19[4:8]} {CARD_19[8:12]} {CARD_19[12:16]} {CARD_19[16:]} 2027",
    ],
)
def test_more_ways_of_writing_are_read(text: str) -> None:
    assert kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "沪昆高速 K123+450 至 K130+000",
        "2024-01-01 12:00:00.123456",
        "2024-01-01/2024-12-31",
        "20240101120000",
        "113.264385, 23.129112",
        "130.12345678 45.12345678",
        "0.18812345678",
        "13812345678.55",
        "广东省广州市天河区珠江路 123 号 5 栋 1204 室",
        "010-12345678",
        "ISBN 978-7-111-21382-6",
        "18-25 岁",
        "550e8400-e29b-41d4-a716-446655440000",
        "d41d8cd98f00b204e9800998ecf8427e",
        "BOEING 737-800",
        "京津冀 2024 年",
        "1,234,567,890.12",
        "@all",
    ],
)
def test_what_people_write_otherwise_is_left_alone(text: str) -> None:
    assert kinds(text) == set()


def test_a_resident_id_of_a_region_that_cards_begin_with_too_is_no_card() -> None:
    both = next(code for n in range(10_000) if luhn(code := resident(f"6201021990{1 + n % 12:02}01{n // 12:03}")))
    assert kinds(both) == {"resident-id"}


DIGITS = {11: 0.08, 13: 0.025, 14: 0.015, 15: 0.03, 16: 0.045, 17: 0.018, 18: 0.022, 19: 0.03}
"""Number of random digits → the most of such texts that may look like an identifier."""


@pytest.mark.parametrize("length", DIGITS)
def test_few_random_digits_look_like_an_identifier(length: int) -> None:
    number = random.Random(length)
    texts = [str(number.randrange(10 ** (length - 1), 10**length)) for _ in range(20_000)]
    assert 0 < sum(bool(kinds(text)) for text in texts) / len(texts) < DIGITS[length]


def test_check_digits_pass_by_chance_as_often_as_the_rules_suppose() -> None:
    number, forms, valid = random.Random(1), Counter[str](), Counter[str]()
    for _ in range(60_000):
        for kind, seen in seek(str(number.randrange(10**15, 10**18))).items():
            forms[kind] += seen.candidates
            valid[kind] += seen.matches
    assert valid["bank-card"] / forms["bank-card"] == pytest.approx(1 / 10, abs=0.01)
    assert valid["uscc"] / forms["uscc"] == pytest.approx(1 / 31, abs=0.01)
    assert valid["resident-id"] / forms["resident-id"] < 0.0005


def test_digests_and_uuids_are_no_identifiers() -> None:
    number = random.Random(3)
    texts = [str(uuid.UUID(int=number.getrandbits(128))) for _ in range(10_000)]
    texts += [hashlib.sha256(bytes([n % 256, n // 256])).hexdigest()[: 16 + 48 * (n % 2)] for n in range(10_000)]
    assert sum(bool(kinds(text)) for text in texts) <= 4


@pytest.mark.parametrize(
    "text", ["1 " * 200_000, "@" * 200_000, "a@" * 100_000, "京A" * 100_000, "9-" * 200_000, " " * 400_000]
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.monotonic()
    seek(text)
    assert time.monotonic() - begun < 20
