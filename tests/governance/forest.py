"""All complete subtrees over some leaves, in memory."""

from __future__ import annotations

from app.ledger import tree


class Forest:
    """All complete subtrees over some leaves, built level by level."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        level, here = 0, [tree.leaf_hash(data) for data in leaves]
        while here:
            self.nodes |= {(level, position): value for position, value in enumerate(here)}
            here = [tree.node_hash(here[n], here[n + 1]) for n in range(0, len(here) - 1, 2)]
            level += 1

    def at(self, level: int, position: int) -> bytes:
        return self.nodes[level, position]
