"""What would leave if an operator with these rights asked this? The engine without the people: `sluice try`."""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from app.catalog.manifest import read_catalog
from app.catalog.mounting import mount_catalog, mount_enterprise
from app.catalog.values import Catalog
from app.combining import append_to_folder
from app.disclosure.history import folder_history
from app.domain.errors import Finding, Invalid, Refusal
from app.domain.parameters import Values
from app.domain.ports import Clock
from app.domain.proofs import CheckReport
from app.domain.report_json import evidence_json
from app.domain.values import Dataset, DatasetKind, Decision
from app.engine import Engine
from app.policy.conditions import Context
from app.policy.decision import TRIAL, standing_uses
from app.policy.grants import Uses
from app.policy.snapshot import snapshot
from app.policy.uses_file import load_uses
from app.policy.views import Viewer, restrict
from app.workflow import Evaluated, Progress, Question, evaluate, sandbox_error

OPERATOR = "operator"
_SECRET_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One call of `sluice try`: the folder of the catalog, the SQL, and what the operator holds and brings.

    `values` are those of the parameters of a template, None where `sql` is none. With `history`, the mounted vault is
    kept there, and each accepted output counts as released for the next call.
    """

    catalog: Path
    sql: str
    values: Values | None = None
    uses: Path | None = None
    enterprise: tuple[tuple[str, Path], ...] = ()
    history: Path | None = None
    reproducible: bool = False
    repair: str | None = None
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(_SECRET_BYTES), repr=False)
    """Behind the pseudonyms of masked fields: another one for every trial."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the operator would get: the decision with its reasons, and the rows that would leave."""

    decision: Decision
    refusals: tuple[Finding, ...] = ()
    report: CheckReport | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    columns: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain data; evidence has no values of cells."""
        report = self.report
        return {
            "decision": self.decision.value,
            "refusals": [f.to_json() for f in self.refusals],
            "reasons": [f.to_json() for f in report.reasons] if report else [],
            "level": report.level.value if report else None,
            "columns": [{"name": n, "type": t} for n, t in self.columns],
            "rows": self.rows,
            "suppressed": report.suppressed if report else 0,
            "stopped_by_firewall": report.stopped_by_firewall if report else 0,
            "cells": [evidence_json(c) for c in report.cells] if report else [],
            "restrictions": [asdict(r) for r in report.restrictions] if report else [],
            "merged": [asdict(m) for m in report.merged] if report else [],
            "coded": [asdict(c) for c in report.coded] if report else [],
            "timings": {name: round(seconds, 4) for name, seconds in self.timings.items()},
        }


def run_trial(engine: Engine, trial: Trial, clock: Clock, *, progress: Progress = lambda _stage: None) -> Outcome:
    """Mount, analyse, decide, run, check. A refused analysis is an outcome; a bad catalog or file raises Invalid."""
    begun = time.monotonic()
    catalog = read_catalog(trial.catalog)
    with _home(trial.history) as home:
        progress("mounting")
        datasets = _mount(engine, catalog, trial, home)
        mounted = time.monotonic() - begun
        held, context = _held(trial, datasets, clock)
        try:
            asked = _question(engine, trial, datasets, held, context)
            question = replace(asked, versions=_versions(home), kept=trial.history is not None)
            evaluated = evaluate(
                engine,
                question,
                folder_history(home / "history"),
                home / "run",
                progress=progress,
                spend=lambda _plan: None,  # a trial by those who have the data costs nobody anything
            )
        except (Invalid, Refusal) as refusal:
            return Outcome(decision=Decision.REFUSED, refusals=refusal.findings, timings={"mount": mounted})
        return _outcome(engine, evaluated, home, mounted)


def _outcome(engine: Engine, evaluated: Evaluated, home: Path, mounted: float) -> Outcome:
    """What would leave: nothing while people have to judge it."""
    report = evaluated.report
    folder = Path(evaluated.result.folder)
    checked = report.decision is Decision.CHECKED
    if checked and evaluated.plan.fingerprints:
        append_to_folder(
            engine,
            evaluated.plan.partitions,
            folder,
            folder / report.segment,
            home / "history",
            failed=sandbox_error,
        )
        _keep_versions(home, evaluated.plan.grant.analysis.datasets)
    return Outcome(
        decision=report.decision,
        report=report,
        rows=[_plain(row) for row in pq.read_table(folder / report.table).to_pylist()] if checked else [],
        columns=report.columns,
        timings={"mount": mounted, **evaluated.timings},
    )


_VERSIONS = "versions.json"


def _keep_versions(home: Path, datasets: tuple[Dataset, ...]) -> None:
    """Remember with which version of each data set a history began."""
    began = {d.name: d.version for d in datasets if d.protected} | _versions(home)
    (home / _VERSIONS).write_text(json.dumps(began, sort_keys=True), encoding="utf-8")


def _versions(home: Path) -> dict[str, str]:
    file = home / _VERSIONS
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row with numbers as JSON has them: a whole decimal as an integer, any other as a float."""
    return {n: (int(v) if v == int(v) else float(v)) if isinstance(v, Decimal) else v for n, v in row.items()}


def _mount(engine: Engine, catalog: Catalog, trial: Trial, home: Path) -> tuple[Dataset, ...]:
    vault, scratch = home / "vault", home / "scratch"
    public = mount_catalog(catalog, vault, scratch, engine.mount)
    declared = {e.name: e for e in catalog.entries if e.kind is DatasetKind.ENTERPRISE}
    own = [
        mount_enterprise(name, file, declared.get(name), vault, scratch, engine.mount, operator=OPERATOR).dataset
        for name, file in trial.enterprise
    ]
    return (*public, *own)


def _held(trial: Trial, datasets: tuple[Dataset, ...], clock: Clock) -> tuple[Uses | None, Context]:
    """The uses of the file, None for all that no standing rule forbids; and the context that they make."""
    held = None if trial.uses is None else load_uses(trial.uses, datasets)
    return held, Context(now=clock(), purpose=held.purpose if held else None)


def _question(
    engine: Engine, trial: Trial, mounted: tuple[Dataset, ...], held: Uses | None, context: Context
) -> Question:
    """The question over the data sets as the trial sees them; raises what `restrict` raises."""
    datasets = restrict(engine.standing, mounted, Viewer(authorization=TRIAL, secret=lambda: trial.secret), context)
    uses = standing_uses(engine.standing, datasets, context) if held is None else held
    return Question(
        sql=trial.sql,
        datasets=datasets,
        policy=snapshot(engine.standing, {TRIAL: uses}, datasets),
        authorization=TRIAL,
        context=context,
        reproducible=trial.reproducible,
        repair=trial.repair,
        values=trial.values,
    )


@contextmanager
def _home(history: Path | None) -> Iterator[Path]:
    """A folder for the vault and the run: temporary, or kept in `history` except for the run itself."""
    if history is None:
        with tempfile.TemporaryDirectory(prefix="sluice-try-") as folder:
            yield Path(folder).resolve()
        return
    history.mkdir(parents=True, exist_ok=True)
    home = history.resolve()
    for name in ("run", "scratch"):
        shutil.rmtree(home / name, ignore_errors=True)
    try:
        yield home
    finally:
        for name in ("run", "scratch"):
            shutil.rmtree(home / name, ignore_errors=True)
