"""How is the control database read and changed? Three doors, and a ledger entry behind each one that changes state.

`reading` refuses writes. `change` is one transaction that ends with its ledger entries or not at all. `upkeep` may
write the tables of `OPERATIONAL` only: heartbeats, which change no state of the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, Select
from sqlalchemy import event as engine_event
from sqlalchemy.engine import ExecutionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.dml import UpdateBase

from app.domain.errors import Broken, Unavailable
from app.domain.events import known_events
from app.domain.people import Actor
from app.domain.ports import Clock
from app.domain.times import stamp
from app.ledger import journal
from app.store import schema
from app.store.changes import Change
from app.store.engines import reading_engine, writing_engine
from app.store.tables import OPERATIONAL


class Store:
    """The control database behind one URL."""

    def __init__(self, url: str, *, clock: Clock) -> None:
        """`clock` dates every change."""
        self.url = url
        self.clock = clock
        self._reader: Engine = reading_engine(url)
        self._writer: Engine = writing_engine(url)

    def migrate(self) -> None:
        """Create the tables, or bring those of an older version up to date."""
        schema.upgrade(self._writer)

    def require_schema(self) -> None:
        """Raise Unavailable("schema-outdated") unless the tables are those of this program."""
        with self._reader.connect() as connection:
            found, wanted = schema.current(connection), schema.newest()
        if found != wanted:
            raise Unavailable("schema-outdated", found=found, wanted=wanted)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection with one consistent view, on which every write fails."""
        with _busy_is_unavailable(), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def change(
        self, event: str, *, actor: Actor, subject: str, details: Mapping[str, object] | None = None
    ) -> Iterator[Change]:
        """One transaction that changes state and appends the entry `event` about `subject` before it commits.

        Whatever is raised inside rolls all of it back. Raises Broken("event-unknown") for an event that
        `app.domain.events` does not know and Unavailable("store-busy") when another writer does not finish.
        """
        if event not in known_events():
            raise Broken("event-unknown", event=event)
        with _busy_is_unavailable(), self._writer.begin() as connection:
            change = Change(connection, actor=actor, at=stamp(self.clock()))
            change.record(event, subject=subject, details=details)
            yield change
            change.seal()

    @contextmanager
    def upkeep(self) -> Iterator[Connection]:
        """A transaction that may write the tables of `OPERATIONAL` and nothing else (Broken("upkeep-only"))."""
        with _busy_is_unavailable(), self._writer.begin() as connection:
            engine_event.listen(connection, "before_cursor_execute", _operational_only)
            yield connection

    def checkpoint(self, sign: Callable[[int, bytes], str]) -> str:
        """The signed checkpoint of the ledger as it stands; `sign` takes the size and the root."""
        with _busy_is_unavailable(), self._writer.begin() as connection:
            return journal.sign_checkpoint(connection, at=stamp(self.clock()), sign=sign)

    def close(self) -> None:
        """Give every connection back."""
        self._reader.dispose()
        self._writer.dispose()


def _operational_only(
    _connection: Connection,
    _cursor: object,
    _text: str,
    _parameters: object,
    context: ExecutionContext,
    _many: bool,
) -> None:
    """Refuse whatever is not a SELECT or a write to an operational table, plain text included."""
    compiled = getattr(context, "compiled", None)
    statement = getattr(compiled, "statement", None)
    if isinstance(statement, Select):
        return
    if not isinstance(statement, UpdateBase) or getattr(statement.table, "name", "") not in OPERATIONAL:
        raise Broken("upkeep-only", tables=", ".join(sorted(OPERATIONAL)))


@contextmanager
def _busy_is_unavailable() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        name = getattr(error.orig, "sqlite_errorname", "")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Unavailable("store-busy") from None
        raise
