"""How is a replay told? As plain data for machines, and for whoever decides about a draft."""

from __future__ import annotations

from typing import Any

from app.domain.times import stamp
from app.replay.asked import LeftOut
from app.replay.weighing import Changed, Flip, Replay

WORDS = {True: "permitted", False: "refused"}


def to_json(replay: Replay) -> dict[str, Any]:
    """The whole replay: counts, every answer that changes with the rules behind it, and what could not be asked.

    Of a job only its uses are told: its text and its title are its operator's.
    """
    return {
        "before": replay.before,
        "after": replay.after,
        "at": stamp(replay.at),
        "moments": [stamp(m) for m in replay.moments],
        "counts": replay.counts(),
        "changes": [_changed(c) for c in replay.changes],
        "left_out": [_left_out(each) for each in replay.left_out],
    }


def _changed(change: Changed) -> dict[str, Any]:
    asked = change.asked
    return {
        "kind": asked.kind,
        "id": asked.id,
        "state": asked.state,
        "output": asked.output,
        "authorization": asked.held.id,
        "operator": asked.held.operator,
        "at": stamp(change.at),
        "before": WORDS[change.before],
        "after": WORDS[change.after],
        "uses": [_flip(f) for f in change.flips],
    }


def _flip(flip: Flip) -> dict[str, Any]:
    use = flip.use
    return {
        "dataset": use.dataset,
        "field": use.field,
        "use": use.use,
        "line": use.position.line if use.position else None,
        "column": use.position.column if use.position else None,
        "before": WORDS[flip.before],
        "after": WORDS[flip.after],
        "rules_before": list(flip.rules_before),
        "rules_after": list(flip.rules_after),
    }


def _left_out(each: LeftOut) -> dict[str, Any]:
    return {"kind": each.kind, "id": each.id, "codes": [f.code for f in each.findings]}
