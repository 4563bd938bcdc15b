"""Does what is proved of a cell agree with leaving each unit out, under every rule and for hundreds of random queries?

SLUICE_ORACLE_SEED is the first seed, SLUICE_ORACLE_QUERIES the number of random queries; a failure names its seed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.domain.errors import SluiceError
from tests.disclosure.oracle.corpus import Asked, queries
from tests.disclosure.oracle.oracle import hold
from tests.disclosure.oracle.random_queries import Queries
from tests.disclosure.oracle.verdicts import Tally, told
from tests.disclosure.oracle.world import as_mounted, datasets, without_one
from tests.sql.pipeline import Pipeline

pytestmark = [pytest.mark.stress, pytest.mark.timeout(3600)]


def _held(asked: list[Asked], folder: Path) -> tuple[Tally, list[str], int]:
    """Everything compared, the unknown faults with their queries, and how many queries were refused."""
    pipeline, raw, whole = Pipeline(as_mounted(), datasets()), without_one(), Tally()
    faults, refused = [], 0
    for each in asked:
        tally = Tally()
        try:
            hold(tally, pipeline, raw, each, folder / "run")
        except SluiceError:
            refused += 1
            continue
        whole.seen += tally.seen
        faults += [f"{each.title}: {f}\n{each.sql}" for f in tally.unknown]
    return whole, faults, refused


def test_every_query_under_every_rule(tmp_path: Path) -> None:
    tally, faults, refused = _held(queries(), tmp_path)
    print(*told(tally), sep="\n")
    assert not faults, "\n".join(faults[:5])
    assert refused == 0
    assert tally.seen["contributors"] > 2_000
    assert tally.seen["unsafe cell passes"] > 7_000


def test_random_queries_under_every_rule(tmp_path: Path) -> None:
    first = int(os.environ.get("SLUICE_ORACLE_SEED", "1000"))
    count = int(os.environ.get("SLUICE_ORACLE_QUERIES", "400"))
    tally, faults, refused = _held([Queries(seed).asked() for seed in range(first, first + count)], tmp_path)
    print(f"{count} queries, {refused} refused", *told(tally), sep="\n")
    assert not faults, "\n".join(faults[:5])
    assert refused <= count // 10
