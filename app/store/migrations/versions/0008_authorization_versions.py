"""With which versions of its data sets an authorization goes on; one that is signed already, with those in use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kept = op.create_table(
        "authorization_version",
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorization_id"], ["authorization.id"], name=op.f("fk_authorization_version_authorization_id")
        ),
        sa.PrimaryKeyConstraint("authorization_id", "dataset", name=op.f("pk_authorization_version")),
    )
    authorization = sa.table("authorization", sa.column("id"), sa.column("scope", sa.JSON()), sa.column("valid_from"))
    entry = sa.table("catalog_entry", sa.column("name"), sa.column("current_version"))
    connection = op.get_bind()
    in_use = {e.name: e.current_version for e in connection.execute(sa.select(entry.c.name, entry.c.current_version))}
    rows = [
        {"authorization_id": found.id, "dataset": name, "version": in_use[name], "created_at": found.valid_from}
        for found in connection.execute(sa.select(authorization).where(authorization.c.valid_from.is_not(None)))
        for name in sorted({dataset for dataset, _, _ in found.scope["uses"]})
        if in_use.get(name) is not None
    ]
    if rows:
        connection.execute(sa.insert(kept), rows)


def downgrade() -> None:
    op.drop_table("authorization_version")
