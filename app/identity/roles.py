"""What does a role permit? The platform policy, read once into an immutable snapshot, decided by Casbin.

The only module of this stage that imports pycasbin, which carries no types; it answers in ours.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import casbin

from app.domain.duties import administrators_approve_nothing, auditor_reads_the_ledger_only, roles_fit_one_side
from app.domain.errors import Invalid, Refusal
from app.domain.people import OrganizationKind

MACHINE_ROLE = "worker"
"""The role of the program itself; no person can hold it."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of roles.csv: `role`, in an organization of this `kind`, permits `permission`."""

    role: str
    kind: OrganizationKind
    permission: str


class PlatformPolicy:
    """An immutable snapshot of policies/platform: build a new one to change it."""

    def __init__(self, *, model: str, rules: tuple[Rule, ...]) -> None:
        """`model` is the text of model.conf. Raises Refusal when an administrator could approve or an auditor act."""
        self._model = model
        self.rules = rules
        administrators_approve_nothing(self.by_role())
        auditor_reads_the_ledger_only(self.by_role())

    def by_role(self) -> dict[str, frozenset[str]]:
        """Role → its permissions, over all kinds of organization."""
        roles = {rule.role for rule in self.rules}
        return {role: frozenset(r.permission for r in self.rules if r.role == role) for role in sorted(roles)}

    def permissions_known(self) -> frozenset[str]:
        """Every permission that some role has."""
        return frozenset(rule.permission for rule in self.rules)

    def roles_for(self, kind: OrganizationKind) -> frozenset[str]:
        """The roles that a person of such an organization may hold."""
        return frozenset(r.role for r in self.rules if r.kind is kind) - {MACHINE_ROLE}

    def check_roles(self, kind: OrganizationKind, roles: Collection[str]) -> None:
        """Raise Refusal unless every role is one of this kind of organization."""
        roles_fit_one_side(roles, kind, self.roles_for(kind))

    def permitted(
        self, person: str, *, organization: str, kind: OrganizationKind, roles: Collection[str]
    ) -> frozenset[str]:
        """Every permission that Casbin grants to `person` with these roles in this organization."""
        if not self.rules:
            return frozenset()  # Casbin evaluates the matcher with empty strings when there is no rule at all
        enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=self._model))
        enforcer.add_policies([[r.role, r.kind.value, r.permission] for r in self.rules])
        for role in sorted(roles):
            enforcer.add_grouping_policy(person, role, organization)
        asked = sorted({r.permission for r in self.rules if r.role in roles})
        return frozenset(p for p in asked if enforcer.enforce(person, organization, kind.value, p) is True)


def read_policy(folder: Path) -> PlatformPolicy:
    """The platform policy in `folder` (model.conf, roles.csv).

    Raises Invalid("policy-unreadable") naming file and line for anything but well-formed lines, and for no line at all.
    """
    model, table = folder / "model.conf", folder / "roles.csv"
    for file in (model, table):
        if not file.is_file():
            raise Invalid("policy-unreadable", file=file.name, line=0, why="missing")
    with table.open(encoding="utf-8", newline="") as lines:
        rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(csv.reader(lines), start=1)]
    rules = tuple(_rule(table.name, number, row) for number, row in rows if row and not row[0].startswith("#"))
    if not rules:
        raise Invalid("policy-unreadable", file=table.name, line=0, why="no rule")
    try:
        return PlatformPolicy(model=model.read_text(encoding="utf-8"), rules=rules)
    except Refusal as error:
        raise Invalid(error.findings[0]) from error


def _rule(file: str, number: int, row: list[str]) -> Rule:
    kinds = {kind.value for kind in OrganizationKind}
    if len(row) != 4 or row[0] != "p" or row[2] not in kinds or row[3].count(":") != 1 or not all(row):
        raise Invalid("policy-unreadable", file=file, line=number, why="p, role, kind, resource:action")
    return Rule(role=row[1], kind=OrganizationKind(row[2]), permission=row[3])
