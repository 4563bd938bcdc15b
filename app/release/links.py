"""How does a recipient fetch a bundle, once? By a link whose token only its holder knows; here only its hash is kept.

A release has one link that works at a time: a new one makes the earlier ones void. Looking does not use a link up, so
that a preview in a mail program costs nothing. Who fetches is on the ledger: the recipient that the release names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from app.domain.errors import Refusal, Unavailable
from app.domain.people import Actor
from app.domain.ports import NewId
from app.domain.times import moment, stamp
from app.release.archive import sha256
from app.release.records import ReleaseRecord, bundle_file, load
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import release, release_link

MAX_HOURS = 14 * 24
TOKEN_BYTES = 32
MAX_TOKEN = 200
"""Characters; a text that is longer is no token and is not even hashed."""

NewToken = Callable[[int], str]
"""Answers a new secret of so many random bytes, as text that a link can hold: `secrets.token_urlsafe`."""


@dataclass(frozen=True, kw_only=True)
class NewLink:
    """A link that was just made; its `token` is told here and never again."""

    id: str
    release: str
    recipient: str
    token: str
    expires_at: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What the holder of a token may fetch, and until when."""

    link: str
    record: ReleaseRecord
    expires_at: str

    def to_json(self) -> dict[str, str]:
        """The offer as plain data."""
        record = self.record
        return {
            "release": record.id,
            "recipient": record.recipient,
            "operator": record.operator,
            "sha256": record.sha256,
            "released_at": record.created_at,
            "expires_at": self.expires_at,
        }


def make_link(
    store: Store, actor: Actor, release_id: str, *, hours: int, new_id: NewId, new_token: NewToken
) -> NewLink:
    """A link to fetch the release once within `hours` (1 to `MAX_HOURS`); earlier ones become void.

    For the release desk, and for people of the operator or the recipient who may fetch. Raises Refusal:
    "release-unknown" (to whom it is none of theirs), "not-permitted", "release-recalled".
    """
    with store.reading() as connection:
        record = load(connection, release_id)
    if actor.organization in {record.operator, record.recipient}:
        actor.require("release:fetch")
    elif not actor.may("output:release"):
        raise Refusal("release-unknown", release=release_id)
    link, token = new_id("link"), new_token(TOKEN_BYTES)
    details = {"link": link, "recipient": record.recipient}
    with store.change("release:linked", actor=actor, subject=release_id, details=details) as change:
        _check_state(load(change.connection, release_id))
        expires = stamp(moment(change.at) + timedelta(hours=min(max(hours, 1), MAX_HOURS)))
        change.record("release:linked", subject=release_id, details={"expires_at": expires})
        make_void(change, release_id)
        change.execute(
            insert(release_link).values(
                id=link,
                release_id=release_id,
                token_sha256=_hash(token),
                created_by=actor.id,
                created_at=change.at,
                expires_at=expires,
            )
        )
    return NewLink(id=link, release=release_id, recipient=record.recipient, token=token, expires_at=expires)


def look(connection: Connection, token: str, at: str) -> Offer:
    """What `token` offers at the moment `at`; nothing is used up.

    Raises Refusal: "link-unknown", "link-used", "link-void", "link-expired", "release-recalled".
    """
    row = _row(connection, token)
    record = load(connection, row.release_id)
    _check_state(record)
    if row.used_at is not None:
        raise Refusal("link-used", at=row.used_at)
    if row.void_at is not None:
        raise Refusal("link-void", at=row.void_at)
    if row.expires_at <= at:
        raise Refusal("link-expired", at=row.expires_at)
    return Offer(link=row.id, record=record, expires_at=row.expires_at)


def redeem(store: Store, actor: Actor, token: str, releases: Path) -> tuple[Offer, Path]:
    """Use `token` up and answer the bundle that it was for, to be handed to its holder.

    Whoever is second of two at the same moment is refused. Raises what `look` raises, and
    Unavailable("release-bundle-missing") when the file is not the one that was released; then the link still works.
    """
    actor.require("release:fetch")
    with store.reading() as connection:
        offer = look(connection, token, stamp(store.clock()))
    bundle = bundle_file(offer.record, releases)
    if not bundle.is_file() or sha256(bundle) != offer.record.sha256:
        raise Unavailable("release-bundle-missing", release=offer.record.id)
    details = {"link": offer.link, "recipient": offer.record.recipient, "sha256": offer.record.sha256}
    with store.change("release:fetched", actor=actor, subject=offer.record.id, details=details) as change:
        look(change.connection, token, change.at)
        mine = (release_link.c.id == offer.link, release_link.c.used_at.is_(None), release_link.c.void_at.is_(None))
        if change.execute(update(release_link).where(*mine).values(used_at=change.at)).rowcount != 1:
            raise Refusal("link-used", at=change.at)
        change.execute(update(release).where(release.c.id == offer.record.id).values(fetched_at=change.at))
    return offer, bundle


def make_void(change: Change, release_id: str) -> None:
    """Let no link of the release work any more."""
    unused = (release_link.c.release_id == release_id, release_link.c.used_at.is_(None))
    change.execute(update(release_link).where(*unused, release_link.c.void_at.is_(None)).values(void_at=change.at))


def _check_state(record: ReleaseRecord) -> None:
    if record.state != "released":
        raise Refusal(
            "release-recalled", release=record.id, at=record.recalled_at or "-", reason=record.recall_reason or "-"
        )


def _row(connection: Connection, token: str) -> Row[Any]:
    row = None
    if 0 < len(token) <= MAX_TOKEN:
        row = connection.execute(select(release_link).where(release_link.c.token_sha256 == _hash(token))).one_or_none()
    if row is None:
        raise Refusal("link-unknown")
    return row


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
