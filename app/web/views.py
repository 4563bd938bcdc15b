"""What of a thing is public, and in which words? Catalog entries, jobs and ledger entries arranged for templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from app.catalog.entries import Listed
from app.domain.errors import Finding
from app.domain.rules import told_range
from app.domain.values import Bilingual, Level
from app.jobs.records import JobRecord
from app.ledger.entries import Entry
from app.store.tables import organization, person

_NUMBER = re.compile(r"^([a-z_]+-[0-9a-f]{4})[0-9a-f]{8,}$")
"""A random number with its prefix: whoever knows all of it may see the status of a job."""

WAY = ("submitted", "queued", "running", "checking", "awaiting_review")
TONES = {"refused": "stop", "failed": "stop", "cancelled": "wait", "awaiting_review": "go"}
"""State of a job → the tone of its tag; every other state is on its way."""


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """A finding as its author reads it."""

    code: str
    message: Bilingual
    remedy: Bilingual
    line: int | None
    column: int | None


def finding_view(finding: Finding) -> FindingView:
    """`finding` in words."""
    place = finding.position
    return FindingView(
        code=finding.code,
        message=finding.message(),
        remedy=finding.remedy(),
        line=place.line if place else None,
        column=place.column if place else None,
    )


def entry_view(listed: Listed) -> dict[str, Any]:
    """A data set in the list."""
    entry = listed.entry
    return {
        "name": entry.name,
        "title": entry.title,
        "summary": entry.summary if entry.summary.zh or entry.summary.en else None,
        "code": entry.code,
        "provider": entry.provider,
        "level": Level.strictest([f.level for f in entry.fields]).value,
    }


def dataset_view(listed: Listed) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """One data set with its fields, and its facts as (key of the text, value)."""
    entry, view = listed.entry, entry_view(listed)
    view["fields"] = [
        {
            "name": f.name,
            "label": f.label,
            "type": f.type,
            "level": f.level.value,
            "unit_of_measure": f.unit_of_measure,
            "identifier": f.identifier,
            "is_unit": f.name in entry.units,
            "description": f.description,
        }
        for f in entry.fields
    ]
    facts = (
        ("name", entry.name),
        ("code", entry.code),
        ("provider", entry.provider),
        ("kind", entry.kind.value),
        ("level", view["level"]),
        ("update_cycle", entry.update_cycle),
        ("share_type", entry.share_type),
        ("open_type", entry.open_type),
        ("refresh", entry.refresh),
        ("version", listed.current_version or "–"),
    )
    return view, [(name, value) for name, value in facts if value]


def job_json(record: JobRecord) -> dict[str, Any]:
    """The public status of a job: state, codes and times; neither its SQL nor who asked."""
    return {
        "id": record.id,
        "state": record.state,
        "version": record.revision,
        "attempts": record.attempts,
        "submitted_at": record.submitted_at,
        "updated_at": record.updated_at,
        "findings": [f.to_json() for f in record.findings],
        "result": {k: record.result[k] for k in ("rows", "suppressed", "stopped_by_firewall") if k in record.result},
    }


def _told(cells: int | None) -> str | None:
    return None if cells is None else told_range(cells)


def job_view(record: JobRecord) -> dict[str, Any]:
    """A job for its page."""
    result = record.result
    facts = (
        ("job_version", record.revision),
        ("submitted", record.submitted_at),
        ("changed", record.updated_at),
        ("attempts", record.attempts),
        ("result-rows", result.get("rows")),
        ("suppressed", _told(result.get("suppressed"))),
        ("stopped", _told(result.get("stopped_by_firewall"))),
    )
    return {
        "id": record.id,
        "state": record.state,
        "tone": TONES.get(record.state, "way"),
        "way": way(record.state),
        "findings": [finding_view(f) for f in record.findings],
        "facts": [(name, value) for name, value in facts if value is not None],
    }


def way(state: str) -> list[tuple[str, str]]:
    """The steps of a job as (state, "past", "here" or "ahead"); an unhappy end stands behind the first step."""
    if state not in WAY:
        return [("submitted", "past"), (state, "here")] if state != "draft" else [("draft", "here")]
    here = WAY.index(state)
    return [(s, "past" if i < here else "here" if i == here else "ahead") for i, s in enumerate(WAY)]


def ledger_view(connection: Connection, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Entries for the public page, the newest first: the organization that acted, not the person, and no details."""
    query = select(person.c.id, organization.c.name_zh, organization.c.name_en).join(
        organization, organization.c.id == person.c.organization_id
    )
    actors = {e.actor for e in entries}
    names = {
        row.id: Bilingual(zh=row.name_zh, en=row.name_en)
        for row in connection.execute(query.where(person.c.id.in_(actors)))
    }
    machine = Bilingual(zh="平台（自动）", en="platform (automatic)")
    return [
        {
            "index": e.index,
            "at": e.at[:19].replace("T", " "),
            "event": e.event,
            "subject": _public_subject(e),
            "actor": names.get(e.actor, machine),
        }
        for e in reversed(entries)
    ]


def _public_subject(entry: Entry) -> str:
    """What an entry is about; a person's name stays out, and so does the tail of a number that opens a job's page."""
    if entry.event.startswith("person:"):
        return "–"
    return _NUMBER.sub(r"\1…", entry.subject)
