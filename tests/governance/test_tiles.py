"""Do tiles of 256 hashes hold the same tree as all of its nodes, and are they read as seldom as they should be?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ledger import tiles, tree
from tests.governance.forest import Forest

LEAVES = [n.to_bytes(3, "big") for n in range(1500)]
FOREST = Forest(LEAVES)


class Shelf:
    """Tiles out of a list of hashes for each floor, as far as the tree has grown; counts what is read."""

    def __init__(self, size: int) -> None:
        self.floors = [[FOREST.at(8 * f, n) for n in range(size >> (8 * f))] for f in range(2)]
        self.read: list[tuple[int, int]] = []

    def tile(self, floor: int, index: int) -> Sequence[bytes]:
        self.read.append((floor, index))
        return self.floors[floor][256 * index : 256 * (index + 1)]


@given(size=st.integers(1, 1500), data=st.data())
@settings(max_examples=60)
def test_roots_and_proofs_out_of_tiles_are_those_of_the_whole_tree(size: int, data: st.DataObject) -> None:
    subtree = tiles.subtrees(Shelf(size).tile)
    position, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    assert tree.root(size, subtree) == tree.root(size, FOREST.at)
    assert tree.inclusion_proof(position, size, subtree) == tree.inclusion_proof(position, size, FOREST.at)
    assert tree.consistency_proof(old, size, subtree) == tree.consistency_proof(old, size, FOREST.at)


def test_a_proof_reads_each_tile_once_and_few_of_them() -> None:
    shelf = Shelf(1500)
    tree.inclusion_proof(700, 1500, tiles.subtrees(shelf.tile))
    assert sorted(shelf.read) == [(0, 2), (0, 5), (1, 0)]


def test_a_subtree_that_is_not_there_is_not_made_up() -> None:
    subtree = tiles.subtrees(Shelf(300).tile)
    for level, position in ((0, 300), (3, 37), (8, 1), (9, 0)):
        with pytest.raises(KeyError):
            subtree(level, position)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 1500])
def test_a_growing_tree_knows_its_root_and_the_tiles_that_it_fills(size: int) -> None:
    growing = tiles.Growing()
    made = [node for n in range(size) for node in growing.add(FOREST.at(0, n))]
    assert made == [(8, n, FOREST.at(8, n)) for n in range(size // 256)]
    assert tree.root(size, tiles.subtrees(growing.tile)) == tree.root(size, FOREST.at)


def test_the_65536th_leaf_fills_a_tile_on_both_floors() -> None:
    growing, leaf = tiles.Growing(), tree.leaf_hash(b"same")
    made = [growing.add(leaf) for _ in range(65_536)]
    whole = leaf
    for _ in range(16):
        whole = tree.node_hash(whole, whole)
    assert [(level, position) for level, position, _ in made[-1]] == [(8, 255), (16, 0)]
    assert made[-1][-1][2] == whole == tree.root(65_536, tiles.subtrees(growing.tile))


def test_a_tile_with_a_gap_is_not_folded() -> None:
    with pytest.raises(KeyError):
        tiles.completed_by(255, LEAVES[0], lambda _floor, _index: LEAVES[:200])
