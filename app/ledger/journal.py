"""How does an entry get into the database and out again? Appending inside the caller's transaction, and reading.

Every function takes an open connection; `append` is called by the store's change door alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sqlalchemy import Connection, func, insert, select, text

from app.ledger import tree
from app.ledger.entries import Entry, parse
from app.ledger.tables import ledger_checkpoint, ledger_entry, ledger_node


def size(connection: Connection) -> int:
    """The number of entries."""
    last = connection.execute(select(func.max(ledger_entry.c.position))).scalar_one()
    return 0 if last is None else int(last) + 1


def append(
    connection: Connection, *, at: str, event: str, actor: str, subject: str, details: Mapping[str, object]
) -> Entry:
    """Add one entry in the caller's transaction, which must hold the only right to write (SQLite: BEGIN IMMEDIATE)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE ledger_entry IN EXCLUSIVE MODE"))
    entry = Entry(index=size(connection), at=at, event=event, actor=actor, subject=subject, details=details)
    body, leaf = entry.body(), entry.leaf()
    made = tree.completed_by(entry.index, leaf, subtrees(connection))
    connection.execute(
        insert(ledger_entry).values(
            position=entry.index, at=at, event=event, actor=actor, subject=subject, body=body, leaf_hash=leaf.hex()
        )
    )
    if made:
        rows = [{"level": level, "position": position, "hash": value.hex()} for level, position, value in made]
        connection.execute(insert(ledger_node), rows)
    return entry


def subtrees(connection: Connection) -> tree.Subtree:
    """The stored hashes of complete subtrees; KeyError for one that is not there."""

    def subtree(level: int, position: int) -> bytes:
        query = (
            select(ledger_node.c.hash).where(ledger_node.c.level == level, ledger_node.c.position == position)
            if level
            else select(ledger_entry.c.leaf_hash).where(ledger_entry.c.position == position)
        )
        found = connection.execute(query).scalar_one_or_none()
        if found is None:
            raise KeyError((level, position))
        return bytes.fromhex(found)

    return subtree


def root(connection: Connection, tree_size: int) -> bytes:
    """The root over the first `tree_size` entries."""
    return tree.root(tree_size, subtrees(connection))


def entries(
    connection: Connection, *, subject: str | None = None, event: str | None = None, start: int = 0, limit: int = -1
) -> Iterator[Entry]:
    """Entries in order from `start`, narrowed to a subject or event; `limit` −1 means all of them."""
    query = select(ledger_entry.c.body).where(ledger_entry.c.position >= start).order_by(ledger_entry.c.position)
    if subject is not None:
        query = query.where(ledger_entry.c.subject == subject)
    if event is not None:
        query = query.where(ledger_entry.c.event == event)
    if limit >= 0:
        query = query.limit(limit)
    for body in connection.execute(query).scalars():
        yield parse(body)


def bodies(connection: Connection) -> Iterator[str]:
    """The canonical text of every entry, in order."""
    rows = connection.execution_options(yield_per=1000).execute(
        select(ledger_entry.c.body).order_by(ledger_entry.c.position)
    )
    yield from rows.scalars()


def checkpoints(connection: Connection) -> list[str]:
    """Every signed checkpoint, oldest first."""
    return list(connection.execute(select(ledger_checkpoint.c.note).order_by(ledger_checkpoint.c.size)).scalars())


def sign_checkpoint(connection: Connection, *, at: str, sign: Callable[[int, bytes], str]) -> str:
    """The signed checkpoint of the present tree; kept once per tree size. `sign` takes size and root."""
    tree_size = size(connection)
    query = select(ledger_checkpoint.c.note).where(ledger_checkpoint.c.size == tree_size)
    existing = connection.execute(query).scalar_one_or_none()
    if existing is not None:
        return str(existing)
    note = sign(tree_size, root(connection, tree_size))
    connection.execute(insert(ledger_checkpoint).values(size=tree_size, at=at, note=note))
    return note
