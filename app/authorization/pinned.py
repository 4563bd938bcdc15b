"""With which versions of frozen data sets did an authorization begin? Pinned when it is signed, renewed by a provider.

Every data set of the scope is pinned, whatever its catalog entry says: it may be declared frozen later on.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from app.domain.duties import acts_for_own_organization
from app.domain.errors import Finding, Refusal
from app.domain.people import Actor
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import authorization as authorization_table
from app.store.tables import authorization_version, catalog_entry

RENEWED = "authorization:version_renewed"


def pin(change: Change, authorization: str, datasets: Iterable[str]) -> None:
    """Hold the versions in use of `datasets` for an authorization that is being signed; its ledger entry tells them."""
    entry = catalog_entry.c
    mounted = entry.name.in_(sorted(set(datasets))), entry.current_version.is_not(None)
    for found in change.execute(select(entry.name, entry.current_version).where(*mounted)).all():
        _hold(change, authorization, found.name, found.current_version)
    _tell(change, "authorization:signed", authorization)


def pinned(connection: Connection, authorization: str) -> dict[str, str]:
    """Data set → the version that an authorization began with, or was renewed to last.

    Of a data set that is not here none was mounted at the beginning, or the authorization was signed before versions
    were kept.
    """
    kept = authorization_version.c
    query = select(kept.dataset, kept.version).where(kept.authorization_id == authorization)
    return {found.dataset: found.version for found in connection.execute(query)}


def renew(store: Store, actor: Actor, authorization: str, dataset: str) -> str:
    """A provider lets an authorization go on with the version in use of its own data set; answers that version.

    What was released before stays in the history, and the firewall holds the new version against it. Raises Refusal
    "refresh-not-pinned", and what `acts_for_own_organization` raises.
    """
    with store.change(RENEWED, actor=actor, subject=authorization, details={"dataset": dataset}) as change:
        actor.require("catalog_entry:approve")
        version, provider = _in_use(change, authorization, dataset)
        acts_for_own_organization(actor, provider)
        kept = authorization_version.c
        change.execute(
            delete(authorization_version).where(kept.authorization_id == authorization, kept.dataset == dataset)
        )
        _hold(change, authorization, dataset, version)
        _tell(change, RENEWED, authorization)
        return version


def _in_use(change: Change, authorization: str, dataset: str) -> tuple[str, str]:
    """The version in use and the provider of a data set that a signed authorization covers."""
    entry, held = catalog_entry.c, authorization_table.c
    signed = held.id == authorization, held.valid_from.is_not(None)
    scope = change.execute(select(held.scope).where(*signed)).scalar() or {"uses": []}
    mounted = entry.name == dataset, entry.current_version.is_not(None)
    row = change.execute(select(entry.current_version, entry.provider_id).where(*mounted)).one_or_none()
    if row is None or dataset not in {name for name, _, _ in scope["uses"]}:
        raise Refusal(Finding(code="refresh-not-pinned", params=(("authorization", authorization),), dataset=dataset))
    return str(row.current_version), str(row.provider_id)


def _hold(change: Change, authorization: str, dataset: str, version: str) -> None:
    row = {"dataset": dataset, "version": version, "created_at": change.at}
    change.execute(insert(authorization_version).values(authorization_id=authorization, **row))


def _tell(change: Change, event: str, authorization: str) -> None:
    """Let the entry of `event` say which versions an authorization goes on with now."""
    versions = pinned(change.connection, authorization)
    if versions:
        change.record(event, subject=authorization, details={"versions": versions})
