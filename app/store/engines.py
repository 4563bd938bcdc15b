"""How do we connect? SQLite with WAL, or PostgreSQL; each once for reading and once for writing."""

from __future__ import annotations

from sqlite3 import Connection as SQLiteConnection

from sqlalchemy import Connection, Engine, create_engine, event, make_url

BUSY_MILLISECONDS = 20_000
"""How long a SQLite writer waits for another one."""


def writing_engine(url: str) -> Engine:
    """An engine whose transactions hold the only right to write from their first statement on (SQLite)."""
    return _sqlite(url, read_only=False) if _is_sqlite(url) else create_engine(url)


def reading_engine(url: str) -> Engine:
    """An engine whose connections cannot write."""
    if _is_sqlite(url):
        return _sqlite(url, read_only=True)
    return create_engine(url, isolation_level="REPEATABLE READ", execution_options={"postgresql_readonly": True})


def _is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def _sqlite(url: str, *, read_only: bool) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_MILLISECONDS / 1000})

    def prepare(connection: SQLiteConnection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say so, see `begin`
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MILLISECONDS}"):
            connection.execute(f"PRAGMA {pragma}").close()
        if read_only:
            connection.execute("PRAGMA query_only=ON").close()

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine
