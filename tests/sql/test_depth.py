"""How long and how deep may an operator's SQL be, and does each limit say where it was hit and what to do?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from app.domain.errors import Invalid, SluiceError
from app.domain.sql_text import MAX_BYTES, MAX_DEPTH, MAX_NESTING
from app.domain.values import Position
from app.workflow import authorize
from tests.sql.ask import Desk, desk
from tests.sql.tables import PROTECTED, write

T = TypeVar("T")
COUNT = "select region, count(*) c from person"
SHAPES: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: f"{COUNT} group by region having {'(' * n}count(*) > 1{')' * n}",
    "calls": lambda n: f"select region, sum({'abs(' * n}income{')' * n}) s from person group by region",
    "cases": lambda n: f"select region, sum({'case when sick then ' * n}1{' end' * n}) s from person group by region",
    "negations": lambda n: f"{COUNT} where {'not ' * n}sick group by region",
    "sub-queries": lambda n: f"{COUNT[:-6]}{'(select * from ' * n}person{')' * n} group by region",
    "membership": lambda n: (
        f"{COUNT} where region in {'(select region from area where region in ' * n}(1){')' * n} group by region"
    ),
}
CHAINS: dict[str, Callable[[int], str]] = {
    "and": lambda n: f"{COUNT} where {' and '.join(['income > 1'] * n)} group by region",
    "or": lambda n: f"{COUNT} where {' or '.join(['income > 1'] * n)} group by region",
    "plus": lambda n: f"select region, sum({' + '.join(['income'] * n)}) s from person group by region",
    "union": lambda n: " union all ".join([f"{COUNT} group by region"] * n),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(write(tmp_path_factory.mktemp("deep"), PROTECTED)) as found:
        yield found


def within(frames: int, act: Callable[[], T]) -> T:
    """`act()`, called from deep inside some program."""
    return act() if frames == 0 else within(frames - 1, act)


def refusal(asked: Desk, sql: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        within(100, lambda: authorize(asked.engine, asked.question(sql)))
    return caught.value


@pytest.mark.parametrize("shape", SHAPES)
def test_what_nests_within_the_limit_is_understood_however_deep_its_caller_stands(asked: Desk, shape: str) -> None:
    within(100, lambda: authorize(asked.engine, asked.question(SHAPES[shape](MAX_NESTING - 2))))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("times", [MAX_NESTING + 1, 100, 1000])
def test_what_nests_deeper_is_refused_with_its_place(asked: Desk, shape: str, times: int) -> None:
    sql = SHAPES[shape](times)
    (finding,) = refusal(asked, sql).findings
    assert (finding.code, dict(finding.params)["limit"]) == ("sql-too-deep", str(MAX_NESTING))
    assert finding.position is not None
    before = sql[: finding.position.column - 1]
    assert finding.position.line == 1
    assert MAX_NESTING - 2 <= max(before.count("("), before.count("case"), before.count("not")) <= MAX_NESTING + 1


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_too_long_is_refused_where_it_begins(asked: Desk, chain: str) -> None:
    within(100, lambda: authorize(asked.engine, asked.question(CHAINS[chain](40))))
    (finding,) = refusal(asked, CHAINS[chain](MAX_DEPTH + 50)).findings
    assert (finding.code, dict(finding.params)["limit"]) == ("sql-too-deep", str(MAX_DEPTH))
    assert finding.position is not None


def test_the_place_is_that_of_the_line_on_which_it_gets_too_deep(asked: Desk) -> None:
    sql = (
        "select region, sum(\n"
        + "abs(\n" * MAX_NESTING
        + "income"
        + ")" * (MAX_NESTING + 1)
        + "\nfrom person group by 1"
    )
    assert refusal(asked, sql).findings[0].position == Position(line=MAX_NESTING + 1, column=4)


def test_a_text_as_long_as_may_be_is_read_and_one_byte_more_is_refused(asked: Desk) -> None:
    sql = f"{COUNT} group by region -- "
    longest = sql + "é" * ((MAX_BYTES - len(sql)) // 2)
    longest += "x" * (MAX_BYTES - len(longest.encode()))
    authorize(asked.engine, asked.question(longest))
    error = refusal(asked, longest + "x")
    assert (error.code, dict(error.findings[0].params)) == (
        "sql-too-long",
        {"limit": str(MAX_BYTES), "size": str(MAX_BYTES + 1)},
    )


@pytest.mark.parametrize(("sql", "column"), [("select 1\0", 9), ("select '\udcff'", 9)])
def test_a_character_that_no_query_can_hold_is_named_with_its_place(asked: Desk, sql: str, column: int) -> None:
    error = refusal(asked, sql)
    assert (error.code, error.findings[0].position) == ("sql-syntax", Position(line=1, column=column))


def test_what_to_do_stands_beside_each_limit(asked: Desk) -> None:
    for sql in (SHAPES["brackets"](100), CHAINS["or"](1000), " " * MAX_BYTES + "x"):
        with pytest.raises(SluiceError) as caught:
            authorize(asked.engine, asked.question(sql))
        remedy = caught.value.findings[0].remedy()
        assert "CTE" in remedy.en
        assert "CTE" in remedy.zh
