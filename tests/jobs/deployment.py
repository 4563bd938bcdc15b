"""A real deployment in a folder: a migrated SQLite store, people with roles of the real policy, an authorization."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet as pq
from sqlalchemy import insert, select, update

from app.bootstrap import Services, build
from app.config import read
from app.disclosure.rules import load_rules
from app.domain.errors import Finding
from app.domain.people import Actor, OrganizationKind
from app.domain.proofs import (
    Analysis,
    Approval,
    CellEvidence,
    CheckReport,
    ColumnLineage,
    FieldFlow,
    Grant,
    UseDecision,
)
from app.domain.times import stamp
from app.domain.values import Bilingual, Dataset, DatasetKind, Decision, Field, FieldUse, Level, Position, Unit
from app.identity import keys, register
from app.identity.signing_keys import first_key, listed, signers
from app.jobs.evaluation import Evaluation, Execute, Heartbeat
from app.jobs.lease import Turns
from app.jobs.records import JobRecord, load
from app.jobs.submission import JobRequest, decide, submit
from app.jobs.worker import Worker, run_worker
from app.release.making import Desk
from app.release.receipt import Notary
from app.release.trust import Trusted
from app.review.voting import Choice, approval, cast, request_review
from app.signing.suites import PrivateKey
from app.store.changes import Change
from app.store.sessions import Store
from app.store.standing import ended_state
from app.store.tables import application, authorization, history_segment, job_lease

SQL = "SELECT carrier, count(*) AS flights FROM flights GROUP BY carrier"
ORGANIZATIONS = {
    "city-roads": OrganizationKind.PROVIDER,
    "city-data": OrganizationKind.REGULATOR,
    "maps": OrganizationKind.OPERATOR,
    "rivals": OrganizationKind.OPERATOR,
}
PEOPLE = {
    "ana": ("maps", ("analyst",)),
    "ben": ("maps", ("analyst",)),
    "rita": ("rivals", ("analyst",)),
    "rev-roads": ("city-roads", ("reviewer",)),
    "rev-roads2": ("city-roads", ("reviewer",)),
    "rev-data": ("city-data", ("reviewer",)),
    "officer": ("platform", ("release_officer",)),
    "regulator": ("city-data", ("regulator_officer",)),
    "security": ("platform", ("security_admin",)),
}


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Services with people and one active authorization per operator ("auth-maps", "auth-rivals")."""

    services: Services

    @property
    def store(self) -> Store:
        return self.services.store

    @property
    def quarantine(self) -> Path:
        return self.services.config.home / "quarantine"

    def actor(self, person: str) -> Actor:
        return self.services.actor(person)

    def machine(self) -> Actor:
        return self.services.machine()

    def job(self, record_id: str) -> JobRecord:
        with self.store.reading() as connection:
            return load(connection, record_id)

    def submitted(self, person: str = "ana", **more: Any) -> str:
        request: dict[str, Any] = {
            "authorization": f"auth-{PEOPLE[person][0]}",
            "sql": SQL,
            "title": "flights by carrier",
            **more,
        }
        return submit(self.store, self.actor(person), JobRequest(**request), self.services.new_id)

    def queued(self, person: str = "ana", **more: Any) -> str:
        return decide(self.store, self.machine(), self.submitted(person, **more), lambda _: None).id

    def events(self, subject: str) -> list[str]:
        from app.ledger import journal

        with self.store.reading() as connection:
            return [e.event for e in journal.entries(connection, subject=subject)]

    def set_authorization(self, state: str, which: str = "auth-maps") -> None:
        with self.store.change("authorization:suspended", actor=self.machine(), subject=which) as change:
            change.execute(update(authorization).where(authorization.c.id == which).values(state=state))

    def let_lease_lapse(self, record_id: str) -> None:
        with self.store.upkeep() as connection:
            connection.execute(
                update(job_lease).where(job_lease.c.job_id == record_id).values(until="2000-01-01T00:00:00.000000Z")
            )

    def in_force(self, authorization_id: str) -> str | None:
        with self.store.reading() as connection:
            return ended_state(connection, authorization_id, stamp(self.store.clock()))

    def output(self, level: Level = Level.L2, person: str = "ana") -> str:
        """An output in review, of a job that ran."""
        job_id = self.queued(person)
        run_worker(self.worker(lambda _, folder, __: evaluation(folder, level=level)), drain=True)
        output_id = self.job(job_id).output
        assert output_id is not None
        return request_review(self.store, self.actor(person), output_id).id

    def approved(self) -> Approval:
        """The approval of a new output of level L3 by two organizations."""
        output_id = self.output(Level.L3)
        for reviewer in ("rev-roads", "rev-data"):
            cast(self.store, self.actor(reviewer), output_id, Choice.APPROVE)
        return approval(self.store, output_id)

    def desk(self, **more: Any) -> Desk:
        """A release desk whose door to the history lets everything pass."""
        home = self.services.config.home
        settings: dict[str, Any] = {
            "store": self.store,
            "new_id": self.services.new_id,
            "quarantine": self.quarantine,
            "releases": home / "releases",
            "keys": self.signers(),
            "notary": self.notary(),
            "admit": admitted,
            **more,
        }
        return Desk(**settings)

    def signers(self) -> tuple[PrivateKey, ...]:
        with self.store.reading() as connection:
            return signers(connection, self.services.keys, stamp(self.store.clock()))

    def notary(self, **more: Any) -> Notary:
        """Who puts signings on the ledger of this deployment."""
        settings = {"checkpoint": self.services.checkpoint, "verifier": self.services.ledger_verifier(), **more}
        return Notary(store=self.store, **settings)

    def trusted(self) -> Trusted:
        with self.store.reading() as connection:
            return Trusted(release=listed(connection), ledger=(self.services.ledger_verifier(),))

    def worker(self, execute: Execute | None = None, **more: Any) -> Worker:
        settings: dict[str, Any] = {
            "name": "w1",
            "store": self.store,
            "machine": self.machine(),
            "quarantine": self.quarantine,
            "execute": execute or quick,
            "check": lambda _: None,
            "in_force": self.in_force,
            "register": pending,
            "new_id": self.services.new_id,
            "turns": Turns(lease_seconds=2.0),
            "poll_seconds": 0.05,
            "stop": threading.Event(),
            "abandon": threading.Event(),
            **more,
        }
        return Worker(**settings)


