"""What does an operator get to see? Nothing but released rows, codes of refusals, and the report for operators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from shutil import rmtree
from typing import Any

import pyarrow.parquet as pq

from app.combining import append_to_folder
from app.disclosure.history import folder_history
from app.domain.errors import SluiceError
from app.domain.proofs import CheckReport
from app.domain.report_json import for_operator
from app.domain.values import Decision
from app.policy.conditions import Context
from app.policy.decision import standing_uses
from app.policy.snapshot import snapshot
from app.workflow import Question, evaluate, sandbox_error
from tests.attacks.world import Person, Seat

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class View:
    """One answer: the decision, codes, the rows that left, and what the report for operators counts."""

    decision: str
    codes: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    suppressed: int = 0
    stopped: int = 0
    report: CheckReport | None = None
    """The whole report, which the operator never sees: for the referee, no attack reads it."""
    verdicts: Mapping[str, int] = field(default_factory=dict)

    @property
    def number(self) -> float | None:
        """The first value of the first row, if it left and is none."""
        value = self.rows[0][0] if self.rows else None
        return None if value is None else float(value)


@dataclass(kw_only=True)
class Operator:
    """Asks, and shares one history of releases with everybody at this seat.

    `persons` is what the operator knows of everyone: their secrets are there for the referee and no attack reads them.
    """

    seat: Seat
    persons: tuple[Person, ...]
    name: str = "operator"
    asked: int = 0
    notes: dict[str, list[float]] = field(default_factory=dict)
    """What an attack keeps for its next target."""

    def colleague(self) -> Operator:
        """Another operator with rights of its own, over the same data."""
        return Operator(seat=self.seat, persons=self.persons, name="colleague")

    def forget(self) -> None:
        """Begin anew: nothing was released to anybody yet."""
        rmtree(self.seat.home / "history", ignore_errors=True)

    def see(self, sql: str) -> View:
        """Ask `sql`; what leaves without people counts as released from then on."""
        self.asked += 1
        seat, run = self.seat, self.seat.home / "run"
        rmtree(run, ignore_errors=True)
        context = Context(now=NOW)
        held = standing_uses(seat.engine.standing, seat.datasets, context)
        policy = snapshot(seat.engine.standing, {self.name: held}, seat.datasets)
        question = Question(sql=sql, datasets=seat.datasets, policy=policy, authorization=self.name, context=context)
        try:
            found = evaluate(seat.engine, question, folder_history(seat.home / "history"), run)
        except SluiceError as error:
            return View(decision="refused", codes=tuple(f.code for f in error.findings))
        shown: dict[str, Any] = dict(for_operator(found.report))
        rows: tuple[tuple[Any, ...], ...] = ()
        if found.report.decision is Decision.CHECKED or not seat.people:
            history, segment = seat.home / "history", run / found.report.segment
            append_to_folder(seat.engine, found.plan.partitions, run, segment, history, failed=sandbox_error)
            table = pq.read_table(run / found.report.table)
            rows = tuple(zip(*(c.to_pylist() for c in table.columns), strict=True))
        return View(
            decision=found.report.decision.value,
            codes=tuple(f.code for f in found.report.reasons),
            rows=rows,
            suppressed=int(shown["suppressed"]),
            stopped=int(shown["stopped_by_firewall"]),
            report=found.report,
            verdicts=dict(shown.get("verdicts", {})),
        )

    def number(self, sql: str) -> float | None:
        """The one number that `sql` asks for, None when it does not leave."""
        return self.see(sql).number
