"""A deployment with the rescue scenario's catalog and no data: an operator, a rival, reviewers of two organizations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from app.authorization import applications, grants
from app.authorization.content import read_file as read_application
from app.catalog.entries import add, publish
from app.catalog.manifest import read_catalog
from app.catalog.mounting import Mounted, described
from app.domain.people import OrganizationKind
from app.domain.template_runs import TemplateRun
from app.domain.values import DatasetKind
from app.identity import keys
from app.identity.people_file import found
from app.identity.register import Organization, Person, first_lawgiver, founder, register_organization, register_person
from app.jobs.records import JobRecord
from app.jobs.submission import JobRequest, decide, submit
from app.policy import publishing
from app.policy.rules_files import load_standing
from app.templates import proposing
from app.templates.document import Template, read_file
from app.templates.records import TemplateRecord, load
from app.templates.running import approved, run_of
from app.templates.voting import Choice, cast
from tests.architecture.source import ROOT
from tests.policies.law_world import Law, open_law

RESCUE = ROOT / "sample_data" / "s1_rescue"
SAMPLE = RESCUE / "templates" / "help_in_weather.toml"
ORGANIZATIONS = {
    "hz-highway": OrganizationKind.PROVIDER,
    "hz-weather": OrganizationKind.PROVIDER,
    "op-rescue": OrganizationKind.OPERATOR,
    "op-rival": OrganizationKind.OPERATOR,
    "bureau": OrganizationKind.REGULATOR,
}
PEOPLE = {
    "steward-hz-highway": ("hz-highway", ("steward",)),
    "steward-hz-weather": ("hz-weather", ("steward",)),
    "officer-hz-highway": ("hz-highway", ("provider_officer",)),
    "officer-hz-weather": ("hz-weather", ("provider_officer",)),
    "steward": ("hz-highway", ("steward",)),
    "regulator": ("bureau", ("regulator_officer",)),
    "rev-roads": ("hz-highway", ("reviewer",)),
    "rev-roads2": ("hz-highway", ("reviewer",)),
    "rev-bureau": ("bureau", ("reviewer",)),
    "applicant": ("op-rescue", ("applicant",)),
    "analyst": ("op-rescue", ("analyst",)),
    "colleague": ("op-rescue", ("analyst",)),
    "rival": ("op-rival", ("analyst",)),
}
VALUES = {"road": "G60 沪昆", "from_day": "2025-03-01"}


@dataclass(frozen=True, kw_only=True)
class World:
    """The deployment with one signed authorization of op-rescue."""

    law: Law
    authorization: str
    folder: Path

    def template(self, toml: str | None = None) -> Template:
        """The template of a text, or of the sample."""
        text = SAMPLE.read_text(encoding="utf-8") if toml is None else toml
        file = self.folder / "t.toml"
        file.write_text(text, encoding="utf-8")
        (self.folder / "help_in_weather.sql").write_text(SAMPLE.with_suffix(".sql").read_text("utf-8"), "utf-8")
        return read_file(file, self.law.casework.declared(self.authorization))

    def proposed(self, content: Template | None = None, person: str = "analyst") -> TemplateRecord:
        law = self.law
        content = content or self.template()
        new_id = law.services.new_id
        return proposing.propose(law.services.store, law.actor(person), self.authorization, content, new_id)

    def submitted(self, content: Template | None = None, person: str = "analyst") -> TemplateRecord:
        law, subject = self.law, self.proposed(content, person).id
        return proposing.submit(law.services.store, law.actor(person), subject, law.casework.appraise)

    def approved(self, content: Template | None = None) -> TemplateRecord:
        return self.vote(self.submitted(content).id)

    def vote(self, subject: str, choice: str = "approve", by: str = "rev-roads", reason: str = "r") -> TemplateRecord:
        return cast(self.law.services.store, self.law.actor(by), subject, Choice(choice), reason)

    def get(self, subject: str) -> TemplateRecord:
        with self.law.services.store.reading() as connection:
            return load(connection, subject)

    def run(self, subject: str, given: Mapping[str, str] = VALUES) -> TemplateRun:
        with self.law.services.store.reading() as connection:
            return run_of(approved(connection, subject), given)

    def job(self, subject: str, given: Mapping[str, str] = VALUES, **changed: Any) -> JobRecord:
        """A job that runs the template, as it is after it was decided: queued or refused."""
        law, record = self.law, self.get(subject)
        request = JobRequest(
            authorization=record.authorization, sql=record.content.sql, template=self.run(subject, given)
        )
        job_id = submit(law.services.store, law.actor("analyst"), replace(request, **changed), law.services.new_id)
        return decide(law.services.store, law.services.machine(), job_id, law.casework.check)


def found_world(home: Path) -> None:
    """Make the deployment in `home`; its data sets are described and mounted nowhere."""
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
    _describe(law)
    services.store.close()


def open_world(home: Path, folder: Path) -> World:
    """The deployment in `home`, with an authorization for what the sample's application asks for."""
    law = open_law(home)
    store, new_id = law.services.store, law.services.new_id
    asked = read_application(RESCUE / "application.toml")
    subject = applications.draft(store, law.actor("applicant"), asked, new_id)
    applications.submit(store, law.actor("applicant"), subject)
    for officer in ("officer-hz-highway", "officer-hz-weather"):
        applications.answer(store, law.actor(officer), subject, given=True, reason="fine")
    regulator = law.actor("regulator")
    granted = applications.decide(store, regulator, subject, choice="approve", reason="good", new_id=new_id)
    assert granted is not None
    grants.sign(store, law.actor("applicant"), granted, agreement="2026-1")
    folder.mkdir(exist_ok=True)
    return World(law=law, authorization=granted, folder=folder)


def _describe(law: Law) -> None:
    store = law.services.store
    for entry in read_catalog(RESCUE).entries:
        dataset = replace(described(entry), version="ab" * 32, path="nowhere", rows=1)
        public = entry.kind is DatasetKind.PUBLIC
        mounted = [Mounted(dataset=dataset, statistics={}, reused=False)] if public else []
        add(store, law.actor(f"steward-{entry.provider}"), [entry], mounted, partial("{1}-{0}".format, entry.name))
        publish(store, law.actor(f"officer-{entry.provider}"), entry.name)
