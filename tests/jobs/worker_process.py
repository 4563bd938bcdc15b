"""A worker in a process: `python -m tests.jobs.worker_process HOME NAME SECONDS-PER-JOB [--drain] [--jobs=N]`."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from types import FrameType

from app.jobs.evaluation import Evaluation, Heartbeat
from app.jobs.records import JobRecord
from app.jobs.worker import run_worker
from tests.jobs.deployment import evaluation, open_again

HOME, NAME, SECONDS = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])


def slow(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
    (folder / "half.parquet").write_bytes(b"half of a result")
    print(f"started {job.id} {job.fence}", flush=True)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        heartbeat.ask()
        time.sleep(0.02)
    heartbeat.stage("checking")
    return evaluation(folder)


at_once = next((int(a.partition("=")[2]) for a in sys.argv if a.startswith("--jobs=")), 1)
worker = open_again(HOME).worker(slow, name=NAME, at_once=at_once)


def stop(_signal: int, _frame: FrameType | None) -> None:
    worker.stop.set()


signal.signal(signal.SIGTERM, stop)
run_worker(worker, drain="--drain" in sys.argv, ended=lambda job, ending: print(ending, job.id, flush=True))
