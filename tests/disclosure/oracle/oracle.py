"""Asks one query, takes every unit away in turn, and compares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from app.domain.rules import LevelRule
from tests.disclosure.oracle.corpus import Asked
from tests.disclosure.oracle.governed import granted, prove, rule
from tests.disclosure.oracle.leave_one_out import Truth, leave_one_out
from tests.disclosure.oracle.verdicts import Tally, compare_decisions, compare_numbers, compare_units
from tests.sql.pipeline import Pipeline

NOBODY = rule(99, 1.0, 0)
"""More contributors than there are units: nothing passes, everything is counted exactly."""
EVERYBODY = rule(1)
RULES = (rule(2), rule(3, 0.7), rule(5, 0.6, 10), rule(8, 0.9, 20), rule(10, 0.6, 10))
RULES_OVER_GIVEN = (rule(2), rule(5))
"""Where inner cells count as released, it depends on the rule which of them do: these are easily written by hand."""


def hold(
    tally: Tally,
    pipeline: Pipeline,
    raw: duckdb.DuckDBPyConnection,
    asked: Asked,
    folder: Path,
    *,
    rules: Sequence[LevelRule] = RULES,
    over_given: Sequence[LevelRule] = RULES_OVER_GIVEN,
) -> None:
    """Compare all that is proved of `asked` with what the oracle sees; differences are noted in `tally`."""
    grant = granted(pipeline, asked.sql)
    if asked.review is not None:
        tally.expect("decision", bool(grant.analysis.reasons) == asked.review, str(grant.analysis.reasons))
    truths: list[Truth] = []
    for each in (EVERYBODY, *over_given) if asked.given else (NOBODY, EVERYBODY, *rules):
        proved = prove(pipeline, grant, each, folder)
        if asked.given or not truths:
            truths = _truths(raw, asked, [(p.outline.keys, p.outline.units) for p in proved], each.contributors)
        for frontier, truth in zip(proved, truths, strict=True):
            compare_decisions(tally, frontier, truth, each)
            if each is NOBODY:
                compare_numbers(tally, frontier, truth)
            if each is EVERYBODY:
                compare_units(tally, frontier, truth)


def _truths(
    raw: duckdb.DuckDBPyConnection, asked: Asked, outlines: list[tuple[int, tuple[str, ...]]], k: int
) -> list[Truth]:
    """What the oracle sees of each frontier: its number of keys and its types of units are in `outlines`."""
    for name, text in asked.given:
        raw.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {text.replace('{k}', str(k))}")
    return [leave_one_out(raw, sql, keys, units) for sql, (keys, units) in zip(asked.frontiers, outlines, strict=True)]
