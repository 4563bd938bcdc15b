"""A job is taken in for an own authorization in force, and refused with reasons when its check says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import Broken, Finding, Invalid, Refusal, Unavailable
from app.domain.sql_text import MAX_BYTES
from app.domain.values import Position
from app.jobs.records import JobRecord, listed
from app.jobs.submission import check_enterprise_files, decide, may_see, submitted
from tests.jobs.deployment import SQL, Deployment


def code_of(caught: pytest.ExceptionInfo[Refusal | Invalid]) -> str:
    return caught.value.code


def test_a_submitted_job_is_on_the_ledger_without_its_text(here: Deployment) -> None:
    job = here.job(here.submitted())
    assert (job.state, job.operator, job.author, job.revision, job.sql) == ("submitted", "maps", "ana", 1, SQL)
    assert here.events(job.id) == ["job:drafted", "job:submitted"]
    assert submitted(here.store) == [job.id]


def test_another_operators_authorization_is_refused_as_if_it_did_not_exist(here: Deployment) -> None:
    with pytest.raises(Refusal) as foreign:
        here.submitted("ana", authorization="auth-rivals")
    with pytest.raises(Refusal) as missing:
        here.submitted("ana", authorization="auth-none")
    assert code_of(foreign) == code_of(missing) == "job-foreign-authorization"


@pytest.mark.parametrize("state", ["suspended", "revoked", "awaiting_signature", "expired"])
def test_an_authorization_that_is_not_in_force_is_refused(here: Deployment, state: str) -> None:
    here.set_authorization(state)
    with pytest.raises(Refusal) as caught:
        here.submitted()
    assert code_of(caught) == "job-authorization-ended"


def test_only_analysts_submit(here: Deployment) -> None:
    with pytest.raises(Refusal) as caught:
        here.submitted("rev-roads", authorization="auth-maps")
    assert code_of(caught) in {"not-permitted", "job-foreign-authorization"}


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("  \n", "job-sql-empty"),
        ("x" * (MAX_BYTES + 1), "sql-too-long"),
        ("é" * (MAX_BYTES // 2 + 1), "sql-too-long"),
        ("SELECT 1\0", "sql-syntax"),
        ("SELECT '\udcff'", "sql-syntax"),
    ],
)
def test_a_text_that_cannot_be_a_query_is_not_taken_in(here: Deployment, sql: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        here.submitted(sql=sql)
    assert code_of(caught) == code


def test_each_change_of_sql_is_a_new_version_of_an_own_job(here: Deployment) -> None:
    first = here.submitted()
    second = here.job(here.submitted("ben", revises=first, sql=SQL + " LIMIT 5"))
    assert (second.revision, second.revises) == (2, first)
    with pytest.raises(Refusal) as caught:
        here.submitted("rita", revises=first)
    assert code_of(caught) == "job-foreign-revision"
    with here.store.reading() as connection:
        assert {j.id for j in listed(connection, operator="maps")} == {first, second.id}


def test_a_refusal_keeps_code_place_and_field_for_the_author(here: Deployment) -> None:
    finding = Finding(code="job-sql-empty", dataset="flights", field="tailnum", position=Position(line=2, column=9))

    def no(_: JobRecord) -> None:
        raise Refusal(finding)

    job = decide(here.store, here.machine(), here.submitted(), no)
    assert (job.state, job.findings) == ("refused", (finding,))
    assert here.events(job.id)[-1] == "job:refused"
    assert decide(here.store, here.machine(), job.id, lambda _: None).state == "refused"


@pytest.mark.parametrize("kind", [Unavailable, Broken])
def test_our_own_trouble_leaves_the_job_submitted(here: Deployment, kind: type[Exception]) -> None:
    def trouble(_: JobRecord) -> None:
        raise kind("job-sql-empty")

    job = here.submitted()
    with pytest.raises(kind, match="no SQL"):
        decide(here.store, here.machine(), job, trouble)
    assert here.job(job).state == "submitted"


def test_an_enterprise_file_that_changed_after_submission_is_noticed(here: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "stations.csv"
    file.write_text("id\n1\n")
    job = here.job(here.submitted(enterprise={"tow_station": file}))
    check_enterprise_files(job)
    file.write_text("id\n2\n")
    with pytest.raises(Invalid) as caught:
        check_enterprise_files(job)
    assert code_of(caught) == "job-enterprise-changed"
    with pytest.raises(Invalid) as missing:
        here.submitted(enterprise={"tow_station": tmp_path / "none.csv"})
    assert code_of(missing) == "job-enterprise-unreadable"


def test_another_operator_cannot_look_at_a_job(here: Deployment) -> None:
    job = here.job(here.submitted())
    may_see(here.actor("ben"), job)
    with pytest.raises(Refusal):
        may_see(here.actor("rita"), job)
