"""How does a job of the queue become an output that people can judge? What the worker and the release desk are given.

The stages know nothing of one another; here the control database's authorizations, data sets and history meet
`app.workflow`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert, select, text, update

from app.authorization.grants import active_authorization
from app.authorization.pinned import pinned
from app.catalog.entries import held_dataset, listed
from app.catalog.mounting import described, mount_enterprise
from app.combining import Prepared, prepare, still_current
from app.disclosure.budget import spend
from app.disclosure.firewall import compare
from app.disclosure.history import PARTITIONS, Entry, History, keep
from app.disclosure.index.blocks import blocks
from app.disclosure.index.past import tidy
from app.disclosure.partition.registry import current as partitions
from app.disclosure.partition.registry import register as register_partition
from app.disclosure.partition.versions import Version
from app.disclosure.segment import Segment
from app.domain.authorizations import Authorization
from app.domain.errors import Broken, Finding, Refusal
from app.domain.footprint import Footprint
from app.domain.parameters import representatives
from app.domain.people import Actor
from app.domain.ports import Clock
from app.domain.proofs import CheckReport, Plan
from app.domain.times import stamp
from app.domain.values import Dataset, DatasetKind
from app.engine import Engine
from app.identity.keys import pseudonym_secret
from app.jobs.evaluation import Evaluation, Heartbeat
from app.jobs.records import JobRecord
from app.policy.conditions import Context
from app.policy.grants import collect
from app.policy.snapshot import snapshot
from app.policy.versions import InForce
from app.policy.views import Viewer, restrict
from app.query.footprint import footprint
from app.review.outputs import OutputRecord
from app.review.pages import PageAsked, ResultPage, page_of, page_task
from app.store.changes import Change
from app.store.sessions import Store
from app.store.standing import ended_state
from app.store.tables import history_segment, output, suppression_pattern
from app.templates.document import Declared, declared_of
from app.templates.records import Appraisal, TemplateRecord
from app.templates.running import admitted
from app.workflow import Evaluated, Question, authorize, evaluate, sandbox_error

PENDING_STATES = ("quarantined", "in_review", "approved")
"""States of outputs that may still leave: a new output is held against these as against released ones."""
_LEFT = ("released", "recalled")
"""States of outputs that left."""
_DAMAGED = ("source-unreadable", "source-columns")
"""Codes of the sandbox for a table that is not the one that was reported on."""


@dataclass(frozen=True, kw_only=True)
class Casework:
    """The doors that the worker, the release desk and reviewers ask for, over one deployment."""

    store: Store
    engine: Engine
    home: Path
    clock: Clock
    policies: InForce = field(default_factory=InForce)
    prepared: dict[str, list[Prepared]] = field(default_factory=dict)
    """Output → the partitions that its release would leave, as far as they were made ahead."""
    machine: Actor | None = None
    """Who pays for runs with noise; without it they are refused."""
    keys: Path | None = None
    """The folder of the secrets; None: `keys` in the home."""

    def check(self, job: JobRecord) -> None:
        """Decide a submitted job before it is queued; raises SluiceError to refuse it."""
        authorize(self.engine, self._question(job))

    def appraise(self, template: TemplateRecord) -> Appraisal:
        """Analyse a template for representative values of its parameters and decide about each.

        Raises what `authorize` raises for any of them, and Refusal("template-uses-vary") unless it does the same for
        all.
        """
        question = self._posed(template.content.sql, template.authorization, self._described)
        seen: dict[Footprint, str] = {}
        sets = representatives(template.content.parameters)
        grants = []
        for values in sets:
            grants.append(authorize(self.engine, replace(question, values=values)))
            seen.setdefault(footprint(grants[-1].analysis), ", ".join(f"{v.name}={v.text}" for v in values))
        if len(seen) > 1:
            raise Refusal("template-uses-vary", values=" / ".join(seen.values()))
        grant = grants[0]
        return Appraisal(
            footprint=next(iter(seen)),
            decisions=tuple((d.use.dataset, d.use.field, d.use.use, d.rules) for d in grant.decisions),
            policy_version=grant.policy_version,
            reviewers=self.engine.rules.levels[grant.analysis.level].reviewers,
            analyses=len(sets),
        )

    def declared(self, authorization: str) -> Declared:
        """What the catalog declares of the fields that an authorization reaches, as its masks leave them."""
        return declared_of(self._posed("", authorization, self._described).datasets)

    def execute(self, job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        """Run a job: everything from its SQL to a check report, with its files in `folder`."""
        question = replace(self._question(job), patterns=self.patterns_of)
        heartbeat.ask()
        history = self.history(job.operator)
        tidy(history)
        evaluated = evaluate(
            self.engine,
            question,
            history,
            folder,
            progress=heartbeat.stage,
            steps=heartbeat.step,
            cancelled=heartbeat.stopped,
            spend=partial(self._spend, job) if self.machine is not None else None,
        )
        plan = evaluated.plan
        return Evaluation(
            report=evaluated.report,
            grant=plan.grant,
            reviewers=plan.rule.reviewers,
            usage=_cost(evaluated),
            execution=_execution(evaluated),
        )

    def in_force(self, authorization: str) -> str | None:
        """None while an authorization is in force, else the state it is in."""
        with self.store.reading() as connection:
            return ended_state(connection, authorization, stamp(self.clock()))

    def history(self, operator: str) -> History:
        """Every output that left or may still leave, of all operators, as it is asked for by one of them."""
        with self.store.reading() as connection:
            return replace(self._history(connection, pending=True), operator=operator)

    def look_up(self) -> None:
        """Read the index of the history once, so that `admit` need not check it whole while it holds the lock."""
        blocks(self.home / "history" / "index")

    def prepare(self, output_id: str, folder: Path) -> None:
        """Refine the partitions by an output before its release takes the lock; raises what `admit` raises for them."""
        with self.store.reading() as connection:
            current = partitions(connection, self._partitions)
        self.prepared[output_id] = self._prepare(output_id, folder, current)

    @property
    def _partitions(self) -> Path:
        return self.home / "history" / PARTITIONS

    def _prepare(self, output_id: str, folder: Path, current: Mapping[str, Version]) -> list[Prepared]:
        return prepare(self.engine, output_id, folder, current, self._partitions, failed=sandbox_error)

    def register(self, change: Change, output_id: str, report: CheckReport, folder: Path) -> None:
        """Enter a new output's fingerprints as pending, in the transaction of the output."""
        digest = keep(self.home / "history", folder / report.segment)
        change.execute(
            insert(history_segment).values(
                id=f"segment-{output_id}",
                output_id=output_id,
                path=f"{digest}.npz",
                sha256=digest,
                cells=len(Segment.load(folder / report.segment, digest).key),
                status="pending",
                created_at=change.at,
            )
        )
        for pattern in report.patterns:
            kept = {"signature": pattern.signature, "rows": list(pattern.rows)}
            change.execute(insert(suppression_pattern).values(output_id=output_id, created_at=change.at, **kept))

    def patterns_of(self, signatures: Collection[str]) -> dict[str, frozenset[int]]:
        """The rows that every output which left or may still leave left out of aggregations with these signatures."""
        joined = suppression_pattern.join(output, output.c.id == suppression_pattern.c.output_id)
        wanted = suppression_pattern.c.signature.in_(signatures), output.c.state.in_((*PENDING_STATES, *_LEFT))
        query = select(suppression_pattern.c.signature, suppression_pattern.c.rows).select_from(joined).where(*wanted)
        found: dict[str, frozenset[int]] = {}
        with self.store.reading() as connection:
            for signature, rows in connection.execute(query):
                left = frozenset(int(row, 16) for row in rows)
                found[signature] = found.get(signature, left) & left
        return found

    def admit(self, change: Change, output_id: str, report: CheckReport, folder: Path) -> None:
        """Hold an output against all that left, under the lock of its release, and count it as released.

        Raises Refusal("firewall-near-release") naming the releases it comes too near to, what
        `app.combining.audited` raises for what follows from all of them together, and
        Broken("segment-malformed") when the fingerprints are not those that were registered as pending.
        """
        if change.connection.dialect.name == "postgresql":  # SQLite has one writer anyway
            change.execute(text("LOCK TABLE history_segment IN EXCLUSIVE MODE"))
        mine = (history_segment.c.output_id == output_id, history_segment.c.status == "pending")
        digest = change.execute(select(history_segment.c.sha256).where(*mine)).scalar()
        if digest is None:
            raise Broken("segment-malformed", file=report.segment)
        segment = Segment.load(folder / report.segment, digest)
        near = compare(segment, self._history(change.connection, pending=False))
        if near.near:
            releases = ", ".join(name for name, _ in near.releases())
            raise Refusal("firewall-near-release", output=output_id, cells=len(near.near), releases=releases)
        current = partitions(change.connection, self._partitions)
        found = self.prepared.pop(output_id, None)
        if found is None or not still_current(found, current):
            found = self._prepare(output_id, folder, current)
        for one in found:
            register_partition(change, output_id, one.outline, one.version, one.before)
        change.execute(update(history_segment).where(*mine).values(status="released"))

    def page(self, record: OutputRecord, asked: PageAsked) -> ResultPage:
        """Rows of a result in quarantine for those who may see them, read by a confined process.

        Raises what `page_task` and `page_of` raise, and what became of the process.
        """
        task = page_task(record, asked, self.home / "quarantine", self.engine.limits["inspect"])
        room = self.home / "scratch"
        room.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=room, prefix="inspect-") as scratch:
            answer = self.engine.launcher.run(task, Path(scratch), require_isolation=self.engine.require_isolation)
        if answer.code in _DAMAGED:
            raise Broken("review-table-unreadable", output=record.id)
        if answer.status != "ok":
            raise sandbox_error(answer)
        return page_of(record, task, answer)

    # -- pieces

    def _spend(self, job: JobRecord, plan: Plan) -> None:
        """Pay for a plan with noise, before it runs."""
        privacy = self.engine.repairs["dp"].privacy
        if plan.private is None or privacy is None or self.machine is None:
            raise Refusal("dp-no-budget")
        spend(self.store, self.machine, plan.private, privacy.budget, authorization=job.authorization, job=job.id)

    def _history(self, connection: Connection, *, pending: bool) -> History:
        joined = history_segment.join(output, output.c.id == history_segment.c.output_id)
        left = history_segment.c.status == "released"
        wanted = left | output.c.state.in_(PENDING_STATES) if pending else left
        segment, folder = history_segment.c, self.home / "history"
        columns = (segment.output_id, segment.path, segment.sha256, segment.cells, output.c.operator_id)
        query = select(*columns).select_from(joined).where(wanted).order_by(segment.created_at, segment.id)
        entries = (
            Entry(name=name, file=folder / path, digest=digest, cells=cells, operator=operator)
            for name, path, digest, cells, operator in connection.execute(query)
        )
        held = partitions(connection, self._partitions)
        return History(entries=tuple(entries), index=folder / "index", partitions=held)

    def _question(self, job: JobRecord) -> Question:
        """The SQL of a job with what its authorization covers and which rules are in force at this moment.

        Raises what `active_authorization` and `restrict` raise, Refusal("enterprise-not-authorized"), Invalid for a
        bad file, and what `admitted` raises for the run of a template.
        """
        values = approved = None
        if job.template is not None:
            with self.store.reading() as connection:
                values, approved = admitted(connection, job.template, sql=job.sql, authorization=job.authorization)
        question = self._posed(job.sql, job.authorization, partial(self._enterprise, job))
        return replace(question, reproducible=job.reproducible, repair=job.repair, values=values, approved=approved)

    def _posed(self, sql: str, authorization: str, own: Callable[[Authorization], tuple[Dataset, ...]]) -> Question:
        """A text under an authorization with the rules in force at this moment; `own` are the operator's tables."""
        now = self.clock()
        with self.store.reading() as connection:
            held = active_authorization(connection, authorization, now)
            standing = self.policies.standing(connection, self.engine.standing.model)
            names = sorted({dataset for dataset, _, _ in held.uses})
            versions = pinned(connection, held.id)
            public = tuple(held_dataset(connection, name, versions.get(name)) for name in names)
        context = Context(now=now, purpose=held.purpose, product=held.product)
        viewer = Viewer.of(held, partial(pseudonym_secret, self.keys or self.home / "keys"))
        datasets = restrict(standing, (*public, *own(held)), viewer, context)
        uses = collect(held.uses, purpose=held.purpose)
        return Question(
            sql=sql,
            datasets=datasets,
            policy=snapshot(standing, {held.id: uses}, datasets),
            authorization=held.id,
            context=context,
            versions=versions,
        )

    def _described(self, held: Authorization) -> tuple[Dataset, ...]:
        """The operator's own tables as the catalog describes them, for an analysis before there is any file."""
        allowed = {t.casefold() for t in held.enterprise_tables}
        with self.store.reading() as connection:
            entries = [e.entry for e in listed(connection) if e.entry.kind is DatasetKind.ENTERPRISE]
        own = [entry for entry in entries if entry.name.casefold() in allowed]
        return tuple(replace(described(entry), provider=held.operator, units=()) for entry in own)

    def _enterprise(self, job: JobRecord, held: Authorization) -> tuple[Dataset, ...]:
        """The operator's own tables, mounted; a table that was mounted before is not mounted again."""
        allowed = {t.casefold() for t in held.enterprise_tables}
        foreign = [f.table for f in job.enterprise if f.table.casefold() not in allowed]
        if foreign:
            raise Refusal(*(Finding(code="enterprise-not-authorized", dataset=t) for t in foreign))
        with self.store.reading() as connection:
            entries = {e.entry.name: e.entry for e in listed(connection) if e.entry.kind is DatasetKind.ENTERPRISE}
        scratch = self.home / "scratch" / f"{job.id}-enterprise"
        return tuple(
            mount_enterprise(
                f.table,
                Path(f.path),
                entries.get(f.table),
                self.home / "vault",
                scratch,
                self.engine.mount,
                operator=job.operator,
            ).dataset
            for f in job.enterprise
        )


def _cost(evaluated: Evaluated) -> dict[str, float]:
    """What a run cost, for its operator: coarse, because fine times and sizes can tell about the rows behind them."""
    usage, timings = evaluated.result.usage, evaluated.timings
    return {
        "sandbox_seconds": round(timings["sandbox"], 1),
        "waited_seconds": round(usage["waited_seconds"], 1),
        "check_seconds": round(timings["check"], 1),
        "cpu_seconds": round(usage["cpu_seconds"], 1),
        "peak_memory_mib": _coarse(usage["peak_memory_bytes"]),
        "spill_mib": _coarse(usage["spill_bytes"]),
        "read_mib": _coarse(usage["read_bytes"]),
        "written_mib": _coarse(usage["written_bytes"]),
    }


def _coarse(size: float) -> float:
    """Bytes in MiB, to the next multiple of 16: what a condition lets the engine skip, or a few cells, are smaller."""
    return float(round(size / (16 << 20)) * 16)


def _execution(evaluated: Evaluated) -> dict[str, object]:
    """How a run was made, for whoever verifies its release."""
    task, result = evaluated.plan.task, evaluated.result
    return {
        "engine": result.engine,
        "reproducible": task.reproducible,
        "threads": result.threads,
        "walls": list(result.walls),
    }
