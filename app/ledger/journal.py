"""How does an entry get into the database and out again? Appending inside the caller's transaction, and reading.

Every function takes an open connection; `append` is called by the store's change door alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, Select, func, insert, select, text

from app.domain.errors import Broken, Invalid
from app.ledger import tiles, tree
from app.ledger.checkpoint import stated
from app.ledger.entries import MAX_BYTES, Entry, parse
from app.ledger.tables import ledger_checkpoint, ledger_cosignature, ledger_entry, ledger_node

BATCH = 1000
"""Rows that are read at a time: no reader holds the whole ledger in memory."""

_LAST = select(func.max(ledger_entry.c.position))
_ENTRY, _NODE = insert(ledger_entry), insert(ledger_node)


def size(connection: Connection) -> int:
    """The number of entries."""
    last = connection.execute(_LAST).scalar_one()
    return 0 if last is None else int(last) + 1


def append(
    connection: Connection, *, at: str, event: str, actor: str, subject: str, details: Mapping[str, object]
) -> Entry:
    """Add one entry in the caller's transaction, which must hold the only right to write (SQLite: BEGIN IMMEDIATE).

    Raises Invalid("ledger-entry-long") for an entry that no bundle of an export could hold.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE ledger_entry IN EXCLUSIVE MODE"))
    entry = Entry(index=size(connection), at=at, event=event, actor=actor, subject=subject, details=details)
    body, leaf = entry.body(), entry.leaf()
    if (length := len(body.encode())) > MAX_BYTES:
        raise Invalid("ledger-entry-long", event=event, bytes=length, limit=MAX_BYTES)
    made = tiles.completed_by(entry.index, leaf, stored_tiles(connection))
    columns = {"at": at, "event": event, "actor": actor, "subject": subject}
    connection.execute(_ENTRY, {"position": entry.index, **columns, "body": body, "leaf_hash": leaf.hex()})
    if made:
        rows = [{"level": level, "position": position, "hash": value.hex()} for level, position, value in made]
        connection.execute(_NODE, rows)
    return entry


def stored_tiles(connection: Connection) -> tiles.Tile:
    """The tiles of the tree as they stand in the database, as far as they are filled."""

    def tile(floor: int, index: int) -> Sequence[bytes]:
        table, column = (ledger_node.c, ledger_node.c.hash) if floor else (ledger_entry.c, ledger_entry.c.leaf_hash)
        start = index * tiles.WIDTH
        query = select(column).where(table.position >= start, table.position < start + tiles.WIDTH)
        if floor:
            query = query.where(ledger_node.c.level == floor * tiles.HEIGHT)
        return [bytes.fromhex(value) for value in connection.execute(query.order_by(table.position)).scalars()]

    return tile


def subtrees(connection: Connection) -> tree.Subtree:
    """The hashes of complete subtrees, out of the stored tiles; KeyError for one that is not there."""
    return tiles.subtrees(stored_tiles(connection))


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
    for body in _streamed(connection, query):
        yield parse(body)


def bodies(connection: Connection) -> Iterator[str]:
    """The canonical text of every entry, in order."""
    yield from _streamed(connection, select(ledger_entry.c.body).order_by(ledger_entry.c.position))


def _streamed(connection: Connection, query: Select[str]) -> Iterator[str]:
    """Texts read batch by batch; the cursor is closed when the reader stops early, too."""
    with connection.execution_options(yield_per=BATCH).execute(query) as rows:
        yield from rows.scalars()


def checkpoints(connection: Connection) -> list[str]:
    """Every signed checkpoint with the signatures of its witnesses, oldest first."""
    kept = {row.size: str(row.note) for row in connection.execute(select(ledger_checkpoint))}
    lines = select(ledger_cosignature.c.size, ledger_cosignature.c.line).order_by(ledger_cosignature.c.witness)
    for row in connection.execute(lines):
        kept[row.size] = kept.get(row.size, "") + row.line
    return [note for _, note in sorted(kept.items())]


def sign_checkpoint(connection: Connection, *, at: str, sign: Callable[[int, bytes], str]) -> str:
    """The signed checkpoint of the present tree; kept once per tree size. `sign` takes size and root.

    Raises Broken("ledger-contradicted") when the tree no longer continues the checkpoint that was signed last.
    """
    tree_size = size(connection)
    newest = select(ledger_checkpoint).order_by(ledger_checkpoint.c.size.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    if last is not None and (last.size > tree_size or stated(last.note).root != root(connection, last.size)):
        raise Broken("ledger-contradicted", size=last.size)
    if last is not None and last.size == tree_size:
        return str(last.note)
    note = sign(tree_size, root(connection, tree_size))
    connection.execute(insert(ledger_checkpoint).values(size=tree_size, at=at, note=note))
    return note


def add_cosignature(connection: Connection, *, at: str, size: int, witness: str, line: str) -> None:
    """Keep the signature line of a witness under the checkpoint of that size; once for each witness and checkpoint."""
    known = select(ledger_cosignature.c.size).where(
        ledger_cosignature.c.size == size, ledger_cosignature.c.witness == witness
    )
    if connection.execute(known).one_or_none() is None:
        connection.execute(insert(ledger_cosignature).values(size=size, witness=witness, at=at, line=line))
