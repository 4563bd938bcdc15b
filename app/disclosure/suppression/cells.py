"""What came out of the sandbox about the cells of a table with margins? Evidence and values, read as hostile input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.disclosure.columns import Columns
from app.domain.errors import Broken
from app.domain.proofs import FrontierOutline

VALUED = ("count", "sum")
"""Kinds of measures whose values are needed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """The rows of a frontier with margins, in the order of their numbers; arrays of one length.

    `key` is the hash of all keys and `keys` (a column per key) that of each. Per measure: `value` (0 for means and for
    NULL), `contributors` of the type that has fewest, `share` of the largest unit (1 where it is not known), and
    whether the sandbox let it through.
    """

    outline: FrontierOutline
    cell: NDArray[np.int64]
    key: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    value: tuple[NDArray[np.float64], ...]
    contributors: tuple[NDArray[np.int64], ...]
    share: tuple[NDArray[np.float64], ...]
    passed: tuple[NDArray[np.bool_], ...]


def margins_file(folder: Path, frontier: int) -> Path:
    """The file with the values of a frontier's cells; it must not outlive the judgement."""
    return folder / f"margins_{frontier}.parquet"


def read_cells(outline: FrontierOutline, folder: Path) -> Cells:
    """The cells of a frontier; raises Broken("evidence-malformed") when the files are not what the plan asked for."""
    number, measures = outline.number, range(len(outline.measures))
    evidence = Columns.read(folder / f"evidence_{number}.parquet")
    margins = Columns.read(margins_file(folder, number))
    cell = evidence.whole("cell")
    if len(np.unique(cell)) != len(cell) or not np.array_equal(cell, margins.whole("cell")):
        raise Broken("evidence-malformed", file=margins.file)
    units = range(len(outline.units))
    return Cells(
        outline=outline,
        cell=cell,
        key=evidence.hashed("key"),
        keys=np.stack([margins.hashed(f"h{k}") for k in range(outline.keys)], axis=1)
        if outline.keys
        else np.empty((len(cell), 0), dtype=np.uint64),
        value=tuple(margins.numbers(f"v{j}") if outline.kinds[j] in VALUED else np.zeros(len(cell)) for j in measures),
        contributors=tuple(np.min([evidence.whole(f"n{u}_{j}", f"n{u}") for u in units], axis=0) for j in measures),
        share=tuple(_share([evidence.numbers(f"share{u}_{j}", empty=np.nan) for u in units]) for j in measures),
        passed=tuple(evidence.flags(f"ok{j}") for j in measures),
    )


def _share(shares: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The largest share of any unit; where none is told it may be everything."""
    known = np.stack(shares)
    return np.where(np.isnan(known).all(axis=0), 1.0, np.nan_to_num(known, nan=0.0).max(axis=0)).clip(0.0, 1.0)
