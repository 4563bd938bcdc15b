"""How is a check report kept, and what of it may its operator see?

Kept reports carry a random salt: the hash of a report stands in public places (ledger, manifest), and without a salt
whoever knows the rest of a small report could find the one unknown number in it by trying.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from app.domain.errors import Finding
from app.domain.privacy import NoisedMeasure, PrivacyReport
from app.domain.proofs import (
    Bar,
    CellEvidence,
    CheckReport,
    ColumnLineage,
    FieldFlow,
    HiddenCell,
    NearCell,
    Pattern,
    Restriction,
    Taken,
    TextFinding,
)
from app.domain.repairs import CellRepair, CodedEnds, Merged, MergedLevel
from app.domain.rules import CELL_RULES, PLACES, SAFE, TOLD_AS, told_number
from app.domain.values import Decision, Level, Position

_LISTS: Mapping[str, type[Any]] = {
    "texts": TextFinding,
    "near_cells": NearCell,
    "histogram": Bar,
    "taken": Taken,
    "hidden": HiddenCell,
    "coded": CodedEnds,
}
"""Name of a list in a kept report → what its items are."""


def to_json(report: CheckReport, *, salt: str) -> dict[str, Any]:
    """The whole report as plain data, evidence included; `salt` is random and kept inside."""
    plain: dict[str, Any] = json.loads(_canonical({"salt": salt, "report": asdict(report)}))
    return plain


def from_json(kept: Mapping[str, Any]) -> CheckReport:
    """The report that `to_json` wrote."""
    body: dict[str, Any] = dict(kept["report"])
    body["decision"] = Decision(body["decision"])
    body["level"] = Level(body["level"])
    body["reasons"] = findings_from_json(body["reasons"])
    body["columns"] = tuple((name, kind) for name, kind in body["columns"])
    body["cells"] = tuple(_cell(c) for c in body["cells"])
    body["merged"] = tuple(
        Merged(**{**m, "levels": tuple(MergedLevel(**level) for level in m["levels"])}) for m in body.get("merged", ())
    )
    body["near"] = tuple((release, cells) for release, cells in body["near"])
    body["restrictions"] = tuple(Restriction(**r) for r in body.get("restrictions", ()))
    for name, kind in _LISTS.items():
        body[name] = tuple(kind(**item) for item in body.get(name, ()))
    body["lineage"] = tuple(
        ColumnLineage(column=c["column"], sources=tuple(FieldFlow(**s) for s in c["sources"]))
        for c in body.get("lineage", ())
    )
    body["privacy"] = _privacy(body.get("privacy"))
    body["patterns"] = tuple(Pattern(signature=p["signature"], rows=tuple(p["rows"])) for p in body.get("patterns", ()))
    body["partitions"] = tuple(body.get("partitions", ()))
    return CheckReport(**body)


def _cell(kept: Mapping[str, Any]) -> CellEvidence:
    return CellEvidence(**{**kept, "repairs": tuple(CellRepair(**r) for r in kept.get("repairs", ()))})


def _privacy(kept: Mapping[str, Any] | None) -> PrivacyReport | None:
    if kept is None:
        return None
    measures = tuple(NoisedMeasure(**m) for m in kept["measures"])
    return PrivacyReport(**{**kept, "datasets": tuple(kept["datasets"]), "measures": measures})


def report_hash(kept: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a report as `to_json` wrote it, in canonical JSON."""
    return hashlib.sha256(_canonical(kept).encode()).hexdigest()


def findings_to_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as plain data that `findings_from_json` reads back (codes and parameters, no sentences)."""
    plain: list[dict[str, Any]] = json.loads(_canonical([asdict(f) for f in findings]))
    return plain


def findings_from_json(kept: Iterable[Mapping[str, Any]] | None) -> tuple[Finding, ...]:
    """The findings that `findings_to_json` wrote; none for None."""
    return tuple(_finding(f) for f in kept or ())


def _finding(body: Mapping[str, Any]) -> Finding:
    place = body.get("position")
    params = tuple((str(name), str(value)) for name, value in body.get("params", ()))
    return Finding(**{**body, "params": params, "position": Position(**place) if place else None})


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def for_operator(report: CheckReport) -> dict[str, object]:
    """What the operator may see: codes, in steps how many cells are out; no evidence of a cell, no other release."""
    return {
        "decision": report.decision.value,
        "level": report.level.value,
        "reasons": [f.to_json() for f in report.reasons],
        "columns": [{"name": name, "type": kind} for name, kind in report.columns],
        "rows": report.rows,
        "suppressed": told_number(report.suppressed),
        "stopped_by_firewall": told_number(report.stopped_by_firewall),
        "verdicts": _verdicts(report),
        "restrictions": [asdict(r) for r in report.restrictions],
        "privacy": asdict(report.privacy) if report.privacy is not None else None,
        "plan_hash": report.plan_hash,
        "policy_version": report.policy_version,
    }


def _verdicts(report: CheckReport) -> dict[str, int]:
    """Verdict → number of cells, as an operator is told; the cells themselves are counted where nothing else is."""
    found: Counter[str] = Counter()
    for t in told(counts(report)):
        found[t.verdict] += t.cells
    return dict(sorted(found.items()))


def counts(report: CheckReport) -> tuple[Taken, ...]:
    """How many cells had which verdict by which rule; of a report that was made before it kept that, counted now."""
    if report.taken:
        return report.taken
    found = Counter((cell.verdict, cell.rule) for cell in report.cells)
    return tuple(Taken(verdict=v, rule=r, cells=number) for (v, r), number in sorted(found.items()))


def told(taken: Iterable[Taken]) -> tuple[Taken, ...]:
    """What an operator is told of the verdicts: in steps, and those that tell about a group are among others."""
    found: Counter[tuple[str, str]] = Counter()
    for t in taken:
        verdict = TOLD_AS.get(t.verdict, t.verdict)
        level = t.rule.partition(":")[0]
        rule = t.rule if verdict == t.verdict else f"{level}:{CELL_RULES[PLACES[verdict]].key}"
        found[verdict, rule] += t.cells
    stepped = {key: number if key[0] == SAFE else told_number(number) for key, number in sorted(found.items())}
    return tuple(Taken(verdict=v, rule=r, cells=number) for (v, r), number in stepped.items() if number)


def evidence_json(cell: CellEvidence) -> dict[str, object]:
    """The evidence of one cell as plain data; no value of the cell is in it."""
    return asdict(cell)
