"""How did the schema come to be? Alembic revisions, in order."""
