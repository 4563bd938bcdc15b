"""Keys that sign releases with their periods, links to fetch a bundle once, watermarks and recalls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "release_link",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("used_at", sa.Text(), nullable=True),
        sa.Column("void_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_release_link_release_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_link")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_release_link_token_sha256")),
    )
    op.create_index(op.f("ix_release_link_release_id"), "release_link", ["release_id"], unique=False)
    with op.batch_alter_table("release") as table:
        for column in ("watermark", "recalled_at", "recall_reason", "acknowledged_at"):
            table.add_column(sa.Column(column, sa.Text(), nullable=True))
        table.create_unique_constraint(op.f("uq_release_watermark"), ["watermark"])


def downgrade() -> None:
    raise ValueError("keys and recalls are not forgotten: restore a backup instead")
