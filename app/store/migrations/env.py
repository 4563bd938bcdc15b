"""How does Alembic reach the database? Through the connection that `app.store.schema` hands over."""

from __future__ import annotations

from alembic import context

from app.store.tables import SCHEMA

context.configure(connection=context.config.attributes["connection"], target_metadata=SCHEMA, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
