"""How does the ledger leave the house, and who can check it there? One text file, or a folder of tiles.

The file has lines of JSON: a header with the verifier key, one line per entry with its leaf hash, one line per
checkpoint. The folder is `app.ledger.tile_folder`. Both are verified without the server, and read piece by piece.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from sqlalchemy import Connection, select

from app.domain.errors import Invalid
from app.ledger import journal, tile_folder
from app.ledger.checkpoint import open_checkpoint
from app.ledger.exported import Exported
from app.ledger.replay import Line, Trust, Verdict, verify
from app.ledger.tables import ledger_entry, ledger_node
from app.ledger.tree import leaf_hash

FORMAT = "sluice-ledger/1"
_ENTRY, _NOTE = '{"leaf":"', '{"checkpoint":'


def verify_database(connection: Connection, trust: Trust) -> Verdict:
    """Replay the ledger in the database: entries, search columns, nodes, checkpoints, and what the reader kept."""
    _check_kept(trust)
    rows = connection.execute(select(ledger_node.c.level, ledger_node.c.position, ledger_node.c.hash))
    nodes = {(level, position): value for level, position, value in rows}
    return verify(_stored(connection), journal.checkpoints(connection), trust, nodes=nodes)


def write_export(connection: Connection, file: Path, verifier: str) -> int:
    """Write the whole ledger to `file`; answers the number of entries."""
    count = 0
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.write(json.dumps({"format": FORMAT, "key": verifier}, ensure_ascii=False) + "\n")
        for line in _stored(connection):
            out.write(f'{_ENTRY}{line.leaf}","entry":{line.body}}}\n')
            count += 1
        for note in journal.checkpoints(connection):
            out.write(json.dumps({"checkpoint": note}, ensure_ascii=False) + "\n")
    return count


def read_export(place: Path) -> Exported:
    """What an export holds, from a file or a folder of tiles; nothing of it is believed yet.

    Raises Invalid("ledger-export-unreadable") for what is no export, at once or while its entries are read.
    """
    try:
        return tile_folder.read(place) if place.is_dir() else _read_file(place)
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        raise Invalid("ledger-export-unreadable", file=place) from None


def verify_export(place: Path, trust: Trust) -> Verdict:
    """Replay an export offline, with the key of `trust` and not the one the export names.

    Raises Invalid("ledger-export-unreadable") for what is no export, Invalid("ledger-checkpoint-foreign") for a kept
    checkpoint that the key has not signed.
    """
    _check_kept(trust)
    found = read_export(place)
    try:
        return verify(found.lines, found.notes, trust, nodes=found.nodes)
    except OSError:
        raise Invalid("ledger-export-unreadable", file=place) from None


def leaves(place: Path) -> Iterator[str]:
    """The leaf hashes (hex) of an export that was kept, of its entries as they stand."""
    for line in read_export(place).lines:
        yield leaf_hash(line.body.encode(errors="surrogateescape")).hex()


def _check_kept(trust: Trust) -> None:
    for note in trust.notes:
        try:
            open_checkpoint(note, trust.verifier)
        except ValueError as error:
            raise Invalid("ledger-checkpoint-foreign", why=error) from None


def _stored(connection: Connection) -> Iterator[Line]:
    query = select(ledger_entry).order_by(ledger_entry.c.position)
    with connection.execution_options(yield_per=journal.BATCH).execute(query) as rows:
        for row in rows:
            columns = {"at": row.at, "event": row.event, "actor": row.actor, "subject": row.subject}
            yield Line(position=row.position, body=row.body, leaf=row.leaf_hash, columns=columns)


def _read_file(file: Path) -> Exported:
    with _opened(file) as lines:
        header = json.loads(lines.readline())
        if header["format"] != FORMAT or not header["key"]:
            raise ValueError("another format")
        notes = [str(json.loads(text)["checkpoint"]) for text in lines if text.startswith(_NOTE)]
    return Exported(key=str(header["key"]), notes=notes, lines=_entries(file))


def _entries(file: Path) -> Iterator[Line]:
    """Entries numbered by their place in the file; a line that is no checkpoint is one, readable or not.

    An entry's text is taken from the line as it stands, so that its bytes and not a reading of them are hashed.
    """
    position = 0
    with _opened(file) as lines:
        lines.readline()
        for text in lines:
            if not text.startswith(_NOTE):
                leaf, _, body = text.removesuffix("\n").removeprefix(_ENTRY).partition('","entry":')
                yield Line(position=position, body=body.removesuffix("}"), leaf=leaf)
                position += 1


def _opened(file: Path) -> TextIO:
    """The file as lines; bytes that are no text stay distinguishable, so that the entry they harm can be named."""
    return file.open(encoding="utf-8", errors="surrogateescape", newline="\n")
