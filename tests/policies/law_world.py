"""A real deployment in which the law is made: stewards, officers, a regulator, an operator with jobs; no data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from app.authorization import applications, grants
from app.authorization.content import parse
from app.bootstrap import Services, build
from app.casework import Casework
from app.catalog.entries import add, publish
from app.catalog.manifest import read_catalog
from app.catalog.mounting import Mounted, described
from app.config import read
from app.domain.people import Actor, OrganizationKind
from app.domain.values import DatasetKind
from app.engine import Engine
from app.identity import keys
from app.identity.people_file import found
from app.identity.register import Organization, Person, first_lawgiver, founder, register_organization, register_person
from app.jobs.evaluation import Evaluation, Heartbeat
from app.jobs.records import JobRecord, load
from app.jobs.submission import JobRequest, decide, submit
from app.ledger import journal
from app.policy import publishing
from app.policy.rules import COLUMNS, Rule, Standing, rule
from app.policy.rules_files import load_standing
from app.policy.versions import published, standing_of
from app.replay.weighing import Replay, replay
from app.workflow import authorize
from sandbox.launcher import Launcher
from tests.jobs.deployment import evaluation

MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ORGANIZATIONS = {
    "roads": OrganizationKind.PROVIDER,
    "weather": OrganizationKind.PROVIDER,
    "maps": OrganizationKind.OPERATOR,
    "bureau": OrganizationKind.REGULATOR,
}
PEOPLE = {
    "steward": ("roads", ("steward",)),
    "second-steward": ("roads", ("steward", "provider_officer")),
    "roads-officer": ("roads", ("provider_officer",)),
    "weather-steward": ("weather", ("steward",)),
    "weather-officer": ("weather", ("provider_officer",)),
    "regulator": ("bureau", ("regulator_officer",)),
    "applicant": ("maps", ("applicant",)),
    "analyst": ("maps", ("analyst",)),
}
CATALOG = """
[catalog]
title = { zh = "路况", en = "roads" }
[[provider]]
code = "roads"
[[provider]]
code = "weather"
[[dataset]]
name = "incident"
code = "3/01/001/0001"
title = { zh = "事件", en = "incidents" }
provider = "roads"
file = "incident.csv"
operation_authorized = true
units = ["plate"]
field = [
    { name = "plate", type = "VARCHAR", level = "L3", identifier = "vehicle" },
    { name = "road", type = "VARCHAR", level = "L2" },
    { name = "seconds", type = "INTEGER", level = "L2" },
]
[[dataset]]
name = "rain"
code = "3/01/001/0002"
title = { zh = "雨量", en = "rain" }
provider = "weather"
file = "rain.csv"
operation_authorized = true
field = [{ name = "hour", type = "INTEGER", level = "L1" }, { name = "mm", type = "DOUBLE", level = "L1" }]
[[dataset]]
name = "tow_station"
code = "3/01/001/0003"
title = { zh = "救援站", en = "tow stations" }
provider = "roads"
kind = "enterprise"
field = [{ name = "road", type = "VARCHAR", level = "L1" }]
"""
FILE: dict[str, Any] = {
    "application": {
        "title": "Rescue times",
        "scenario": "rescue",
        "purpose": "statistics",
        "products": ["statistics"],
        "reason": "publish how fast help comes",
    },
    "enterprise_table": [{"name": "tow_station", "reason": "distance"}],
    "uses": {
        "incident": {"road": ["group", "link"], "seconds": ["aggregate:*"], "*": ["aggregate:count"]},
        "rain": {"*": ["show", "filter:range"]},
    },
    "reasons": {"incident": "the subject itself", "rain": "bad weather"},
}
BY_ROAD = "SELECT road, count(*) AS n, avg(seconds) AS s\nFROM incident\nGROUP BY road"
RAIN = "SELECT hour, mm FROM rain WHERE mm > 5"
ONE_PLATE = "SELECT count(*) AS n FROM incident WHERE plate = 7"


@dataclass
class Hand:
    """A clock that stands still until it is moved."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(kw_only=True)
