"""How is the tree kept, so that no proof reads all of it? In tiles of 256 hashes, after C2SP tlog-tiles.

A tile of floor 0 holds leaf hashes, a tile of floor f + 1 the roots of full tiles of floor f. Everything between is
hashed again from one tile when it is asked for: a proof in a tree of a million leaves reads five tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.ledger.tree import Subtree, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
"""Hashes in a full tile."""

Tile = Callable[[int, int], Sequence[bytes]]
"""(floor, index) → the hashes of that tile that are there, in order; fewer than `WIDTH` on the right edge."""


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[n], level[n + 1]) for n in range(0, len(level), 2)]
    return level[0]


def subtrees(tile: Tile) -> Subtree:
    """Roots of complete subtrees out of tiles, each read once; KeyError for a subtree that is not there."""
    read: dict[tuple[int, int], Sequence[bytes]] = {}

    def subtree(level: int, position: int) -> bytes:
        floor, height = divmod(level, HEIGHT)
        index, start = divmod(position << height, WIDTH)
        if (floor, index) not in read:
            read[floor, index] = tile(floor, index)
        hashes = read[floor, index][start : start + (1 << height)]
        if len(hashes) < 1 << height:
            raise KeyError((level, position))
        return fold(hashes)

    return subtree


def completed_by(position: int, leaf: bytes, tile: Tile) -> list[tuple[int, int, bytes]]:
    """The roots (level, position, hash) of the tiles that leaf `position` fills: one for every 256 leaves and more.

    `tile` is asked for the tiles that become full; it need not hold yet what is added now. KeyError when it lacks more.
    """
    made: list[tuple[int, int, bytes]] = []
    here, value = position, leaf
    while here % WIDTH == WIDTH - 1:
        floor, here = len(made), here // WIDTH
        hashes = [*tile(floor, here)[: WIDTH - 1], value]
        if len(hashes) < WIDTH:
            raise KeyError((floor, here))
        value = fold(hashes)
        made.append(((floor + 1) * HEIGHT, here, value))
    return made


class Growing:
    """A tree that grows leaf by leaf and remembers its right edge only: at most 255 hashes a floor."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[list[bytes]] = [[]]

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add the next leaf; answers the roots of the tiles that it fills, as `completed_by` does."""
        made = completed_by(self.size, leaf, self.tile)
        self._edge[0].append(leaf)
        for floor, (_, _, value) in enumerate(made):
            self._edge[floor] = []
            if floor + 1 == len(self._edge):
                self._edge.append([])
            self._edge[floor + 1].append(value)
        self.size += 1
        return made

    def tile(self, floor: int, index: int) -> Sequence[bytes]:
        """The unfinished tile of a floor."""
        if floor >= len(self._edge) or index != (self.size >> (HEIGHT * floor)) // WIDTH:
            raise KeyError((floor, index))
        return self._edge[floor]
