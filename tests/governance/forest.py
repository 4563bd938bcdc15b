"""All complete subtrees over some leaves, in memory."""

from __future__ import annotations

from app.ledger import tree


class Forest:
    """All complete subtrees over some leaves, as the database keeps them."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        for position, data in enumerate(leaves):
            self.nodes[0, position] = tree.leaf_hash(data)
            for level, place, value in tree.completed_by(position, self.nodes[0, position], self.at):
                self.nodes[level, place] = value

    def at(self, level: int, position: int) -> bytes:
        return self.nodes[level, position]
