"""Which rows an output left out for the sake of its margins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suppression_pattern",
        sa.Column("output_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["output_id"], ["output.id"], name=op.f("fk_suppression_pattern_output_id")),
        sa.PrimaryKeyConstraint("output_id", "signature", name=op.f("pk_suppression_pattern")),
    )
    op.create_index(op.f("ix_suppression_pattern_signature"), "suppression_pattern", ["signature"], unique=False)


def downgrade() -> None:
    raise ValueError("the ledger speaks of the outputs in this table, and it is not undone: restore a backup instead")
