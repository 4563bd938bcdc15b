"""What has been released, and where is its bundle?"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from app.domain.errors import Refusal
from app.release.archive import sha256
from app.store.sessions import Store
from app.store.tables import output, release


@dataclass(frozen=True, kw_only=True)
class ReleaseRecord:
    """One release; `state` is that of its output: released or recalled."""

    id: str
    output: str
    state: str
    authorization: str
    operator: str
    recipient: str
    watermark: str | None
    bundle: str
    sha256: str
    released_by: str
    created_at: str
    fetched_at: str | None
    recalled_at: str | None
    recall_reason: str | None
    acknowledged_at: str | None


def load(connection: Connection, release_id: str) -> ReleaseRecord:
    """The release `release_id`.

    Raises Refusal("release-unknown").
    """
    row = connection.execute(_query().where(release.c.id == release_id)).one_or_none()
    if row is None:
        raise Refusal("release-unknown", release=release_id)
    return _record(row)


def listed(connection: Connection, *, operator: str | None = None, limit: int = 100) -> list[ReleaseRecord]:
    """The newest releases first, of one operator or of all."""
    query = _query().order_by(release.c.created_at.desc(), release.c.id).limit(limit)
    if operator is not None:
        query = query.where(release.c.operator_id == operator)
    return [_record(row) for row in connection.execute(query)]


def recalled(connection: Connection) -> list[ReleaseRecord]:
    """Every release that was recalled, the earliest recall first."""
    query = _query().where(output.c.state == "recalled").order_by(release.c.recalled_at, release.c.id)
    return [_record(row) for row in connection.execute(query)]


def marked(connection: Connection, watermark: str) -> ReleaseRecord:
    """The release whose files bear `watermark`.

    Raises Refusal("watermark-unknown").
    """
    row = connection.execute(_query().where(release.c.watermark == watermark)).one_or_none()
    if row is None:
        raise Refusal("watermark-unknown", watermark=watermark)
    return _record(row)


def bundle_file(record: ReleaseRecord, releases: Path) -> Path:
    """The bundle of a release; put in its place first when the program died right after the transaction."""
    file, aside = releases / record.bundle, releases / f"{record.id}.pending"
    if not file.exists() and aside.is_file() and sha256(aside) == record.sha256:
        aside.rename(file)
    return file


def tidy(store: Store, releases: Path, *, older_than: float) -> list[str]:
    """Settle what a dead program left aside: name the bundles that count, remove the others; answers the latter.

    Files changed after `older_than` (seconds since the epoch) may belong to a release that is being made.
    """
    removed = []
    for parts in sorted(releases.glob("*.parts")):
        if parts.stat().st_mtime < older_than:
            shutil.rmtree(parts)
            removed.append(parts.name)
    for aside in sorted(releases.glob("*.pending")):
        with store.reading() as connection:
            row = connection.execute(_query().where(release.c.id == aside.stem)).one_or_none()
        if row is not None:
            bundle_file(_record(row), releases)
        elif aside.stat().st_mtime < older_than:
            aside.unlink()
            removed.append(aside.name)
    return removed


def _query() -> Select[Any]:
    return select(release, output.c.state.label("output_state")).join(output, output.c.id == release.c.output_id)


def _record(row: Row[Any]) -> ReleaseRecord:
    return ReleaseRecord(
        id=row.id,
        output=row.output_id,
        state=row.output_state,
        authorization=row.authorization_id,
        operator=row.operator_id,
        recipient=row.recipient,
        watermark=row.watermark,
        bundle=row.bundle,
        sha256=row.bundle_sha256,
        released_by=row.released_by,
        created_at=row.created_at,
        fetched_at=row.fetched_at,
        recalled_at=row.recalled_at,
        recall_reason=row.recall_reason,
        acknowledged_at=row.acknowledged_at,
    )
