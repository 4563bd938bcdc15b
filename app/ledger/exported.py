"""What does an export of the ledger hold, whichever form it has?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.ledger.replay import Line, Nodes


@dataclass(frozen=True, kw_only=True)
class Exported:
    """The key that the export names, its checkpoints, its entries (read as they are asked for, once), its nodes."""

    key: str
    notes: Sequence[str]
    lines: Iterable[Line]
    nodes: Nodes | None = None
