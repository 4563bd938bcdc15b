"""Does the firewall miss nothing that differs by fewer than k units, and let pass what differs by many?"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.disclosure.distance import near_pairs
from app.disclosure.firewall import THIS, compare
from app.disclosure.history import History, append, folder_history
from app.disclosure.segment import EMPTY, Segment
from app.disclosure.sums import MAX_ROLLUP_KEYS, with_rollups
from app.domain.errors import Broken, Refusal
from tests.disclosure.planted import PLANTS, Plant, add, remove, units_that_differ
from tests.disclosure.simulated import Rows, cells, history, joined, random_cells, some_rows

NOTHING = History()


@pytest.mark.parametrize("plant", PLANTS, ids=lambda p: p.__name__)
@pytest.mark.parametrize("k", [5, 10, 20])
def test_no_planted_pair_below_k_passes_and_none_far_apart_is_stopped(tmp_path: Path, plant: Plant, k: int) -> None:
    rng = np.random.default_rng(k * 100 + PLANTS.index(plant))
    base = [some_rows(rng, int(n), most=3) for n in np.exp(rng.uniform(np.log(70), np.log(1500), 90))]
    new = [plant(rng, rows, int(d)) for rows, d in zip(base, np.tile(np.arange(31), 3), strict=False)]
    truth = [units_that_differ(a, b) for a, b in zip(base, new, strict=True)]
    near = {n.key for n in compare(cells(new, k=k), history(tmp_path, cells(base, k=k))).near}
    below = {i for i, d in enumerate(truth) if 0 < d < k}
    assert len(below) >= 10
    assert below <= near
    assert not {i for i in near if truth[i] == 0 or (k <= 10 and truth[i] >= 30)}


def test_the_same_number_again_is_no_difference(tmp_path: Path) -> None:
    segment = cells([some_rows(np.random.default_rng(1), n, most=2) for n in (12, 60, 900)])
    assert compare(segment, history(tmp_path, segment)).near == ()


def test_a_rescaled_measure_without_one_unit_is_caught_by_presence(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = some_rows(rng, 300)
    doubled = Rows(rows.unit[1:], rows.value[1:] * np.uint64(2))
    near = compare(cells([doubled]), history(tmp_path, cells([rows]))).near
    assert [n.distance for n in near] == [1]


def test_cells_of_other_units_and_other_measures_are_not_compared(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = some_rows(rng, 300)
    new = cells([remove(rng, rows, 2)])
    for group in ("person|", "vehicle|income"):
        assert compare(new, history(tmp_path, cells([rows], group=group))).near == ()
    assert compare(new, history(tmp_path, cells([rows]))).near


def test_the_stricter_k_of_the_two_counts(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    rows = some_rows(rng, 500)
    old, new = cells([rows], k=20), cells([remove(rng, rows, 13)], k=5)
    assert compare(new, history(tmp_path, old)).near
    assert not compare(new, history(tmp_path, replace(old, k=old.k * 0 + 5))).near


def test_inside_one_release_the_later_cell_goes_and_nothing_near_is_left() -> None:
    rng = np.random.default_rng(5)
    rows = some_rows(rng, 400)
    family = [rows, remove(rng, rows, 3), remove(rng, rows, 6), some_rows(rng, 50), add(rng, rows, 2)]
    both = joined([cells(family[:2], measure=0), cells(family[2:], measure=1)])
    found = compare(both, NOTHING)
    gone = {(n.measure, n.key) for n in found.near}
    assert (0, 0) not in gone
    assert {(0, 1), (1, 0), (1, 2)} == gone
    assert all(n.release == THIS for n in found.near)
    kept = [i for i in range(5) if (int(both.measure[i]), int(both.key[i])) not in gone]
    rest = joined([replace(both.take(np.array([i])), member=np.zeros(1, dtype=np.int64)) for i in kept])
    assert compare(rest, NOTHING).near == ()


def test_what_is_stopped_does_not_depend_on_the_order_of_the_history(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    base = [some_rows(rng, 200) for _ in range(20)]
    new = cells([remove(rng, rows, d) for d, rows in enumerate(base)])
    past = history(tmp_path, cells(base[:7]), cells(base[7:15]), cells(base[15:]))
    forward = compare(new, past)
    backward = compare(new, History(entries=past.entries[::-1]))
    assert forward == backward
    assert len(forward.near) >= 9
    assert dict(forward.releases())["r0"] == 6


def test_a_total_that_completes_a_published_table_is_stopped(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    parts = [some_rows(rng, n) for n in (300, 200, 100, 50)]
    suppressed = some_rows(rng, 4)
    table = with_rollups(cells(parts), np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.uint64))
    total = suppressed
    for part in parts:
        total = total.plus(part)
    found = compare(cells([total]), history(tmp_path, table))
    assert [(n.key, n.distance) for n in found.near] == [(0, 4)]
    row = suppressed.plus(parts[0]).plus(parts[1])
    assert compare(cells([row]), history(tmp_path, table)).near


def test_a_table_whose_sum_comes_near_an_earlier_total_loses_its_smallest_cell(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    parts = [some_rows(rng, n) for n in (300, 200, 60)]
    total = some_rows(rng, 4)
    for part in parts:
        total = total.plus(part)
    past = history(tmp_path, cells([total]))
    found = compare(with_rollups(cells(parts), np.array([[0], [1], [2]], dtype=np.uint64)), past)
    assert [(n.key, n.rollup) for n in found.near] == [(2, True)]
    fewer = with_rollups(cells(parts[:2]), np.array([[0], [1]], dtype=np.uint64))
    assert compare(fewer, past).near == ()


def test_a_sum_and_its_parts_are_not_near_although_a_part_has_barely_k_units(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    for _ in range(20):
        parts = [some_rows(rng, n) for n in (500, 10, 11, 300)]
        table = with_rollups(cells(parts), np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.uint64))
        assert compare(table, NOTHING).near == ()
        assert compare(table, history(tmp_path, table)).near == ()


def test_a_difference_is_excused_only_by_a_released_number_of_the_same_measure_and_k(tmp_path: Path) -> None:
    rng = np.random.default_rng(10)
    part = next(p for p in iter(lambda: some_rows(rng, 11), None) if np.count_nonzero(p.fingerprint()[0]) < 10)
    whole = part.plus(some_rows(rng, 500))
    rest = Rows(whole.unit[11:], whole.value[11:])
    past = cells([whole])
    assert compare(cells([rest]), history(tmp_path, past)).near
    for old in (cells([part], group="vehicle|income"), cells([part], k=5)):
        assert compare(cells([rest]), history(tmp_path, past, old)).near
    assert not compare(cells([rest]), history(tmp_path, past, cells([part]))).near
    assert not compare(cells([rest, part]), history(tmp_path, past)).near


def test_sums_cover_every_proper_subset_of_the_keys_and_add_up() -> None:
    rng = np.random.default_rng(11)
    parts = [some_rows(rng, 30) for _ in range(12)]
    keys = np.array([(i % 2, i % 3, i // 6) for i in range(12)], dtype=np.uint64)
    table = with_rollups(cells(parts), keys)
    sums = table.take(np.flatnonzero(table.rollup))
    expected: set[bytes] = set()
    for subset in ([], [0], [1], [2], [0, 1], [0, 2], [1, 2]):
        for value in {tuple(row) for row in keys[:, subset].tolist()}:
            inside = [p for p, row in zip(parts, keys[:, subset].tolist(), strict=True) if tuple(row) == value]
            if len(inside) > 1:
                whole = inside[0]
                for part in inside[1:]:
                    whole = whole.plus(part)
                expected.add(b"".join(a.tobytes() for a in whole.fingerprint()))
    assert {p.tobytes() + c.tobytes() for p, c in zip(sums.presence, sums.content, strict=True)} == expected


def test_more_keys_than_sums_can_be_made_of_are_refused() -> None:
    rng = np.random.default_rng(12)
    keys = np.zeros((2, MAX_ROLLUP_KEYS + 1), dtype=np.uint64)
    with pytest.raises(Refusal) as caught:
        with_rollups(cells([some_rows(rng, 20), some_rows(rng, 20)]), keys)
    assert caught.value.code == "firewall-many-keys"


def test_the_early_out_finds_exactly_what_a_full_comparison_finds() -> None:
    rng = np.random.default_rng(13)
    old = random_cells(rng, 700)
    new = random_cells(rng, 300)
    presence = new.presence.copy()
    for i in range(200):
        presence[i] = old.presence[i]
        changed = rng.choice(64, rng.integers(0, 25), replace=False)
        presence[i, changed] = rng.integers(1, 2**63, len(changed), dtype=np.uint64)
    low = presence.copy()
    low[:50] ^= np.where(rng.random((50, 64)) < 0.1, np.uint64(1 << 40), np.uint64(0))
    k = rng.integers(5, 21, 300)
    new = replace(new, presence=low, k=k)
    got = {
        (i, j, d)
        for pairs in near_pairs(new, old)
        for i, j, d in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True)
    }
    wanted = set()
    for i in range(300):
        distance = np.count_nonzero(old.presence != low[i], axis=1)
        content = np.count_nonzero(old.content != new.content[i], axis=1)
        distance = np.where(distance == 0, content, distance)
        limit = np.maximum(old.k, k[i])
        wanted |= {(i, int(j), int(distance[j])) for j in np.flatnonzero((distance > 0) & (distance < limit))}
    assert got == wanted
    assert len(got) > 60


def test_a_thousand_cells_against_a_hundred_thousand_take_seconds(tmp_path: Path) -> None:
    rng = np.random.default_rng(14)
    old, new = random_cells(rng, 100_000), random_cells(rng, 1_000)
    presence = new.presence.copy()
    presence[:500] = old.presence[:500]
    presence[:500, 7] += np.uint64(1)
    new = replace(new, presence=presence)
    past = history(tmp_path, old)
    begun = time.perf_counter()
    found = compare(new, past)
    seconds = time.perf_counter() - begun
    assert {n.key for n in found.near} == set(range(500))
    assert seconds < 30, seconds


def test_segments_come_back_as_they_were_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    segment = random_cells(np.random.default_rng(15), 40)
    segment.save(tmp_path / "a.npz")
    again = Segment.load(tmp_path / "a.npz")
    assert all(np.array_equal(getattr(again, n), getattr(segment, n)) for n in Segment.__dataclass_fields__)
    whole = (tmp_path / "a.npz").read_bytes()
    replace(segment, k=segment.k[:3]).save(tmp_path / "short.npz")
    for name, data in {"cut": whole[: len(whole) // 2], "empty": b"", "none": b"x" * 100}.items():
        (tmp_path / f"{name}.npz").write_bytes(data)
    for name in ("short", "cut", "empty", "none", "missing"):
        with pytest.raises(Broken) as caught:
            Segment.load(tmp_path / f"{name}.npz")
        assert caught.value.code == "segment-malformed"


def test_a_folder_keeps_segments_in_the_order_in_which_they_were_added(tmp_path: Path) -> None:
    EMPTY.save(tmp_path / "s.npz")
    names = [append(tmp_path / "history", tmp_path / "s.npz") for _ in range(3)]
    assert names == ["release-000001", "release-000002", "release-000003"]
    assert [n for n, _ in folder_history(tmp_path / "history").segments()] == names
    assert compare(EMPTY, folder_history(tmp_path / "history")).near == ()
