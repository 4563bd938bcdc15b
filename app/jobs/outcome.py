"""How does a run end? Each ending is one transaction that counts only with the current fence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from app.domain.documents import dataset_to_json
from app.domain.errors import Finding
from app.domain.lifecycles import JOB, OUTPUT
from app.domain.people import Actor
from app.domain.ports import NewId
from app.domain.proofs import Grant
from app.domain.report_json import findings_to_json, report_hash, to_json
from app.domain.rules import told_number
from app.jobs.evaluation import Evaluation, Register
from app.jobs.lease import holds
from app.jobs.quarantine import folder_name, keep_only_results
from app.jobs.records import JobRecord
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import job_lease

ENDINGS = {"fail": "job:failed", "refuse": "job:refused", "cancel": "job:cancelled", "requeue": "job:requeued"}
"""Endings without an output, each with its ledger event."""


@dataclass(frozen=True, kw_only=True)
class Finish:
    """What every finish needs besides the run: the store, the machine as actor, new ids, and the history's door."""

    store: Store
    machine: Actor
    new_id: NewId
    register: Register


def begin_checking(store: Store, machine: Actor, record: JobRecord) -> None:
    """The query has run; its result is being checked."""
    with store.change("job:run_finished", actor=machine, subject=record.id) as change:
        change.move(JOB, record.id, "check", only_if=holds(record))


def finish(door: Finish, record: JobRecord, evaluation: Evaluation, folder: Path, *, checking: bool) -> str:
    """The run gave a result that people may review: writes the output, in quarantine; answers its id.

    `checking` says whether the job has reached that state already. Raises what `Register` raises; Unavailable or
    Refusal for which `is_lost` holds when the fence is not ours any more; Broken("job-result-outside").
    """
    files = keep_only_results(folder, evaluation.report)
    kept = to_json(evaluation.report, salt=f"{door.new_id('salt')}-{door.new_id('salt')}")
    output, digest = door.new_id("output"), report_hash(kept)
    details: dict[str, object] = {"output": output, "report_hash": digest}
    with door.store.change("job:sent_to_review", actor=door.machine, subject=record.id, details=details) as change:
        if not checking:
            change.move(JOB, record.id, "check", only_if=holds(record))
        change.move(JOB, record.id, "send_to_review", only_if=holds(record), **_columns(change, evaluation))
        change.create(
            OUTPUT,
            output,
            "quarantine",
            details={"job": record.id, "report_hash": digest, "files": files},
            job_id=record.id,
            authorization_id=record.authorization,
            operator_id=record.operator,
            author=record.author,
            level=evaluation.report.level.value,
            folder=folder_name(record.id, record.fence),
            files=files,
            report=kept,
            report_hash=digest,
            reviewers_needed=evaluation.reviewers,
            created_at=change.at,
            updated_at=change.at,
        )
        door.register(change, output, evaluation.report, folder)
        _release_lease(change, record)
    return output


def end(store: Store, machine: Actor, record: JobRecord, ending: str, findings: Sequence[Finding]) -> None:
    """End the run without an output (`ending` of `ENDINGS`), with what its author is to know."""
    details: dict[str, object] = {"codes": sorted({f.code for f in findings})}
    with store.change(ENDINGS[ending], actor=machine, subject=record.id, details=details) as change:
        kept: dict[str, Any] = (
            {} if ending == "requeue" else {"findings": findings_to_json(findings), "finished_at": change.at}
        )
        change.move(JOB, record.id, ending, only_if=holds(record), **kept)
        _release_lease(change, record)


def _columns(change: Change, evaluation: Evaluation) -> dict[str, Any]:
    report, grant = evaluation.report, evaluation.grant
    return {
        "result": {
            "rows": report.rows,
            "suppressed": told_number(report.suppressed),
            "stopped_by_firewall": told_number(report.stopped_by_firewall),
            "decision": report.decision.value,
            "usage": dict(evaluation.usage),
            "execution": dict(evaluation.execution),
        },
        "findings": findings_to_json(report.reasons),
        "analysis": _analysis(grant),
        "decision": [{**asdict(d.use), "allowed": d.allowed, "rules": list(d.rules)} for d in grant.decisions],
        "policy_version": report.policy_version,
        "plan_hash": report.plan_hash,
        "finished_at": change.at,
    }


def _analysis(grant: Grant) -> dict[str, object]:
    analysis = grant.analysis
    return {
        "level": analysis.level.value,
        "datasets": [dataset_to_json(d) for d in analysis.datasets],
        "uses": [asdict(u) for u in analysis.uses],
        "reasons": findings_to_json(analysis.reasons),
    }


def _release_lease(change: Change, record: JobRecord) -> None:
    ours = (job_lease.c.job_id == record.id, job_lease.c.fence == record.fence)
    change.execute(delete(job_lease).where(*ours))
