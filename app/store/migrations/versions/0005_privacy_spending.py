"""What authorizations have spent of data sets in runs with noise."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "privacy_spending",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("epsilon", sa.Text(), nullable=False),
        sa.Column("delta", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorization_id"], ["authorization.id"], name=op.f("fk_privacy_spending_authorization_id")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_privacy_spending_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_spending")),
    )
    for column in ("authorization_id", "job_id"):
        op.create_index(op.f(f"ix_privacy_spending_{column}"), "privacy_spending", [column], unique=False)


def downgrade() -> None:
    raise ValueError("what was spent is not given back: restore a backup instead")
