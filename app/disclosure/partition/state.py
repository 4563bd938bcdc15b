"""Which classes of rows do all released cells of one comparison tell apart, and in which cells does each stand?

Two rows are in one class when they stand in the same released cells. A release refines the classes: it splits those of
which its cells hold a part. Cells that hold the same classes are one. Which rows are in which class stays in a file of
its own, read by the sandbox alone.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.disclosure.partition.classes import Counts, Numbers, Standing
from app.domain.errors import Broken

THIS = "this release"


@dataclass(frozen=True, kw_only=True, eq=False)
class Partition:
    """The classes of rows, from 1, and the cells, from 0.

    `units[i]` are the distinct units of class i + 1, perhaps only a lower bound when any cell needs no more. `single`
    says that no unit has two rows; `small` units, by k, are in classes with fewer than k. Class `classes[j]` stands in
    cell `cells[j]`; cell i needs `needs[i]` units and came with release `releases[owner[i]]`.
    """

    units: Numbers
    single: bool
    small: Mapping[int, int]
    classes: Numbers
    cells: Numbers
    needs: Numbers
    owner: Numbers
    releases: tuple[str, ...]

    def save(self, file: Path) -> None:
        """Write it as a NumPy archive."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        small = np.array(sorted(self.small.items()), dtype=np.int64).reshape(-1, 2)
        releases = np.array(self.releases, dtype=np.str_)
        np.savez_compressed(file, allow_pickle=False, single=self.single, small=small, releases=releases, **numbers)

    @staticmethod
    def load(file: Path, digest: str | None = None) -> Partition:
        """Read one, whose SHA-256 is `digest` when that is known; raises Broken("partition-malformed")."""
        try:
            content = file.read_bytes()
            if digest is not None and hashlib.sha256(content).hexdigest() != digest:
                raise Broken("partition-malformed", file=file.name)
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                found = Partition(
                    single=bool(arrays["single"]),
                    small={int(k): int(n) for k, n in arrays["small"]},
                    releases=tuple(str(name) for name in arrays["releases"]),
                    **{name: arrays[name].astype(np.int64) for name in _NUMBERS},
                )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            raise Broken("partition-malformed", file=file.name) from None
        if not found._sound():
            raise Broken("partition-malformed", file=file.name)
        return found

    def _sound(self) -> bool:
        return (
            len(self.classes) == len(self.cells)
            and len(self.needs) == len(self.owner)
            and set(self.needs.tolist()) <= set(self.small)
            and _within(self.classes, 1, len(self.units))
            and _within(self.cells, 0, len(self.owner) - 1)
            and _within(self.owner, 0, len(self.releases) - 1)
        )


_NUMBERS = ("units", "classes", "cells", "needs", "owner")


def _within(numbers: Numbers, least: int, most: int) -> bool:
    return len(numbers) == 0 or bool(numbers.min() >= least and numbers.max() <= most)


def needed(old: Partition | None, k: int) -> tuple[int, ...]:
    """The different numbers of units that cells need, with those of one more output."""
    return tuple(sorted({k, *(old.needs.tolist() if old is not None else ())}))


def refined(
    old: Partition | None,
    new: Standing,
    counts: Counts,
    *,
    release: str,
    k: int,
    single: bool,
    small: Mapping[int, int],
) -> Partition:
    """`old` with the cells of one more `release`, which need `k` units each.

    Raises Broken("evidence-malformed") for classes that are none.
    """
    before = old or _EMPTY
    if not (_within(counts.old, 0, len(before.units)) and _within(counts.local, 0, _most(new.classes))):
        raise Broken("evidence-malformed", file="counts")
    held = [_placed(before.classes, before.cells, counts.old), _placed(new.classes, new.cells, counts.local)]
    classes = np.concatenate([held[0][0], held[1][0]])
    cells = np.concatenate([held[0][1], held[1][1] + len(before.owner)])
    needs = np.concatenate([before.needs, np.full(new.count, k, dtype=np.int64)])
    owner = np.concatenate([before.owner, np.full(new.count, len(before.releases), dtype=np.int64)])
    first = _first(classes, cells, needs)
    np.minimum.at(needs, first[first >= 0], needs[first >= 0])
    kept = first == np.arange(len(owner))
    chosen, number = kept[cells], np.cumsum(kept) - 1
    return Partition(
        units=counts.units,
        single=single,
        small=small,
        classes=classes[chosen],
        cells=number[cells[chosen]],
        needs=needs[kept],
        owner=owner[kept],
        releases=(*before.releases, release),
    )


_NONE = np.empty(0, dtype=np.int64)
_EMPTY = Partition(
    units=_NONE, single=True, small={}, classes=_NONE, cells=_NONE, needs=_NONE, owner=_NONE, releases=()
)


def _most(numbers: Numbers) -> int:
    return int(numbers.max()) if len(numbers) else 0


def _placed(classes: Numbers, cells: Numbers, origin: Numbers) -> tuple[Numbers, Numbers]:
    """Which refined classes (from 1) stand in which cells, when refined class i + 1 is a part of class `origin[i]`."""
    order = np.argsort(classes, kind="stable")
    starts = np.searchsorted(classes[order], origin, side="left")
    lengths = np.searchsorted(classes[order], origin, side="right") - starts
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    numbers = np.repeat(np.arange(1, len(origin) + 1), lengths)
    return numbers, cells[order][np.repeat(starts, lengths) + within]


def within(partition: Partition, k: int) -> Partition:
    """The partition as the cells that need at most `k` units make it: classes that none of them tells apart are one.

    Units that are in several of those count once only if no unit has two rows; else there is just a lower bound.
    """
    chosen = partition.needs[partition.cells] <= k
    if (partition.needs <= k).all():
        return partition
    classes, cells = partition.classes[chosen], partition.cells[chosen]
    first = _first(cells, classes, np.zeros(len(partition.units) + 1, dtype=np.int64))
    kept = np.flatnonzero(first == np.arange(len(first)))
    number = np.zeros(len(first), dtype=np.int64)
    number[kept] = np.arange(1, len(kept) + 1)
    of, units = number[first[1:]], np.zeros(len(kept) + 1, dtype=np.int64)
    (np.add if partition.single else np.maximum).at(units, of[first[1:] > 0], partition.units[first[1:] > 0])
    units = units[1:]
    few = int(units[units < k].sum())
    own = np.isin(classes, kept)
    return replace(
        partition,
        units=units,
        small={**partition.small, k: few if partition.single else min(few, partition.small[k])},
        classes=number[classes[own]],
        cells=cells[own],
    )


def _first(classes: Numbers, cells: Numbers, needs: Numbers) -> Numbers:
    """For each cell the first one that holds the same classes; -1 for one that holds none."""
    order = np.lexsort((classes, cells))
    numbers, starts = np.unique(cells[order], return_index=True)
    first: dict[bytes, int] = {}
    found = np.full(len(needs), -1, dtype=np.int64)
    for number, held in zip(numbers.tolist(), np.split(classes[order], starts[1:]), strict=False):
        found[number] = first.setdefault(held.tobytes(), number)
    return found
