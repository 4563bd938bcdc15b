"""A worker of a soak in a process of its own: `python -m tests.stress.soak_worker BASE NAME LEASE`."""

from __future__ import annotations

import logging
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType

import sandbox.launcher as launcher_module
from app.jobs.evaluation import Evaluation, Heartbeat
from app.jobs.lease import Turns
from app.jobs.records import JobRecord
from app.jobs.worker import run_worker
from app.workflow import sandbox_error
from sandbox.launcher import Launcher
from tests.jobs.deployment import evaluation, open_again
from tests.stress.soak_jobs import Planned, task
from tests.stress.soak_places import Places
from tests.stress.taken_over import RESULT, boot

AT_ONCE = 2


def main(places: Places, name: str, lease: float) -> None:
    """Work until SIGTERM, on one launcher that shares its places with those of other workers.

    No operator uses up its turns, and no killer the starts of a job.
    """
    turns = Turns(lease_seconds=lease, per_operator=100, attempts=1000)
    launcher_module._BOOT = boot(places.notes)
    with Launcher(places=places.pool) as launcher:
        launcher.warm()

        def execute(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
            wanted = task(Planned(kind=job.title, sql=job.sql), places.source)
            answer = launcher.run(wanted, folder, require_isolation=True, cancelled=heartbeat.stopped)
            if answer.status != "ok":
                raise sandbox_error(answer)
            heartbeat.stage("checking")
            made = evaluation(folder)
            Path(folder, RESULT).replace(made.report.table)
            return replace(made, report=replace(made.report, rows=answer.rows[RESULT]))

        worker = open_again(places.home).worker(execute, name=name, turns=turns, at_once=AT_ONCE)

        def stop(_signal: int, _frame: FrameType | None) -> None:
            worker.stop.set()

        signal.signal(signal.SIGTERM, stop)
        os.write(1, b"ready\n")
        run_worker(worker)


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    main(Places(base=Path(sys.argv[1])), sys.argv[2], float(sys.argv[3]))
