"""What was taken back, and how does a recipient learn of it, also one that is offline?

A recall stops every way to fetch, is noticed to the recipient until somebody there acknowledges it, and stands in a
signed list that `sluice verify --recalled` holds a bundle against.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, update

from app.domain.errors import Invalid, Refusal
from app.domain.lifecycles import OUTPUT
from app.domain.people import Actor
from app.domain.times import stamp
from app.release.archive import sha256
from app.release.envelope import canonical, open_sealed, seal
from app.release.links import make_void
from app.release.receipt import Notary, check_signed, proved
from app.release.records import ReleaseRecord, load, recalled
from app.release.statement import predicate_of, statement_of, subjects_of
from app.release.trust import Trusted
from app.signing.suites import PrivateKey
from app.store.sessions import Store
from app.store.tables import release

KIND = "urn:sluice:recalls:v1"
LISTED = "release:recalls_listed"
SUBJECT = "recalls"
LIST_FILE = "recalls.json"
MAX_LIST_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Recalls:
    """Every release that was recalled when the list was signed: hash of the bundle → what is said of it."""

    issued: str
    releases: Mapping[str, Mapping[str, Any]]

    def check(self, bundle: Path, release_id: object) -> None:
        """Raise Refusal("bundle-recalled") when the bundle, or the release it says to be, is on the list."""
        digest = sha256(bundle)
        for found, said in self.releases.items():
            if found == digest or said["release"] == release_id:
                raise Refusal("bundle-recalled", release=said["release"], at=said["recalled_at"], reason=said["reason"])


def recall(store: Store, actor: Actor, release_id: str, reason: str) -> ReleaseRecord:
    """Take a release back: no link works any more, and its recipient has a notice.

    Raises Refusal: "release-unknown", "not-permitted", "transition-impossible" when it is recalled already; Invalid
    "recall-reason-missing".
    """
    if not reason.strip():
        raise Invalid("recall-reason-missing")
    with store.reading() as connection:
        record = load(connection, release_id)
    details = {"release": release_id, "recipient": record.recipient, "reason": reason}
    with store.change("output:recalled", actor=actor, subject=record.output, details=details) as change:
        change.move(OUTPUT, record.output, "recall")
        make_void(change, release_id)
        change.execute(
            update(release)
            .where(release.c.id == release_id)
            .values(recalled_at=change.at, recall_reason=reason, acknowledged_at=None)
        )
        return load(change.connection, release_id)


def notices(connection: Connection, organization: str) -> list[ReleaseRecord]:
    """The recalls that `organization`, as operator or recipient, has not acknowledged yet."""
    return [
        record
        for record in recalled(connection)
        if organization in {record.operator, record.recipient} and record.acknowledged_at is None
    ]


def acknowledge(store: Store, actor: Actor, release_id: str) -> ReleaseRecord:
    """Say for the operator or the recipient that the recall is known; answers the release.

    Raises Refusal: "release-unknown" (to others, too), "not-permitted", "recall-nothing-to-acknowledge".
    """
    with store.reading() as connection:
        record = load(connection, release_id)
    if actor.organization not in {record.operator, record.recipient}:
        raise Refusal("release-unknown", release=release_id)
    actor.require("release:fetch")
    details = {"organization": actor.organization}
    with store.change("release:recall_acknowledged", actor=actor, subject=release_id, details=details) as change:
        open_notice = (release.c.id == release_id, release.c.recalled_at.is_not(None))
        changed = change.execute(
            update(release).where(*open_notice, release.c.acknowledged_at.is_(None)).values(acknowledged_at=change.at)
        )
        if changed.rowcount != 1:
            raise Refusal("recall-nothing-to-acknowledge", release=release_id)
        return load(change.connection, release_id)


def sign_list(notary: Notary, actor: Actor, keys: tuple[PrivateKey, ...]) -> bytes:
    """The signed list of everything that is recalled now, as the bytes of its file."""
    store = notary.store
    with store.reading() as connection:
        found = [_said(record) for record in recalled(connection)]
    subjects = {f"{said['release']}.zip": said["sha256"] for said in found}
    predicate = {"issued": stamp(store.clock()), "recalls": found}
    envelope = seal(statement_of(KIND, subjects, predicate), keys)
    entry = notary.record(actor, envelope, keys, LISTED, SUBJECT)
    return canonical({"envelope": json.loads(envelope), "receipt": notary.prove(entry)[0]})


def read_list(file: Path, trusted: Trusted) -> Recalls:
    """The list in `file`, when it holds under the `trusted` keys.

    Raises Invalid("recall-list-invalid") with the code of what is wrong.
    """
    try:
        if file.stat().st_size > MAX_LIST_BYTES:
            raise ValueError("too large")
        return _opened(json.loads(file.read_bytes()), trusted)
    except Invalid as error:
        raise Invalid("recall-list-invalid", file=file.name, why=error.code) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Invalid("recall-list-invalid", file=file.name, why="unreadable") from error


def _opened(body: Mapping[str, Any], trusted: Trusted) -> Recalls:
    opened = open_sealed(canonical(body["envelope"]), trusted.release)
    subjects = subjects_of(opened.body, KIND)
    predicate = predicate_of(opened.body)
    check_signed(proved(body["receipt"], trusted.ledger), opened, LISTED, SUBJECT)
    releases = {str(said["sha256"]): said for said in predicate["recalls"]}
    if set(releases) != set(subjects.values()):
        raise ValueError("a list that does not agree with itself")
    return Recalls(issued=str(predicate["issued"]), releases=releases)


def _said(record: ReleaseRecord) -> dict[str, str]:
    return {
        "release": record.id,
        "sha256": record.sha256,
        "recalled_at": record.recalled_at or "",
        "reason": record.recall_reason or "",
    }
