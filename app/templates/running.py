"""May this template run with these values? Approved, whole, and every value in the domain that was reviewed."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from app.domain.errors import Refusal
from app.domain.footprint import Footprint
from app.domain.parameters import Values, bind
from app.domain.reviews import carried
from app.domain.template_runs import TemplateRun
from app.ledger import journal
from app.templates.records import TemplateRecord, load


def run_of(record: TemplateRecord, given: Mapping[str, str]) -> TemplateRun:
    """What a job keeps of the template that it runs; raises what `bind` raises."""
    return TemplateRun(
        template=record.id,
        name=record.name,
        version=record.version,
        digest=record.digest,
        values=bind(record.content.parameters, given),
    )


def approved(connection: Connection, subject: str) -> TemplateRecord:
    """The template `subject`, approved and unaltered since.

    Its digest must be that of what is kept, of every vote, and of the ledger's entry of the approval. Raises Refusal
    "not-found", "template-not-approved", "template-altered".
    """
    record = load(connection, subject)
    if record.state != "approved":
        raise Refusal("template-not-approved", id=subject, state=record.state)
    entries = list(journal.entries(connection, subject=subject, event="template:approved"))
    recorded = {str(e.details.get("digest")) for e in entries}
    same = {record.computed_digest(), record.digest, *record.digests_seen, *recorded}
    if not (recorded and carried(record) and len(same) == 1):
        raise Refusal("template-altered", id=subject)
    return record


def admitted(connection: Connection, run: TemplateRun, *, sql: str, authorization: str) -> tuple[Values, Footprint]:
    """The values of a job's run and the footprint that was approved for them.

    Raises what `approved` and `bind` raise, and Refusal("template-mismatch") for a job that is not a run of it.
    """
    record = approved(connection, run.template)
    given = {v.name: v.text for v in run.values}
    if (run.digest, sql, authorization) != (record.digest, record.content.sql, record.authorization):
        raise Refusal("template-mismatch", id=run.template)
    if record.appraisal is None or len(given) != len(run.values):
        raise Refusal("template-altered", id=run.template)
    return bind(record.content.parameters, given), record.appraisal.footprint
