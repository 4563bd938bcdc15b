"""Is the worker alive, and is its job still wanted? A thread that renews the lease and looks for reasons to stop."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Self

from app.domain.errors import SluiceError, Unavailable
from app.domain.people import Actor
from app.jobs.evaluation import InForce, JobStopped
from app.jobs.lease import Turns, ask, renew
from app.jobs.outcome import begin_checking
from app.jobs.progress import Progress
from app.jobs.records import JobRecord
from app.store.sessions import Store

LOOK_SECONDS = 0.4
"""How often the thread looks for a cancel or an ended authorization: seen within a second."""
TELL_SECONDS = 0.5
"""How long what was said of the progress stands at least before it is written again."""

_log = logging.getLogger(__name__)


class Pulse:
    """The heartbeat of one run (see `app.jobs.evaluation.Heartbeat`); a context manager around it."""

    def __init__(
        self,
        store: Store,
        machine: Actor,
        record: JobRecord,
        turns: Turns,
        in_force: InForce,
        abandon: threading.Event,
    ) -> None:
        """`abandon` asks to give the job back to the queue."""
        self.checking = False
        self._store, self._machine, self._record, self._turns = store, machine, record, turns
        self._in_force, self._abandon = in_force, abandon
        self._progress = self._written = Progress(stage="running")
        self._why: JobStopped | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"pulse-{record.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def stage(self, name: str) -> None:
        """Say what is going on now; "checking" moves the job to that state. Raises what `ask` raises."""
        self.ask()
        self._progress = Progress(stage=name)
        if name == "checking" and not self.checking:
            begin_checking(self._store, self._machine, self._record)
            self.checking = True

    def step(self, number: int, steps: int, share: float) -> None:
        """Say which step of the stage runs; written with the next beat of the thread."""
        self._progress = self._progress.at(number, steps, share)

    def ask(self) -> None:
        """Raise JobStopped when the job is to stop."""
        why = self.why()
        if why is not None:
            raise why

    def stopped(self) -> bool:
        """Whether the job is to stop."""
        return self.why() is not None

    def why(self) -> JobStopped | None:
        """Why the job is to stop; None while it is not."""
        if self._why is None and self._abandon.is_set():
            self._why = JobStopped("job-given-back", job=self._record.id)
        return self._why

    def _beat(self) -> None:
        third = self._turns.lease_seconds / 3
        renewed = time.monotonic()
        while self._why is None and not self._over.wait(min(LOOK_SECONDS, third)):
            try:
                ask(self._store, self._record, self._in_force)
                if time.monotonic() - renewed >= (third if self._progress == self._written else TELL_SECONDS):
                    renewed = self._renew()
            except JobStopped as why:
                self._why = why
            except Unavailable as error:
                self._wait_for_store(error, renewed)
            except Exception as error:  # noqa: BLE001  a thread that dies silently would leave a job without a lease
                _log.error("pulse of job %s: %s", self._record.id, type(error).__name__)  # its text may hold values
                self._why = JobStopped("job-lease-lost", job=self._record.id)

    def _renew(self) -> float:
        """Prolong the lease and write the progress; answers the moment."""
        told = self._progress
        renew(self._store, self._record, self._turns, told)
        self._written = told
        return time.monotonic()

    def _wait_for_store(self, error: SluiceError, renewed: float) -> None:
        _log.warning("pulse of job %s: %s", self._record.id, error.code)
        if time.monotonic() - renewed > self._turns.lease_seconds:
            self._why = JobStopped("job-lease-lost", job=self._record.id)
