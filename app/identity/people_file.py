"""Who is to be entered? Organizations and persons from a TOML file, and the founding of a deployment."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sqlalchemy import select

from app.domain.people import OrganizationKind
from app.identity.register import (
    PLATFORM,
    Organization,
    Person,
    founder,
    register_organization,
    register_person,
)
from app.identity.roles import PlatformPolicy
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import organization, person

FOUNDERS = "founders.toml"
SAMPLE = "sample_people.toml"


@dataclass(frozen=True, kw_only=True)
class Register:
    """The organizations and persons of one file."""

    organizations: tuple[Organization, ...]
    people: tuple[Person, ...]


def read_register(name: str) -> Register:
    """The register in the file `name` of this package ("founders.toml", "sample_people.toml")."""
    data = tomllib.loads(files("app.identity").joinpath(name).read_text(encoding="utf-8"))
    return Register(
        organizations=tuple(_organization(row) for row in data["organization"]),
        people=tuple(Person(**{**row, "roles": tuple(row["roles"])}) for row in data["person"]),
    )


def found(store: Store, policy: PlatformPolicy, *, sample: bool = False) -> tuple[str, ...]:
    """Enter the founders, and the sample's people when asked; answers what was entered, nothing when all were there.

    One change, so that a deployment is either founded or not.
    """
    registers = [read_register(name) for name in ((FOUNDERS, SAMPLE) if sample else (FOUNDERS,))]
    with store.reading() as connection:
        known = set(connection.execute(select(organization.c.id)).scalars())
        known |= set(connection.execute(select(person.c.id)).scalars())
    new = [o for r in registers for o in r.organizations if o.id not in known]
    people = [p for r in registers for p in r.people if p.id not in known]
    if not new and not people:
        return ()
    with store.change("deployment:initialised", actor=founder(), subject=PLATFORM) as change:
        _enter(change, policy, new, people)
    return tuple(o.id for o in new) + tuple(p.id for p in people)


def _enter(change: Change, policy: PlatformPolicy, new: list[Organization], people: list[Person]) -> None:
    for one in new:
        register_organization(change, one)
    for someone in people:
        register_person(change, policy, someone)


def _organization(row: dict[str, Any]) -> Organization:
    return Organization(
        id=row["id"],
        kind=OrganizationKind(row["kind"]),
        name_zh=row["name"]["zh"],
        name_en=row["name"]["en"],
        uscc=row.get("uscc"),
    )