class Law:
    services: Services
    clock: Hand
    casework: Casework
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def actor(self, person: str) -> Actor:
        return self.services.actor(person)

    # -- policies

    def in_force(self) -> Standing:
        with self.services.store.reading() as connection:
            return standing_of(connection, published(connection).id, self.model)

    @property
    def model(self) -> str:
        return self.casework.engine.standing.model

    def drafted(self, *more: Rule, without: str = "", person: str = "steward") -> str:
        changed = with_rules(self.in_force(), *more, without=without)
        new_id = self.services.new_id
        return publishing.draft(self.services.store, self.actor(person), changed, note="because", new_id=new_id)

    def submitted(self, *more: Rule, without: str = "", person: str = "steward") -> str:
        subject = self.drafted(*more, without=without, person=person)
        publishing.submit(self.services.store, self.actor(person), subject)
        return subject

    def publish(self, subject: str, person: str = "regulator") -> None:
        publishing.publish(self.services.store, self.actor(person), subject, model=self.model, evidence={"jobs": 0})

    def replay(self, *more: Rule, without: str = "") -> Replay:
        before = self.in_force()
        after = with_rules(before, *more, without=without)
        functions = self.casework.engine.functions
        with self.services.store.reading() as connection:
            return replay(connection, before=before, after=after, functions=functions, now=self.clock())

    # -- jobs

    def authorized(self) -> str:
        store, new_id = self.services.store, self.services.new_id
        subject = applications.draft(store, self.actor("applicant"), parse(FILE), new_id)
        applications.submit(store, self.actor("applicant"), subject)
        for officer in ("roads-officer", "weather-officer"):
            applications.answer(store, self.actor(officer), subject, given=True, reason="fine")
        regulator = self.actor("regulator")
        granted = applications.decide(store, regulator, subject, choice="approve", reason="good", new_id=new_id)
        assert granted is not None
        grants.sign(store, self.actor("applicant"), granted, agreement="2026-1")
        return granted

    def asked(self, authorization: str, sql: str) -> JobRecord:
        """A job as it is after it was decided: queued or refused."""
        request = JobRequest(authorization=authorization, sql=sql)
        job_id = submit(self.services.store, self.actor("analyst"), request, self.services.new_id)
        return decide(self.services.store, self.services.machine(), job_id, self.casework.check)

    def job(self, job_id: str) -> JobRecord:
        with self.services.store.reading() as connection:
            return load(connection, job_id)

    def execute(self, job: JobRecord, folder: Path, heartbeat: Heartbeat) -> Evaluation:
        """Decide as for real, and answer with a result that was made up."""
        heartbeat.ask()
        grant = authorize(self.casework.engine, self.casework._question(job))
        made = evaluation(folder)
        return replace(made, grant=grant, report=replace(made.report, policy_version=grant.policy_version))

    def entries(self, subject: str) -> list[tuple[str, dict[str, Any]]]:
        with self.services.store.reading() as connection:
            return [(e.event, dict(e.details)) for e in journal.entries(connection, subject=subject)]


def a_rule(name: str, **cells: str) -> Rule:
    right = {"subject": "*", "dataset": "*", "field": "*", "use": "*", "condition": "", "effect": "deny"}
    return rule("here", {c: ({"id": name} | right | cells)[c] for c in COLUMNS})


def with_rules(standing: Standing, *more: Rule, without: str = "") -> Standing:
    """`standing` with further rules and without one, each new one with its two sentences."""
    from app.domain.values import Bilingual

    texts = dict(standing.texts) | {r.id: Bilingual(zh=f"规则 {r.id}", en=f"rule {r.id}") for r in more}
    texts.pop(without, None)
    rules = (*(r for r in standing.rules if r.id != without), *more)
    return replace(standing, rules=rules, texts=texts, id="draft")


def found_law(home: Path, folder: Path) -> None:
    """Make the deployment in `home`, with a catalog in `folder` whose data files are empty and read by nobody."""
    home.mkdir()
    keys.create_keys(home / "keys")
    law = open_law(home)
    services = law.services
    services.store.migrate()
    found(services.store, services.platform)
    with services.store.change("deployment:initialised", actor=founder(), subject="test") as change:
        for name, kind in ORGANIZATIONS.items():
            register_organization(change, Organization(id=name, kind=kind, name_zh=name, name_en=name))
        for name, (organization, roles) in PEOPLE.items():
            person = Person(id=name, organization=organization, name=name, roles=roles)
            register_person(change, services.platform, person)
    rules = load_standing(services.config.policies)
    publishing.establish(services.store, first_lawgiver(), rules, lambda prefix: f"{prefix}-first")
    _describe(law, folder)
    services.store.close()


def open_law(home: Path) -> Law:
    """The deployment in `home`, with a clock that stands still."""
    settings, clock, numbers = read({"SLUICE_HOME": str(home)}), Hand(), count(1)
    services = build(settings, clock=clock, new_id=lambda prefix: f"{prefix}-{next(numbers):04}")
    engine = Engine.load(settings.policies, Launcher(), require_isolation=False)
    casework = Casework(store=services.store, engine=engine, home=home, clock=clock)
    return Law(services=services, clock=clock, casework=casework)


def _describe(law: Law, folder: Path) -> None:
    folder.mkdir()
    (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    for name in ("incident.csv", "rain.csv"):
        (folder / name).touch()
    store = law.services.store
    for entry in read_catalog(folder).entries:
        steward = law.actor("weather-steward" if entry.provider == "weather" else "steward")
        dataset = replace(described(entry), version="ab" * 32, path="nowhere", rows=1)
        public = entry.kind is DatasetKind.PUBLIC
        mounted = [Mounted(dataset=dataset, statistics={}, reused=False)] if public else []
        add(store, steward, [entry], mounted, partial("{1}-{0}".format, entry.name))
        publish(store, law.actor(f"{entry.provider}-officer"), entry.name)
