"""What does a worker need from outside to run a job, and what does it get back?

The stage `jobs` knows queues, leases and folders; what a job *does* is passed in, so that the stages stay apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from app.domain.errors import Refusal
from app.domain.proofs import CheckReport, Grant
from app.jobs.records import JobRecord
from app.store.changes import Change


class JobStopped(Refusal):
    """A run is to stop: cancelled, its authorization ended, its lease lost, or the worker is going away."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What an execution answers: the check report with its files in the folder it was given, and by what grant.

    `reviewers` is how many must agree, by the rule of the report's level; `usage` says what the run cost (seconds,
    bytes), for the operator; `execution` how it ran (engine, threads, walls), for whoever verifies the release.
    """

    report: CheckReport
    grant: Grant
    reviewers: int
    usage: Mapping[str, float] = field(default_factory=dict)
    execution: Mapping[str, object] = field(default_factory=dict)


class Heartbeat(Protocol):
    """The worker's line to the queue while a job runs."""

    def stage(self, name: str) -> None:
        """Say what is going on now; "checking" moves the job to that state. Raises what `ask` raises."""

    def step(self, number: int, steps: int, share: float) -> None:
        """Say which step of the stage runs (from 1), of how many, and its share done (0 to 1). Never raises."""

    def ask(self) -> None:
        """Raise JobStopped when the job is to stop: cancelled, its authorization ended, or the lease lost."""

    def stopped(self) -> bool:
        """Whether the job is to stop, for callers that poll."""


class Execute(Protocol):
    """Run a job: everything from its SQL to a check report.

    Writes files into `folder` only. Raises SluiceError: a Refusal refuses the job, anything else fails it, in both
    cases with the findings for its author. Should look at `heartbeat` at least once a second.
    """

    def __call__(self, job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        """The evaluation of `job`."""


Check = Callable[[JobRecord], None]
"""Decides a submitted job before it is queued; raises SluiceError to refuse it."""

InForce = Callable[[str], str | None]
"""Authorization → None while it is in force, else the state it is in ("suspended", "expired" …)."""

Register = Callable[[Change, str, CheckReport, Path], None]
"""Enters a new output's fingerprints as pending, in the transaction of the output: (change, output, report, folder).
May raise Refusal."""
