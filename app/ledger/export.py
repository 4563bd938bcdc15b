"""How does the ledger leave the house, and who can check it there? One text file, verified without the server.

Lines of JSON: a header with the verifier key, one line per entry with its leaf hash, one line per checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, select

from app.domain.errors import Invalid
from app.ledger import journal
from app.ledger.checkpoint import open_checkpoint
from app.ledger.replay import Line, Verdict, verify
from app.ledger.tables import ledger_entry, ledger_node

FORMAT = "sluice-ledger/1"


def verify_database(connection: Connection, verifier: str, *, earlier: str | None = None) -> Verdict:
    """Replay the ledger in the database: entries, search columns, nodes, checkpoints, and one kept `earlier`."""
    rows = connection.execute(select(ledger_node.c.level, ledger_node.c.position, ledger_node.c.hash))
    nodes = {(level, position): value for level, position, value in rows}
    kept = [] if earlier is None else [_kept(earlier, verifier)]
    notes = [*journal.checkpoints(connection), *kept]
    return verify(_stored(connection), notes, verifier, nodes=nodes)


def write_export(connection: Connection, file: Path, verifier: str) -> int:
    """Write the whole ledger to `file`; answers the number of entries."""
    count = 0
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.write(json.dumps({"format": FORMAT, "key": verifier}, ensure_ascii=False) + "\n")
        for line in _stored(connection):
            out.write(f'{{"leaf":"{line.leaf}","entry":{line.body}}}\n')
            count += 1
        for note in journal.checkpoints(connection):
            out.write(json.dumps({"checkpoint": note}, ensure_ascii=False) + "\n")
    return count


def verify_export(file: Path, verifier: str | None = None, earlier: str | None = None) -> Verdict:
    """Replay an export offline.

    `verifier` is the key the reader trusts (None: the one in the file, which shows only that the file agrees with
    itself); `earlier` a checkpoint that the reader kept: the export must continue it.
    Raises Invalid("ledger-export-unreadable") for a file that is no export.
    """
    header, lines, notes = _read(file)
    key = verifier or header
    kept = [] if earlier is None else [_kept(earlier, key)]
    return verify(lines, [*notes, *kept], key)


def _kept(note: str, verifier: str) -> str:
    try:
        open_checkpoint(note, verifier)
    except ValueError as error:
        raise Invalid("ledger-checkpoint-foreign", why=error) from None
    return note


def _stored(connection: Connection) -> Iterator[Line]:
    query = select(ledger_entry).order_by(ledger_entry.c.position)
    for row in connection.execution_options(yield_per=1000).execute(query):
        columns = {"at": row.at, "event": row.event, "actor": row.actor, "subject": row.subject}
        yield Line(position=row.position, body=row.body, leaf=row.leaf_hash, columns=columns)


def _read(file: Path) -> tuple[str, list[Line], list[str]]:
    """The key of the header, the entries and the checkpoints of an export."""
    try:
        texts = file.read_text(encoding="utf-8").splitlines()
        header = json.loads(texts[0])
        key = str(header["key"]) if header["format"] == FORMAT else ""
        lines, notes = _sorted(texts[1:])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, IndexError, TypeError):
        raise Invalid("ledger-export-unreadable", file=file) from None
    if not key:
        raise Invalid("ledger-export-unreadable", file=file)
    return key, lines, notes


def _sorted(texts: list[str]) -> tuple[list[Line], list[str]]:
    """Entries numbered by their place in the file, and checkpoints.

    An entry's text is taken from the line as it stands, so that its bytes and not a reading of them are hashed.
    """
    lines: list[Line] = []
    notes: list[str] = []
    for text in texts:
        start, separator, rest = text.partition(',"entry":')
        if separator and start.startswith('{"leaf":"'):
            leaf = start.removeprefix('{"leaf":"').removesuffix('"')
            lines.append(Line(position=len(lines), body=rest.removesuffix("}"), leaf=leaf))
        else:
            notes.append(json.loads(text)["checkpoint"])
    return lines, notes
