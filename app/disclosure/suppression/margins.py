"""Which tables with margins does an output have? One per measure and aggregations that add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.disclosure.suppression.cells import Cells
from app.disclosure.suppression.protection import protection
from app.disclosure.suppression.table import Status, Table
from app.domain.errors import Broken
from app.domain.proofs import Margin
from app.domain.rules import LevelRule

Node = tuple[int, int]
"""A measure of a frontier: (frontier, measure)."""
_MARGIN, _GRAND_TOTAL, _ZERO = 25.0, 1e4, 1e5
"""What it costs to take out a margin, a grand total (times the cell's own weight) or a zero (disclosure.md, C.2)."""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What is out besides what the evidence says, as hashes of keys.

    `primary` cells are unsafe themselves; `secondary` rows (by frontier) are out for the sake of others; all other rows
    of the frontiers `known` left earlier.
    """

    primary: Mapping[Node, frozenset[int]] = field(default_factory=dict)
    secondary: Mapping[int, frozenset[int]] = field(default_factory=dict)
    known: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, eq=False)
class MarginTable:
    """A table with margins whose parts are the cells of several frontiers, one after the other.

    `frontier` and `row` say where each cell of the table is from, `nodes` which measure it is there.
    """

    nodes: tuple[Node, ...]
    frontier: NDArray[np.int64]
    row: NDArray[np.int64]
    table: Table


def groups(cells: Mapping[int, Cells]) -> list[tuple[Node, ...]]:
    """Measures of the frontiers in `cells` that add up to one another, directly or through others: a table each."""
    leader: dict[Node, Node] = {}

    def lead(node: Node) -> Node:
        while leader.setdefault(node, node) != node:
            node = leader[node]
        return node

    for number, part in cells.items():
        for margin in part.outline.margins:
            for own, finer in margin.measures:
                leader[lead((number, own))] = lead((margin.finer, finer))
    found: dict[Node, list[Node]] = {}
    for node in sorted(leader):
        found.setdefault(lead(node), []).append(node)
    return [tuple(group) for group in found.values()]


def margin_table(nodes: tuple[Node, ...], cells: Mapping[int, Cells], rule: LevelRule, marks: Marks) -> MarginTable:
    """The table of one of `groups`: the cells of its measures, and the sums between them.

    Raises Broken("evidence-malformed") when they do not fit together.
    """
    parts = [cells[f] for f, _ in nodes]
    sizes = [len(p.cell) for p in parts]
    begins = dict(zip(nodes, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
    value = np.concatenate([p.value[j] for p, (_, j) in zip(parts, nodes, strict=True)])
    contributors = np.concatenate([p.contributors[j] for p, (_, j) in zip(parts, nodes, strict=True)])
    kind = parts[0].outline.kinds[nodes[0][1]] or ""
    needed = protection(
        kind,
        rule,
        value=value,
        contributors=contributors,
        share=np.concatenate([p.share[j] for p, (_, j) in zip(parts, nodes, strict=True)]),
        keys=max(p.outline.keys for p in parts),
    )
    status = np.concatenate([_status(p, node, marks) for p, node in zip(parts, nodes, strict=True)])
    return MarginTable(
        nodes=nodes,
        frontier=np.repeat([f for f, _ in nodes], sizes),
        row=np.concatenate([np.arange(size) for size in sizes]),
        table=Table(
            value=value,
            weight=_weight(value if kind != "mean" else contributors, np.repeat(_levels(parts), sizes)),
            status=status,
            single=contributors == 1,
            lower=needed.lower,
            upper=needed.upper,
            down=_where(status, needed.down),
            up=_where(status, needed.up),
            lines=tuple(_lines(nodes, cells, begins)),
        ),
    )


def _where(status: NDArray[np.int8], need: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(status == Status.PRIMARY, need, 0.0)


def _levels(parts: list[Cells]) -> list[float]:
    """What cells of each part cost more than those of an inner cell."""
    return [_GRAND_TOTAL if not p.outline.keys else _MARGIN if p.outline.margins else 1.0 for p in parts]


def _weight(size: NDArray[np.float64] | NDArray[np.int64], level: NDArray[np.float64]) -> NDArray[np.float64]:
    """What taking out a cell costs: log2(2 + its size)."""
    plain = np.abs(size).astype(np.float64)
    return np.where(plain == 0, _ZERO, np.log2(2 + plain) * level)


def _status(part: Cells, node: Node, marks: Marks) -> NDArray[np.int8]:
    """The status of a part's cells; a cell that is unsafe itself stays so when its row is out for others as well."""
    frontier, measure = node
    primary = np.isin(part.key, _array(marks.primary.get(node, frozenset())))
    secondary = np.isin(part.key, _array(marks.secondary.get(frontier, frozenset())))
    rest = Status.KNOWN if frontier in marks.known else Status.PUBLISHED
    unsafe = primary | (~part.passed[measure] & ~secondary)
    return np.where(unsafe, Status.PRIMARY, np.where(secondary, Status.SECONDARY, rest)).astype(np.int8)


def _array(keys: Iterable[int]) -> NDArray[np.uint64]:
    return np.array(sorted(keys), dtype=np.uint64)


def _lines(nodes: tuple[Node, ...], cells: Mapping[int, Cells], begins: Mapping[Node, int]) -> list[NDArray[np.int64]]:
    """The sums of a table: the cells of a finer frontier that share the keys of a coarser one, and its cell."""
    found = []
    for number, own in nodes:
        for margin in cells[number].outline.margins:
            finer = dict(margin.measures).get(own)
            if finer is not None:
                groups = _sums(cells[number], cells[margin.finer], margin)
                total, part = begins[number, own], begins[margin.finer, finer]
                found += [np.append(members + part, at + total) for at, members in groups]
    return found


def _sums(coarse: Cells, finer: Cells, margin: Margin) -> list[tuple[int, NDArray[np.int64]]]:
    """(row of the coarser frontier, rows of the finer one that add up to it).

    Raises Broken("evidence-malformed") when one of the finer rows is in no sum, or two coarser rows have equal keys.
    """
    own, other = _names(coarse.keys), _names(finer.keys[:, list(margin.positions)])
    rows = {name: i for i, name in enumerate(own)}
    members: dict[bytes, list[int]] = {}
    for i, name in enumerate(other):
        members.setdefault(name, []).append(i)
    if len(rows) != len(own) or not set(members) <= set(rows):
        raise Broken("evidence-malformed", file=f"margins_{coarse.outline.number}.parquet")
    return [(rows[name], np.array(found, dtype=np.int64)) for name, found in members.items()]


def _names(keys: NDArray[np.uint64]) -> list[bytes]:
    return [row.tobytes() for row in np.ascontiguousarray(keys)]
