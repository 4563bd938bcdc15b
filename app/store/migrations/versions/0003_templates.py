"""Templates with their versions, and the votes on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "template",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("appraisal", sa.JSON(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["authorization_id"], ["authorization.id"], name=op.f("fk_template_authorization_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["organization.id"], name=op.f("fk_template_operator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
        sa.UniqueConstraint(
            "authorization_id", "name", "version", name=op.f("uq_template_authorization_id_name_version")
        ),
    )
    for column in ("authorization_id", "operator_id", "state"):
        op.create_index(op.f(f"ix_template_{column}"), "template", [column], unique=False)
    op.create_table(
        "template_vote",
        sa.Column("template_id", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_template_vote_organization_id")
        ),
        sa.ForeignKeyConstraint(["template_id"], ["template.id"], name=op.f("fk_template_vote_template_id")),
        sa.PrimaryKeyConstraint("template_id", "reviewer", name=op.f("pk_template_vote")),
    )


def downgrade() -> None:
    raise ValueError("the ledger speaks of the templates in this table, and it is not undone: restore a backup instead")
