"""Does the search by marks find exactly what comparing all pairs finds?"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from app.disclosure.distance import near_pairs
from app.disclosure.index import lookup
from app.disclosure.index.bands import REACH
from app.disclosure.index.cells import Cells, cells_of
from app.disclosure.index.lookup import Index, equals, indexed, near
from app.disclosure.segment import BUCKETS, Segment
from tests.disclosure.planted import PLANTS, trials
from tests.disclosure.simulated import Rows, cells, random_cells, some_rows

Found = set[tuple[int, int, int]]


def by_index(new: Segment, old: Segment) -> Found:
    """What the index finds, each pair once."""
    found = [
        (i, j, d)
        for p in near(cells_of(new), indexed(cells_of(old)))
        for i, j, d in zip(p.left.tolist(), p.right.tolist(), p.distance.tolist(), strict=True)
    ]
    assert len(found) == len(set(found))
    return set(found)


def by_all_pairs(new: Segment, old: Segment) -> Found:
    return {
        (i, j, d)
        for p in near_pairs(new, old)
        for i, j, d in zip(p.left.tolist(), p.right.tolist(), p.distance.tolist(), strict=True)
    }


def from_a_pool(rng: np.random.Generator, n: int, k: int, *, pool: int, most: int) -> Segment:
    """Cells of k to `most` units of one small population: they share units in all ways."""
    units = rng.integers(1, 2**63, pool, dtype=np.uint64)
    rows = [rng.choice(units, int(rng.integers(k, most + 1)), replace=False) for _ in range(n)]
    return cells([Rows(u, np.ones(len(u), dtype=np.uint64)) for u in rows], k=k)


@pytest.mark.parametrize("k", [1, 2, 5, 10, 16, 20, REACH + 1, 64, 300])
def test_the_index_finds_exactly_what_comparing_all_pairs_finds_among_small_cells(k: int) -> None:
    rng = np.random.default_rng(k)
    low = min(k, 60)
    old = from_a_pool(rng, 300, low, pool=low + 25, most=low + 15)
    new = old.take(rng.permutation(300))
    noise = rng.integers(0, 3, (300, BUCKETS), dtype=np.uint64)
    presence = np.where(rng.random((300, BUCKETS)) < 0.05, noise, new.presence)
    new = replace(new, presence=presence, k=np.full(300, k))
    old = replace(old, k=rng.integers(1, k + 1, 300))
    wanted = by_all_pairs(new, old)
    assert by_index(new, old) == wanted
    assert by_index(old, new) == {(j, i, d) for i, j, d in wanted}
    assert k < 5 or len(wanted) > 100


def test_cells_with_any_pattern_of_empty_buckets_are_found() -> None:
    """Vectors as an attacker would like them: blocks of empty buckets wherever the bands are cut."""
    rng = np.random.default_rng(31)
    shapes = [np.arange(64) % m < n for m in (2, 4, 8, 32) for n in (1, m // 2)] + [
        np.arange(64) < n for n in range(65)
    ]
    values = rng.integers(1, 2**63, BUCKETS, dtype=np.uint64)
    base = np.array([np.where(s, values, 0) for s in shapes], dtype=np.uint64)
    turned = np.concatenate([np.roll(base, by, axis=1) for by in (0, 1, 7)])
    some = replace(cells([some_rows(rng, 3)]), k=np.array([10]))
    old = replace(some.take(np.zeros(len(turned), dtype=int)), presence=turned, content=turned)
    for k in (3, 10, 20):
        other = turned.copy()
        for row in other:
            row[rng.choice(64, rng.integers(0, k + 2), replace=False)] = rng.integers(0, 2, dtype=np.uint64)
        new = replace(old, presence=other, content=other, k=np.full(len(other), k))
        assert by_index(new, old) == by_all_pairs(new, old)


def test_without_one_of_its_parts_the_index_misses_pairs() -> None:
    """Each kind of entry is needed: wide bands, narrow ones for small cells, places for those that share nothing."""
    rng = np.random.default_rng(32)
    large = cells([some_rows(rng, 200) for _ in range(50)])
    changed = large.presence.copy()
    changed[:, 5] += np.uint64(1)
    assert _without(replace(large, presence=changed), large, "wide") == 0
    # nine units in the even buckets of nine bands, a tenth in the odd one of the first; all but the last have changed
    bucket = np.array([*range(0, 18, 2), 1], dtype=np.uint64)
    tags = (rng.integers(1, 2**50, (2, 10), dtype=np.uint64) << np.uint64(6)) | bucket
    tags[1, 9] = tags[0, 9]
    one, other = (cells([Rows(t, bucket)]) for t in tags)
    assert by_all_pairs(one, other) == {(0, 0, 9)}
    assert _without(one, other, "narrow") == 0
    pair = _disjoint(rng)
    assert _without(pair, pair, "tiny", "tiny_places") < len(by_all_pairs(pair, pair)) == 2


def _without(new: Segment, old: Segment, *parts: str) -> int:
    """How many near pairs are found when parts of the index are empty."""
    whole = indexed(cells_of(old))
    arrays = {f.name: getattr(whole, f.name) for f in fields(whole)}
    return sum(len(p.left) for p in near(cells_of(new), Index(**arrays | {p: arrays[p][:0] for p in parts})))


def _disjoint(rng: np.random.Generator) -> Segment:
    """Ten units in nine buckets or fewer, the same buckets in both cells, and no unit in common."""
    bucket = np.array([1, 1, 5, 9, 9, 20, 33, 41, 50, 60], dtype=np.uint64)
    pair = [Rows((rng.integers(1, 2**50, 10, dtype=np.uint64) << np.uint64(6)) | bucket, bucket) for _ in range(2)]
    return cells(pair)


def test_many_candidates_are_taken_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(33)
    old, new = from_a_pool(rng, 300, 10, pool=30, most=20), from_a_pool(rng, 150, 10, pool=30, most=20)
    new = replace(new, presence=np.concatenate([old.presence[:75], new.presence[75:]]))
    wanted = by_all_pairs(new, old)
    for most in (1, 100, 5000):
        monkeypatch.setattr(lookup, "_MOST", most)
        assert by_index(new, old) == wanted


def test_planted_pairs_of_every_kind_and_distance_below_k_are_all_found() -> None:
    """A part of what `tests/stress/test_planted_pairs.py` does with very many."""
    for k in (5, 10, 20):
        made = trials(np.random.default_rng(100 + k), 31 * len(PLANTS) * 2, k)
        below = [t for t in made if 0 < t.differs < k]
        assert len(below) > 40
        assert [t for t in below if t.found is None] == []
        assert all(t.found is None or t.found <= t.differs for t in made)
        assert [t for t in made if t.differs == 0 and t.found is not None] == []


# -- what was released itself


def test_equals_are_those_with_every_bit_of_every_bucket() -> None:
    rng = np.random.default_rng(34)
    old = random_cells(rng, 500)
    index = indexed(cells_of(old))
    new = cells_of(old.take(np.arange(3)))
    rows, found = equals(new, index)
    assert (rows.tolist(), found.tolist()) == ([0, 1, 2], [0, 1, 2])
    for name in ("presence", "content"):
        array = getattr(new, name).copy()
        array[:, 63] ^= np.uint64(1 << 63)
        assert len(equals(replace(new, **{name: array}), index)[0]) == 0
    assert len(equals(replace(new, group=new.group + np.uint64(1)), index)[0]) == 0


def test_cells_are_what_the_segment_says() -> None:
    segment = cells([some_rows(np.random.default_rng(50), 20)], group="person|income")
    found = cells_of(segment)
    assert isinstance(found, Cells)
    assert found.group[0] != cells_of(replace(segment, group=np.array(["vehicle|income"]))).group[0]
    assert len(cells_of(cells([]))) == 0
