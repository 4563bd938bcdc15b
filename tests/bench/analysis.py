"""How long does it take to know what a text does and whether it may? Over the questions of TPC-H and TPC-DS and the
small queries, with all fields open and with customers protected. Time of the processor, as the machine may be busy.

`permit` is what a job goes through before there is a plan: read, resolve, find the uses, decide, govern. `lint` is the
answer to an analyst: that, and what to apply for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median
from time import thread_time

from app.domain.errors import SluiceError
from app.lint import Draft, lint
from app.workflow import authorize
from tests.sql.corpora import Case, questions, small_ones
from tests.sql.pipeline import ENGINE, Pipeline, small_world, tpcds_world, tpch_world
from tests.sql.retail import TPCDS, TPCH, protected_tables

BUDGET = 0.020
"""Seconds in which one text is to be linted, analysed and decided."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Queries over one world."""

    name: str
    pipeline: Pipeline
    cases: Sequence[Case]


def analysis(_scale: float, rounds: int) -> bool:
    """Print median and 99th percentile of both ways per corpus; False when nothing was measured."""
    print(
        f"{'corpus':28}{'queries':>8}"
        + "".join(f"{w + ' ' + p:>13}" for w in _WAYS for p in ("median", "p99"))
        + "  ms"
    )
    seen: dict[str, list[float]] = {way: [] for way in _WAYS}
    with tempfile.TemporaryDirectory() as folder:
        for corpus in _corpora(Path(folder)):
            figures = {way: _times(corpus, ask, rounds) for way, ask in _WAYS.items()}
            _print(corpus.name, figures)
            for way, times in figures.items():
                seen[way] += times
    _print("all", seen)
    slow = max(_percentile(times) for times in seen.values())
    print(f"budget {1000 * BUDGET:.0f} ms at the 99th percentile: {'kept' if slow <= BUDGET else 'not kept'}")
    return all(seen.values())


def _corpora(folder: Path) -> list[Corpus]:
    h, ds = questions("tpch"), questions("tpcds")
    found = [
        Corpus(name="small queries, open", pipeline=Pipeline(small_world()), cases=small_ones()),
        Corpus(name="TPC-H, open", pipeline=Pipeline(tpch_world(folder)), cases=h),
        Corpus(name="TPC-DS, open", pipeline=Pipeline(tpcds_world()), cases=ds),
    ]
    for name, world, known, cases in (("TPC-H", tpch_world(folder), TPCH, h), ("TPC-DS", tpcds_world(), TPCDS, ds)):
        pipeline = Pipeline(world, protected_tables(world, known))
        found.append(Corpus(name=f"{name}, protected", pipeline=pipeline, cases=cases))
    return found


def _permit(pipeline: Pipeline, sql: str) -> None:
    try:
        authorize(ENGINE, pipeline.question(sql))
    except SluiceError:
        return


def _lint(pipeline: Pipeline, sql: str) -> None:
    lint(ENGINE, _draft(pipeline, sql))


def _draft(pipeline: Pipeline, sql: str) -> Draft:
    return Draft(sql=sql, datasets=pipeline.datasets, held=pipeline.held, context=pipeline.context)


_WAYS: dict[str, Callable[[Pipeline, str], None]] = {"permit": _permit, "lint": _lint}


def _times(corpus: Corpus, ask: Callable[[Pipeline, str], None], rounds: int) -> list[float]:
    """Per query the median of its rounds, after one that is not counted."""
    found = []
    for case in corpus.cases:
        ask(corpus.pipeline, case.sql)
        taken = []
        for _ in range(rounds):
            begun = thread_time()
            ask(corpus.pipeline, case.sql)
            taken.append(thread_time() - begun)
        found.append(median(taken))
    return found


def _percentile(times: Sequence[float]) -> float:
    return sorted(times)[ceil(0.99 * len(times)) - 1]


def _print(name: str, figures: dict[str, list[float]]) -> None:
    count = len(next(iter(figures.values())))
    numbers = "".join(f"{1000 * v:13.1f}" for t in figures.values() for v in (median(t), _percentile(t)))
    print(f"{name:28}{count:8d}{numbers}", flush=True)
