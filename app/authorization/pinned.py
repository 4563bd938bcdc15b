"""With which versions of frozen data sets did an authorization begin? Pinned when it is signed, renewed by a provider.

Every data set of the scope is pinned, whatever its catalog entry says: it may be declared frozen later on.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select, update

from app.domain.duties import acts_for_own_organization
from app.domain.errors import Finding, Refusal
from app.domain.people import Actor
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import authorization_version, catalog_entry


def pin(change: Change, authorization: str, datasets: Iterable[str]) -> None:
    """Hold the versions in use of `datasets` for an authorization; of what is not mounted yet, the first one counts."""
    entry = catalog_entry.c
    mounted = entry.name.in_(sorted(set(datasets))), entry.current_version.is_not(None)
    for found in change.execute(select(entry.name, entry.current_version).where(*mounted)).all():
        row = {"dataset": found.name, "version": found.current_version, "created_at": change.at}
        change.execute(insert(authorization_version).values(authorization_id=authorization, **row))


def pinned(connection: Connection, authorization: str) -> dict[str, str]:
    """Data set → the version that an authorization began with, or was renewed to last."""
    kept = authorization_version.c
    query = select(kept.dataset, kept.version).where(kept.authorization_id == authorization)
    return {found.dataset: found.version for found in connection.execute(query)}


def renew(store: Store, actor: Actor, authorization: str, dataset: str) -> str:
    """A provider lets an authorization go on with the version in use of its own data set; answers that version.

    What was released before stays in the history, and the firewall holds the new version against it. Raises Refusal
    "refresh-not-pinned", and what `acts_for_own_organization` raises.
    """
    details = {"dataset": dataset}
    with store.change("authorization:version_renewed", actor=actor, subject=authorization, details=details) as change:
        actor.require("catalog_entry:approve")
        kept, entry = authorization_version.c, catalog_entry.c
        same = kept.authorization_id == authorization, kept.dataset == dataset
        columns = kept.version, entry.current_version, entry.provider_id
        joined = authorization_version.join(catalog_entry, entry.name == kept.dataset)
        row = change.execute(select(*columns).select_from(joined).where(*same)).one_or_none()
        if row is None:
            raise Refusal(
                Finding(code="refresh-not-pinned", params=(("authorization", authorization),), dataset=dataset)
            )
        acts_for_own_organization(actor, row.provider_id)
        change.execute(update(authorization_version).where(*same).values(version=row.current_version))
        told = {"before": row.version, "version": row.current_version}
        change.record("authorization:version_renewed", subject=authorization, details=told)
        return str(row.current_version)