def deploy(home: Path) -> Deployment:
    """A new deployment in `home`."""
    settings = read({"SLUICE_HOME": str(home)})
    home.mkdir(exist_ok=True)
    keys.create_keys(home / "keys")
    made = Deployment(services=build(settings))
    made.store.migrate()
    with made.store.change("deployment:initialised", actor=register.founder(), subject="deployment") as change:
        _people(made, change)
        for operator in ("maps", "rivals"):
            _authorization(change, operator)
    first_key(made.store, home / "keys")
    return made


def open_again(home: Path) -> Deployment:
    """The deployment that `deploy` made, as another process sees it."""
    return Deployment(services=build(read({"SLUICE_HOME": str(home)})))


def _people(made: Deployment, change: Change) -> None:
    from app.store.tables import organization

    have = set(change.execute(select(organization.c.id)).scalars())
    for name, kind in {"platform": OrganizationKind.PLATFORM, **ORGANIZATIONS}.items():
        if name not in have:
            register.register_organization(
                change, register.Organization(id=name, kind=kind, name_zh=name, name_en=name)
            )
    for name, (organization_id, roles) in PEOPLE.items():
        new = register.Person(id=name, organization=organization_id, name=name, roles=roles)
        register.register_person(change, made.services.platform, new)


def _authorization(change: Change, operator: str) -> None:
    moments = {"created_at": change.at, "updated_at": change.at}
    change.execute(
        insert(application).values(
            id=f"app-{operator}", state="approved", operator_id=operator, author="x", title="t", content={}, **moments
        )
    )
    scope = {
        "scenario": "s",
        "purpose": "statistics",
        "products": ["report"],
        "uses": [],
        "enterprise_tables": [],
        "recipients": [],
    }
    change.execute(
        insert(authorization).values(
            id=f"auth-{operator}",
            state="active",
            application_id=f"app-{operator}",
            operator_id=operator,
            scope=scope,
            term_months=24,
            valid_from=change.at,
            valid_until="2099-01-01T00:00:00.000000Z",
            **moments,
        )
    )


