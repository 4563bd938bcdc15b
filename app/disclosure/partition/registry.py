"""Which partition is the latest one of each comparison? A row for each release that refined one, in its transaction."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from app.disclosure.partition.versions import Version, key_of
from app.domain.proofs import PartitionOutline
from app.store.changes import Change
from app.store.tables import history_partition

_ROWS, _CELLS = ".parquet", ".npz"


def current(connection: Connection, folder: Path) -> dict[str, Version]:
    """Key → the latest version, whose files are in `folder`."""
    table = history_partition
    latest = select(table.c.key, func.max(table.c.number).label("number")).group_by(table.c.key).subquery()
    same = (table.c.key == latest.c.key) & (table.c.number == latest.c.number)
    columns = (table.c.key, table.c.number, table.c.rows_sha256, table.c.cells_sha256)
    return {
        key: Version(
            id=str(number),
            rows=folder / f"{rows}{_ROWS}",
            cells=folder / f"{cells}{_CELLS}",
            rows_sha256=rows,
            cells_sha256=cells,
        )
        for key, number, rows, cells in connection.execute(select(*columns).join(latest, same))
    }


def register(
    change: Change, output_id: str, outline: PartitionOutline, version: Version, before: Version | None
) -> None:
    """Make `version` the latest one, in the transaction of a release that knows that `before` still is."""
    change.execute(
        insert(history_partition).values(
            key=key_of(outline),
            dataset=outline.dataset,
            unit=outline.unit,
            field=outline.field,
            number=int(before.id) + 1 if before is not None else 1,
            output_id=output_id,
            rows_sha256=version.rows_sha256,
            cells_sha256=version.cells_sha256,
            created_at=change.at,
        )
    )


def comparisons(connection: Connection) -> dict[str, tuple[str, str, str]]:
    """Key → the data set (empty: units themselves), the type of unit and the field (empty: counts) that it is about."""
    table = history_partition.c
    columns = (table.key, table.dataset, table.unit, table.field)
    return {row.key: (row.dataset, row.unit, row.field) for row in connection.execute(select(*columns).distinct())}
