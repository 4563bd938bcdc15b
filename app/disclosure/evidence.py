"""What stands behind each cell? Reads the evidence from the sandbox, as hostile input, and judges it again.

The evidence of a frontier is judged in columns; single cells are made of it only for those that a report lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.disclosure.columns import Columns
from app.disclosure.explained import begins
from app.domain.errors import Broken
from app.domain.proofs import CellEvidence, FrontierOutline, Plan
from app.domain.rules import CELL_RULES

Stopped = Mapping[int, Mapping[int | None, frozenset[int]]]
"""Frontier → measure (None: the row) → key hashes of the cells that the firewall stops."""

MAX_CELLS = 50_000
"""Cells that a report holds one by one; of the others it holds the counts, and the file of evidence holds all."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The evidence of the listed cells; of all, how many were suppressed or stopped, and what else is counted.

    `verdicts` counts the cells by verdict and rule; `rows` the rows of aggregations by the type of the unit of which
    they have fewest, the bar of the histogram of contributors (`app.disclosure.explained.begins`), whether they leave.
    """

    cells: tuple[CellEvidence, ...]
    suppressed: int
    stopped: int
    verdicts: Mapping[tuple[str, str], int]
    rows: Mapping[tuple[str, int, bool], int]


def judge(plan: Plan, folder: Path, stopped: Stopped, complementary: Stopped = MappingProxyType({})) -> Judged:
    """Read and judge the evidence of every frontier of `plan` in `folder`.

    `stopped` are the cells that the firewall stops, `complementary` the rows that are out for the sake of others.

    Raises Broken("evidence-malformed") when a file is not what the plan asked for, and Broken("evidence-unsafe") when
    a cell was let through with fewer contributors than the rule demands: the sandbox's word alone is not enough.
    """
    verdicts, rows = Counter[tuple[str, str]](), Counter[tuple[str, int, bool]]()
    suppressed = held = 0
    parts = [
        _Part.read(plan, f, folder, stopped.get(f.number, {}), complementary.get(f.number, {}).get(None, frozenset()))
        for f in plan.frontiers
    ]
    for part in parts:
        left, kept = part.taken_out()
        suppressed, held = suppressed + left, held + kept
        verdicts.update(part.verdicts())
        rows.update(part.rows())
    return Judged(cells=_listed(parts), suppressed=suppressed, stopped=held, verdicts=verdicts, rows=rows)


def _listed(parts: list[_Part]) -> tuple[CellEvidence, ...]:
    """The cells that a report holds one by one: all, or of too many those that may not leave before those that may."""
    codes = np.concatenate([part.codes.ravel() for part in parts]) if parts else np.empty(0, dtype=np.int64)
    chosen = np.arange(len(codes))
    if len(codes) > MAX_CELLS:
        chosen = np.sort(np.argsort(codes == 0, kind="stable")[:MAX_CELLS])
    starts = np.cumsum([0, *(part.codes.size for part in parts)])
    return tuple(
        part.cell(place)
        for part, start, end in zip(parts, starts[:-1], starts[1:], strict=True)
        for place in (chosen[(chosen >= start) & (chosen < end)] - start).tolist()
    )


def read_rows(file: Path) -> Iterator[dict[str, object]]:
    """The rows of a small Parquet file from the sandbox; raises Broken("evidence-malformed") when it is none."""
    try:
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=8192):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError):
        raise Broken("evidence-malformed", file=file.name) from None


_NEAR, _COMPLEMENTARY = len(CELL_RULES), len(CELL_RULES) + 1
_VERDICTS = (
    *((rule.verdict, rule.key) for rule in CELL_RULES),
    ("near-released", "firewall"),
    ("complementary", "margins"),
)
"""Verdicts and what gives them, by their codes: the rules about a cell itself at their places, then the others."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """The judged cells of a frontier: arrays with a row per row of it and a column for the row, then for each measure.

    `units` says of which unit there are fewest, `shares` the largest share (NaN: not known), `codes` the verdict.
    """

    outline: FrontierOutline
    level: str
    contributors: int
    numbers: NDArray[np.int64]
    counts: NDArray[np.int64]
    units: NDArray[np.int64]
    exact: NDArray[np.bool_]
    shares: NDArray[np.float64]
    codes: NDArray[np.int64]

    @staticmethod
    def read(
        plan: Plan,
        outline: FrontierOutline,
        folder: Path,
        near: Mapping[int | None, frozenset[int]],
        complementary: frozenset[int],
    ) -> _Part:
        columns = Columns.read(folder / f"evidence_{outline.number}.parquet")
        key, measures = columns.hashed("key"), [None, *range(len(outline.measures))]
        out = np.isin(key, np.array(sorted(complementary), dtype=np.uint64))
        found = [_Column.read(plan, outline, columns, m) for m in measures]
        codes = []
        for measure, column in zip(measures, found, strict=True):
            stopped = np.isin(key, np.array(sorted(near.get(measure, ())), dtype=np.uint64))
            codes.append(column.judged(stopped, out))
            if (column.passed & ((codes[-1] != 0) | column.few)).any():
                raise Broken("evidence-unsafe")
        return _Part(
            outline=outline,
            level=str(plan.rule.level),
            contributors=plan.rule.contributors,
            numbers=columns.whole("cell"),
            counts=np.stack([c.counts for c in found], axis=1),
            units=np.stack([c.units for c in found], axis=1),
            exact=np.stack([c.exact for c in found], axis=1),
            shares=np.stack([c.shares for c in found], axis=1),
            codes=np.stack(codes, axis=1),
        )

    def taken_out(self) -> tuple[int, int]:
        """How many cells are suppressed, and how many the firewall stops; a row that is out counts once."""
        row, own = self.codes[:, 0], self.codes[:, 1:]
        bad, near = (own != 0).sum(axis=1), (own == _NEAR).sum(axis=1)
        whole = (own.shape[1] > 0) & (bad == own.shape[1])
        left = np.where(row != 0, row != _NEAR, np.where(whole, near == 0, bad - near))
        kept = np.where(row != 0, row == _NEAR, np.where(whole, near > 0, near))
        return int(left.sum()), int(kept.sum())

    def verdicts(self) -> dict[tuple[str, str], int]:
        """How many cells have which verdict, by which rule."""
        counts = np.bincount(self.codes.ravel(), minlength=len(_VERDICTS))
        return {self._verdict(code): int(n) for code, n in enumerate(counts) if n}

    def rows(self) -> dict[tuple[str, int, bool], int]:
        """How many rows there are by unit, bar of the histogram, and whether they leave."""
        bars = np.searchsorted(begins(self.contributors), self.counts[:, 0], side="right") - 1
        marks, counts = np.unique(
            np.stack([self.units[:, 0], bars, self.codes[:, 0] == 0], axis=1), axis=0, return_counts=True
        )
        named = ((self.outline.units[u], bar, bool(safe)) for u, bar, safe in marks.tolist())
        return dict(zip(named, counts.tolist(), strict=True))

    def cell(self, place: int) -> CellEvidence:
        """The evidence of a cell: `place` numbers the cells row by row."""
        at = divmod(place, self.codes.shape[1])
        share = float(self.shares[at])
        verdict, rule = self._verdict(int(self.codes[at]))
        return CellEvidence(
            frontier=self.outline.number,
            cell=int(self.numbers[at[0]]),
            measure=self.outline.measures[at[1] - 1] if at[1] else None,
            unit=self.outline.units[int(self.units[at])],
            contributors=int(self.counts[at]),
            exact=bool(self.exact[at]),
            largest_share=None if np.isnan(share) else share,
            verdict=verdict,
            rule=rule,
        )

    def _verdict(self, code: int) -> tuple[str, str]:
        verdict, key = _VERDICTS[code]
        return verdict, f"{self.level}:{key}"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Column:
    """What the evidence says of the rows of a frontier, or of one measure in each; `places` are of the broken rules.

    `few` are those with fewer contributors than the rule demands, `passed` those that the sandbox let through.
    """

    counts: NDArray[np.int64]
    units: NDArray[np.int64]
    exact: NDArray[np.bool_]
    shares: NDArray[np.float64]
    passed: NDArray[np.bool_]
    places: NDArray[np.int64]
    few: NDArray[np.bool_]

    @staticmethod
    def read(plan: Plan, outline: FrontierOutline, columns: Columns, measure: int | None) -> _Column:
        suffix, units = "" if measure is None else f"_{measure}", range(len(outline.units))
        counts = np.stack([columns.whole(f"n{u}{suffix}", f"n{u}") for u in units])
        worst = counts.argmin(axis=0)
        at = (worst, np.arange(len(worst)))
        exact = np.stack([columns.flags(f"exact{u}") for u in units])[at]
        shares = np.stack([columns.numbers(f"share{u}{suffix}", empty=np.nan) for u in units])
        places = columns.whole("why" if measure is None else f"why{measure}")
        if ((places < 0) | (places >= len(CELL_RULES))).any():
            raise columns.malformed()
        nobody = plan.rule.zeros & (counts[at] == 0) & exact
        return _Column(
            counts=counts[at],
            units=worst,
            exact=exact,
            shares=np.fmax.reduce(shares),
            passed=columns.flags("row_ok" if measure is None else f"ok{measure}"),
            places=places,
            few=(counts[at] < plan.rule.contributors) & ~nobody,
        )

    def judged(self, near: NDArray[np.bool_], complementary: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The code of the verdict on each."""
        out = (self.places == 0) & ~self.passed
        own = np.where(out, np.where(complementary, _COMPLEMENTARY, _NEAR), self.places)
        return np.where(near, _NEAR, own).astype(np.int64)
