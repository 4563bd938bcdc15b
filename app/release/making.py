"""May this output leave, and does it leave exactly once? From an approval to a signed bundle.

The bundle is written aside first; one transaction then moves the output, registers its history and names the bundle's
hash; only after that the file gets its name. Whatever dies in between leaves either nothing released, or a release
whose file `app.release.records.bundle_file` puts in its place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError

from app.domain.documents import dataset_from_json
from app.domain.errors import Refusal, SluiceError
from app.domain.lifecycles import OUTPUT
from app.domain.people import Actor
from app.domain.ports import NewId
from app.domain.proofs import Approval, CheckReport
from app.domain.report_json import for_operator, from_json, report_hash
from app.domain.template_runs import template_run_from_json
from app.domain.times import stamp
from app.ledger import journal
from app.ledger.proof import prove_entry
from app.release.archive import sha256, write_archive
from app.release.dictionary import dictionary
from app.release.envelope import seal
from app.release.statement import Claims, statement
from app.release.table_files import write_csv
from app.release.verify import MANIFEST
from app.store.changes import Change
from app.store.sessions import Store
from app.store.standing import ended_state
from app.store.tables import job, output, release

Admit = Callable[[Change, str, CheckReport, Path], None]
"""Holds an output against all that left or is about to, and registers it as released: (change, output, report, folder
of its files). Runs in the transaction of the release, which holds the only right to write; may raise Refusal."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a release needs from outside.

    `checkpoint` signs the ledger as it stands, `verifier` is that key's public
    half; `key` signs bundles. `quarantine` and `releases` are folders of the home.
    """

    store: Store
    new_id: NewId
    quarantine: Path
    releases: Path
    key: Ed25519PrivateKey
    checkpoint: Callable[[], str]
    verifier: str
    admit: Admit


@dataclass(frozen=True, kw_only=True)
class _Case:
    """The output to release, with its job and report."""

    row: Row[Any]
    job: Row[Any]
    report: CheckReport
    folder: Path


def make_release(desk: Desk, actor: Actor, approval: Approval, *, recipient: str | None = None) -> str:
    """Release the output of `approval` to `recipient` (default: its operator); answers the release's id.

    Raises Refusal: "not-permitted", "release-not-approved", "release-already-made", "release-approval-mismatch",
    "release-table-altered", "release-authorization-ended", and what `Admit` raises.
    """
    actor.require("output:release")
    case = _case(desk, approval)
    release_id = desk.new_id("release")
    desk.releases.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = desk.releases / f"{release_id}.pending"
    try:
        envelope = _write_bundle(desk, case, approval, aside, release_id, recipient or case.row.operator_id)
        digest = sha256(aside)
        details = {"output": approval.output, "sha256": digest, "recipient": recipient or case.row.operator_id}
        with desk.store.change("release:bundled", actor=actor, subject=release_id, details=details) as change:
            _commit(desk, change, case, release_id, digest, envelope, details["recipient"])
    except (SluiceError, IntegrityError) as error:
        aside.unlink(missing_ok=True)
        raise _why(desk, approval, error) from error
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    aside.rename(desk.releases / f"{release_id}.zip")
    return release_id


def _case(desk: Desk, approval: Approval) -> _Case:
    with desk.store.reading() as connection:
        row = connection.execute(select(output).where(output.c.id == approval.output)).one_or_none()
        if row is None:
            raise Refusal("not-found", thing="output", id=approval.output)
        job_row = connection.execute(select(job).where(job.c.id == row.job_id)).one()
    if row.state != "approved":
        code = "release-already-made" if row.state in {"released", "recalled"} else "release-not-approved"
        raise Refusal(code, output=row.id, state=row.state)
    if not approval.report_hash == row.report_hash == report_hash(row.report):
        raise Refusal("release-approval-mismatch", output=row.id)
    folder = desk.quarantine / row.folder
    for name, digest in row.files.items():
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise Refusal("release-table-altered", output=row.id)
    return _Case(row=row, job=job_row, report=from_json(row.report), folder=folder)


def _write_bundle(
    desk: Desk, case: _Case, approval: Approval, target: Path, release_id: str, recipient: str
) -> dict[str, Any]:
    """Write the bundle to `target`, on disk before it is named; answers its signed envelope."""
    table = case.folder / Path(case.report.table).name
    csv_file = target.with_suffix(".csv")
    run = template_run_from_json(case.job.parameters.get("template"))
    template = run.told() if run else None
    try:
        write_csv(table, csv_file)
        datasets = tuple(dataset_from_json(d) for d in case.job.analysis["datasets"])
        files: dict[str, bytes | Path] = {
            "data.csv": csv_file,
            "data.parquet": table,
            "dictionary.json": _readable(dictionary(case.report.columns, datasets)),
            "report.json": _readable({**for_operator(case.report), **({"template": template} if template else {})}),
        }
        claims = Claims(
            bundle=release_id,
            output=case.row.id,
            job=case.row.job_id,
            authorization=case.row.authorization_id,
            recipient=recipient,
            created=stamp(desk.store.clock()),
            datasets=tuple((d.name, d.code, d.version) for d in datasets),
            plan_hash=case.report.plan_hash,
            policy_version=case.report.policy_version,
            report_hash=case.row.report_hash,
            reproducible=bool(case.job.parameters["reproducible"]),
            execution=case.job.result.get("execution", {}),
            template=template,
            checks=for_operator(case.report),
            votes=approval.votes,
            approval=_proof(desk, case.row.id),
        )
        envelope = seal(statement(claims, {name: sha256(content) for name, content in files.items()}), desk.key)
        write_archive(target, {MANIFEST: envelope, **files})
    finally:
        csv_file.unlink(missing_ok=True)
    _to_disk(target)
    kept: dict[str, Any] = json.loads(envelope)
    return kept


def _proof(desk: Desk, output_id: str) -> dict[str, Any]:
    """That the approval of the output stands in the ledger, under a fresh checkpoint."""
    note = desk.checkpoint()
    with desk.store.reading() as connection:
        entries = list(journal.entries(connection, subject=output_id, event="output:approved"))
        if not entries:
            raise Refusal("release-approval-unrecorded", output=output_id)
        return prove_entry(connection, entries[-1].index, note, desk.verifier)


def _commit(
    desk: Desk, change: Change, case: _Case, release_id: str, digest: str, envelope: dict[str, Any], recipient: str
) -> None:
    authorization = case.row.authorization_id
    ended = ended_state(change.connection, authorization, change.at)
    if ended is not None:
        raise Refusal("release-authorization-ended", authorization=authorization, state=ended)
    same = (output.c.report_hash == case.row.report_hash,)
    change.move(OUTPUT, case.row.id, "release", only_if=same, details={"release": release_id})
    desk.admit(change, case.row.id, case.report, case.folder)
    change.execute(
        insert(release).values(
            id=release_id,
            output_id=case.row.id,
            authorization_id=authorization,
            operator_id=case.row.operator_id,
            bundle=f"{release_id}.zip",
            bundle_sha256=digest,
            manifest=envelope,
            recipient=recipient,
            released_by=change.actor.id,
            created_at=change.at,
        )
    )


def _why(desk: Desk, approval: Approval, error: SluiceError | IntegrityError) -> Exception:
    """The error to show: that somebody else released the output meanwhile, or `error` itself."""
    with desk.store.reading() as connection:
        made = connection.execute(select(release.c.id).where(release.c.output_id == approval.output)).first()
    return error if made is None else Refusal("release-already-made", output=approval.output)


def _readable(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _to_disk(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
