"""What of a check report does whom see, as data? Reviewers all but values; operators codes and counts.

Both are of the form of `report.schema.json`. What is not bounded (the evidence of the cells) comes in pages; the
summary speaks of all of them. An operator learns of other operators' outputs that there is one, and nothing more:
its own ones are named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from app.domain.proofs import CellEvidence, CheckReport, NearCell
from app.domain.repairs import CodedEnds
from app.domain.report_json import counts, for_operator, told
from app.domain.report_words import OPERATOR, repair_words, summary, verdict_words
from app.domain.rules import told_number
from app.domain.values import Bilingual

THIS = "this release"
MAX_PAGE = 1000
FOR_REVIEWERS_ONLY = frozenset({"chance"})
"""Verdicts on texts that operators are not told: they give no reason, and would count values that chance made."""


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """An output that a cell came too near to: whose, when it was made, and when it was released (None: not yet)."""

    operator: str
    created_at: str
    released_at: str | None


@dataclass(frozen=True, kw_only=True)
class CellsAsked:
    """At most `limit` cells (0 to `MAX_PAGE`) from `offset` on; of one `verdict`, or of all."""

    offset: int = 0
    limit: int = 100
    verdict: str | None = None


def reviewers_view(
    report: CheckReport, earlier: Mapping[str, Earlier], asked: CellsAsked | None = None
) -> dict[str, Any]:
    """The report as a reviewer sees it, with a page of the evidence."""
    shown = _common(report, "reviewer")
    shown |= {"suppressed": report.suppressed, "stopped_by_firewall": report.stopped_by_firewall}
    shown["texts"] = [asdict(t) for t in report.texts]
    shown["near"] = [_named(name, cells, earlier.get(name)) for name, cells in report.near]
    shown["histogram"] = [asdict(bar) for bar in report.histogram]
    shown["cells"] = cells_page(report.cells, report.near_cells, earlier, asked or CellsAsked())
    return _with_summary(shown)


def operators_view(report: CheckReport, earlier: Mapping[str, Earlier], operator: str) -> dict[str, Any]:
    """The report as the operator `operator` sees it, whose output it is about."""
    shown = _common(replace(report, taken=told(counts(report))), OPERATOR)
    texts = [t for t in report.texts if t.verdict not in FOR_REVIEWERS_ONLY]
    shown["texts"] = [{"column": t.column, "kind": t.kind, "verdict": t.verdict} for t in texts]
    shown["near"] = list(_near_for_operator(report.near, earlier, operator))
    return _with_summary(shown)


def cells_page(
    cells: Sequence[CellEvidence], near: Iterable[NearCell], earlier: Mapping[str, Earlier], asked: CellsAsked
) -> dict[str, Any]:
    """A page of the evidence: each cell with its verdict in words, and what it came too near to."""
    wanted = [c for c in cells if asked.verdict in {None, c.verdict}]
    page = wanted[asked.offset : asked.offset + max(0, min(asked.limit, MAX_PAGE))]
    by_cell: dict[tuple[int, int | None, str | None], list[dict[str, Any]]] = defaultdict(list)
    for n in near:
        of = {"distance": n.distance, "rollup": n.rollup, "population": n.population}
        found = {**_named(n.release, None, earlier.get(n.release)), **of}
        if n.population:
            found["words"] = {
                "zh": f"{found['words']['zh']}（按所涉人群）",
                "en": f"{found['words']['en']}, by those told of",
            }
        by_cell[n.frontier, n.cell, n.measure].append({k: v for k, v in found.items() if k != "cells"})
    items = [
        {
            **asdict(c),
            "words": asdict(verdict_words(c.verdict)),
            "repairs": [{**asdict(r), "words": asdict(repair_words(asdict(r)))} for r in c.repairs],
            "near": by_cell[c.frontier, c.cell, c.measure],
        }
        for c in page
    ]
    return {"offset": asked.offset, "total": len(wanted), "verdict": asked.verdict, "items": items}


def _common(report: CheckReport, audience: str) -> dict[str, Any]:
    taken = [{**asdict(t), **asdict(verdict_words(t.verdict))} for t in counts(report)]
    verdicts: Counter[str] = Counter()
    for t in taken:
        verdicts[t["verdict"]] += t["cells"]
    return {
        **for_operator(report),
        "audience": audience,
        "verdicts": dict(sorted(verdicts.items())),
        "taken": taken,
        "lineage": [asdict(column) for column in report.lineage],
        "rounding": report.rounding,
        "noise": report.noise,
        "merged": [asdict(m) for m in report.merged],
        "coded": [_coded(c, audience) for c in report.coded],
    }


def _coded(coded: CodedEnds, audience: str) -> dict[str, Any]:
    """A coded field; how many subjects are at its ends is a figure of the data, which operators are not given."""
    shown = asdict(coded)
    return shown if audience == "reviewer" else {k: v for k, v in shown.items() if k not in ("at_low", "at_high", "of")}


def _with_summary(shown: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "summary": [asdict(sentence) for sentence in summary(shown)]}


_OWN_OUTPUT = Bilingual(zh="本次输出的另一单元格", en="another cell of this output")
_ANOTHER = Bilingual(zh="一项既往结果", en="an earlier result")


def _named(name: str, cells: int | None, found: Earlier | None) -> dict[str, Any]:
    """A release as reviewers see it."""
    words = _OWN_OUTPUT if name == THIS else Bilingual(zh=name, en=name)
    if found is not None and found.released_at is not None:
        day = found.released_at[:10]
        words = Bilingual(
            zh=f"{found.operator} 于 {day} 放行的 {name}", en=f"{name}, released for {found.operator} on {day}"
        )
    elif found is not None:
        day = found.created_at[:10]
        words = Bilingual(
            zh=f"{found.operator} 于 {day} 产生、尚未放行的 {name}",
            en=f"{name}, made for {found.operator} on {day} and not released yet",
        )
    return {
        "release": name,
        "operator": found.operator if found else None,
        "created_at": found.created_at if found else None,
        "released_at": found.released_at if found else None,
        "cells": cells,
        "words": asdict(words),
    }


def _near_for_operator(
    near: Iterable[tuple[str, int]], earlier: Mapping[str, Earlier], operator: str
) -> Iterable[dict[str, Any]]:
    """Own outputs by name; all others together, as one that has no name, owner or date."""
    others = 0
    for name, cells in near:
        found = earlier.get(name)
        if name == THIS or (found is not None and found.operator == operator):
            if number := told_number(cells):
                yield _named(name, number, found)
        else:
            others += cells
    if number := told_number(others):
        yield {**_named("", number, None), "release": None, "words": asdict(_ANOTHER)}
