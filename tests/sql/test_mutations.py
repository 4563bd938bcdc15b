"""Does each rule of the analysis have a query that goes red without it? One rule off at a time, one query each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import duckdb
import pytest

from app.domain.errors import SluiceError
from app.query.analysis import understand
from tests.sql.corpora import small_ones
from tests.sql.mutations import MUTATIONS, Mutation
from tests.sql.pipeline import Pipeline, small_world
from tests.sql.support_page import protected_pipeline
from tests.sql.test_differential import check
from tests.sql.test_evasions import ORACLES, REFUSED, REVIEWED
from tests.sql.test_same_answer import PAIRS, like
from tests.sql.test_uses import CASES, FUNCTIONS, TABLES

RED = (AssertionError, pytest.fail.Exception, SluiceError, duckdb.Error)


class Corpora:
    """The ways in which a query of these corpora can go red, by the kind of its test."""

    def __init__(self) -> None:
        self.small, self.protected = Pipeline(small_world()), protected_pipeline()
        self.kinds: dict[str, Callable[[str], None]] = {
            "uses": self.uses,
            "open": self.open,
            "refused": self.refused,
            "review": self.review,
            "same": self.same,
            "total": self.total,
        }

    def uses(self, part: str) -> None:
        """A case of uses.sql: exactly these uses."""
        stated, sql = next(case for case in CASES if part in case[1])
        found = [
            f"{u.dataset}.{u.field}={u.use}@{f'{u.position.line}:{u.position.column}' if u.position else '-'}"
            for u in understand(sql, TABLES, FUNCTIONS).uses
        ]
        assert found == stated.split()

    def open(self, part: str) -> None:
        """A small query over open data: the same answer, or refused by the stated code."""
        check(self.small, next(case for case in small_ones() if part in case.sql))

    def refused(self, part: str) -> None:
        """An evasion: refused before anything runs."""
        with pytest.raises(SluiceError):
            self.protected.plan(next(sql for sql in REFUSED if part in sql))

    def review(self, part: str) -> None:
        """A query that people have to judge."""
        assert self.protected.plan(next(sql for sql in REVIEWED if part in sql)).grant.analysis.reasons

    def same(self, part: str) -> None:
        """A protected query: DuckDB's own answer for the groups with enough units."""
        _, sql, reference = next(pair for pair in PAIRS if part in pair[0] or part in pair[1])
        rows = self.protected.run(self.protected.plan(sql).task)
        assert Counter(map(like, rows)) == Counter(map(like, self.protected.answer(reference).rows))

    def total(self, part: str) -> None:
        """A query that no person's value may stop: one has the largest income."""
        self.protected.connection.execute("UPDATE person SET income = 2147483647 WHERE person_id = 42")
        self.protected.run(self.protected.plan(next(sql for sql in ORACLES if part in sql)).task)


@pytest.fixture(scope="module")
def corpora() -> Corpora:
    return Corpora()


def test_there_are_at_least_twenty_five_rules() -> None:
    assert len({(m.owner, m.attribute) for m in MUTATIONS}) >= 25


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_query_goes_red_without_the_rule(
    corpora: Corpora, mutation: Mutation, monkeypatch: pytest.MonkeyPatch
) -> None:
    green = corpora.kinds[mutation.test]
    green(mutation.query)
    monkeypatch.setattr(mutation.owner, mutation.attribute, mutation.off)
    with pytest.raises(RED):
        green(mutation.query)
