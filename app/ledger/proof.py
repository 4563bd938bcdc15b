"""Can one entry be shown to stand in the ledger without the rest? Inclusion proofs under a signed checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from app.domain.errors import Refusal
from app.ledger import journal, tree
from app.ledger.checkpoint import open_checkpoint, stated
from app.ledger.entries import Entry, parse
from app.ledger.tables import ledger_entry


def prove_entry(connection: Connection, index: int, note: str, verifier: str) -> dict[str, Any]:
    """The proof that entry `index` stands under the checkpoint `note`: plain data for `check_entry`.

    Raises Refusal("ledger-entry-unproved") when the checkpoint does not reach that entry.
    """
    size = open_checkpoint(note, verifier).size
    query = select(ledger_entry.c.body).where(ledger_entry.c.position == index)
    body = connection.execute(query).scalar_one_or_none()
    if body is None or not 0 <= index < size:
        raise Refusal("ledger-entry-unproved", index=index, size=size)
    path = tree.inclusion_proof(index, size, journal.subtrees(connection))
    return {"entry": body, "index": index, "path": [step.hex() for step in path], "checkpoint": note}


def check_entry(proof: Mapping[str, Any], verifier: str) -> Entry:
    """The entry that `proof` proves under the key `verifier`, offline.

    Raises ValueError when the proof does not hold or is malformed.
    """
    checkpoint = open_checkpoint(str(proof["checkpoint"]), verifier)
    entry = parse(str(proof["entry"]))
    path = [bytes.fromhex(step) for step in proof["path"]]
    if not tree.verify_inclusion(entry.leaf(), entry.index, checkpoint.size, path, checkpoint.root):
        raise ValueError("the path does not lead to the signed root")
    return entry


def continuation(connection: Connection, old_size: int, note: str) -> list[bytes]:
    """The proof that the tree of the checkpoint `note` continues the tree of `old_size` entries (RFC 6962 §2.1.2).

    Raises Refusal("ledger-checkpoint-shorter") when the checkpoint has fewer entries.
    """
    size = stated(note).size
    if old_size > size:
        raise Refusal("ledger-checkpoint-shorter", old=old_size, size=size)
    return tree.consistency_proof(old_size, size, journal.subtrees(connection))
