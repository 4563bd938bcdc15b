"""Which keys sign releases, and until when? Public halves and periods in the register, secrets in files.

While two keys overlap both sign, so that whoever trusts only the old one or only the new one can verify. A key that is
retired signs no more at once; what it signed before still verifies.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from app.domain.errors import Refusal, Unavailable
from app.domain.people import Actor
from app.domain.times import moment, stamp
from app.identity import keys
from app.identity.register import founder
from app.signing.dated import DatedKey
from app.signing.suites import DEFAULT, PrivateKey, PublicKey, new_key
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import signing_key

MANAGE = "key:manage"
SHORTEST_PREFIX = 8
"""Digits by which a key may be named, when no other key begins with them."""


def listed(connection: Connection) -> tuple[DatedKey, ...]:
    """Every key that ever signed releases, the oldest first."""
    rows = connection.execute(select(signing_key).order_by(signing_key.c.valid_from, signing_key.c.id))
    return tuple(_dated(row) for row in rows)


def signers(connection: Connection, folder: Path, at: str) -> tuple[PrivateKey, ...]:
    """The keys that sign at the moment `at`, the oldest first.

    Raises Unavailable("key-none-in-force"), and what `app.identity.keys.release_key` raises.
    """
    found = tuple(keys.release_key(folder, key.public) for key in listed(connection) if key.in_force(at))
    if not found:
        raise Unavailable("key-none-in-force")
    return found


def create(store: Store, actor: Actor, folder: Path, suite: str) -> DatedKey:
    """A new key of `suite` that signs from now on, beside those that are there.

    Raises Refusal("not-permitted").
    """
    actor.require(MANAGE)
    with _kept(folder, new_key(suite)) as key:
        details = {"suite": suite}
        with store.change("key:created", actor=actor, subject=key.public.id, details=details) as change:
            return _enter(change, key)


def first_key(store: Store, folder: Path) -> tuple[str, ...]:
    """Create the key of a new deployment; answers "release" then, and nothing when there is a key already."""
    with store.reading() as connection:
        if listed(connection):
            return ()
    create(store, founder(), folder, DEFAULT)
    return ("release",)


def rotate(store: Store, actor: Actor, folder: Path, key_id: str, *, overlap: timedelta) -> DatedKey:
    """A new key of the suite of `key_id`, which ends after `overlap`; until then both sign. Answers the new one.

    Raises Refusal: "not-permitted", "key-unknown", "key-ended".
    """
    actor.require(MANAGE)
    with store.reading() as connection:
        old = find(connection, key_id)
    with _kept(folder, new_key(old.public.suite)) as key:
        details = {"successor": key.public.id}
        with store.change("key:rotated", actor=actor, subject=old.public.id, details=details) as change:
            until = stamp(moment(change.at) + overlap)
            _end(change, old, until)
            change.record("key:rotated", subject=old.public.id, details={"valid_until": until})
            change.record("key:created", subject=key.public.id, details={"suite": key.suite})
            return _enter(change, key)


def retire(store: Store, actor: Actor, key_id: str) -> DatedKey:
    """End the key `key_id` now, also one that is in its overlap.

    Raises Refusal: "not-permitted", "key-unknown", "key-ended", and "key-last" when no other key would sign.
    """
    actor.require(MANAGE)
    with store.reading() as connection:
        old = find(connection, key_id)
    with store.change("key:retired", actor=actor, subject=old.public.id) as change:
        _end(change, old, change.at)
        if not any(key.in_force(change.at) for key in listed(change.connection)):
            raise Refusal("key-last", key=old.public.id)
        return find(change.connection, old.public.id)


def find(connection: Connection, key_id: str) -> DatedKey:
    """The key whose id begins with `key_id`.

    Raises Refusal("key-unknown") when there is none or more than one.
    """
    found = [key for key in listed(connection) if key.public.id.startswith(key_id)]
    if len(found) != 1 or len(key_id) < SHORTEST_PREFIX:
        raise Refusal("key-unknown", key=key_id)
    return found[0]


@contextmanager
def _kept(folder: Path, key: PrivateKey) -> Iterator[PrivateKey]:
    """The key with its secret in a file, which goes again when the key does not come to count."""
    file = keys.keep_release_key(folder, key)
    try:
        yield key
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _enter(change: Change, key: PrivateKey) -> DatedKey:
    change.execute(
        insert(signing_key).values(
            id=key.public.id,
            suite=key.suite,
            public=base64.b64encode(key.public.raw).decode(),
            valid_from=change.at,
            created_by=change.actor.id,
        )
    )
    return DatedKey(public=key.public, valid_from=change.at, valid_until=None)


def _end(change: Change, key: DatedKey, until: str) -> None:
    """Let `key` end at `until`, when it is still in force: an end is only ever moved nearer."""
    open_end = signing_key.c.valid_until.is_(None) | (signing_key.c.valid_until > until)
    changed = change.execute(
        update(signing_key).where(signing_key.c.id == key.public.id, open_end).values(valid_until=until)
    )
    if changed.rowcount != 1 or not key.in_force(change.at):
        raise Refusal("key-ended", key=key.public.id, until=key.valid_until or "-")


def _dated(row: Row[Any]) -> DatedKey:
    public = PublicKey(suite=row.suite, raw=base64.b64decode(row.public))
    return DatedKey(public=public, valid_from=row.valid_from, valid_until=row.valid_until)
