"""May this signature of a witness stand under a checkpoint of ours? Only when both are what they say."""

from __future__ import annotations

from sqlalchemy import Connection, select

from app.domain.errors import Invalid
from app.ledger import journal
from app.ledger.checkpoint import open_checkpoint
from app.ledger.tables import ledger_checkpoint
from app.ledger.witness import cosignature


def take(connection: Connection, note: str, *, verifier: str, witness: str, at: str) -> int:
    """Keep what the witness has put under our checkpoint `note`; answers the checkpoint's size.

    Raises Invalid("ledger-cosignature-foreign") when the note is no checkpoint that this ledger signed and kept, or the
    witness with this verifier key did not sign it.
    """
    try:
        opened = open_checkpoint(note, verifier)
        query = select(ledger_checkpoint.c.note).where(ledger_checkpoint.c.size == opened.size)
        kept = connection.execute(query).scalar_one_or_none()
        if kept is None or kept.partition("\n\n")[0] != note.partition("\n\n")[0]:
            raise ValueError("no checkpoint of this ledger")
        line = cosignature(note, witness)
    except ValueError as error:
        raise Invalid("ledger-cosignature-foreign", why=error) from None
    journal.add_cosignature(connection, at=at, size=opened.size, witness=witness, line=line)
    return opened.size
