"""What does the control database know of the catalog? Entries described, versions mounted, entries published.

Each function that changes something is one transaction with its ledger entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from app.catalog.metadata import entry_from_json, entry_to_json, terms
from app.catalog.mounting import Mounted
from app.catalog.values import Entry
from app.domain.documents import dataset_from_json, dataset_to_json
from app.domain.duties import acts_for_own_organization, rule_author_is_not_approver
from app.domain.errors import Finding, Refusal
from app.domain.lifecycles import CATALOG_ENTRY
from app.domain.people import Actor
from app.domain.ports import NewId
from app.domain.refresh import FROZEN
from app.domain.values import Dataset
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import catalog_entry, dataset_version

OPEN_STATES = ("draft", "under_review")
"""States in which the terms of an entry may still be changed; once published they hold."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A catalog entry as it stands: its state, terms and the mounted version in use, if any."""

    id: str
    state: str
    author: str
    current_version: str | None
    entry: Entry


def owned(actor: Actor, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries of the actor's own provider; Refusal("catalog-not-steward") when there is none.

    A provider describes and mounts its own tables only.
    """
    own = tuple(e for e in entries if e.provider == actor.organization)
    if own:
        return own
    raise Refusal(*(_not_steward(actor, e) for e in entries))


def _not_steward(actor: Actor, entry: Entry) -> Finding:
    return Finding(
        code="catalog-not-steward", params=(("person", actor.id), ("provider", entry.provider)), dataset=entry.name
    )


def add(
    store: Store, actor: Actor, entries: Sequence[Entry], mounted: Sequence[Mounted], new_id: NewId
) -> tuple[Listed, ...]:
    """Describe `entries`, submit them for approval, and tie the `mounted` versions to them: all or none.

    An entry that is there already gets the new version; its terms may change only before it is published.
    """
    actor.require("dataset:mount")
    versions = {m.dataset.name: m for m in mounted}
    with store.reading() as connection:
        known = {e.name: _find(connection, e.name) for e in entries}
    ids = {name: row.id if row else new_id("entry") for name, row in known.items()}
    first = entries[0]
    event = "catalog_entry:described" if known[first.name] is None else "dataset:mounted"
    with store.change(event, actor=actor, subject=ids[first.name]) as change:
        for entry in entries:
            _describe(change, actor, entry, ids[entry.name])
            if entry.name in versions:
                _tie(change, actor, ids[entry.name], versions[entry.name], new_id)
    with store.reading() as connection:
        return tuple(show(connection, e.name) for e in entries)


def _describe(change: Change, actor: Actor, entry: Entry, entry_id: str) -> None:
    acts_for_own_organization(actor, entry.provider)
    row = _find(change.connection, entry.name)
    data = entry_to_json(entry)
    if row is None:
        _code_is_free(change.connection, entry)
        columns = _columns(actor, entry, data, change.at)
        details = {"dataset": entry.name, "code": entry.code}
        change.create(CATALOG_ENTRY, entry_id, "describe", details=details, **columns)
        change.move(CATALOG_ENTRY, entry_id, "submit", details={"dataset": entry.name})
        return
    acts_for_own_organization(actor, str(row.provider_id))
    if terms(row.metadata) != terms(data):
        if row.state not in OPEN_STATES:
            raise Refusal(Finding(code="catalog-terms-published", dataset=entry.name))
        change.record("catalog_entry:described", subject=entry_id, details={"dataset": entry.name, "code": entry.code})
    values = {"metadata": data, "grade": entry.grade, "operation_authorized": entry.operation_authorized}
    change.execute(update(catalog_entry).where(catalog_entry.c.id == entry_id).values(**values, updated_at=change.at))


def _code_is_free(connection: Connection, entry: Entry) -> None:
    """Raise Refusal when another entry has the code already."""
    taken = connection.execute(select(catalog_entry.c.name).where(catalog_entry.c.code == entry.code)).scalar()
    if taken is not None:
        raise Refusal(
            Finding(code="catalog-code-taken", params=(("code", entry.code), ("by", taken)), dataset=entry.name)
        )


def _columns(actor: Actor, entry: Entry, data: dict[str, Any], at: str) -> dict[str, Any]:
    return {
        "name": entry.name,
        "code": entry.code,
        "provider_id": entry.provider,
        "kind": entry.kind.value,
        "metadata": data,
        "grade": entry.grade,
        "operation_authorized": entry.operation_authorized,
        "author": actor.id,
        "created_at": at,
        "updated_at": at,
    }


def _tie(change: Change, actor: Actor, entry_id: str, mounted: Mounted, new_id: NewId) -> None:
    """Make `mounted` the version in use; a version that is known already is not entered twice."""
    dataset = mounted.dataset
    known = select(dataset_version.c.id).where(
        dataset_version.c.entry_id == entry_id, dataset_version.c.version == dataset.version
    )
    values = {
        "dataset": dataset_to_json(dataset),
        "statistics": mounted.statistics,
        "rows": dataset.rows,
    }
    if change.execute(known).first() is None:
        row = {"id": new_id("version"), "entry_id": entry_id, "authorization_id": None, "version": dataset.version}
        change.execute(insert(dataset_version).values(**row, **values, mounted_by=actor.id, created_at=change.at))
    else:
        same = (dataset_version.c.entry_id == entry_id, dataset_version.c.version == dataset.version)
        change.execute(update(dataset_version).where(*same).values(**values))
    current = {"current_version": dataset.version, "updated_at": change.at}
    change.execute(update(catalog_entry).where(catalog_entry.c.id == entry_id).values(**current))
    details = {"dataset": dataset.name, "version": dataset.version, "rows": dataset.rows}
    change.record("dataset:mounted", subject=entry_id, details=details)


def publish(store: Store, actor: Actor, name: str) -> str:
    """A provider officer approves an entry of their own organization; answers the new state.

    Raises Refusal for an entry's own author, another provider's entry, or a state that does not allow it.
    """
    with store.reading() as connection:
        found = show(connection, name)
    with store.change("catalog_entry:published", actor=actor, subject=found.id) as change:
        acts_for_own_organization(actor, found.entry.provider)
        rule_author_is_not_approver(actor, found.author)
        return change.move(CATALOG_ENTRY, found.id, "publish", details={"dataset": found.entry.name})


def listed(connection: Connection) -> tuple[Listed, ...]:
    """Every entry of the catalog, by name."""
    rows = connection.execute(select(catalog_entry).order_by(catalog_entry.c.name))
    return tuple(_listed(row) for row in rows)


def show(connection: Connection, name: str) -> Listed:
    """The entry called `name`; Refusal("catalog-unknown-dataset") when there is none."""
    row = _find(connection, name)
    if row is None:
        raise Refusal(Finding(code="catalog-unknown-dataset", dataset=name))
    return _listed(row)


def current_dataset(connection: Connection, name: str) -> Dataset:
    """The version in use of the public data set `name`; Refusal when it is not mounted."""
    found = show(connection, name)
    return _version(connection, found, found.current_version)


def held_dataset(connection: Connection, name: str, began: str | None) -> Dataset:
    """The data set `name` as an authorization sees it that began with the version `began`; None: before there was any.

    The version in use, unless the data set is frozen. Then that of the beginning, which is said to be superseded by a
    newer one; without any, the first that was mounted. Refusal when it is not mounted.
    """
    found = show(connection, name)
    dataset = replace(_version(connection, found, found.current_version), refresh=found.entry.refresh)
    if not (dataset.protected and dataset.refresh == FROZEN):
        return dataset
    version = began or _first(connection, found)
    if version == dataset.version:
        return dataset
    return replace(_version(connection, found, version), refresh=found.entry.refresh, superseded=True)


def _version(connection: Connection, found: Listed, version: str | None) -> Dataset:
    same = (dataset_version.c.entry_id == found.id, dataset_version.c.version == version)
    row = connection.execute(select(dataset_version.c.dataset).where(*same)).first()
    if row is None:
        raise Refusal(Finding(code="catalog-not-mounted", dataset=found.entry.name))
    return dataset_from_json(row.dataset)


def _first(connection: Connection, found: Listed) -> str | None:
    version = dataset_version.c
    oldest = select(version.version).where(version.entry_id == found.id).order_by(version.created_at, version.id)
    return connection.execute(oldest.limit(1)).scalar()


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(catalog_entry).where(catalog_entry.c.name == name)).first()


def _listed(row: Row[Any]) -> Listed:
    return Listed(
        id=row.id,
        state=row.state,
        author=row.author,
        current_version=row.current_version,
        entry=entry_from_json(row.metadata),
    )
