"""Has this database the tables that this program needs? Revisions, by Alembic, without a configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

import app.store
from app.store.tables import SCHEMA

_SCRIPTS = Path(app.store.__file__).parent / "migrations"


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration of this package, bound to `connection`."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision that this program needs."""
    return ScriptDirectory.from_config(configuration()).get_current_head() or "-"


def current(connection: Connection) -> str:
    """The revision that the database has; "-" for an empty one."""
    return MigrationContext.configure(connection).get_current_revision() or "-"


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest revision, in one transaction; harmless when it is there already."""
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "head")


def differences(connection: Connection) -> list[Any]:
    """What the tables in code and the tables in the database disagree about; empty when all is well."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, SCHEMA))
