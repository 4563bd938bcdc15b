"""Which suppressed cells follow exactly? In tables whose cells stand in two sums at most: the bridges of a graph.

The sums are nodes and the suppressed cells edges between them; a cell follows from the others exactly if no circle goes
through it (Gusfield 1988, "A graph theoretic approach to statistical data security"). No solver is needed for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.disclosure.suppression.table import Table

_OUTSIDE = -1
"""The node at the other end of cells that stand in one sum only."""


def determined(table: Table) -> NDArray[np.int64] | None:
    """The suppressed cells that follow exactly from the sums alone, or None when that graph does not tell.

    It tells when each cell stands in at most two sums and the signs agree, as they do in tables with one or two keys.
    """
    ends = _ends(table)
    if ends is None or not _balanced(ends):
        return None
    graph = _Graph()
    for cell, sums in ends.items():
        nodes = [line for line, _ in sums] + [_OUTSIDE] * (2 - len(sums))
        graph.join(cell, nodes[0], nodes[1])
    return np.array(sorted(graph.bridges()), dtype=np.int64)


def _ends(table: Table) -> dict[int, list[tuple[int, int]]] | None:
    """Suppressed cell → the sums in which it stands, with its sign there; None when one stands in three or more."""
    found: dict[int, list[tuple[int, int]]] = {int(c): [] for c in table.hidden}
    for number, line in enumerate(table.lines):
        for at, cell in enumerate(line.tolist()):
            if cell in found:
                found[cell].append((number, -1 if at == len(line) - 1 else 1))
    return found if all(len(sums) <= 2 for sums in found.values()) else None


def _balanced(ends: dict[int, list[tuple[int, int]]]) -> bool:
    """Whether sums can be turned round so that every cell adds to one of its two sums and takes from the other."""
    beside: dict[int, list[tuple[int, int]]] = {}
    for sums in (s for s in ends.values() if len(s) == 2):
        (one, sign), (other, its) = sums
        beside.setdefault(one, []).append((other, -sign * its))
        beside.setdefault(other, []).append((one, -sign * its))
    turned: dict[int, int] = {}
    for start in beside:
        waiting = [] if start in turned else [(start, 1)]
        while waiting:
            node, sign = waiting.pop()
            if turned.setdefault(node, sign) != sign:
                return False
            waiting += [(n, sign * s) for n, s in beside[node] if turned.get(n) != sign * s]
    return True


@dataclass(kw_only=True)
class _Graph:
    """Edges by their names; two nodes may be joined more than once."""

    edges: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def join(self, edge: int, one: int, other: int) -> None:
        self.edges.setdefault(one, []).append((other, edge))
        self.edges.setdefault(other, []).append((one, edge))

    def bridges(self) -> set[int]:
        """The edges on no circle (Tarjan 1974), by a search in depth without recursion."""
        seen: dict[int, int] = {}
        low: dict[int, int] = {}
        found: set[int] = set()
        for root in self.edges:
            if root not in seen:
                self._search(root, seen, low, found)
        return found

    def _search(self, root: int, seen: dict[int, int], low: dict[int, int], found: set[int]) -> None:
        seen[root] = low[root] = len(seen)
        path: list[tuple[int, int | None, Iterator[tuple[int, int]]]] = [(root, None, iter(self.edges[root]))]
        while path:
            node, came, rest = path[-1]
            for other, edge in rest:
                if edge == came:
                    continue
                if other not in seen:
                    seen[other] = low[other] = len(seen)
                    path.append((other, edge, iter(self.edges[other])))
                    break
                low[node] = min(low[node], seen[other])
            else:
                path.pop()
                if path and came is not None:
                    above = path[-1][0]
                    low[above] = min(low[above], low[node])
                    if low[node] > seen[above]:
                        found.add(came)
