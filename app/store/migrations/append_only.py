"""How does the database itself keep the ledger append-only? Triggers, per dialect; used by the revisions.

SQLite's INSERT OR REPLACE deletes without firing a DELETE trigger: what is there cannot be inserted again either.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

FIRST = ("ledger_entry", "ledger_node", "ledger_checkpoint")
"""The tables that the first revision protects."""

_NEXT = "NEW.position <> (SELECT coalesce(max(position), -1) + 1 FROM ledger_entry)"
_TAKEN = {
    "ledger_entry": _NEXT,
    "ledger_node": "EXISTS (SELECT 1 FROM ledger_node WHERE level = NEW.level AND position = NEW.position)",
    "ledger_checkpoint": "EXISTS (SELECT 1 FROM ledger_checkpoint WHERE size = NEW.size)",
    "ledger_cosignature": "EXISTS (SELECT 1 FROM ledger_cosignature WHERE size = NEW.size AND witness = NEW.witness)",
}
_POSTGRESQL_FUNCTION = """
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""
_POSTGRESQL_ORDER = f"""
CREATE FUNCTION ledger_entry_is_next() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF {_NEXT} THEN RAISE EXCEPTION 'ledger_entry is append-only'; END IF; RETURN NEW; END $$
"""


def protection(dialect: str, tables: tuple[str, ...] = FIRST) -> list[str]:
    """The statements that protect `tables`; KeyError for a dialect or table that Sluice does not know."""
    return {"sqlite": _sqlite, "postgresql": _postgresql}[dialect](tables)


def functions(dialect: str) -> list[str]:
    """What the triggers of the first revision call."""
    return [_POSTGRESQL_FUNCTION] if dialect == "postgresql" else []


def in_order(dialect: str) -> list[str]:
    """The statements by which PostgreSQL refuses an entry out of its place; SQLite's first triggers do so already."""
    each = "CREATE TRIGGER ledger_entry_in_order BEFORE INSERT ON ledger_entry FOR EACH ROW"
    call = "EXECUTE FUNCTION ledger_entry_is_next()"
    return [_POSTGRESQL_ORDER, f"{each} {call}"] if dialect == "postgresql" else []


def names(dialect: str, table: str) -> list[str]:
    """The triggers that `protection` puts on a table."""
    kinds = {"sqlite": ("no_update", "no_delete", "no_replace"), "postgresql": ("append_only",)}[dialect]
    return [f"{table}_{kind}" for kind in kinds]


def unprotected(connection: Connection, tables: tuple[str, ...]) -> list[str]:
    """The triggers that should stand on `tables` and do not, or say something else, or are switched off."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        wanted = {*(n for t in tables for n in names(dialect, t)), "ledger_entry_in_order"}
        found = connection.execute(text("SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')")).scalars()
        return sorted(wanted - set(found))
    said = set(connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'trigger'")).scalars())
    missing = [statement for statement in protection(dialect, tables) if statement not in said]
    return [statement.split()[2] for statement in missing]


def _sqlite(tables: tuple[str, ...]) -> list[str]:
    refuse = "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    statements = []
    for table in tables:
        end = refuse.format(table=table)
        statements += [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {end}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {end}",
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {_TAKEN[table]} {end}",
        ]
    return statements


def _postgresql(tables: tuple[str, ...]) -> list[str]:
    when = "BEFORE UPDATE OR DELETE OR TRUNCATE"
    call = "FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()"
    return [f"CREATE TRIGGER {t}_append_only {when} ON {t} {call}" for t in tables]
