"""Does the page about SQL say what becomes of each construct and question today?"""

from __future__ import annotations

import pytest

from tests.sql.pipeline import Pipeline, small_world
from tests.sql.support_examples import EXAMPLES, Example
from tests.sql.support_page import TEXTS, file, outcome, page


@pytest.mark.parametrize("language", TEXTS)
def test_the_page_is_what_the_corpora_make(language: str) -> None:
    assert file(language).read_text(encoding="utf-8") == page(language), "run python -m tests.sql.support_page"


@pytest.fixture(scope="module")
def small() -> Pipeline:
    return Pipeline(small_world())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.en)
def test_an_open_example_means_the_same_to_duckdb(small: Pipeline, example: Example) -> None:
    if outcome(small, example.open).word == "governed":
        assert not small.difference(example.open, ordered=False)
