"""A small real deployment: a migrated database, the real policies, organizations, persons, a catalog."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from app.authorization import applications, grants
from app.authorization.content import Content, parse
from app.bootstrap import Services, build
from app.config import read
from app.domain.lifecycles import CATALOG_ENTRY
from app.domain.people import Actor, OrganizationKind
from app.identity import keys
from app.identity.people_file import found
from app.identity.register import Organization, Person, founder, register_organization, register_person
from app.ledger import journal
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import STATE_TABLES

MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

ORGANIZATIONS = {
    "roads": OrganizationKind.PROVIDER,
    "weather": OrganizationKind.PROVIDER,
    "maps": OrganizationKind.OPERATOR,
    "rivals": OrganizationKind.OPERATOR,
    "bureau": OrganizationKind.REGULATOR,
}
PEOPLE = {
    "steward": ("roads", "steward"),
    "roads-officer": ("roads", "provider_officer"),
    "weather-officer": ("weather", "provider_officer"),
    "applicant": ("maps", "applicant"),
    "analyst": ("maps", "analyst"),
    "rival": ("rivals", "applicant"),
    "regulator": ("bureau", "regulator_officer"),
}
FILE: dict[str, Any] = {
    "application": {
        "title": "Rescue times",
        "scenario": "rescue",
        "purpose": "statistics",
        "products": ["statistics"],
        "reason": "publish how fast help comes",
        "regions": ["Hangzhou", "Ningbo"],
    },
    "enterprise_table": [{"name": "tow_station", "reason": "distance to the nearest station"}],
    "uses": {
        "incident": {"road": ["group"], "seconds": ["aggregate:avg"]},
        "rain": {"*": ["filter:range"]},
    },
    "reasons": {"incident": "the subject itself", "rain": "bad weather"},
}


class _Undo(Exception):
    """Rolls a probe back."""


@dataclass
class Hand:
    """A clock that stands still until it is moved."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class World:
    services: Services
    clock: Hand
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def store(self) -> Store:
        return self.services.store

    def actor(self, person: str) -> Actor:
        return self.services.actor(person)

    def almighty(self, **changed: Any) -> Actor:
        """An actor with every permission, for asking what the state alone allows."""
        base = {
            "id": "almighty",
            "organization": "platform",
            "kind": OrganizationKind.PLATFORM,
            "roles": frozenset({"test"}),
            "permissions": self.services.platform.permissions_known(),
        }
        return Actor(**{**base, **changed})

    def content(self, **head: Any) -> Content:
        return parse({**FILE, "application": {**FILE["application"], **head}})

    def drafted(self, **head: Any) -> str:
        return applications.draft(self.store, self.actor("applicant"), self.content(**head), self.services.new_id)

    def submitted(self, **head: Any) -> str:
        subject = self.drafted(**head)
        applications.submit(self.store, self.actor("applicant"), subject)
        return subject

    def consented(self, **head: Any) -> str:
        subject = self.submitted(**head)
        for officer in ("roads-officer", "weather-officer"):
            applications.answer(self.store, self.actor(officer), subject, given=True, reason="fine")
        return subject

    def granted(self, **head: Any) -> str:
        subject = self.consented(**head)
        regulator, new_id = self.actor("regulator"), self.services.new_id
        granted = applications.decide(self.store, regulator, subject, choice="approve", reason="good", new_id=new_id)
        assert granted is not None
        return granted

    def signed(self, **head: Any) -> str:
        subject = self.granted(**head)
        grants.sign(self.store, self.actor("applicant"), subject, agreement="HZ-2026-001")
        return subject

    def stepped(self, subject: str, event: str, person: str = "regulator") -> str:
        return grants.step(self.store, self.actor(person), subject, event, reason="because")

    def state(self, subject: str) -> str:
        with self.store.reading() as connection:
            return applications.load(connection, subject).state

    def events(self, subject: str) -> list[str]:
        with self.store.reading() as connection:
            return [e.event for e in journal.entries(connection, subject=subject)]

    def entries(self) -> int:
        with self.store.reading() as connection:
            return journal.size(connection)

    @contextmanager
    def changing(self, event: str = "ledger:exported", subject: str = "test") -> Iterator[Change]:
        with self.store.change(event, actor=self.almighty(), subject=subject) as change:
            yield change

    @contextmanager
    def probing(self) -> Iterator[Change]:
        """A change that never happens: for asking what would be possible."""
        with suppress(_Undo), self.changing() as change:
            yield change
            raise _Undo


