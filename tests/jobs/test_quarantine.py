"""Can several workers tidy one quarantine at the same time?"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.jobs.quarantine import discard, prepare, sweep
from tests.jobs.deployment import Deployment

ROUNDS = 400


def test_workers_that_tidy_at_the_same_time_do_not_stop_one_another(here: Deployment) -> None:
    job_id = here.queued()

    def work(fence: int) -> None:
        for _ in range(ROUNDS):
            (prepare(here.quarantine, job_id, fence) / "file").touch()
            discard(here.quarantine, job_id, fence)

    def work_elsewhere(fence: int) -> None:
        for number in range(ROUNDS):
            prepare(here.quarantine, f"other-{number}", fence)
            discard(here.quarantine, f"other-{number}", fence)

    def tidy(_: int) -> None:
        for _ in range(ROUNDS):
            sweep(here.store, here.quarantine)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work, 1), pool.submit(work_elsewhere, 1), pool.submit(tidy, 0)]:
            done.result()
    assert list(here.quarantine.iterdir()) == []


def test_a_sweep_leaves_no_empty_folder_of_a_job_and_no_tree_stops_it(here: Deployment) -> None:
    job_id = here.queued()
    deep = prepare(here.quarantine, job_id, 0)
    handle = os.open(deep, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    assert sweep(here.store, here.quarantine) == [f"{job_id}/0"]
    assert list(Path(here.quarantine).iterdir()) == []


def test_a_sweep_takes_what_a_killed_worker_had_lifted_out_of_a_folder(here: Deployment) -> None:
    job_id = here.queued()
    lifted = here.quarantine / job_id / "c32c2ae8674c1586-0"
    lifted.mkdir(parents=True)
    assert sweep(here.store, here.quarantine) == [f"{job_id}/{lifted.name}"]
    assert not lifted.parent.exists()
