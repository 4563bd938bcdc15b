"""Very many planted pairs and a long load of analysts: does the index miss nothing, and how often is it too careful?"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from app.disclosure.distance import near_pairs
from app.disclosure.history import Entry, History, keep
from app.disclosure.index import past
from app.disclosure.index.cells import cells_of
from app.disclosure.index.lookup import near
from app.disclosure.index.past import opened, tidy
from tests.disclosure.planted import PLANTS, trials
from tests.disclosure.simulated import analyst_load

pytestmark = [pytest.mark.stress, pytest.mark.timeout(3600)]
EACH = 31 * len(PLANTS)
"""Pairs of every kind and distance once."""


@pytest.mark.parametrize("k", [5, 10, 20])
def test_of_ten_thousand_planted_pairs_none_below_k_is_missed(k: int) -> None:
    """Prints how many pairs at each distance are stopped; from k on these are false alarms."""
    made = [t for seed in range(14) for t in trials(np.random.default_rng((k, seed)), EACH * 3, k)]
    assert len(made) > 10_000
    tally: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for t in made:
        tally[t.differs][0] += 1
        tally[t.differs][1] += t.found is not None
    below = {d: n for d, n in tally.items() if 0 < d < k}
    print(f"\nk = {k}: {len(made):,} planted pairs, {sum(n for n, _ in below.values()):,} of them below k")
    print("units that differ: pairs, stopped")
    for d, (pairs, stopped) in sorted(tally.items()):
        print(f"  {d:>3}: {pairs:>5}, {stopped:>5} ({stopped / pairs:.1%})")
    assert set(below) == set(range(1, k))
    assert [t for t in made if 0 < t.differs < k and t.found is None] == []
    assert [t for t in made if t.differs == 0 and t.found is not None] == []
    assert [t for t in made if t.found is not None and t.found > t.differs] == []


def test_in_three_hundred_releases_the_index_finds_what_comparing_all_pairs_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "FRESH", 2000)
    rng = np.random.default_rng(7)
    entries, total, cells, hit = list[Entry](), 0, 0, 0
    for number, new in enumerate(analyst_load(rng, releases=300, persons=5000)):
        history = History(entries=tuple(entries), index=tmp_path / "index")
        tidy(history)
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
        assert got == wanted, number
        total, cells, hit = total + len(wanted), cells + len(new.key), hit + bool(wanted)
        new.save(tmp_path / "s.npz")
        digest = keep(tmp_path / "history", tmp_path / "s.npz")
        file = tmp_path / "history" / f"{digest}.npz"
        entries.append(Entry(name=f"r{number:03d}", file=file, digest=digest, cells=len(new.key)))
    print(f"\n300 releases, {cells:,} cells and sums: {total:,} near pairs in {hit} releases, none missed")
    assert total > 1000
