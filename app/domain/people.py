"""Who acts? Organizations, sides and the actor that every change of state demands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import Refusal


class OrganizationKind(StrEnum):
    """What an organization is in authorized operation."""

    PROVIDER = "provider"
    OPERATOR = "operator"
    REGULATOR = "regulator"
    PLATFORM = "platform"


class Side(StrEnum):
    """The side a person acts for; one person, one side."""

    SUPPLY = "supply"
    USE = "use"
    SUPERVISE = "supervise"
    ADMINISTER = "administer"


SIDES: dict[OrganizationKind, Side] = {
    OrganizationKind.PROVIDER: Side.SUPPLY,
    OrganizationKind.OPERATOR: Side.USE,
    OrganizationKind.REGULATOR: Side.SUPERVISE,
    OrganizationKind.PLATFORM: Side.ADMINISTER,
}
"""The side that follows from the kind of a person's organization."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person (or the machine) about to act, with what their roles permit.

    Built by the stage `identity` alone, from the stored person and the platform policy; `permissions` are
    `resource:action`. Every door that changes something takes one.
    """

    id: str
    organization: str
    kind: OrganizationKind
    roles: frozenset[str]
    permissions: frozenset[str]

    @property
    def side(self) -> Side:
        """The side this actor acts for."""
        return SIDES[self.kind]

    def may(self, permission: str) -> bool:
        """Whether one of the actor's roles permits `permission`."""
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise Refusal("not-permitted") unless `may(permission)`."""
        if not self.may(permission):
            raise Refusal(
                "not-permitted", person=self.id, permission=permission, roles=", ".join(sorted(self.roles)) or "-"
            )
