"""Which two hats may nobody wear? Separation of duties, one function per rule, each with its own refusal code.

A rule returns when it holds and raises Refusal when it does not; `allows` turns one into a yes or no, so that a
button and its enforcement cannot disagree. What a *role* permits stands in policies/platform, what a *state* permits
in `app.domain.lifecycles`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import ParamSpec

from app.domain.errors import Refusal
from app.domain.people import Actor, OrganizationKind

Given = ParamSpec("Given")

ADMINISTRATORS = frozenset({"system_admin", "security_admin", "audit_admin"})
"""The three administrators (三员分立): one person is at most one of them, and nothing else beside it."""

APPROVING = frozenset(
    {
        "catalog_entry:approve",
        "application:consent",
        "application:decide",
        "authorization:grant",
        "output:review",
        "output:release",
        "policy:approve",
        "template:review",
    }
)
"""Permissions that let something happen to data; none of them is an administrator's."""

READING_DATA = frozenset({"output:read", "release:fetch", "dataset:mount", "enterprise_data:mount"})
"""Permissions that bring a person near data or results."""

AUDITING = frozenset({"ledger:read", "ledger:export"})
"""All that an audit administrator may do."""


def allows(rule: Callable[Given, None], *given: Given.args, **named: Given.kwargs) -> bool:
    """Whether `rule` holds for what is given."""
    try:
        rule(*given, **named)
    except Refusal:
        return False
    return True


def applicant_is_not_decider(actor: Actor, operator: str) -> None:
    """Nobody of the applicant's organization consents to or decides its application."""
    if actor.organization == operator:
        raise Refusal("duty-own-application", person=actor.id, organization=operator)


def consents_for_own_tables_only(actor: Actor, providers: Collection[str]) -> None:
    """A provider's consent covers its own tables: its organization is one of the providers concerned."""
    if actor.organization not in providers:
        raise Refusal("duty-foreign-consent", person=actor.id, providers=", ".join(sorted(providers)) or "-")


def acts_for_own_organization(actor: Actor, organization: str) -> None:
    """An operator's or a provider's person acts on what is their organization's own."""
    if actor.organization != organization:
        raise Refusal("duty-foreign-organization", person=actor.id, organization=organization)


def author_is_not_reviewer(actor: Actor, *, author: str, operator: str) -> None:
    """Neither the author of a job nor anybody of the author's organization reviews its output."""
    if actor.id == author or actor.organization == operator:
        raise Refusal("duty-own-output", person=actor.id, author=author)


def rule_author_is_not_approver(actor: Actor, author: str) -> None:
    """The author of a rule or a catalog entry's terms does not approve it."""
    if actor.id == author:
        raise Refusal("duty-own-rule", person=actor.id)


def provider_tightens_own_data_only(actor: Actor, others: Collection[str]) -> None:
    """A provider's officer alone publishes what makes rules about its own data stricter.

    `others` are the ids of rules whose change concerns other data or loosens something: those take the regulator.
    """
    if actor.kind is OrganizationKind.PROVIDER and others:
        raise Refusal("duty-foreign-rules", person=actor.id, rules=", ".join(sorted(others)))


def roles_fit_one_side(roles: Collection[str], kind: OrganizationKind, allowed: Collection[str]) -> None:
    """A person acts for one side: every role is one that organizations of this kind may give (`allowed`)."""
    foreign = sorted(set(roles) - set(allowed))
    if foreign:
        raise Refusal("duty-two-sides", roles=", ".join(foreign), kind=kind, allowed=", ".join(sorted(allowed)))


def administrator_holds_one_role(roles: Collection[str]) -> None:
    """An administrator is one of the three and nothing else."""
    if ADMINISTRATORS & set(roles) and len(set(roles)) > 1:
        raise Refusal("duty-two-administrators", roles=", ".join(sorted(set(roles))))


def administrators_approve_nothing(permissions: dict[str, frozenset[str]]) -> None:
    """No administrator reads data or approves anything, whatever roles.csv says (`permissions`: role → permissions)."""
    for role in sorted(ADMINISTRATORS):
        wrong = permissions.get(role, frozenset()) & (APPROVING | READING_DATA)
        if wrong:
            raise Refusal("duty-administrator-approves", role=role, permissions=", ".join(sorted(wrong)))


def auditor_reads_the_ledger_only(permissions: dict[str, frozenset[str]]) -> None:
    """The audit administrator reads and exports the ledger and does nothing else."""
    wrong = permissions.get("audit_admin", frozenset()) - AUDITING
    if wrong:
        raise Refusal("duty-auditor-acts", permissions=", ".join(sorted(wrong)))
