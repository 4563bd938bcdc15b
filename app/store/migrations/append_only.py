"""How does the database itself keep the ledger append-only? Triggers, per dialect; used by the first revision."""

from __future__ import annotations

_TABLES = ("ledger_entry", "ledger_node", "ledger_checkpoint")

# SQLite's INSERT OR REPLACE deletes without firing a DELETE trigger: what is there cannot be inserted again either.
_TAKEN = {
    "ledger_entry": "NEW.position <> (SELECT coalesce(max(position), -1) + 1 FROM ledger_entry)",
    "ledger_node": "EXISTS (SELECT 1 FROM ledger_node WHERE level = NEW.level AND position = NEW.position)",
    "ledger_checkpoint": "EXISTS (SELECT 1 FROM ledger_checkpoint WHERE size = NEW.size)",
}

_POSTGRESQL_FUNCTION = """
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""


def protection(dialect: str) -> list[str]:
    """The statements that protect the ledger's tables; KeyError for a dialect that Sluice does not know."""
    return {"sqlite": _sqlite, "postgresql": _postgresql}[dialect]()


def _sqlite() -> list[str]:
    refuse = "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    statements = []
    for table in _TABLES:
        end = refuse.format(table=table)
        statements += [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {end}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {end}",
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {_TAKEN[table]} {end}",
        ]
    return statements


def _postgresql() -> list[str]:
    when = "BEFORE UPDATE OR DELETE OR TRUNCATE"
    call = "FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()"
    return [_POSTGRESQL_FUNCTION, *(f"CREATE TRIGGER {t}_append_only {when} ON {t} {call}" for t in _TABLES)]
