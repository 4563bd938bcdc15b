"""May this output leave, and does it leave exactly once? From an approval to a signed bundle.

The bundle is written aside first: its statement is signed, the ledger takes up that it was, and the proof goes into the
bundle. One transaction then moves the output, registers its history and names the bundle's hash; only after that the
file gets its name. Whatever dies in between leaves either nothing released, or a release whose file
`app.release.records.bundle_file` puts in its place.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from app.release.archive import sha256, write_archive
from app.release.contents import Contents, Occasion, write_contents
from app.release.envelope import canonical, seal
from app.release.receipt import SIGNED, Notary
from app.release.statement import Claims, statement
from app.release.verify import MANIFEST, RECEIPT
from app.signing.suites import PrivateKey
from app.store.changes import Change
from app.store.sessions import Store
from app.store.standing import ended_state
from app.store.tables import authorization, job, output, release

Admit = Callable[[Change, str, CheckReport, Path], None]
"""Holds an output against all that left or is about to, and registers it as released: (change, output, report, folder
of its files). Runs in the transaction of the release, which holds the only right to write; may raise Refusal."""

Prepare = Callable[[str, Path], None]
"""Does ahead what `Admit` would take long for while it holds the right to write: (output, folder of its files)."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a release needs from outside.

    `keys` are those that sign now, see `app.identity.signing_keys.signers`; `notary` puts on the ledger that they did.
    `quarantine` and `releases` are folders of the home.
    """

    store: Store
    new_id: NewId
    quarantine: Path
    releases: Path
    keys: tuple[PrivateKey, ...]
    notary: Notary
    admit: Admit
    prepare: Prepare = lambda _output, _folder: None


@dataclass(frozen=True, kw_only=True)
class _Case:
    """The output to release, with its job, its report and the recipients whom its authorization names."""

    row: Row[Any]
    job: Row[Any]
    report: CheckReport
    folder: Path
    recipients: tuple[str, ...]


def make_release(desk: Desk, actor: Actor, approval: Approval, *, recipient: str | None = None) -> str:
    """Release the output of `approval` to `recipient` (default: its operator); answers the release's id.

    Raises Refusal: "not-permitted", "release-not-approved", "release-already-made", "release-approval-mismatch",
    "release-table-altered", "release-recipient-unnamed", "release-authorization-ended", and what `Admit` raises.
    """
    actor.require("output:release")
    case = _case(desk, approval)
    release_id = desk.new_id("release")
    occasion = _occasion(desk, case, release_id, _recipient(case, recipient))
    desk.releases.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside, parts = desk.releases / f"{release_id}.pending", desk.releases / f"{release_id}.parts"
    try:
        parts.mkdir(mode=0o700)
        desk.prepare(case.row.id, case.folder)
        envelope = _write_bundle(desk, actor, case, approval, occasion, parts, aside)
        _commit(desk, actor, case, occasion, sha256(aside), envelope)
    except (SluiceError, IntegrityError) as error:
        aside.unlink(missing_ok=True)
        raise _why(desk, approval, error) from error
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    aside.rename(desk.releases / f"{release_id}.zip")
    return release_id


def _case(desk: Desk, approval: Approval) -> _Case:
    with desk.store.reading() as connection:
        row = connection.execute(select(output).where(output.c.id == approval.output)).one_or_none()
        if row is None:
            raise Refusal("not-found", thing="output", id=approval.output)
        job_row = connection.execute(select(job).where(job.c.id == row.job_id)).one()
        scoped = select(authorization.c.scope).where(authorization.c.id == row.authorization_id)
        recipients = tuple(connection.execute(scoped).scalar_one()["recipients"])
    if row.state != "approved":
        code = "release-already-made" if row.state in {"released", "recalled"} else "release-not-approved"
        raise Refusal(code, output=row.id, state=row.state)
    if not approval.report_hash == row.report_hash == report_hash(row.report):
        raise Refusal("release-approval-mismatch", output=row.id)
    folder = desk.quarantine / row.folder
    for name, digest in row.files.items():
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise Refusal("release-table-altered", output=row.id)
    return _Case(row=row, job=job_row, report=from_json(row.report), folder=folder, recipients=recipients)


def _recipient(case: _Case, asked: str | None) -> str:
    """Who gets the bundle: the operator, or one whom the authorization names beside it."""
    operator: str = case.row.operator_id
    named = (operator, *case.recipients)
    if asked is not None and asked not in named:
        raise Refusal("release-recipient-unnamed", recipient=asked, named=", ".join(named))
    return asked or operator


def _occasion(desk: Desk, case: _Case, release_id: str, recipient: str) -> Occasion:
    run = template_run_from_json(case.job.parameters.get("template"))
    return Occasion(
        release=release_id,
        output=case.row.id,
        authorization=case.row.authorization_id,
        operator=case.row.operator_id,
        recipient=recipient,
        watermark=desk.new_id("mark"),
        made=desk.store.clock(),
        report=case.report,
        table=case.folder / Path(case.report.table).name,
        datasets=tuple(dataset_from_json(d) for d in case.job.analysis["datasets"]),
        template=run.told() if run else None,
    )


def _write_bundle(
    desk: Desk, actor: Actor, case: _Case, approval: Approval, occasion: Occasion, parts: Path, target: Path
) -> bytes:
    """Write the bundle to `target`, on disk before it is named; answers its signed envelope."""
    approved = desk.notary.approval(case.row.id)
    contents = write_contents(occasion, parts)
    digests = {name: sha256(content) for name, content in contents.files.items()}
    envelope = seal(statement(_claims(case, approval, occasion, contents), digests), desk.keys)
    signed = desk.notary.record(actor, envelope, desk.keys, SIGNED, occasion.release)
    proofs = dict(zip(("signed", "approval"), desk.notary.prove(signed, approved), strict=True))
    write_archive(target, {MANIFEST: envelope, RECEIPT: canonical(proofs), **contents.files})
    _to_disk(target)
    return envelope


def _claims(case: _Case, approval: Approval, occasion: Occasion, contents: Contents) -> Claims:
    return Claims(
        bundle=occasion.release,
        output=occasion.output,
        job=case.row.job_id,
        authorization=occasion.authorization,
        operator=occasion.operator,
        recipient=occasion.recipient,
        watermark=occasion.watermark,
        created=stamp(occasion.made),
        datasets=tuple((d.name, d.code, d.version) for d in occasion.datasets),
        plan_hash=case.report.plan_hash,
        policy_version=case.report.policy_version,
        report_hash=case.row.report_hash,
        reproducible=bool(case.job.parameters["reproducible"]),
        execution=case.job.result.get("execution", {}),
        template=occasion.template,
        checks=for_operator(case.report),
        omitted=contents.omitted,
        votes=approval.votes,
    )


def _commit(desk: Desk, actor: Actor, case: _Case, occasion: Occasion, digest: str, envelope: bytes) -> None:
    """Everything that is true from the moment the output has left, in one transaction."""
    details = {"output": occasion.output, "sha256": digest, "recipient": occasion.recipient}
    with desk.store.change("release:bundled", actor=actor, subject=occasion.release, details=details) as change:
        ended = ended_state(change.connection, occasion.authorization, change.at)
        if ended is not None:
            raise Refusal("release-authorization-ended", authorization=occasion.authorization, state=ended)
        same = (output.c.report_hash == case.row.report_hash,)
        change.move(OUTPUT, occasion.output, "release", only_if=same, details={"release": occasion.release})
        desk.admit(change, occasion.output, case.report, case.folder)
        change.execute(
            insert(release).values(
                id=occasion.release,
                output_id=occasion.output,
                authorization_id=occasion.authorization,
                operator_id=occasion.operator,
                bundle=f"{occasion.release}.zip",
                bundle_sha256=digest,
                manifest=json.loads(envelope),
                recipient=occasion.recipient,
                watermark=occasion.watermark,
                released_by=change.actor.id,
                created_at=change.at,
            )
        )


def _why(desk: Desk, approval: Approval, error: SluiceError | IntegrityError) -> Exception:
    """The error to show: that somebody else released the output meanwhile, or `error` itself."""
    with desk.store.reading() as connection:
        made = connection.execute(select(release.c.id).where(release.c.output_id == approval.output)).first()
    return error if made is None else Refusal("release-already-made", output=approval.output)


def _to_disk(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