def deployment(home: Path) -> World:
    settings = read({"SLUICE_HOME": str(home)})
    keys.create_keys(home / "keys")
    clock, numbers = Hand(), count(1)
    services = build(settings, clock=clock, new_id=lambda prefix: f"{prefix}-{next(numbers)}")
    services.store.migrate()
    found(services.store, services.platform)
    world = World(services=services, clock=clock)
    with services.store.change("deployment:initialised", actor=founder(), subject="test") as change:
        for name, kind in ORGANIZATIONS.items():
            register_organization(change, Organization(id=name, kind=kind, name_zh=name, name_en=name))
        for name, (organization, role) in PEOPLE.items():
            person = Person(id=name, organization=organization, name=name, roles=(role,))
            register_person(change, services.platform, person)
    for data in (
        entry("incident", "roads", ("road", "seconds", "plate")),
        entry("rain", "weather", ("hour", "mm")),
        entry("tow_station", "roads", ("road", "stake_km"), kind="enterprise"),
    ):
        published(world, data)
    return world


def entry(name: str, provider: str, fields: tuple[str, ...], **changed: Any) -> dict[str, Any]:
    listed = [{"name": f, "type": "VARCHAR", "level": "L2"} for f in fields]
    return {
        "name": name,
        "code": f"3/01/001/{name}",
        "provider_id": provider,
        "kind": "public",
        "metadata": {"field": listed},
        "grade": "general",
        "operation_authorized": True,
        "author": "steward",
        **changed,
    }


def published(world: World, data: dict[str, Any]) -> None:
    subject = f"entry-{data['name']}"
    with world.changing("catalog_entry:described", subject) as change:
        change.create(CATALOG_ENTRY, subject, "describe", created_at=change.at, updated_at=change.at, **data)
        change.move(CATALOG_ENTRY, subject, "submit")
        change.move(CATALOG_ENTRY, subject, "publish")


def rows_in_state(change: Change, lifecycle: str, state: str) -> str:
    """Insert a row of the lifecycle in any state, with the parents it needs; answers its identifier."""
    columns = parents(change, lifecycle)
    change.execute(insert(STATE_TABLES[lifecycle]).values(id=f"p-{lifecycle}", state=state, **columns))
    return f"p-{lifecycle}"


def parents(change: Change, lifecycle: str) -> dict[str, Any]:
    """Insert the rows that one of the lifecycle refers to, as drafts; answers the columns of such a one."""
    at = {"created_at": change.at, "updated_at": change.at}
    org = {"operator_id": "maps", "author": "analyst"}
    rows: dict[str, dict[str, Any]] = {
        "policy": {"content": {}, "digest": "0", "note": "n", "author": "steward", "organization_id": "roads"},
        "catalog_entry": entry("probe", "roads", ()),
        "application": {**org, "title": "t", "content": {}},
        "authorization": {"application_id": "p-application", "operator_id": "maps", "scope": {}, "term_months": 1},
        "job": {**org, "authorization_id": "p-authorization", "title": "t", "sql": "", "parameters": {}},
        "output": {
            **org,
            "job_id": "p-job",
            "authorization_id": "p-authorization",
            "level": "L2",
            "folder": "f",
            "files": {},
            "report": {},
            "report_hash": "0",
            "reviewers_needed": 1,
        },
        "template": {
            **org,
            "authorization_id": "p-authorization",
            "name": "t",
            "version": 1,
            "content": {},
            "digest": "0",
        },
    }
    for name, columns in rows.items():
        if name == lifecycle:
            break
        change.execute(insert(STATE_TABLES[name]).values(id=f"p-{name}", state="draft", **columns, **at))
    return {**rows[lifecycle], **at}
