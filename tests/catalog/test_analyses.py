"""Does every sample analysis yield what its first lines say? The whole way, through the real sandbox."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from app import config
from app.catalog.manifest import read_catalog
from app.catalog.mounting import mount_catalog
from app.engine import Engine
from app.trial import Outcome, Trial, run_trial
from sandbox.launcher import Launcher
from tests.catalog.analyses import Analysis, everything, read

ALL = everything()
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
Ask = Callable[[Analysis, Path], Outcome]


@pytest.fixture(scope="session")
def ask(launcher: Launcher) -> Ask:
    """Runs one analysis as an operator would who holds its uses, in a history of its own."""
    engine = Engine.load(config.read({}).policies, launcher, require_isolation=True)

    def run(analysis: Analysis, history: Path) -> Outcome:
        trial = Trial(
            catalog=analysis.folder,
            sql=analysis.sql,
            uses=analysis.uses,
            enterprise=analysis.enterprise,
            history=history,
        )
        return run_trial(engine, trial, lambda: NOW)

    return run


@pytest.fixture(scope="session")
def mounted(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Analysis], Path]:
    """A new history for an analysis in which its scenario is mounted already, once for all analyses of a process."""
    home = tmp_path_factory.mktemp("mounted")
    mounter = partial(launcher.run, require_isolation=True)

    def fresh(analysis: Analysis) -> Path:
        vault = home / analysis.folder.name
        if not vault.exists():
            mount_catalog(read_catalog(analysis.folder), vault, home / "scratch", mounter)
        history = tmp_path_factory.mktemp("history")
        shutil.copytree(vault, history / "vault", copy_function=os.link)
        return history

    return fresh


@pytest.mark.parametrize("analysis", ALL, ids=lambda a: a.name)
def test_a_sample_analysis_yields_what_it_says(
    analysis: Analysis, ask: Ask, mounted: Callable[[Analysis], Path]
) -> None:
    history = mounted(analysis)
    if analysis.after is not None:
        assert ask(read(analysis.file.parent / analysis.after), history).decision == "checked"
    outcome = ask(analysis, history)
    codes = [f.code for f in outcome.refusals]
    assert (outcome.decision, codes) == (analysis.decision, codes)
    if outcome.decision == "refused":
        _is_refused_as_it_says(analysis, outcome)
        return
    assert outcome.report is not None
    if analysis.suppressed is not None:
        assert (outcome.report.suppressed > 0) is analysis.suppressed
    if analysis.stopped is not None:
        assert (outcome.report.stopped_by_firewall > 0) is analysis.stopped
    if outcome.decision == "review":
        assert outcome.report.reasons
        assert not outcome.rows


def _is_refused_as_it_says(analysis: Analysis, outcome: Outcome) -> None:
    assert not outcome.rows
    assert outcome.report is None
    found = [f for f in outcome.refusals if f.code == analysis.code]
    assert found, [f.code for f in outcome.refusals]
    if analysis.at is not None:
        assert analysis.at in {f"{f.position.line}:{f.position.column}" for f in found if f.position}


def test_every_scenario_has_analyses_of_many_kinds() -> None:
    kinds = Counter((a.folder.name, a.decision) for a in ALL)
    for scenario in {a.folder.name for a in ALL}:
        assert sum(n for (s, _), n in kinds.items() if s == scenario) >= 8
        assert kinds[scenario, "checked"] >= 3
        assert kinds[scenario, "refused"] >= 3
    assert sum(bool(a.stopped) for a in ALL) >= 4
    assert sum(bool(a.suppressed) for a in ALL) >= 6


def test_every_analysis_is_titled_in_both_languages() -> None:
    for analysis in ALL:
        english, slash, chinese = analysis.title.partition(" / ")
        assert english
        assert slash
        assert any("\u4e00" <= c <= "\u9fff" for c in chinese), analysis.name
