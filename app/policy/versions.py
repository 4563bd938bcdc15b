"""Which standing rules are in force here, and which were or may be? The versions in the store, read."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from app.domain.errors import Broken, Refusal, Unavailable
from app.ledger.entries import canonical
from app.policy.rules import COLUMNS, Rule, Standing, rule
from app.policy.rules_files import assemble
from app.policy.view_rules import views_of
from app.store.tables import AnyRow, policy


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of the standing rules, without them. `digest` is the SHA-256 (hex) of its content."""

    id: str
    state: str
    digest: str
    note: str
    author: str
    organization: str
    based_on: str | None
    approved_by: str | None
    published_at: str | None
    created_at: str
    updated_at: str


class InForce:
    """The standing rules in force, read from the store once per version. Safe for many threads."""

    def __init__(self) -> None:
        self._kept: Standing | None = None
        self._lock = threading.Lock()

    def standing(self, connection: Connection, model: str) -> Standing:
        """The published rules as they are at this moment; raises what `published` and `standing_of` raise."""
        version = published(connection)
        with self._lock:
            if self._kept is None or self._kept.id != version.id:
                self._kept = standing_of(connection, version.id, model)
            return self._kept


def load(connection: Connection, subject: str) -> Version:
    """The version `subject`; Refusal("not-found") when there is none."""
    row = connection.execute(_heads().where(policy.c.id == subject)).one_or_none()
    if row is None:
        raise Refusal("not-found", thing="policy", id=subject)
    return _version(row)


def listed(connection: Connection) -> list[Version]:
    """Every version, oldest first."""
    return [_version(row) for row in connection.execute(_heads().order_by(policy.c.created_at, policy.c.id))]


def published(connection: Connection) -> Version:
    """The version in force; Unavailable("policy-none-published") before `sluice init` has entered the first."""
    found = current(connection)
    if found is None:
        raise Unavailable("policy-none-published")
    return found


def current(connection: Connection) -> Version | None:
    """The version in force, None before there is any."""
    row = connection.execute(_heads().where(policy.c.state == "published")).one_or_none()
    return None if row is None else _version(row)


def standing_of(connection: Connection, subject: str, model: str) -> Standing:
    """The rules of the version `subject` under the program's Casbin `model`.

    Raises Refusal("not-found"), and Broken("policy-altered") when the content is not what was recorded.
    """
    row = connection.execute(select(policy.c.content, policy.c.digest).where(policy.c.id == subject)).one_or_none()
    if row is None:
        raise Refusal("not-found", thing="policy", id=subject)
    if digest_of(row.content) != row.digest:
        raise Broken("policy-altered", id=subject)
    rules = [_rule(subject, cells) for cells in row.content["rules"]]
    views = views_of(row.content.get("views", {}), subject)
    return replace(assemble(model, rules, row.content["texts"], subject), views=views)


def content_of(standing: Standing) -> dict[str, Any]:
    """Rules and texts as plain data; rules about rows and masks where there are any."""
    texts = {name: {"zh": text.zh, "en": text.en} for name, text in standing.texts.items()}
    views = standing.views.content()
    return {"rules": [r.row() for r in standing.rules], "texts": texts} | ({"views": views} if views else {})


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a version's content in canonical JSON."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def _rule(subject: str, cells: list[str]) -> Rule:
    return rule(f"{subject}:{cells[0]}", dict(zip(COLUMNS, cells, strict=True)))


def _heads() -> Any:  # noqa: ANN401 — a Select of some columns
    return select(*(c for c in policy.c if c is not policy.c.content))


def _version(row: AnyRow) -> Version:
    return Version(
        id=row.id,
        state=row.state,
        digest=row.digest,
        note=row.note,
        author=row.author,
        organization=row.organization_id,
        based_on=row.based_on,
        approved_by=row.approved_by,
        published_at=row.published_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
