"""May these data be asked for at all? An application's scope held against the catalog and the standing rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.authorization.content import ALL_FIELDS, Content
from app.domain.errors import Finding, Refusal
from app.domain.values import DatasetKind
from app.store.tables import catalog_entry

Standing = Callable[[str, str, str], Finding | None]
"""(data set, field, use) → the finding of a standing rule that denies this use whatever is authorized, or None."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What the catalog says about one data set, as far as authorization is concerned."""

    name: str
    state: str
    kind: str
    provider: str | None
    grade: str
    operation_authorized: bool
    fields: frozenset[str]
    mounted: bool


def check_scope(connection: Connection, content: Content, standing: Standing | None = None) -> None:
    """Raise Refusal with one finding for every data set, field or use that cannot be authorized."""
    tables = tuple(name for name, _ in content.tables)
    entries = catalog_facts(connection, content.datasets)
    findings = [f for dataset in content.datasets for f in _entry_findings(dataset, entries.get(dataset))]
    taken = [e.name for e in catalog_facts(connection, tables).values() if e.kind == DatasetKind.PUBLIC]
    findings += [Finding(code="application-table-name-taken", dataset=name) for name in sorted(taken)]
    for dataset, field, use in content.uses:
        entry = entries.get(dataset)
        if entry is None or field == ALL_FIELDS:
            continue
        if field.casefold() not in entry.fields:
            findings.append(Finding(code="application-unknown-field", dataset=dataset, field=field))
        elif standing is not None and (denied := standing(dataset, field, use)) is not None:
            findings.append(denied)
    if findings:
        raise Refusal(*dict.fromkeys(findings))


def providers(connection: Connection, content: Content) -> tuple[str, ...]:
    """The providers of the public data sets asked for: each of them must consent."""
    entries = catalog_facts(connection, content.datasets).values()
    return tuple(sorted({e.provider for e in entries if e.provider and e.kind == DatasetKind.PUBLIC}))


def catalog_facts(connection: Connection, datasets: tuple[str, ...]) -> dict[str, Listed]:
    """Data set → what the catalog says about it, for those that are in the catalog."""
    rows = connection.execute(select(catalog_entry).where(catalog_entry.c.name.in_(datasets)))
    return {
        row.name: Listed(
            name=row.name,
            state=row.state,
            kind=row.kind,
            provider=row.provider_id,
            grade=row.grade,
            operation_authorized=row.operation_authorized,
            fields=frozenset(f["name"].casefold() for f in row.metadata["field"]),
            mounted=row.current_version is not None,
        )
        for row in rows
    }


def _entry_findings(dataset: str, entry: Listed | None) -> list[Finding]:
    if entry is None or entry.state != "published":
        return [Finding(code="application-unknown-dataset", dataset=dataset)]
    if entry.kind == DatasetKind.ENTERPRISE:
        return [Finding(code="application-own-table", dataset=dataset)]
    findings = []
    if entry.grade != "general":
        params = (("grade", entry.grade),)
        findings.append(Finding(code="application-grade", dataset=dataset, params=params))
    if not entry.operation_authorized:
        findings.append(Finding(code="application-not-for-operation", dataset=dataset))
    return findings
