"""Do hostile jobs and kills leave anything behind, end a job twice or never, or disturb any other job?

The seed of the long soak is SLUICE_SOAK_SEED (1), the number of its jobs SLUICE_SOAK_JOBS (2000).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.jobs.records import ENDED, JobRecord
from app.ledger.export import verify_database
from app.ledger.replay import Trust
from app.store.tables import history_segment, job_lease, output
from tests.stress.soak import Soaked, asked, soak
from tests.stress.soak_crew import Hit
from tests.stress.soak_figures import table
from tests.stress.soak_jobs import EMPTY, KINDS, expected_rows, rows_of
from tests.stress.taken_over import BREACHED

TERMINAL = {"job:sent_to_review", "job:failed", "job:refused", "job:cancelled"}
GROWTH_KIB = {"worker": 32 << 10, "zygote": 2 << 10}
"""How much memory a process may gain between warm and end. A worker fills the page caches of its connections."""


@pytest.mark.stress
@pytest.mark.timeout(4 * 3600)
def test_thousands_of_jobs_among_attacks_and_kills_each_end_once_and_leave_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        done = soak(
            tmp_path, seed=asked("SLUICE_SOAK_SEED", 1), jobs=asked("SLUICE_SOAK_JOBS", 2000), lease=8, say=print
        )
        print(_told(done))
    _check(done)


@pytest.mark.slow
def test_a_few_jobs_among_attacks_and_kills_each_end_once_and_leave_nothing(tmp_path: Path) -> None:
    done = soak(tmp_path, seed=1, jobs=40, lease=3, say=print)
    print(_told(done))
    _check(done)


def _told(done: Soaked) -> str:
    """The figures, the kills and the endings as text."""
    records = _records(done)
    ends = Counter(_ending(record) for record in records.values())
    starts = sum(record.attempts for record in records.values())
    processes = len(list(done.places.notes.iterdir()))
    hit = sum(1 for job_id, planned in done.planned.items() if planned.honest and _was_killed(done, records[job_id]))
    honest = sum(1 for planned in done.planned.values() if planned.honest)
    return "\n".join(
        [
            table(done.figures),
            f"killed: {dict(done.crew.killed)}",
            f"{len(done.planned)} jobs ended after {starts} starts and {processes} processes in {done.seconds:.0f} s",
            f"they ended so: {dict(ends.most_common())}",
            f"{honest} were honest, of which {hit} failed because the driver had killed their process",
            f"lines in the log of the workers: {len(done.places.log.read_text(encoding='utf-8').splitlines())}",
        ]
    )


def _check(done: Soaked) -> None:
    records = _records(done)
    _each_job_ended_once(done, records)
    _honest_jobs_have_their_rows(done, records)
    _hostile_jobs_ended_as_they_must(done, records)
    _nothing_is_left(done, records)


def _records(done: Soaked) -> dict[str, JobRecord]:
    return {job_id: done.deployment.job(job_id) for job_id in done.planned}


def _ending(record: JobRecord) -> str:
    return record.findings[0].code if record.findings else record.state


def _each_job_ended_once(done: Soaked, records: dict[str, JobRecord]) -> None:
    assert {record.state for record in records.values()} <= set(ENDED)
    for job_id in records:
        ends = [event for event in done.deployment.events(job_id) if event in TERMINAL]
        assert len(ends) == 1, (job_id, ends)
    with done.deployment.store.reading() as connection:
        outputs = Counter(connection.execute(select(output.c.job_id)).scalars())
        assert connection.execute(select(func.count()).select_from(job_lease)).scalar_one() == 0
        segments = connection.execute(select(func.count()).select_from(history_segment)).scalar_one()
        verdict = verify_database(connection, Trust(verifier=done.deployment.services.ledger_verifier()))
    assert outputs == Counter(r.id for r in records.values() if r.state == "awaiting_review")
    assert segments == len(outputs)
    assert verdict.fault is None


def _honest_jobs_have_their_rows(done: Soaked, records: dict[str, JobRecord]) -> None:
    honest = {job_id: planned for job_id, planned in done.planned.items() if planned.honest}
    for record in (records[job_id] for job_id in honest):
        assert record.state == "awaiting_review" or _was_killed(done, record), (record.title, record.findings)
    answered = {job_id: planned for job_id, planned in honest.items() if records[job_id].state == "awaiting_review"}
    expected = expected_rows(answered.values(), done.places.source)
    for job_id, rows in zip(answered, expected, strict=True):
        assert rows_of(_result(done, records[job_id])) == rows, (records[job_id].title, records[job_id].sql)


def _was_killed(done: Soaked, record: JobRecord) -> bool:
    """Whether a job failed because its process died, and the driver had killed that very run."""
    return _ending(record) == "child-died" and Hit(job=record.id, fence=record.fence) in done.crew.hits


def _hostile_jobs_ended_as_they_must(done: Soaked, records: dict[str, JobRecord]) -> None:
    for job_id, planned in done.planned.items():
        record, kind = records[job_id], KINDS[planned.kind]
        if planned.honest or _was_killed(done, record):
            continue
        if record.state == "awaiting_review":
            assert EMPTY in kind.codes, planned
            assert rows_of(_result(done, record)) == [], planned
        else:
            assert record.state == "failed", (planned, record.findings)
            assert _ending(record) in kind.codes, (planned, record.findings)
            assert BREACHED not in dict(record.findings[0].params).values(), planned


def _result(done: Soaked, record: JobRecord) -> Path:
    """The file of a job's output, after a look that it is what was recorded."""
    with done.deployment.store.reading() as connection:
        row = connection.execute(select(output).where(output.c.job_id == record.id)).one()
    folder = done.deployment.quarantine / str(row.folder)
    assert {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()} == row.files
    return folder / "output.parquet"


def _nothing_is_left(done: Soaked, records: dict[str, JobRecord]) -> None:
    assert done.places.source.read_bytes() == done.source
    with done.deployment.store.reading() as connection:
        folders = set(connection.execute(select(output.c.folder)).scalars())
    quarantine = done.deployment.quarantine
    assert {str(run.relative_to(quarantine)) for run in quarantine.glob("*/*")} == folders
    assert {job.name for job in quarantine.iterdir()} == {folder.split("/")[0] for folder in folders}
    after, before = done.figures["after"], done.figures["before"]
    for name, count in after.items():
        assert name.startswith("machine:") or count == before[name], (name, count)
    start, warm, end = (done.figures[moment] for moment in ("start", "warm", "end"))
    for name in warm:
        if name.endswith("descriptors"):
            assert end[name] <= start[name], (name, start[name], end[name])
        if name.endswith("KiB"):
            allowed = warm[name] + next(kib for process, kib in GROWTH_KIB.items() if process in name)
            assert end[name] <= allowed, (name, warm[name], end[name])
