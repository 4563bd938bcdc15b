"""Does a history in blocks answer as one without, and does a damaged block hide nothing?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.disclosure.distance import near_pairs
from app.disclosure.firewall import Comparison, compare
from app.disclosure.history import Entry, History, keep
from app.disclosure.index import blocks as block_files
from app.disclosure.index import past
from app.disclosure.index.blocks import blocks, merge
from app.disclosure.index.cells import cells_of
from app.disclosure.index.lookup import equals, near
from app.disclosure.index.past import opened, tidy
from app.disclosure.index.stock import gathered, owned_by, without
from app.disclosure.segment import Segment
from app.domain.errors import Broken
from tests.disclosure.planted import remove
from tests.disclosure.simulated import analyst_load, cells, random_cells, some_rows


def stored(folder: Path, *segments: Segment) -> History:
    """A history of `segments` as the deployment keeps it, r0, r1 …, with its index beside it."""
    entries = []
    for number, segment in enumerate(segments):
        segment.save(folder / "s.npz")
        digest = keep(folder / "history", folder / "s.npz")
        file = folder / "history" / f"{digest}.npz"
        entries.append(Entry(name=f"r{number}", file=file, digest=digest, cells=len(segment.key)))
    return History(entries=tuple(entries), index=folder / "history" / "index")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "FRESH", 1)


def near_ones(rng: np.random.Generator, count: int = 12) -> tuple[Segment, list[Segment]]:
    """A new segment, each of whose cells is near a cell of another old one of the list."""
    base = [some_rows(rng, 40 + 20 * i) for i in range(count)]
    return cells([remove(rng, rows, 1 + i % 9) for i, rows in enumerate(base)]), [
        cells([some_rows(rng, 60), rows, some_rows(rng, 12)]) for rows in base
    ]


def test_a_history_in_blocks_answers_as_one_without(tmp_path: Path, small_blocks: None) -> None:
    new, old = near_ones(np.random.default_rng(35))
    history = stored(tmp_path, *old)
    wanted = compare(new, replace(history, index=None))
    assert len(wanted.near) == 12
    for part in (3, 7, 12):  # some in blocks, some not; then all
        tidy(replace(history, entries=history.entries[:part]))
        assert compare(new, history) == wanted
    assert opened(history)._fresh == ()


def test_a_lost_index_and_a_long_history_are_taken_in_portions(
    tmp_path: Path, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "PORTION", 7)
    monkeypatch.setattr(past, "BATCH", 7)
    new, old = near_ones(np.random.default_rng(51))
    history = stored(tmp_path, *old)
    wanted = compare(new, history)  # more than one batch, none of them in blocks
    assert {n.release for n in wanted.near} == {e.name for e in history.entries}
    tidy(history)
    assert history.index is not None
    assert {d for b in blocks(history.index) for d in b.stock.owned.digests} == {e.digest for e in history.entries}
    assert compare(new, history) == wanted


Damage = Callable[[Path], object]


def _flip(name: str) -> Damage:
    def damage(block: Path) -> None:
        data = bytearray((block / name).read_bytes())
        data[len(data) * 3 // 4] ^= 1
        (block / name).write_bytes(bytes(data))

    return damage


def _without_marks(block: Path) -> None:
    """An index that finds nothing, correct in its form."""
    for name in ("wide", "narrow"):
        np.save(block / f"{name}.npy", np.empty(0, dtype=np.uint64))


def _says(**changed: object) -> Damage:
    def damage(block: Path) -> None:
        document = json.loads((block / "block.json").read_text())
        (block / "block.json").write_text(json.dumps(document | changed, sort_keys=True))

    return damage


DAMAGES: dict[str, Damage] = {
    "no marks": _without_marks,
    "a bit of the marks": _flip("wide.npy"),
    "a bit of the fingerprints": _flip("presence.npy"),
    "a bit of the owners": _flip("owner.npy"),
    "an array cut short": lambda b: (b / "content.npy").write_bytes((b / "content.npy").read_bytes()[:-8]),
    "an array missing": lambda b: (b / "tiny.npy").unlink(),
    "its word missing": lambda b: (b / "block.json").unlink(),
    "its word not JSON": lambda b: (b / "block.json").write_text("{"),
    "other segments claimed": _says(digests=["aa", "bb"]),
    "other numbers": _says(largest=1),
    "everything missing": shutil.rmtree,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_block_hides_nothing_and_is_made_again(tmp_path: Path, small_blocks: None, damage: Damage) -> None:
    new, old = near_ones(np.random.default_rng(36))
    history = stored(tmp_path, *old)
    tidy(history)
    assert history.index is not None
    (made,) = blocks(history.index)
    wanted = compare(new, history)
    damage(made.folder)
    assert blocks(history.index) == ()
    assert compare(new, history) == wanted
    tidy(history)
    (again,) = blocks(history.index)
    assert compare(new, history) == wanted
    assert {f.name for f in history.index.iterdir()} == {again.folder.name, ".merging"}


def test_a_block_that_were_trusted_would_hide_what_is_near(
    tmp_path: Path, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = near_ones(np.random.default_rng(37))
    history = stored(tmp_path, *old)
    tidy(history)
    assert history.index is not None
    _without_marks(blocks(history.index)[0].folder)
    monkeypatch.setattr(block_files, "_unchanged", lambda *_: True)
    assert len(compare(new, history).near) < 12


def test_a_block_of_another_version_is_made_again(
    tmp_path: Path, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = near_ones(np.random.default_rng(38))
    history = stored(tmp_path, *old)
    tidy(history)
    assert history.index is not None
    monkeypatch.setattr(block_files, "VERSION", block_files.VERSION + 1)
    assert blocks(history.index) == ()
    tidy(history)
    assert len(compare(new, history).near) == 12
    assert len(blocks(history.index)) == 1


def test_segments_are_the_ones_that_were_registered(tmp_path: Path) -> None:
    new, old = near_ones(np.random.default_rng(39), 2)
    history = stored(tmp_path, *old)
    random_cells(np.random.default_rng(1), 5).save(tmp_path / "other.npz")
    shutil.copyfile(tmp_path / "other.npz", history.entries[1].file)
    with pytest.raises(Broken) as caught:
        compare(new, history)
    assert caught.value.code == "segment-malformed"


def test_what_was_dropped_counts_no_longer_although_it_stands_in_a_block(tmp_path: Path, small_blocks: None) -> None:
    new, old = near_ones(np.random.default_rng(40))
    history = stored(tmp_path, *old)
    tidy(history)
    fewer = replace(history, entries=history.entries[::2])
    assert {n.release for n in compare(new, fewer).near} == {f"r{i}" for i in range(0, 12, 2)}
    extra = stored(tmp_path, random_cells(np.random.default_rng(2), 50)).entries[0]
    grown = replace(fewer, entries=(*fewer.entries, replace(extra, name="late")))
    tidy(grown)
    assert history.index is not None
    assert {d for b in blocks(history.index) for d in b.stock.owned.digests} == {e.digest for e in grown.entries}
    assert {n.release for n in compare(new, grown).near} == {f"r{i}" for i in range(0, 12, 2)}


def test_the_difference_to_something_dropped_excuses_nothing(tmp_path: Path, small_blocks: None) -> None:
    rng = np.random.default_rng(41)
    part, rest = some_rows(rng, 7), some_rows(rng, 300)
    history = stored(tmp_path, cells([rest.plus(part)]), cells([part], k=10))
    for _ in range(2):
        assert compare(cells([rest]), history).near == ()  # the part was released itself
        assert compare(cells([rest]), replace(history, entries=history.entries[:1])).near
        tidy(history)


def test_equal_cells_are_kept_once_and_named_by_the_first_release(tmp_path: Path, small_blocks: None) -> None:
    rng = np.random.default_rng(42)
    rows = [some_rows(rng, 80) for _ in range(30)]
    same = cells(rows)
    again = [joined_with(same, rng) for _ in range(6)]
    history = stored(tmp_path, *again)
    tidy(history)
    assert history.index is not None
    (block,) = blocks(history.index)
    assert len(block.stock.index.cells) == 30 + 6
    assert len(block.stock.owned.owner) == 6 * 31
    new = cells([remove(rng, r, 2) for r in rows])
    assert {n.release for n in compare(new, history).near} == {"r0"}
    assert {n.release for n in compare(new, replace(history, entries=history.entries[3:])).near} == {"r3"}


def joined_with(segment: Segment, rng: np.random.Generator) -> Segment:
    """The segment and one more cell."""
    more = cells([some_rows(rng, 50)])
    parts = {n: np.concatenate([getattr(segment, n), getattr(more, n)]) for n in Segment.__dataclass_fields__}
    return Segment(**parts | {"member": np.arange(len(segment.key) + 1)})


def test_equal_segments_of_two_outputs_are_one_and_both_count(tmp_path: Path, small_blocks: None) -> None:
    rng = np.random.default_rng(43)
    rows = some_rows(rng, 90)
    history = stored(tmp_path, cells([rows]), cells([rows]))
    new = cells([remove(rng, rows, 1)])
    for _ in range(2):
        assert [n.release for n in compare(new, history).near] == ["r0"]
        assert [n.release for n in compare(new, replace(history, entries=history.entries[1:])).near] == ["r1"]
        tidy(history)


def test_merges_leave_few_blocks_and_copy_each_cell_few_times(tmp_path: Path) -> None:
    rng = np.random.default_rng(44)
    written, most = 0, 0
    for number in range(60):
        merge(tmp_path, [owned_by(random_cells(rng, 20), f"d{number}")], frozenset())
        sizes = [len(b.stock.index.cells) for b in blocks(tmp_path)]
        assert sum(sizes) == 20 * (number + 1)
        written, most = written + min(sizes), max(most, len(sizes))
    assert most <= 5
    assert written <= 20 * 60 * 7


def test_while_one_process_merges_another_does_not(tmp_path: Path) -> None:
    part = owned_by(random_cells(np.random.default_rng(45), 20), "d")
    with block_files._alone(tmp_path) as first:
        assert first
        merge(tmp_path, [part], frozenset())
        assert blocks(tmp_path) == ()
    merge(tmp_path, [part], frozenset())
    assert len(blocks(tmp_path)) == 1


def test_nothing_and_empty_segments_make_an_index_too(tmp_path: Path) -> None:
    stock = gathered([owned_by(cells([]), "none")])
    new = cells_of(cells([some_rows(np.random.default_rng(46), 30)]))
    assert list(near(new, stock.index)) == []
    assert equals(new, stock.index)[0].tolist() == []
    merge(tmp_path, [owned_by(cells([]), "none")], frozenset())
    assert blocks(tmp_path)[0].stock.owned.digests == ("none",)


def test_owners_that_are_taken_away_take_only_their_own_cells() -> None:
    rng = np.random.default_rng(47)
    shared, mine = some_rows(rng, 30), some_rows(rng, 40)
    stock = gathered([owned_by(cells([shared, mine]), "a"), owned_by(cells([shared]), "b")])
    left = without(stock.owned, frozenset({"a"}))
    assert (len(left.cells), left.digests, left.start.tolist(), left.owner.tolist()) == (1, ("b",), [0, 1], [0])
    assert without(stock.owned, frozenset({"c"})) is stock.owned


def test_in_a_load_of_analysts_the_index_finds_what_comparing_all_pairs_finds(
    tmp_path: Path, small_blocks: None
) -> None:
    """Crossed tables over one population, with filters that cut some persons off: hundreds of near pairs."""
    rng = np.random.default_rng(48)
    releases = analyst_load(rng, releases=60, persons=1500)
    history = stored(tmp_path, *releases[:-20])
    tidy(replace(history, entries=history.entries[:25]))
    total = 0
    for new in releases[-20:]:
        wanted = {
            (history.entries[n].digest, i, d)
            for n, (_, old) in enumerate(history.segments())
            for p in near_pairs(new, old)
            for i, d in zip(p.left.tolist(), p.distance.tolist(), strict=True)
        }
        got = set()
        for stock, _ in opened(history).stocks():
            for p in near(cells_of(new), stock.index):
                for i, j, d in zip(p.left.tolist(), p.right.tolist(), p.distance.tolist(), strict=True):
                    owners = stock.owned.owner[stock.owned.start[j] : stock.owned.start[j + 1]]
                    got |= {(stock.owned.digests[o], i, d) for o in owners.tolist()}
        assert got == wanted
        total += len(wanted)
    assert total > 100


def test_two_comparisons_of_one_history_agree_whatever_the_blocks(tmp_path: Path, small_blocks: None) -> None:
    rng = np.random.default_rng(49)
    releases = analyst_load(rng, releases=30, persons=800)
    history = stored(tmp_path, *releases[:-1])
    answers: list[Comparison] = [compare(releases[-1], replace(history, index=None))]
    for part in (5, 6, 20, 29):
        tidy(replace(history, entries=history.entries[:part]))
        answers.append(compare(releases[-1], history))
    assert all(a == answers[0] for a in answers)
    assert answers[0].near
