"""What did merging and coding do to an output? Reads what the sandbox counted, as hostile input; no value is in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from app.disclosure.evidence import read_rows
from app.domain.errors import Broken
from app.domain.proofs import CellEvidence, Plan
from app.domain.repairs import CellRepair, CodedEnds, Merged, MergedLevel, Recoding
from app.domain.report_words import AS_IT_IS

_CODING = "coding.parquet"


def merged_fields(plan: Plan, folder: Path) -> tuple[Merged, ...]:
    """What became of the values of each merged field, per level. Raises Broken("evidence-malformed")."""
    return tuple(_merged(recoding, folder) for recoding in plan.recodings)


def _merged(recoding: Recoding, folder: Path) -> Merged:
    names = (AS_IT_IS, *recoding.levels)
    try:
        rows = [{k: _count(row[k]) for k in ("level", "labels", "members", "lost")} for row in _rows(folder, recoding)]
        levels = tuple(MergedLevel(level=names[r["level"]], labels=r["labels"], values=r["members"]) for r in rows)
    except (KeyError, IndexError, TypeError, ValueError):
        raise Broken("evidence-malformed", file=recoding.file) from None
    values, lost = sum(level.values for level in levels), sum(r["lost"] for r in rows)
    loss = lost / (values * (values - 1)) if values > 1 else 0.0
    return Merged(dataset=recoding.dataset, field=recoding.field, levels=levels, loss=min(1.0, loss))


def _rows(folder: Path, recoding: Recoding) -> list[dict[str, object]]:
    return list(read_rows(folder / recoding.file))


def coded_fields(plan: Plan, folder: Path) -> tuple[CodedEnds, ...]:
    """The ends of each coded field, and how many subjects are there. Raises Broken("evidence-malformed")."""
    if not plan.codings:
        return ()
    try:
        rows = {
            _count(r["coding"]): [_count(r[n]) for n in ("low", "high", "total")] for r in read_rows(folder / _CODING)
        }
        return tuple(
            CodedEnds(
                dataset=c.dataset,
                field=c.field,
                low=c.low,
                high=c.high,
                share=c.share,
                at_low=rows[i][0],
                at_high=rows[i][1],
                of=rows[i][2],
            )
            for i, c in enumerate(plan.codings)
        )
    except (KeyError, TypeError, ValueError):
        raise Broken("evidence-malformed", file=_CODING) from None


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError
    return value


def with_repairs(cells: Sequence[CellEvidence], plan: Plan, folder: Path) -> tuple[CellEvidence, ...]:
    """The evidence of `cells` with what was done to each. Raises Broken("evidence-malformed")."""
    if not plan.recodings and not plan.codings:
        return tuple(cells)
    measures = {f.number: f.measures for f in plan.frontiers}
    coded: dict[tuple[int, str | None], list[CellRepair]] = defaultdict(list)
    for coding in plan.codings:
        for frontier, measure in coding.cells:
            done = CellRepair(kind="top-bottom", field=f"{coding.dataset}.{coding.field}")
            coded[frontier, measures[frontier][measure]].append(done)
    keys = _keys(plan)
    levels = {f: _levels(folder / f"merged_{f}.parquet", places) for f, places in keys.items()}
    return tuple(
        replace(
            c,
            repairs=(
                *levels.get(c.frontier, {}).get(c.cell, ()),
                *dict.fromkeys(coded.get((c.frontier, c.measure), ())),
            ),
        )
        for c in cells
    )


def _keys(plan: Plan) -> dict[int, dict[int, Recoding]]:
    """Frontier → place of a merged key → its recoding."""
    found: dict[int, dict[int, Recoding]] = {}
    for recoding in plan.recodings:
        for frontier, place in recoding.cells:
            found.setdefault(frontier, {})[place] = recoding
    return found


def _levels(file: Path, keys: Mapping[int, Recoding]) -> dict[int, tuple[CellRepair, ...]]:
    """Cell → what its merged keys have become, for those that did not stay as they are."""
    found = {}
    try:
        for row in read_rows(file):
            at = [(r, _count(row[f"level{j}"]), _count(row[f"members{j}"])) for j, r in keys.items()]
            found[_count(row["cell"])] = tuple(
                CellRepair(kind="merge", field=f"{r.dataset}.{r.field}", level=r.levels[level - 1], members=members)
                for r, level, members in at
                if level > 0
            )
    except (KeyError, IndexError, TypeError, ValueError):
        raise Broken("evidence-malformed", file=file.name) from None
    return found
