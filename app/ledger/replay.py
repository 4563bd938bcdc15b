"""Does the ledger still say what it said? Every entry hashed again, held against leaf hashes, nodes and checkpoints.

One replay serves both: the database itself and an export read offline. It stops at the first fault and names the
entry; where only a signed root disagrees, it names the stretch since the last checkpoint that agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.ledger import tree
from app.ledger.checkpoint import Checkpoint, open_checkpoint
from app.ledger.entries import parse
from app.ledger.tiles import Growing, subtrees
from app.ledger.witness import cosigned_at

FAULTS: dict[str, tuple[str, str]] = {
    "missing": ("条目缺失或被截断", "entries are missing or cut off"),
    "unreadable": ("条目不是规范的 JSON", "it is not canonical JSON"),
    "order": ("条目顺序被改变", "the order was changed"),
    "changed": ("内容与其哈希不符", "its content does not match its hash"),
    "columns": ("检索列与条目内容不符", "the search columns do not match the entry"),
    "node": ("与已存的树节点不符", "a stored node of the tree does not match"),
    "root": ("与已签名的检查点不符", "a signed checkpoint does not match"),
    "rewritten": ("与保存的导出件不符", "an export that was kept says something else"),
    "unwitnessed": ("没有任何检查点带有该见证人的签名", "no checkpoint carries the signature of that witness"),
    "signature": ("检查点没有有效签名", "a checkpoint has no valid signature"),
}
"""What a replay can find, in both languages."""

Nodes = Mapping[tuple[int, int], str]
"""(level, position) → the hash (hex) that was stored for that complete subtree."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One stored entry: its text, and whatever else was stored about it (None: not stored)."""

    position: int
    body: str
    leaf: str | None = None
    columns: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What a reader holds a ledger against: the log's key, a witness's key, and what the reader kept from earlier.

    `witness` demands a checkpoint that this witness has signed too; `notes` are kept checkpoints; `leaves` are the leaf
    hashes (hex) of an export that was kept, which name a changed entry exactly.
    """

    verifier: str
    witness: str | None = None
    notes: Sequence[str] = ()
    leaves: Iterable[str] = ()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The first entry that is wrong, or the first of a stretch up to `last` of which one is; `why` is a code."""

    first: int
    last: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a replay found: `size` entries under `root`, of which `signed` lie under the newest checkpoint.

    `witnessed` of them lie under the newest checkpoint that the witness signed too, at `witnessed_at` (POSIX seconds).
    """

    size: int
    root: bytes
    signed: int
    checkpoints: int
    fault: Fault | None
    witnessed: int = 0
    witnessed_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Signed:
    """Checkpoints whose signatures hold, by size, and when the witness signed the newest of its own."""

    by_size: Mapping[int, Sequence[Checkpoint]]
    witnessed: int = 0
    witnessed_at: int | None = None
    fault: Fault | None = None


class Replay:
    """A tree that grows entry by entry; `nodes` are the stored complete subtrees, None where none are stored."""

    def __init__(self, nodes: Nodes | None = None) -> None:
        self._tree = Growing()
        self._nodes = nodes

    @property
    def size(self) -> int:
        """The number of entries that were added."""
        return self._tree.size

    def root(self) -> bytes:
        """The root of what was added so far."""
        return tree.root(self.size, subtrees(self._tree.tile))

    def add(self, line: Line) -> Fault | None:
        """Add the next entry; the fault it has, if any."""
        here = self.size
        why = self._why_wrong(line)
        if why is not None:
            return Fault(first=here, last=here, why=why)
        for level, position, value in self._tree.add(tree.leaf_hash(line.body.encode())):
            if self._nodes is not None and self._nodes.get((level, position)) != value.hex():
                return Fault(first=position << level, last=here, why="node")
        return None

    def _why_wrong(self, line: Line) -> str | None:
        if line.position != self.size:
            return "missing"
        try:
            leaf = tree.leaf_hash(line.body.encode()).hex()
            entry = parse(line.body)
        except (ValueError, TypeError, KeyError, RecursionError):
            return "unreadable"
        if entry.index != self.size:
            return "order"
        if line.leaf is not None and line.leaf != leaf:
            return "changed"
        if any(getattr(entry, name) != value for name, value in line.columns.items()):
            return "columns"
        return None


def verify(lines: Iterable[Line], notes: Iterable[str], trust: Trust, *, nodes: Nodes | None = None) -> Verdict:
    """Replay `lines` against the checkpoints `notes`, against `nodes` where stored, and against what is trusted."""
    replay, kept = Replay(nodes), iter(trust.leaves)
    signed = _open([*notes, *trust.notes], trust)
    agreed, count = 0, 0
    fault = signed.fault or _disagreement(signed, replay, 0)
    if fault is None:
        count += len(signed.by_size.get(0, ()))
        for line in lines:
            fault = replay.add(line) or _other(line, kept, replay.size) or _disagreement(signed, replay, agreed)
            if fault is not None:
                break
            if replay.size in signed.by_size:
                agreed, count = replay.size, count + len(signed.by_size[replay.size])
    return Verdict(
        size=replay.size,
        root=replay.root(),
        signed=agreed,
        checkpoints=count,
        fault=fault or _cut_off(signed, replay, nodes, kept),
        witnessed=signed.witnessed,
        witnessed_at=signed.witnessed_at,
    )


def _open(notes: Sequence[str], trust: Trust) -> _Signed:
    """The checkpoints in `notes`; the first that nobody trusted has signed is a fault, and so is a missing witness."""
    by_size: dict[int, list[Checkpoint]] = {}
    newest: tuple[int, int] | None = None
    last = 0
    for note in notes:
        try:
            opened = open_checkpoint(note, trust.verifier)
            seconds = cosigned_at(note, trust.witness) if trust.witness else None
        except ValueError:
            return _Signed(by_size=by_size, fault=Fault(first=last, last=last, why="signature"))
        last = opened.size
        by_size.setdefault(opened.size, []).append(opened)
        if seconds is not None:
            newest = max(newest or (0, 0), (opened.size, seconds))
    if trust.witness and newest is None:
        return _Signed(by_size=by_size, fault=Fault(first=0, last=last, why="unwitnessed"))
    size, at = newest or (0, None)
    return _Signed(by_size=by_size, witnessed=size, witnessed_at=at)


def _disagreement(signed: _Signed, replay: Replay, agreed: int) -> Fault | None:
    """The stretch since the last checkpoint that agreed, when one of this size does not."""
    due = signed.by_size.get(replay.size)
    if not due:
        return None
    root = replay.root()
    if all(checkpoint.root == root for checkpoint in due):
        return None
    return Fault(first=agreed, last=max(agreed, replay.size - 1), why="root")


def _other(line: Line, kept: Iterator[str], size: int) -> Fault | None:
    """A fault when an export that was kept has another entry in this place."""
    before = next(kept, None)
    if before is None or before == (line.leaf or tree.leaf_hash(line.body.encode()).hex()):
        return None
    return Fault(first=size - 1, last=size - 1, why="rewritten")


def _cut_off(signed: _Signed, replay: Replay, nodes: Nodes | None, kept: Iterator[str]) -> Fault | None:
    """Checkpoints, nodes or kept entries beyond the last entry that is there."""
    beyond = [size for size in signed.by_size if size > replay.size]
    beyond += [size for level, position in nodes or {} if (size := (position + 1) << level) > replay.size]
    beyond += [replay.size + more] if (more := sum(1 for _ in kept)) else []
    return Fault(first=replay.size, last=max(beyond) - 1, why="missing") if beyond else None