FLIGHTS = Dataset(
    name="flights",
    code="2/01/001/0001",
    kind=DatasetKind.PUBLIC,
    provider="city-roads",
    title=Bilingual(zh="航班", en="Flights"),
    fields=(
        Field(name="carrier", type="VARCHAR", level=Level.L1, label=Bilingual(zh="承运人", en="carrier")),
        Field(name="tailnum", type="UINTEGER", level=Level.L3, label=Bilingual(zh="机号", en="tail number")),
    ),
    units=(Unit(type="aircraft", column="tailnum", tag="__tag_tailnum"),),
    version="ab" * 32,
    path="/vault/flights/ab.parquet",
    rows=336_776,
)


EXECUTION = {"engine": "DuckDB 2.0.0", "reproducible": False, "threads": 2, "walls": ["landlock", "seccomp"]}


def evaluation(folder: Path, *, level: Level = Level.L2, decision: Decision = Decision.CHECKED) -> Evaluation:
    """What a run that wrote its files into `folder` answers."""
    table = pa.table({"carrier": ["AA", "=B6"], "flights": [1200, 900]})
    pq.write_table(table, folder / "output.parquet")
    (folder / "segment.bin").write_bytes(b"\x01\x02")
    (folder / "raw.parquet").write_bytes(b"what may not stay")
    use = FieldUse(dataset="flights", field="carrier", use="group", position=Position(line=1, column=8))
    cells = tuple(
        CellEvidence(
            frontier=0,
            cell=i,
            measure="flights",
            unit="aircraft",
            contributors=97 + i,
            exact=True,
            largest_share=None,
            verdict="safe",
            rule="k-L2",
        )
        for i in range(2)
    )
    report = CheckReport(
        decision=decision,
        reasons=(Finding(code="job-nothing-may-leave", params=(("job", "j"),)),) if decision == "review" else (),
        level=level,
        plan_hash="cd" * 32,
        policy_version="policy-1",
        columns=(("carrier", "VARCHAR"), ("flights", "BIGINT")),
        rows=2,
        suppressed=3,
        stopped_by_firewall=0,
        cells=cells,
        table=str(folder / "output.parquet"),
        segment="segment.bin",
        near=(("release-other", 1),),
        lineage=tuple(
            ColumnLineage(column=name, sources=(FieldFlow(dataset="flights", field="carrier", use=use),))
            for name, use in (("carrier", "group"), ("flights", "aggregate:count"))
        ),
    )
    analysis = Analysis(sql=SQL, datasets=(FLIGHTS,), uses=(use,), level=level, reasons=(), governed=None)
    grant = Grant(
        authorization="auth-maps",
        policy_version="policy-1",
        analysis=analysis,
        decisions=(UseDecision(use=use, allowed=True, rules=("std-group-L1",)),),
    )
    reviewers = load_rules(read().policies).levels[level].reviewers
    return Evaluation(
        report=report, grant=grant, reviewers=reviewers, usage={"wall_seconds": 0.25}, execution=EXECUTION
    )


def quick(job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
    """An execution that is over at once."""
    heartbeat.stage("checking")
    return evaluation(folder)


def admitted(change: Change, output: str, report: CheckReport, folder: Path) -> None:
    """A door to the history that marks the segment as released."""
    mine = history_segment.c.output_id == output
    change.execute(update(history_segment).where(mine).values(status="released"))


def pending(change: Change, output: str, report: CheckReport, folder: Path) -> None:
    """A register that enters the segment as pending."""
    change.execute(
        insert(history_segment).values(
            id=f"segment-{output}",
            output_id=output,
            path=report.segment,
            sha256="00",
            cells=2,
            status="pending",
            created_at=change.at,
        )
    )
