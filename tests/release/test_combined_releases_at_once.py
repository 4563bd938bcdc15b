"""Of two outputs from which together, with what left, one person follows: does just one leave, whoever is first?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app import bootstrap, combining
from app.casework import Casework
from app.cli.jobs import casework_of
from app.cli.main import sluice
from app.combining import written
from app.disclosure.partition.versions import key_of
from app.domain.errors import Broken, Refusal
from app.domain.proofs import Approval, PartitionOutline
from app.domain.values import Level
from app.jobs.evaluation import Evaluation, Heartbeat
from app.jobs.records import JobRecord
from app.jobs.worker import run_worker
from app.release.making import make_release
from app.review.voting import Choice, approval, cast, request_review
from app.store.tables import history_partition, output
from tests.disclosure.simulated import cells, some_rows
from tests.jobs.deployment import Deployment, evaluation
from tests.release.test_near_releases_at_once import _hear, _tell, desks

ROWS, K = 40, 5
EVERYONE = range(ROWS)
LEFT, RIGHT = range(ROWS // 2 + 1), range(ROWS // 2, ROWS)
"""Two parts that have one person in common."""


def _outline(round_number: int) -> PartitionOutline:
    return PartitionOutline(
        number=0, dataset="person", version=str(round_number), unit="person", field="", k=K, cells=1
    )


def _files(folder: Path, outline: PartitionOutline, rows: range) -> tuple[str, ...]:
    """What a run that counts `rows` leaves."""
    members = {"row": list(rows), "unit": [r + 1 for r in rows], "class": [1] * len(rows)}
    pq.write_table(pa.table({n: pa.array(v, pa.uint32()) for n, v in members.items()}), folder / "members_0.parquet")
    cell = {"class": 1, "frontier": 0, "cell": 1, "measure": -1, "piece": 1}
    pq.write_table(pa.table({n: pa.array([v], pa.int32()) for n, v in cell.items()}), folder / "classes_0.parquet")
    return written([outline], folder)


def approved(here: Deployment, casework: Casework, rows: range, person: str, number: int) -> Approval:
    """The approval of an output that counts `rows`; its fingerprints are near to nobody's."""
    chance = np.random.default_rng([number, len(rows), rows.start])

    def execute(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        found = evaluation(folder, level=Level.L2)
        cells([some_rows(chance, 200)]).save(folder / "segment.npz")
        shutil.move(folder / "segment.npz", folder / found.report.segment)
        return replace(found, report=replace(found.report, partitions=_files(folder, _outline(number), rows)))

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


def test_of_two_outputs_released_by_two_processes_at_once_exactly_one_leaves(
    here: Deployment, casework: Casework
) -> None:
    told = []
    with desks(here.services.config.home, 2) as started:
        for number in range(4):
            first = approved(here, casework, EVERYONE, "ana", number)
            make_release(here.desk(admit=casework.admit), here.actor("officer"), first)
            for process, rows, person in zip(started, (LEFT, RIGHT), ("ana", "rita"), strict=True):
                _tell(process, approved(here, casework, rows, person, number).output)
            assert [_hear(p) for p in started] == ["ready"] * 2
            for process in started:
                _tell(process, "go")
            told.append(sorted(_hear(p) for p in started))
    assert [(one, other.split()[0]) for one, other in told] == [("refused firewall-combination", "released")] * 4


def test_without_the_audit_both_would_leave(here: Deployment, casework: Casework) -> None:
    for rows in (EVERYONE, LEFT, RIGHT):
        assert make_release(here.desk(), here.actor("officer"), approved(here, casework, rows, "ana", 9))


def test_what_was_prepared_before_another_release_is_made_again_under_the_lock(
    here: Deployment, casework: Casework
) -> None:
    proofs = [approved(here, casework, rows, "ana", 7) for rows in (EVERYONE, LEFT, RIGHT)]
    desk = here.desk(admit=casework.admit, prepare=casework.prepare)
    make_release(desk, here.actor("officer"), proofs[0])
    with here.store.reading() as connection:
        name = connection.execute(select(output.c.folder).where(output.c.id == proofs[2].output)).scalar_one()
    folder = here.quarantine / name
    casework.prepare(proofs[2].output, folder)
    ahead = casework.prepared[proofs[2].output]
    make_release(desk, here.actor("officer"), proofs[1])
    late = here.desk(admit=casework.admit)
    casework.prepared[proofs[2].output] = ahead
    with pytest.raises(Refusal) as refused:
        make_release(late, here.actor("officer"), proofs[2])
    assert refused.value.code == "firewall-combination"
    releases = dict(refused.value.findings[0].params)["releases"]
    assert {p.output for p in proofs} == set(releases.split(", "))


def test_each_release_registers_the_partition_that_it_leaves_and_a_damaged_one_stops_the_next(
    here: Deployment, casework: Casework
) -> None:
    first = approved(here, casework, EVERYONE, "ana", 5)
    make_release(here.desk(admit=casework.admit, prepare=casework.prepare), here.actor("officer"), first)
    with here.store.reading() as connection:
        rows = connection.execute(select(history_partition)).all()
    assert [(r.key, r.number, r.output_id) for r in rows] == [(key_of(_outline(5)), 1, first.output)]
    held = casework.history("maps").partitions[key_of(_outline(5))]
    assert held.partition().releases == (first.output,)
    held.rows.write_bytes(held.rows.read_bytes()[:-1])
    second = approved(here, casework, LEFT, "ana", 5)
    with pytest.raises(Broken) as damaged:
        make_release(here.desk(admit=casework.admit), here.actor("officer"), second)
    assert damaged.value.code == "partition-malformed"


def test_the_history_is_audited_on_demand_and_what_follows_gives_an_exit_code(
    here: Deployment, casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "services", lambda: here.services)
    ask = ["history", "audit", "--as", "regulator", "--json"]
    assert CliRunner().invoke(sluice, ask).output == "[]\n"
    for rows in (EVERYONE, LEFT):
        proof = approved(here, casework, rows, "ana", 3)
        make_release(here.desk(admit=casework.admit), here.actor("officer"), proof)
    told = CliRunner().invoke(sluice, ask)
    (row,) = json.loads(told.output)
    assert (told.exit_code, row["dataset"], row["field"], row["verdict"]) == (0, "person", "count", "certified")
    assert (row["releases"], row["cells"], row["classes"], row["smallest"], row["k"]) == (2, 2, 2, ROWS - len(LEFT), K)
    with monkeypatch.context() as off:
        off.setattr(combining, "audited", lambda *_: None)
        make_release(here.desk(admit=casework.admit), here.actor("officer"), approved(here, casework, RIGHT, "ana", 3))
    told = CliRunner().invoke(sluice, ask)
    (row,) = json.loads(told.output)
    assert (told.exit_code, row["verdict"], row["smallest"]) == (4, "firewall-combination", 1)


def test_the_outline_is_kept_as_it_is(tmp_path: Path) -> None:
    _files(tmp_path, _outline(1), EVERYONE)
    assert json.loads((tmp_path / "partitions.json").read_text()) == [asdict(_outline(1))]
