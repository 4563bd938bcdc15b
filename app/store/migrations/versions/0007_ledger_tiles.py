"""The ledger's tree keeps the roots of full tiles only, and the signatures of witnesses have a table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.store.migrations.append_only import in_order, names, protection

revision = "0007"
down_revision: str | None = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for name in names(dialect, "ledger_node"):
        op.execute(f"DROP TRIGGER {name}" + (" ON ledger_node" if dialect == "postgresql" else ""))
    op.execute("DELETE FROM ledger_node WHERE level % 8 <> 0")
    op.create_table(
        "ledger_cosignature",
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["ledger_checkpoint.size"], name=op.f("fk_ledger_cosignature_size")),
        sa.PrimaryKeyConstraint("size", "witness", name=op.f("pk_ledger_cosignature")),
    )
    for statement in (*protection(dialect, ("ledger_node", "ledger_cosignature")), *in_order(dialect)):
        op.execute(statement)


def downgrade() -> None:
    raise ValueError("what witnesses signed is not undone: restore a backup instead")
