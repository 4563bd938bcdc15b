"""Does the ledger still say what it said? Every entry hashed again, held against leaf hashes, nodes and checkpoints.

One replay serves both: the database itself and an export read offline. It stops at the first fault and names the
entry; where only a signed root disagrees, it names the stretch since the last checkpoint that agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.ledger import tree
from app.ledger.checkpoint import Checkpoint, open_checkpoint
from app.ledger.entries import parse


@dataclass(frozen=True, kw_only=True)
class Line:
    """One stored entry: its text, and whatever else was stored about it (None: not stored)."""

    position: int
    body: str
    leaf: str | None = None
    columns: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The first entry that is wrong, or the first of a stretch up to `last` of which one is; `why` is a code."""

    first: int
    last: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a replay found: `size` entries under `root`, of which `signed` lie under the newest checkpoint."""

    size: int
    root: bytes
    signed: int
    checkpoints: int
    fault: Fault | None


class Replay:
    """A tree that grows entry by entry; `nodes` are the stored complete subtrees, None where none are stored."""

    def __init__(self, nodes: Mapping[tuple[int, int], str] | None = None) -> None:
        self.size = 0
        self._frontier: dict[int, tuple[int, bytes]] = {}
        self._nodes = nodes

    def root(self) -> bytes:
        """The root of what was added so far."""
        return tree.root(self.size, self._at)

    def add(self, line: Line) -> Fault | None:
        """Add the next entry; the fault it has, if any."""
        here = self.size
        why = self._why_wrong(line)
        if why is not None:
            return Fault(first=here, last=here, why=why)
        leaf = tree.leaf_hash(line.body.encode())
        made = tree.completed_by(here, leaf, self._at)
        self._frontier[0] = (here, leaf)
        for level, position, value in made:
            self._frontier[level] = (position, value)
        self.size += 1
        for level, position, value in made:
            if self._nodes is not None and self._nodes.get((level, position)) != value.hex():
                return Fault(first=position << level, last=here, why="node")
        return None

    def _at(self, level: int, position: int) -> bytes:
        found, value = self._frontier[level]
        if found != position:
            raise KeyError((level, position))
        return value

    def _why_wrong(self, line: Line) -> str | None:
        if line.position != self.size:
            return "missing"
        try:
            entry = parse(line.body)
        except (ValueError, TypeError, KeyError):
            return "unreadable"
        if entry.index != self.size:
            return "order"
        if line.leaf is not None and line.leaf != entry.leaf().hex():
            return "changed"
        if any(getattr(entry, name) != value for name, value in line.columns.items()):
            return "columns"
        return None


def verify(
    lines: Iterable[Line],
    notes: Iterable[str],
    verifier: str,
    *,
    nodes: Mapping[tuple[int, int], str] | None = None,
) -> Verdict:
    """Replay `lines` against the checkpoints `notes` of the key `verifier`, and against `nodes` where stored."""
    replay = Replay(nodes)
    signed, count = 0, 0
    opened, fault = _open(notes, verifier)
    waiting = sorted(opened, key=lambda c: c.size)
    for line in lines:
        bad = fault or replay.add(line)
        if bad is None and (due := [c for c in waiting if c.size == replay.size]):
            bad = _disagreement(due, replay, signed)
            waiting = [c for c in waiting if c.size != replay.size]
            signed, count = replay.size, count + len(due)
        if bad is not None:
            return _verdict(replay, signed, count, bad)
    beyond = fault or _cut_off(waiting, replay, nodes)
    return _verdict(replay, signed, count, beyond)


def _open(notes: Iterable[str], verifier: str) -> tuple[list[Checkpoint], Fault | None]:
    opened: list[Checkpoint] = []
    for note in notes:
        try:
            opened.append(open_checkpoint(note, verifier))
        except ValueError:
            last = opened[-1].size if opened else 0
            return opened, Fault(first=last, last=last, why="signature")
    return opened, None


def _disagreement(due: list[Checkpoint], replay: Replay, signed: int) -> Fault | None:
    root = replay.root()
    if all(checkpoint.root == root for checkpoint in due):
        return None
    return Fault(first=signed, last=replay.size - 1, why="root")


def _cut_off(waiting: list[Checkpoint], replay: Replay, nodes: Mapping[tuple[int, int], str] | None) -> Fault | None:
    """Checkpoints or nodes about entries that are no longer there."""
    sizes = [c.size for c in waiting if c.size > replay.size]
    sizes += [((position + 1) << level) for level, position in nodes or {} if ((position + 1) << level) > replay.size]
    if waiting and not sizes:  # a checkpoint of the empty tree
        return _disagreement(waiting, replay, 0) if any(c.size == replay.size for c in waiting) else None
    return Fault(first=replay.size, last=max(sizes) - 1, why="missing") if sizes else None


def _verdict(replay: Replay, signed: int, count: int, fault: Fault | None) -> Verdict:
    return Verdict(size=replay.size, root=replay.root(), signed=signed, checkpoints=count, fault=fault)
