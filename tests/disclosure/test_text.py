"""Does an identifier in an output's texts reach people, or stop the output? And are other numbers left alone?"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import comb
from pathlib import Path
from typing import Any

import pytest

from app import config
from app.disclosure.rules import load_rules
from app.disclosure.text import KINDS, TextRules, judge_texts, tail, text_reasons, text_rules
from app.domain.errors import Broken, Refusal
from app.domain.values import Level
from sandbox.identifiers import seek
from sandbox.protocol import IDENTIFIERS, Answer, ColumnScan, Found, QueryTask
from tests.sandbox.test_identifiers import VALID, card, resident
from tests.sql.ask import Desk, desk
from tests.sql.tables import write

RULES = load_rules(config.read().policies).text
L = Level


def column(form: str, kind: str, *, rows: int, matches: int, candidates: int, values: int | None = None) -> ColumnScan:
    found = Found(kind=kind, rows=rows, matches=matches, candidates=candidates)
    return ColumnScan(form=form, values=values or rows, distinct=values or rows, found=(found,))


def verdict(scan: ColumnScan) -> str | None:
    found = judge_texts(("c",), (scan,), RULES)
    return found[0].verdict if found else None


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_every_kind_in_a_text_is_told_with_its_name_in_both_languages(kind: str) -> None:
    found = judge_texts(("列",), (column("text", kind, rows=3, matches=3, candidates=3),), RULES)
    (reason,) = text_reasons(found, L.L2, RULES)
    assert "列" in reason.message().zh
    assert KINDS[kind].zh in reason.message().zh
    assert "列" in reason.message().en
    assert KINDS[kind].en in reason.message().en


@pytest.mark.parametrize(
    ("scan", "expected"),
    [
        (column("text", "mobile-phone", rows=1, matches=1, candidates=1, values=5000), "identifier"),
        (column("text", "bank-card", rows=1, matches=1, candidates=9), "identifier"),  # too few to tell
        (column("text", "bank-card", rows=12, matches=12, candidates=100, values=100), "chance"),
        (column("text", "bank-card", rows=25, matches=25, candidates=100, values=100), "identifier"),
        (
            column("text", "bank-card", rows=14, matches=14, candidates=50, values=50),
            "identifier",
        ),  # 10 among 40 decoys
        (column("text", "bank-card", rows=0, matches=0, candidates=50, values=50), None),
        (column("number", "bank-card", rows=1, matches=1, candidates=1), "chance"),
        (column("number", "bank-card", rows=3, matches=3, candidates=3), "identifier"),
        (column("number", "bank-card", rows=3, matches=3, candidates=28, values=100), "chance"),
        (column("number", "resident-id", rows=1, matches=1, candidates=1), "identifier"),
        (column("number", "resident-id", rows=1, matches=1, candidates=100, values=200), "identifier"),
        (column("number", "mobile-phone", rows=2, matches=2, candidates=2), "chance"),
        (column("number", "mobile-phone", rows=3, matches=3, candidates=3), "possible"),
        (column("number", "mobile-phone", rows=40, matches=40, candidates=40, values=100), "chance"),
        (column("text", "travel-document", rows=4, matches=4, candidates=4, values=100), "chance"),
        (column("text", "travel-document", rows=60, matches=60, candidates=60, values=100), "possible"),
    ],
)
def test_what_has_a_check_counts_beyond_chance_and_what_has_none_by_its_share(
    scan: ColumnScan, expected: str | None
) -> None:
    assert verdict(scan) == expected


@pytest.mark.parametrize("level", L)
def test_an_identifier_is_judged_by_people_below_l3_and_refused_from_there(level: Level) -> None:
    found = judge_texts(("a", "b"), (column("text", "plate", rows=1, matches=1, candidates=1),) * 2, RULES)
    if level < L.L3:
        assert [f.code for f in text_reasons(found, level, RULES)] == ["text-identifier"] * 2
        return
    with pytest.raises(Refusal) as refused:
        text_reasons(found, level, RULES)
    assert [f.code for f in refused.value.findings] == ["text-identifier-refused"] * 2


def test_what_is_only_possible_is_never_refused() -> None:
    found = judge_texts(("n",), (column("number", "mobile-phone", rows=9, matches=9, candidates=9),), RULES)
    assert [f.code for f in text_reasons(found, L.L4, RULES)] == ["text-identifier-possible"]


def test_chance_is_kept_for_reviewers_and_gives_no_reason() -> None:
    found = judge_texts(("n",), (column("number", "bank-card", rows=3, matches=3, candidates=30),), RULES)
    assert [f.verdict for f in found] == ["chance"]
    assert text_reasons(found, L.L4, RULES) == ()


@pytest.mark.parametrize(
    ("form", "distinct", "values", "told"),
    [
        ("text", 1000, 1000, True),
        ("text", 999, 999, False),
        ("text", 1000, 1112, False),
        ("text", 90_000, 100_000, True),
        ("number", 5000, 5000, False),
    ],
)
def test_texts_that_differ_in_nearly_every_row_are_told_but_not_of_open_data(
    form: str, distinct: int, values: int, told: bool
) -> None:
    found = judge_texts(("c",), (ColumnScan(form=form, values=values, distinct=distinct),), RULES)
    assert [f.kind for f in found] == ["many-values"] * told
    assert [f.code for f in text_reasons(found, L.L2, RULES)] == ["text-many-values"] * told
    assert text_reasons(found, L.L1, RULES) == ()


def test_a_column_that_was_not_scanned_is_not_clean() -> None:
    for scan in ((), (column("text", "plate", rows=1, matches=1, candidates=1),)):
        with pytest.raises(Broken, match="evidence"):
            judge_texts(("a", "b"), scan, RULES)


@pytest.mark.parametrize(("number", "share"), [(1, 0.1), (7, 0.1), (40, 1 / 31), (120, 0.1)])
def test_the_tail_is_the_exact_one(number: int, share: float) -> None:
    p = Fraction(share)
    for least in range(0, number + 1, max(1, number // 7)):
        exact = sum(comb(number, k) * p**k * (1 - p) ** (number - k) for k in range(least, number + 1))
        assert tail(number, least, share) == pytest.approx(float(exact), rel=1e-9)
    assert tail(100_000, 20_000, 0.1) == pytest.approx(0, abs=1e-300)


TABLE = {"chance": 0.1, "few": 1, "least": 1, "share": 0.5, "refuse_from": "L3", "many": 9, "many_share": 1.0}
TABLE |= {"many_from": "L2"}


def test_every_number_of_the_rules_must_be_there() -> None:
    assert text_rules(TABLE).refuse_from is L.L3
    wrong: list[dict[str, Any]] = [{k: v for k, v in TABLE.items() if k != name} for name in TABLE]
    for table in [*wrong, TABLE | {"more": 1}, TABLE | {"refuse_from": "L5"}, TABLE | {"few": None}]:
        with pytest.raises(Broken):
            text_rules(table)


def scanned(values: list[str], form: str) -> ColumnScan:
    """What a scan says of distinct values."""
    totals: dict[str, list[int]] = {}
    for value in values:
        for kind, seen in seek(value).items():
            total = totals.setdefault(kind, [0, 0, 0])
            total[:] = total[0] + (seen.matches > 0), total[1] + seen.matches, total[2] + seen.candidates
    found = tuple(Found(kind=k, rows=r, matches=m, candidates=c) for k, (r, m, c) in sorted(totals.items()))
    return ColumnScan(form=form, values=len(values), distinct=len(values), found=found)


def share_told(form: str, length: int, rows: int, rules: TextRules, columns: int = 300) -> float:
    """The share of columns of `rows` random numbers of so many digits that people would be asked about."""
    number = random.Random(length * 1000 + rows)
    told = 0
    for _ in range(columns):
        values = [str(number.randrange(10 ** (length - 1), 10**length)) for _ in range(rows)]
        found = judge_texts(("c",), (scanned(values, form),), rules)
        told += any(f.verdict != "chance" for f in found)
    return told / columns


@pytest.mark.parametrize("rows", [3, 12, 60])
@pytest.mark.parametrize("length", [11, 13, 15, 16, 18, 19])
def test_columns_of_plain_numbers_are_left_alone(length: int, rows: int) -> None:
    """At most 1 of 100 columns; the sums of money that a 12-row table holds are such numbers."""
    assert share_told("number", length, rows, RULES) <= 0.014


def test_columns_of_amounts_of_one_size_are_not_cards() -> None:
    number = random.Random(8)
    amounts = [str(round(number.lognormvariate(36, 0.4))) for _ in range(500)]
    assert verdict(scanned(amounts, "number")) in {None, "chance"}


def test_a_column_of_real_numbers_of_a_kind_is_told() -> None:
    cards = [card(f"62220212345{n:04}") for n in range(20)]
    residents = [resident(f"4401061990{1 + n % 12:02}01{n:03}") for n in range(20)]
    phones = [str(13812345670 + n) for n in range(20)]
    assert verdict(scanned(cards, "number")) == "identifier"
    assert verdict(scanned([r for r in residents if r.isdigit()], "number")) == "identifier"
    assert verdict(scanned(phones, "number")) == "possible"
    for form_values in (cards, residents, phones, VALID["uscc"], VALID["plate"]):
        assert verdict(scanned(form_values, "text")) == "identifier"


CONTACT = {
    "office": (
        "",
        (("name", "VARCHAR", "L1", ""), ("contact", "VARCHAR", "L1", ""), ("card", "BIGINT", "L1", "")),
        "SELECT 'office ' || i AS name, CASE WHEN i = 7 THEN '电话：138 1234 5678' ELSE 'room ' || i END AS contact, "
        "[" + ", ".join(card(f"62220212345{n:04}") for n in range(10)) + "][i + 1]::BIGINT AS card FROM range(10) t(i)",
    ),
    "patient": (
        "person_id",
        (
            ("person_id", "INTEGER", "L3", "person"),
            ("note", "VARCHAR", "L3", ""),
            ("ward", "VARCHAR", "L2", ""),
            ("cost", "BIGINT", "L3", ""),
        ),
        (
            "SELECT i::INTEGER AS person_id, 'bed of ' || (13812345670 + i % 2) AS note, 'ward ' || i % 3 AS ward, "
            "4000000 + i AS cost FROM range(400) t(i)"
        ),
    ),
}


@pytest.fixture(scope="module")
def contact(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(write(tmp_path_factory.mktemp("contact"), CONTACT)) as found:
        yield found


@pytest.mark.parametrize(
    ("sql", "decision", "codes"),
    [
        ("SELECT name FROM office", "checked", ()),
        ("SELECT name, contact FROM office", "review", ("text-identifier",)),
        ("SELECT upper(name) || ' ' || contact AS both_of_them FROM office", "review", ("text-identifier",)),
        ("SELECT list(contact) AS all_of_them FROM office", "review", ("text-identifier",)),
        ("SELECT card FROM office", "review", ("text-identifier",)),
        ("SELECT name, CAST(card AS VARCHAR) AS c FROM office", "review", ("text-identifier",)),
        ("SELECT sum(card) AS s FROM office", "checked", ()),
        ("SELECT ward, count(*) AS n FROM patient GROUP BY ward", "checked", ()),
        ("SELECT note, count(*) AS n FROM patient GROUP BY note", "refused", ("text-identifier-refused",)),
        ("SELECT ward, avg(cost) AS c FROM patient GROUP BY ward", "checked", ()),
    ],
)
def test_a_real_run_tells_what_its_result_holds(contact: Desk, sql: str, decision: str, codes: tuple[str, ...]) -> None:
    seen = contact.ask(sql)
    assert (seen.decision, seen.codes) == (decision, codes)


class Blind:
    """A launcher whose sandbox does not scan: what the test above would not notice if the scan were off."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def run(self, task: QueryTask, folder: Path, **more: Any) -> Answer:
        answer: Answer = self.real.run(task, folder, **more)
        clean = tuple(ColumnScan(form="other", values=0, distinct=0) for _ in answer.scan)
        return replace(answer, scan=clean if self.says_so else ())

    says_so = True


def test_without_the_scan_the_same_texts_would_leave(contact: Desk) -> None:
    """The attack works when the scan is off: nothing else sees a phone number in a text of open data."""
    blind = replace(contact, engine=replace(contact.engine, launcher=Blind(contact.engine.launcher)))  # type: ignore[arg-type]
    seen = blind.ask("SELECT contact FROM office")
    assert (seen.decision, ("电话：138 1234 5678",) in seen.rows) == ("checked", True)
    assert blind.ask("SELECT note, count(*) AS n FROM patient GROUP BY note").decision == "checked"


def test_an_answer_without_a_scan_lets_nothing_leave(contact: Desk) -> None:
    silent = Blind(contact.engine.launcher)
    silent.says_so = False
    seen = replace(contact, engine=replace(contact.engine, launcher=silent)).ask("SELECT name FROM office")  # type: ignore[arg-type]
    assert (seen.decision, seen.codes) == ("refused", ("evidence-malformed",))
