"""Is an authorization in force at this moment? Asked in the transaction of whatever depends on it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from app.store.tables import authorization


def ended_state(connection: Connection, authorization_id: str, at: str) -> str | None:
    """None while the authorization is active and within its term at `at` (a stamp), else the state it is in.

    "expired" also when the term is over and the state has not followed yet, "unknown" when there is no such thing.
    """
    table = authorization.c
    row = connection.execute(select(table.state, table.valid_until).where(table.id == authorization_id)).one_or_none()
    if row is None:
        return "unknown"
    if row.state != "active":
        return str(row.state)
    return "expired" if row.valid_until is not None and row.valid_until <= at else None
