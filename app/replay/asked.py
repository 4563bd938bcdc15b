"""What can be asked again? Past jobs with the uses that they made, and live authorizations with all that they grant.

Of a job whose run has kept its uses these are asked again, over the data sets as they were; of any other job the uses
are found in its SQL anew, over the data sets as they are. No row is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from app.authorization.grants import listed as authorizations
from app.authorization.grants import load as load_authorization
from app.catalog.entries import current_dataset
from app.catalog.entries import listed as entries
from app.catalog.mounting import described
from app.domain.authorizations import Authorization
from app.domain.errors import Finding, SluiceError
from app.domain.parameters import Values
from app.domain.times import moment
from app.domain.values import Dataset, DatasetKind, FieldUse
from app.jobs.asked import PastJob, past_jobs
from app.policy.functions import FunctionTable
from app.policy.rules import ANY, Standing
from app.query.analysis import understand

LIVE = ("awaiting_signature", "active", "suspended")
"""States of an authorization that still permits something, or may again."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A past job ("job") or a live authorization ("authorization") with all that it asks for.

    `since` is when a job was submitted; `output` the state of its output.
    """

    kind: str
    id: str
    state: str
    held: Authorization
    datasets: tuple[Dataset, ...]
    uses: tuple[FieldUse, ...]
    output: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something that cannot be asked again, and why."""

    kind: str
    id: str
    findings: tuple[Finding, ...]


def everything(
    connection: Connection, policies: tuple[Standing, Standing], functions: FunctionTable, now: datetime
) -> Iterator[Asked | LeftOut]:
    """Every past job, oldest first, and every authorization that is live at `now`, or why one cannot be asked again.

    `policies` tell which aggregates have to be asked about one by one.
    """
    yield from _jobs(connection, functions)
    yield from _authorizations(connection, policies, now)


def is_live(held: Authorization, now: datetime) -> bool:
    """Whether an authorization permits something at `now`, or may again."""
    return held.state in LIVE and (held.valid_until is None or held.valid_until > now)


def _jobs(connection: Connection, functions: FunctionTable) -> Iterator[Asked | LeftOut]:
    found = _Reread(connection=connection, functions=functions)
    for past in past_jobs(connection):
        try:
            yield found.asked(past)
        except SluiceError as error:
            yield LeftOut(kind="job", id=past.id, findings=error.findings)


@dataclass(frozen=True, kw_only=True)
class _Reread:
    """Past jobs read again; what many of them share is read once: authorizations, data sets in reach, equal texts."""

    connection: Connection
    functions: FunctionTable
    _held: dict[str, Authorization] = field(default_factory=dict)
    _reach: dict[tuple[str, tuple[str, ...]], tuple[Dataset, ...]] = field(default_factory=dict)
    _uses: dict[tuple[str, Values | None, tuple[Dataset, ...]], tuple[tuple[Dataset, ...], tuple[FieldUse, ...]]] = (
        field(default_factory=dict)
    )

    def asked(self, past: PastJob) -> Asked:
        """The job with the uses that its run has kept, else with those found in its SQL anew."""
        if past.authorization not in self._held:
            self._held[past.authorization] = load_authorization(self.connection, past.authorization)
        held = self._held[past.authorization]
        datasets, uses = past.datasets, past.uses
        if datasets is None or uses is None:
            datasets, uses = self._understood(past, held)
        return Asked(
            kind="job",
            id=past.id,
            state=past.state,
            output=past.output_state,
            held=held,
            datasets=datasets,
            uses=uses,
            since=moment(past.submitted_at),
        )

    def _understood(self, past: PastJob, held: Authorization) -> tuple[tuple[Dataset, ...], tuple[FieldUse, ...]]:
        place = (past.authorization, past.tables)
        if place not in self._reach:
            self._reach[place] = _in_reach(self.connection, past.tables, held)
        text = (past.sql, past.values, self._reach[place])
        if text not in self._uses:
            understood = understand(past.sql, self._reach[place], self.functions, past.values)
            self._uses[text] = understood.datasets, understood.uses
        return self._uses[text]


def _in_reach(connection: Connection, tables: tuple[str, ...], held: Authorization) -> tuple[Dataset, ...]:
    """The data sets of an authorization as they are now, and the operator's tables as the catalog describes them."""
    names = sorted({dataset for dataset, _, _ in held.uses})
    own = [e.entry for e in entries(connection) if e.entry.kind is DatasetKind.ENTERPRISE and e.entry.name in tables]
    return (
        *(current_dataset(connection, name) for name in names),
        *(replace(described(entry), provider=held.operator, units=()) for entry in own),
    )


def _authorizations(
    connection: Connection, policies: tuple[Standing, Standing], now: datetime
) -> Iterator[Asked | LeftOut]:
    for held in authorizations(connection):
        if not is_live(held, now):
            continue
        try:
            names = sorted({dataset for dataset, _, _ in held.uses})
            datasets = tuple(current_dataset(connection, name) for name in names)
        except SluiceError as error:
            yield LeftOut(kind="authorization", id=held.id, findings=error.findings)
            continue
        uses = tuple(_every_use(held, datasets, policies))
        yield Asked(kind="authorization", id=held.id, state=held.state, held=held, datasets=datasets, uses=uses)


def _every_use(
    held: Authorization, datasets: tuple[Dataset, ...], policies: tuple[Standing, Standing]
) -> Iterator[FieldUse]:
    """Every use of every field that is granted; of all aggregates, each that some rule names, and the rest as one."""
    by_name = {d.name: d for d in datasets}
    named = {r.use for standing in policies for r in standing.rules if r.use.startswith("aggregate:")}
    found = {}
    for dataset, name, use in held.uses:
        fields = (ANY, *(f.name for f in by_name[dataset].fields)) if name == ANY else (name,)
        for each in fields:
            for how in (use, *sorted(named)) if use == "aggregate:*" else (use,):
                found[dataset, each, how] = FieldUse(dataset=dataset, field=each, use=how, position=None)
    yield from found.values()
