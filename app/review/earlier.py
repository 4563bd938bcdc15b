"""Whose are the outputs that a cell came too near to, and when did they leave? For the report's readers."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from app.domain.report_view import Earlier
from app.store.tables import output, release


def earlier(connection: Connection, outputs: Iterable[str]) -> dict[str, Earlier]:
    """What is known of each of `outputs`; one that is not in the database is not in the answer."""
    query = (
        select(output.c.id, output.c.operator_id, output.c.created_at, release.c.created_at.label("released_at"))
        .select_from(output.outerjoin(release, release.c.output_id == output.c.id))
        .where(output.c.id.in_(sorted(set(outputs))))
    )
    return {
        row.id: Earlier(operator=row.operator_id, created_at=row.created_at, released_at=row.released_at)
        for row in connection.execute(query)
    }
