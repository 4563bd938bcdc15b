"""Does the proof of every cell agree with what happens when each unit is left out, and does no unsafe cell pass?

Every query is held under two of the rules here; `tests/stress/test_oracle_at_length.py` holds all under all of them,
and random queries beside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.disclosure.oracle.corpus import Asked, queries
from tests.disclosure.oracle.governed import granted, prove, rule
from tests.disclosure.oracle.leave_one_out import leave_one_out
from tests.disclosure.oracle.oracle import RULES, RULES_OVER_GIVEN, hold
from tests.disclosure.oracle.random_queries import Queries
from tests.disclosure.oracle.restricted import as_seen, seen_without_one
from tests.disclosure.oracle.verdicts import Tally, compare_decisions, compare_numbers, compare_units
from tests.disclosure.oracle.world import as_mounted, datasets, without_one
from tests.sql.pipeline import Pipeline

ASKED = queries()
OF_PERSONS = [a for a in ASKED if not a.given and not re.search(r"(?<!\w)(job|supply|lineitem|orders|customer)", a.sql)]


@dataclass(frozen=True)
class Oracle:
    """The world as the program has it, the same without one unit, and a folder."""

    pipeline: Pipeline
    raw: duckdb.DuckDBPyConnection
    folder: Path


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return Oracle(Pipeline(as_mounted(), datasets()), without_one(), tmp_path_factory.mktemp("oracle") / "run")


@pytest.mark.parametrize("asked", ASKED, ids=lambda a: a.title)
def test_what_is_proved_is_what_is_seen_when_each_unit_is_left_out(oracle: Oracle, asked: Asked) -> None:
    tally, number = Tally(), ASKED.index(asked)
    some, over_given = RULES[number % 3 :: 3], RULES_OVER_GIVEN[number % 2 :: 2]
    hold(tally, oracle.pipeline, oracle.raw, asked, oracle.folder, rules=some, over_given=over_given)
    assert not tally.unknown, "\n".join(tally.unknown[:10])
    assert tally.seen["decision"] == 1
    assert asked.given or tally.seen["cells"] == len(asked.frontiers)


@pytest.fixture(scope="module")
def restricted(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    folder = tmp_path_factory.mktemp("restricted")
    return Oracle(as_seen(folder / "vault"), seen_without_one(), folder / "run")


@pytest.mark.parametrize("asked", OF_PERSONS[::8], ids=lambda a: a.title)
def test_the_same_holds_where_rows_are_filtered_and_fields_are_masked(restricted: Oracle, asked: Asked) -> None:
    tally = Tally()
    hold(tally, restricted.pipeline, restricted.raw, asked, restricted.folder, rules=RULES[:1])
    assert not tally.unknown, "\n".join(tally.unknown[:10])


@pytest.mark.parametrize("seed", range(6))
def test_the_same_holds_for_random_queries(oracle: Oracle, seed: int) -> None:
    tally = Tally()
    hold(tally, oracle.pipeline, oracle.raw, Queries(seed).asked(), oracle.folder, rules=RULES[1::2])
    assert not tally.unknown, "\n".join(tally.unknown[:10])


def test_there_are_more_than_a_hundred_queries() -> None:
    assert len({a.sql for a in ASKED}) == len(ASKED) == len({a.title for a in ASKED}) > 120


ROWS_THAT_CANCEL = (
    "select sum(case when i = 1 then income when sex = 'm' and band = 1 then 0 else -income end) "
    "from person, (values (1), (2)) v(i)"
)
STAR = (
    "select sum(case when a.income > 110 then a.income else b.income end) from person a join person b "
    "on a.band = b.band where (a.income > 110) <> (b.income > 110)"
)
HOLES = {
    "in a self join a unit is held against the rules on either side, not on both together": STAR,
}


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(ROWS_THAT_CANCEL, id="units whose rows cancel do not count in a sum"),
        *(pytest.param(s, id=n, marks=pytest.mark.xfail(strict=True, raises=AssertionError)) for n, s in HOLES.items()),
    ],
)
def test_no_unsafe_cell_passes_through_a_known_hole(oracle: Oracle, sql: str) -> None:
    tally = Tally()
    asked = Asked(title="", sql=sql, frontiers=(sql,))
    laws = [rule(k, share) for k in range(2, 24, 3) for share in (None, 0.6)]
    hold(tally, oracle.pipeline, oracle.raw, asked, oracle.folder, rules=laws)
    assert not [f for f in tally.faults if f.startswith("unsafe cell passes")]


SEES = "select clinic, count(*), sum(cost), count(distinct day) from visit group by clinic"


def _faults(
    oracle: Oracle, sql: str, under: tuple[int, float | None], truth: tuple[str, int, float | None]
) -> set[str]:
    """What differs between the proofs of `sql` under a rule and the truth of another query under another."""
    tally = Tally()
    other, k, share = truth
    (proved,) = prove(oracle.pipeline, granted(oracle.pipeline, sql), rule(*under), oracle.folder)
    seen = leave_one_out(oracle.raw, other, proved.outline.keys, proved.outline.units)
    compare_decisions(tally, proved, seen, rule(k, share))
    compare_numbers(tally, proved, seen)
    compare_units(tally, proved, seen)
    return {f.partition(":")[0] for f in tally.faults} - {"contributors", "units", "dependence"}


@pytest.mark.parametrize(
    ("under", "truth", "noticed"),
    [
        ((4, None), (SEES, 4, None), set()),
        ((4, None), (SEES, 20, None), {"unsafe cell passes"}),
        ((20, None), (SEES, 4, None), {"safe cell withheld"}),
        ((2, 0.9), (SEES, 2, 0.2), {"unsafe cell passes"}),
        ((2, 0.9), (SEES.replace("sum(cost)", "sum(cost * cost)"), 2, 0.9), {"largest share"}),
        ((4, None), (SEES.replace("group", "where clinic <> 'c1' group"), 4, None), {"cells"}),
    ],
)
def test_the_oracle_notices_a_rule_that_is_not_kept(
    oracle: Oracle, under: tuple[int, float | None], truth: tuple[str, int, float | None], noticed: set[str]
) -> None:
    assert noticed <= _faults(oracle, SEES, under, truth)
    assert noticed or not _faults(oracle, SEES, under, truth)


@pytest.mark.parametrize("condition", ["cost > 0", "person_id <> 1", "fee > 20"])
def test_the_oracle_notices_units_that_are_missing_or_too_many(oracle: Oracle, condition: str) -> None:
    other = SEES.replace("group", f"where {condition} group")
    for governed, seen in ((SEES, other), (other, SEES)):
        if "person_id" in governed:
            continue
        tally = Tally()
        (proved,) = prove(oracle.pipeline, granted(oracle.pipeline, governed), rule(1), oracle.folder)
        compare_units(tally, proved, leave_one_out(oracle.raw, seen, 1, proved.outline.units))
        assert any(f.startswith("units") for f in tally.faults)
