"""How is a check report kept, and what of it may its operator see?

Kept reports carry a random salt: the hash of a report stands in public places (ledger, manifest), and without a salt
whoever knows the rest of a small report could find the one unknown number in it by trying.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from app.domain.errors import Finding
from app.domain.proofs import CellEvidence, CheckReport
from app.domain.values import Decision, Level, Position


def to_json(report: CheckReport, *, salt: str) -> str:
    """The whole report as canonical JSON, evidence included; `salt` is random and kept inside."""
    return json.dumps(
        {"salt": salt, "report": asdict(report)}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )


def from_json(text: str) -> CheckReport:
    """The report that `to_json` wrote."""
    body: dict[str, Any] = json.loads(text)["report"]
    body["decision"] = Decision(body["decision"])
    body["level"] = Level(body["level"])
    body["reasons"] = tuple(finding_from_dict(r) for r in body["reasons"])
    body["columns"] = tuple((name, kind) for name, kind in body["columns"])
    body["cells"] = tuple(CellEvidence(**c) for c in body["cells"])
    body["near"] = tuple((release, cells) for release, cells in body["near"])
    return CheckReport(**body)


def report_hash(text: str) -> str:
    """SHA-256 (hex) of a report as `to_json` wrote it."""
    return hashlib.sha256(text.encode()).hexdigest()


def findings_to_json(findings: tuple[Finding, ...]) -> str:
    """Findings as JSON that `findings_from_json` reads back (codes and parameters, no sentences)."""
    return json.dumps([asdict(f) for f in findings], ensure_ascii=False, sort_keys=True)


def findings_from_json(text: str | None) -> tuple[Finding, ...]:
    """The findings that `findings_to_json` wrote; none for None."""
    return tuple(finding_from_dict(f) for f in json.loads(text or "[]"))


def finding_from_dict(body: dict[str, Any]) -> Finding:
    """One finding from its plain form."""
    place = body.get("position")
    params = tuple((str(name), str(value)) for name, value in body.get("params", ()))
    return Finding(**{**body, "params": params, "position": Position(**place) if place else None})


def for_operator(report: CheckReport) -> dict[str, object]:
    """What the operator may see: codes and counts; no evidence of a cell and no other release."""
    return {
        "decision": report.decision.value,
        "level": report.level.value,
        "reasons": [f.to_json() for f in report.reasons],
        "columns": [{"name": name, "type": kind} for name, kind in report.columns],
        "rows": report.rows,
        "suppressed": report.suppressed,
        "stopped_by_firewall": report.stopped_by_firewall,
        "verdicts": dict(sorted(Counter(c.verdict for c in report.cells).items())),
        "plan_hash": report.plan_hash,
        "policy_version": report.policy_version,
    }
