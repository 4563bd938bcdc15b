"""Can two outputs that are too near to one another both leave, when two processes release them at the same moment?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from app.casework import Casework
from app.cli.jobs import casework_of
from app.disclosure.firewall import compare
from app.disclosure.index import blocks as block_files
from app.disclosure.index.blocks import merge
from app.disclosure.index.stock import owned_by
from app.disclosure.segment import Segment
from app.domain.errors import Broken, Refusal
from app.domain.proofs import Approval
from app.domain.values import Level
from app.jobs.evaluation import Evaluation, Heartbeat
from app.jobs.records import JobRecord
from app.jobs.worker import run_worker
from app.release.making import make_release
from app.review.voting import Choice, approval, cast, request_review
from app.store.tables import history_segment, output
from tests.disclosure.planted import remove
from tests.disclosure.simulated import Rows, cells, some_rows
from tests.jobs.deployment import Deployment, evaluation


def approved(here: Deployment, casework: Casework, segment: Segment, person: str) -> Approval:
    """The approval of an output with these fingerprints, registered as the worker registers it."""

    def execute(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        found = evaluation(folder, level=Level.L2)
        segment.save(folder / "segment.npz")
        shutil.move(folder / "segment.npz", folder / found.report.segment)
        return found

    job_id = here.queued(person)
    run_worker(here.worker(execute, register=casework.register), drain=True)
    output_id = here.job(job_id).output
    assert output_id is not None
    request_review(here.store, here.actor(person), output_id)
    cast(here.store, here.actor("rev-roads"), output_id, Choice.APPROVE)
    return approval(here.store, output_id)


@pytest.fixture
def casework(here: Deployment) -> Iterator[Casework]:
    with casework_of(here.services) as found:
        yield found


def near_ones(rng: np.random.Generator) -> tuple[Segment, Segment]:
    rows = some_rows(rng, 200)
    return cells([rows]), cells([remove(rng, rows, int(rng.integers(1, 5)))])


@contextmanager
def desks(home: Path, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that release."""
    command = [sys.executable, "-m", "tests.release.release_process", str(home)]
    with ExitStack() as stack:
        started = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(count)
        ]
        yield started
        for process in started:
            assert process.stdin is not None
            process.stdin.close()


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def play(here: Deployment, casework: Casework, rounds: int, parties: int) -> list[list[str]]:
    """What came of each round: `parties` processes release outputs that are near to one another at the same moment."""
    rng, told = np.random.default_rng(1), []
    with desks(here.services.config.home, parties) as started:
        for _ in range(rounds):
            rows = some_rows(rng, 200)
            family = [cells([rows]), *(cells([remove(rng, rows, 1 + i)]) for i in range(parties - 1))]
            for number, (process, segment) in enumerate(zip(started, family, strict=True)):
                _tell(process, approved(here, casework, segment, ("ana", "rita")[number % 2]).output)
            assert [_hear(p) for p in started] == ["ready"] * parties
            for process in started:
                _tell(process, "go")
            told.append(sorted(_hear(p).split()[0] for p in started))
    return told


def test_of_two_near_outputs_released_by_two_processes_at_once_exactly_one_leaves(
    here: Deployment, casework: Casework
) -> None:
    assert play(here, casework, rounds=6, parties=2) == [["refused", "released"]] * 6


@pytest.mark.stress
@pytest.mark.timeout(1800)
def test_of_many_near_outputs_released_at_once_exactly_one_leaves(here: Deployment, casework: Casework) -> None:
    assert play(here, casework, rounds=60, parties=4) == [["refused"] * 3 + ["released"]] * 60


def test_without_the_comparison_under_the_lock_both_would_leave(here: Deployment, casework: Casework) -> None:
    one, other = near_ones(np.random.default_rng(2))
    for segment, person in ((one, "ana"), (other, "rita")):
        assert make_release(here.desk(), here.actor("officer"), approved(here, casework, segment, person))


def test_pending_outputs_of_others_count_at_job_time_and_are_named(here: Deployment, casework: Casework) -> None:
    one, other = near_ones(np.random.default_rng(3))
    pending = approved(here, casework, one, "rita")
    for operator, own in (("rivals", True), ("maps", False)):
        found = compare(other, casework.history(operator))
        assert [(n.release, n.own) for n in found.near] == [(pending.output, own)]
    with here.store.change("authorization:suspended", actor=here.machine(), subject="x") as change:
        change.execute(update(history_segment).values(status="dropped"))
        change.execute(update(output).values(state="rejected"))
    assert compare(other, casework.history("maps")).near == ()


def test_the_fingerprints_of_a_release_are_those_that_were_registered(here: Deployment, casework: Casework) -> None:
    """Whoever changes them in quarantine gets no release of them."""
    rng = np.random.default_rng(4)
    rows: Rows = some_rows(rng, 200)
    first = approved(here, casework, cells([rows]), "ana")
    make_release(here.desk(admit=casework.admit), here.actor("officer"), first)
    second = approved(here, casework, cells([remove(rng, rows, 2)]), "rita")
    with pytest.raises(Refusal) as refused:
        make_release(here.desk(admit=casework.admit), here.actor("officer"), second)
    assert refused.value.code == "firewall-near-release"
    with here.store.reading() as connection:
        folder = (
            here.quarantine
            / connection.execute(select(output.c.folder).where(output.c.id == second.output)).scalar_one()
        )
    cells([some_rows(rng, 200)]).save(folder / "other.npz")
    shutil.move(folder / "other.npz", folder / "segment.bin")
    with pytest.raises((Broken, Refusal)) as altered:
        make_release(here.desk(admit=casework.admit), here.actor("officer"), second)
    assert altered.value.code in {"segment-malformed", "release-table-altered"}


def test_what_is_read_before_the_lock_is_not_read_again_under_it(
    here: Deployment, casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of an index are checked whole once per process: gigabytes, for which no other writer should wait."""
    merge(
        here.services.config.home / "history" / "index",
        [owned_by(near_ones(np.random.default_rng(5))[0], "d")],
        frozenset(),
    )
    read: list[Path] = []
    whole = block_files._hash

    def noted(file: Path) -> str:
        read.append(file)
        return whole(file)

    monkeypatch.setattr(block_files, "_hash", noted)
    casework.look_up()
    once = len(read)
    proof = approved(here, casework, near_ones(np.random.default_rng(6))[0], "ana")
    make_release(here.desk(admit=casework.admit), here.actor("officer"), proof)
    assert once == len(read) == 13
