"""With which versions of its data sets an authorization goes on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
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


def downgrade() -> None:
    op.drop_table("authorization_version")
