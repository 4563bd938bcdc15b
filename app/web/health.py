"""Is this server fit to answer? Cheap checks for a load balancer; `sluice ledger verify` is the thorough one."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from app.domain.errors import SluiceError
from app.ledger import journal
from app.store.sessions import Store

NEWEST = 100
"""Entries at the end of the ledger that are hashed again."""


def checks(store: Store) -> dict[str, bool]:
    """Name of the check → whether it holds: "database" (readable, schema of this program) and "ledger"."""
    database = _database(store)
    return {"database": database, "ledger": database and _ledger(store)}


def _database(store: Store) -> bool:
    try:
        store.require_schema()
    except (SluiceError, SQLAlchemyError):
        return False
    return True


def _ledger(store: Store) -> bool:
    """Whether the newest entries are canonical, in order, and what the tree's leaves say, and the tree has a root."""
    try:
        with store.reading() as connection:
            size = journal.size(connection)
            start, subtree = max(0, size - NEWEST), journal.subtrees(connection)
            newest = list(journal.entries(connection, start=start))
            journal.root(connection, size)
            in_order = [e.index for e in newest] == list(range(start, size))
            return in_order and all(e.leaf() == subtree(0, e.index) for e in newest)
    except (SluiceError, SQLAlchemyError, ValueError, KeyError):
        return False
