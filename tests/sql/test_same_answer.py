"""Is a governed answer the answer that DuckDB gives? On open tables exactly; on protected ones, for the safe groups."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sql.ask import Desk, Seen, desk, raw
from tests.sql.tables import OPEN, PROTECTED, write

STATEMENTS = (Path(__file__).parent / "open.sql").read_text(encoding="utf-8").split("\n", 1)[1].split(";\n")
OPEN_QUERIES = [s.strip().rstrip(";") for s in STATEMENTS if s.strip()]


@pytest.fixture(scope="module")
def open_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(write(tmp_path_factory.mktemp("open"), OPEN)) as found:
        yield found


def expected(folder: Path, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """DuckDB's own answer, with repeated column names numbered as a file of columns needs them."""
    answer = raw(folder).sql(sql)
    names: list[str] = []
    for name in answer.columns:
        candidate, n = name, 1
        while candidate.lower() in {x.lower() for x in names}:
            candidate, n = f"{name}_{n}", n + 1
        names.append(candidate)
    return names, answer.fetchall()


def like(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row in which neither the last bits of a double count nor that a sum of whole numbers leaves as DOUBLE."""
    numbers = (int, float, Decimal)
    return tuple(f"{v:.9g}" if isinstance(v, numbers) and not isinstance(v, bool) else v for v in row)


def assert_same(seen: Seen, rows: list[tuple[Any, ...]], *, ordered: bool) -> None:
    """The rows are the same, in order if the query orders them."""
    ours, theirs = [like(r) for r in seen.rows], [like(r) for r in rows]
    if ordered:
        assert ours == theirs
    else:
        assert Counter(map(repr, ours)) == Counter(map(repr, theirs))


@pytest.mark.parametrize("reproducible", [False, True], ids=["as it comes", "reproducible"])
@pytest.mark.parametrize("sql", OPEN_QUERIES)
def test_an_open_answer_is_duckdbs_answer(open_desk: Desk, sql: str, reproducible: bool) -> None:
    names, rows = expected(open_desk.home.parent, sql)
    seen = open_desk.ask(sql, reproducible=reproducible)
    assert seen.decision == "checked", seen.codes
    assert_same(seen, rows, ordered=bool(re.search(r"order by (?!id rows)[^()]*$", sql)))
    assert len(seen.columns) == len(names)
    written = [(ours.lower(), n.lower()) for ours, n in zip(seen.columns, names, strict=True) if n.isidentifier()]
    assert [ours for ours, _ in written] == [theirs for _, theirs in written]


ASKED = re.compile(r"-- asks: ([^\n]*)\n(.*?);\n(.*?)(?=;\n-- asks|\s*\Z)", re.DOTALL)
PAIRS = ASKED.findall((Path(__file__).parent / "protected.sql").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def protected_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(write(tmp_path_factory.mktemp("protected"), PROTECTED)) as found:
        yield found


@pytest.mark.parametrize("reproducible", [False, True], ids=["as it comes", "reproducible"])
@pytest.mark.parametrize(("sql", "reference"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_a_protected_answer_is_duckdbs_for_the_groups_with_enough_units(
    protected_desk: Desk, sql: str, reference: str, reproducible: bool
) -> None:
    _, rows = expected(protected_desk.home.parent, reference)
    seen = protected_desk.ask(sql, reproducible=reproducible)
    assert seen.decision == "checked", seen.codes
    assert_same(
        seen, rows, ordered=bool(re.search(r"order by [^()]*(\([^()]*\)[^()]*)*$", sql)) and "qualify" not in sql
    )


ALONE = [
    "select region, count(*) from person group by region",
    "select region, sum(income) s from person group by region",
    "select clinic, avg(cost) from visit group by clinic having avg(cost) > 10",
    "select count(*) from visit where clinic is null",
    "select count(*) from person where region = 90",
    "select distinct sex, region from person",
]


@pytest.mark.parametrize("sql", [*(p[1] for p in PAIRS), *ALONE])
def test_what_is_not_kept_is_judged_by_cheaper_proofs_as_what_is(protected_desk: Desk, sql: str) -> None:
    kept, tried = (protected_desk.ask(sql, kept=kept) for kept in (True, False))
    assert (kept.decision, kept.codes, kept.suppressed) == (tried.decision, tried.codes, tried.suppressed)
    assert Counter(map(repr, kept.rows)) == Counter(map(repr, tried.rows))


def test_what_stands_alone_and_is_not_kept_has_no_fingerprints(protected_desk: Desk) -> None:
    for sql in ALONE:
        protected_desk.ask(sql, kept=False)
        assert not list((protected_desk.home / "run").glob("fingerprint_*")), sql


def test_a_group_that_one_unit_dominates_keeps_its_count_and_loses_its_sum(protected_desk: Desk) -> None:
    sql = (
        "select big, count(*) n, sum(case when income = 1000 + 599 * 7919 % 500 and region = 7 then 100000000 "
        "else income end) s from (select p.income, p.region, a.big, p.person_id from person p join area a "
        "on p.region = a.region) group by big"
    )
    seen = protected_desk.ask(sql)
    assert seen.decision == "review", seen.codes
    assert {row[0]: row[2] is None for row in seen.rows} == {False: False, True: True}
