"""Where does the ledger lie in the database? Entries, the complete nodes of their tree, and signed checkpoints.

`METADATA` is shared with `app.store.tables`, so that one set of migrations describes the whole database. The ledger's
tables take inserts only; triggers refuse everything else (`PROTECTED`, see the first migration).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table, Text

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

ledger_entry = Table(
    "ledger_entry",
    METADATA,
    Column("position", _ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("event", Text, nullable=False, index=True),
    Column("actor", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("leaf_hash", Text, nullable=False),
)
"""One entry: `body` is the canonical JSON that `leaf_hash` (hex) covers; the other columns repeat it for searching."""

ledger_node = Table(
    "ledger_node",
    METADATA,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", _ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
)
"""Roots of full tiles: complete subtrees with 2^level leaves, where level is 8, 16, 24 … (see `app.ledger.tiles`)."""

ledger_checkpoint = Table(
    "ledger_checkpoint",
    METADATA,
    Column("size", _ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("note", Text, nullable=False),
)
"""Signed checkpoints (C2SP tlog-checkpoint), at most one per tree size."""

ledger_cosignature = Table(
    "ledger_cosignature",
    METADATA,
    Column("size", _ROW_NUMBER, ForeignKey(ledger_checkpoint.c.size), primary_key=True, autoincrement=False),
    Column("witness", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("line", Text, nullable=False),
)
"""What a witness (its verifier key) has put under a checkpoint: one signature line (C2SP tlog-cosignature)."""

PROTECTED = (ledger_entry.name, ledger_node.name, ledger_checkpoint.name, ledger_cosignature.name)
"""Tables whose rows can neither be changed nor deleted."""
