"""Which organizations and persons are there, and as whom does one of them act?

`authorize` is the one place where a stored person becomes an `Actor`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import Connection, insert, select, update
from stdnum.cn import uscc as uscc_number

from app.domain.duties import administrator_holds_one_role
from app.domain.errors import Invalid, Refusal
from app.domain.people import Actor, OrganizationKind
from app.identity.roles import MACHINE_ROLE, PlatformPolicy
from app.store.changes import Change
from app.store.tables import AnyRow, organization, person, role_membership

PLATFORM = "platform"
"""The organization that runs this deployment, and that the machine belongs to."""

_IDENTIFIER = re.compile(r"[a-z][a-z0-9-]{1,62}")


@dataclass(frozen=True, kw_only=True)
class Organization:
    """A party of authorized operation; `uscc` its unified social credit code, if it has one."""

    id: str
    kind: OrganizationKind
    name_zh: str
    name_en: str
    uscc: str | None = None
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Person:
    """A named person of one organization with their roles."""

    id: str
    organization: str
    name: str
    roles: tuple[str, ...]
    active: bool = True


def authorize(connection: Connection, policy: PlatformPolicy, person_id: str, permission: str | None = None) -> Actor:
    """The actor that `person_id` is now, with every permission of their roles.

    Raises Refusal: "person-unknown", "person-suspended" (person or organization), or "not-permitted" when
    `permission` is given and no role has it.
    """
    row = _person_row(connection, person_id)
    if row is None:
        raise Refusal("person-unknown", person=person_id)
    if not (row.active and row.organization_active):
        raise Refusal("person-suspended", person=person_id)
    kind, roles = OrganizationKind(row.kind), _roles(connection, person_id)
    actor = Actor(
        id=person_id,
        organization=row.organization_id,
        kind=kind,
        roles=roles,
        permissions=policy.permitted(person_id, organization=row.organization_id, kind=kind, roles=roles),
    )
    if permission is not None:
        actor.require(permission)
    return actor


def machine(policy: PlatformPolicy, name: str = "worker") -> Actor:
    """The program itself as an actor: what happens without a person, e.g. running a job or the end of a term."""
    roles = frozenset({MACHINE_ROLE})
    allowed = policy.permitted(f"machine:{name}", organization=PLATFORM, kind=OrganizationKind.PLATFORM, roles=roles)
    return Actor(
        id=f"machine:{name}",
        organization=PLATFORM,
        kind=OrganizationKind.PLATFORM,
        roles=roles,
        permissions=allowed,
    )


def founder() -> Actor:
    """Who acts while a deployment is being created: may enter organizations, persons and a first key, nothing else."""
    return Actor(
        id="machine:init",
        organization=PLATFORM,
        kind=OrganizationKind.PLATFORM,
        roles=frozenset(),
        permissions=frozenset({"organization:manage", "person:manage", "key:manage"}),
    )


def doorkeeper() -> Actor:
    """Who acts when a recipient fetches a bundle by a link: hands it over, and nothing else."""
    return Actor(
        id="machine:doorkeeper",
        organization=PLATFORM,
        kind=OrganizationKind.PLATFORM,
        roles=frozenset(),
        permissions=frozenset({"release:fetch"}),
    )


def first_lawgiver() -> Actor:
    """Who enters the first use policy while a deployment is being created, and does nothing else."""
    return replace(founder(), permissions=frozenset({"policy:draft", "policy:approve"}))


def register_organization(change: Change, new: Organization) -> None:
    """Enter an organization. Raises Invalid for a bad or taken identifier or a wrong credit code."""
    change.actor.require("organization:manage")
    _check_identifier(new.id)
    if new.uscc is not None and not uscc_number.is_valid(new.uscc):
        raise Invalid("organization-uscc", id=new.id, uscc=new.uscc)
    if _exists(change.connection, new):
        raise Invalid("already-registered", id=new.id)
    change.execute(
        insert(organization).values(
            id=new.id,
            kind=new.kind.value,
            name_zh=new.name_zh,
            name_en=new.name_en,
            uscc=new.uscc,
            active=new.active,
            created_at=change.at,
        )
    )
    details = {"kind": new.kind.value, "name": {"zh": new.name_zh, "en": new.name_en}, "uscc": new.uscc}
    change.record("organization:registered", subject=new.id, details=details)


def register_person(change: Change, policy: PlatformPolicy, new: Person) -> None:
    """Enter a person with roles. Raises Invalid or Refusal when the roles break a separation of duties."""
    change.actor.require("person:manage")
    _check_identifier(new.id)
    connection = change.connection
    kind = connection.execute(select(organization.c.kind).where(organization.c.id == new.organization)).scalar()
    if kind is None:
        raise Invalid("organization-unknown", id=new.organization)
    if not new.roles:
        raise Invalid("person-without-role", person=new.id)
    check_roles(policy, OrganizationKind(kind), new.roles)
    if connection.execute(select(person.c.id).where(person.c.id == new.id)).first():
        raise Invalid("already-registered", id=new.id)
    values = {"id": new.id, "organization_id": new.organization, "name": new.name, "active": new.active}
    change.execute(insert(person).values(created_at=change.at, **values))
    for role in sorted(set(new.roles)):
        change.execute(insert(role_membership).values(person_id=new.id, role=role, created_at=change.at))
    details = {"organization": new.organization, "name": new.name, "roles": sorted(set(new.roles))}
    change.record("person:registered", subject=new.id, details=details)


def check_roles(policy: PlatformPolicy, kind: OrganizationKind, roles: Collection[str]) -> None:
    """Raise Refusal when one person may not hold `roles` in an organization of this kind."""
    policy.check_roles(kind, roles)
    administrator_holds_one_role(roles)


def set_active(change: Change, kind: str, subject: str, *, active: bool) -> None:
    """Suspend or reinstate a person or an organization (`kind`); it takes effect with the next `authorize`."""
    table, permission = {
        "person": (person, "person:manage"),
        "organization": (organization, "organization:manage"),
    }[kind]
    change.actor.require(permission)
    if change.execute(update(table).where(table.c.id == subject).values(active=active)).rowcount != 1:
        raise Refusal("not-found", thing=kind, id=subject)
    change.record(f"{kind}:{'reinstated' if active else 'suspended'}", subject=subject)


def organizations(connection: Connection) -> list[Organization]:
    """Every organization, by identifier."""
    rows = connection.execute(select(organization).order_by(organization.c.id))
    return [
        Organization(
            id=r.id, kind=OrganizationKind(r.kind), name_zh=r.name_zh, name_en=r.name_en, uscc=r.uscc, active=r.active
        )
        for r in rows
    ]


def people(connection: Connection) -> list[Person]:
    """Every person, by organization and identifier."""
    held: dict[str, list[str]] = {}
    for row in connection.execute(select(role_membership).order_by(role_membership.c.role)):
        held.setdefault(row.person_id, []).append(row.role)
    rows = connection.execute(select(person).order_by(person.c.organization_id, person.c.id))
    return [
        Person(id=r.id, organization=r.organization_id, name=r.name, roles=tuple(held.get(r.id, ())), active=r.active)
        for r in rows
    ]


def _person_row(connection: Connection, person_id: str) -> AnyRow | None:
    query = (
        select(
            person.c.organization_id,
            person.c.active,
            organization.c.kind,
            organization.c.active.label("organization_active"),
        )
        .join(organization, organization.c.id == person.c.organization_id)
        .where(person.c.id == person_id)
    )
    return connection.execute(query).one_or_none()


def _roles(connection: Connection, person_id: str) -> frozenset[str]:
    query = select(role_membership.c.role).where(role_membership.c.person_id == person_id)
    return frozenset(connection.execute(query).scalars())


def _exists(connection: Connection, new: Organization) -> bool:
    same = organization.c.id == new.id
    if new.uscc is not None:
        same |= organization.c.uscc == new.uscc
    return connection.execute(select(organization.c.id).where(same)).first() is not None


def _check_identifier(text: str) -> None:
    if not _IDENTIFIER.fullmatch(text):
        raise Invalid("identifier-invalid", id=text)
