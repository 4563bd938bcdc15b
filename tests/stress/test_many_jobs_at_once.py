"""Do many jobs at once, on one sandbox, each get the answer that one alone gets?"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from app import config
from app.catalog.manifest import read_catalog
from app.catalog.mounting import mount_catalog
from app.disclosure.history import History
from app.engine import Engine
from app.policy.conditions import Context
from app.policy.decision import TRIAL, standing_uses
from app.policy.snapshot import snapshot
from app.workflow import Question, evaluate
from sandbox.launcher import Launcher
from tests.architecture.source import ROOT

pytestmark = pytest.mark.stress

SCENARIO = ROOT / "sample_data" / "flights"
JOBS = 60
AT_ONCE = 6
ANALYSES = ("delay_in_rain", "cancelled", "aircraft_by_maker")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Question]]:
    """A warm engine with the flights mounted, and a question that still lacks its SQL."""
    home = tmp_path_factory.mktemp("home")
    settings = config.read()
    with Launcher() as launcher:
        engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation)
        mounter = partial(launcher.run, require_isolation=settings.require_isolation)
        datasets = mount_catalog(read_catalog(SCENARIO), home / "vault", home / "scratch", mounter)
        context = Context(now=datetime.now(UTC))
        held = standing_uses(engine.standing, datasets, context)
        policy = snapshot(engine.standing, {TRIAL: held}, datasets)
        yield engine, Question(sql="", datasets=datasets, policy=policy, authorization=TRIAL, context=context)


def _answer(desk: tuple[Engine, Question], name: str, folder: Path) -> tuple[object, ...]:
    engine, question = desk
    sql = (SCENARIO / "analyses" / f"{name}.sql").read_text(encoding="utf-8")
    asked = replace(question, sql=sql, reproducible=True)
    done = evaluate(engine, asked, History(), folder)
    rows = sorted(map(str, pq.read_table(folder / done.report.table).to_pylist()))
    return done.report.decision, done.report.suppressed, tuple(rows)


def test_every_job_of_many_gets_the_answer_it_gets_alone(desk: tuple[Engine, Question], tmp_path: Path) -> None:
    alone = {name: _answer(desk, name, tmp_path / name) for name in ANALYSES}
    names = [ANALYSES[n % len(ANALYSES)] for n in range(JOBS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda n: _answer(desk, names[n], tmp_path / f"job-{n}"), range(JOBS)))
    assert answers == [alone[name] for name in names]
