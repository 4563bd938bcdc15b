"""In which cells does each class of a run stand, and how many units has it? Reads what the sandbox says, as hostile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.domain.errors import Broken

Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """Class `classes[i]` (from 1) stands in cell `cells[i]` (from 0, of `count`); sorted by class."""

    classes: Numbers
    cells: Numbers
    count: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """Refined class i + 1 comes from the classes `old[i]` and `local[i]`, 0 for none, and has `units[i]` units."""

    old: Numbers
    local: Numbers
    units: Numbers


def read_standing(file: Path) -> Standing:
    """The cells of a run's classes; raises Broken("evidence-malformed")."""
    columns = _read(file, ("class", "frontier", "cell", "measure", "piece"))
    classes = columns.pop("class")
    if len(classes) and classes.min() < 1:
        raise Broken("evidence-malformed", file=file.name)
    named = np.stack([columns[c] for c in ("frontier", "cell", "measure", "piece")], axis=1)
    cells, index = np.unique(named, axis=0, return_inverse=True)
    order = np.lexsort((index.reshape(-1), classes))
    return Standing(classes=classes[order], cells=index.reshape(-1)[order].astype(np.int64), count=len(cells))


def read_counts(file: Path) -> Counts:
    """The units of refined classes; raises Broken("evidence-malformed")."""
    columns = _read(file, ("class", "old", "local", "units"))
    numbers = columns["class"]
    sound = (numbers == np.arange(1, len(numbers) + 1)).all() and all(
        not len(numbers) or columns[c].min() >= 0 for c in ("old", "local", "units")
    )
    if not sound:
        raise Broken("evidence-malformed", file=file.name)
    return Counts(old=columns["old"], local=columns["local"], units=columns["units"])


def _read(file: Path, names: tuple[str, ...]) -> dict[str, Numbers]:
    """Whole numbers of a Parquet file of the sandbox, none of them missing."""
    try:
        table = pq.read_table(file, columns=list(names))
        if any(table.column(n).null_count for n in names):
            raise Broken("evidence-malformed", file=file.name)
        return {n: table.column(n).cast(pa.int64()).to_numpy() for n in names}
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise Broken("evidence-malformed", file=file.name) from None
