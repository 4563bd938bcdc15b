"""`sluice application`, `sluice authorization`: how does an operator come to its grant, and how does it end?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.terminal import acting, answer, answer_rows, who, with_json

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from app.authorization.applications import Application
    from app.authorization.content import Content
    from app.authorization.scope import Standing
    from app.bootstrap import Services
    from app.domain.authorizations import Authorization
    from app.domain.errors import Finding

TRIAL = "application"
"""Stands for the authorization that an application asks for."""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def application_command() -> None:
    """Applications: one scenario, one application; every provider consents, then the regulator decides.

    \b
    Examples:
      sluice application submit rescue.toml --as applicant-rescue
      sluice application consent application-1f… --reason "statistics only" --as officer-highway
      sluice application decide application-1f… approve --reason "public benefit" --as regulator-zhao
    """


@application_command.command("draft")
@click.argument("file", type=FILE)
@click.option("--revise", metavar="ID", help="Make this returned application a draft again, with the new content.")
@acting
@with_json
def draft(file: Path, revise: str | None, person: str | None, as_json: bool) -> None:
    """Keep FILE (TOML) as a draft, or as the next revision of a returned application.

    \b
    Examples:
      sluice application draft rescue.toml --as applicant-rescue
      sluice application draft rescue.toml --revise application-1f… --as applicant-rescue
    """
    subject = _draft(file, revise, person)
    answer({"application": subject, "state": "draft"}, as_json=as_json, text=f"{subject}: draft")


@application_command.command("submit")
@click.argument("file_or_id")
@acting
@with_json
def submit(file_or_id: str, person: str | None, as_json: bool) -> None:
    """Submit an application file (TOML), or a draft by its identifier, to every provider concerned.

    \b
    Examples:
      sluice application submit rescue.toml --as applicant-rescue
      sluice application submit application-1f… --as applicant-rescue
    """
    from app.authorization import applications, scope
    from app.authorization.content import read_file
    from app.bootstrap import services

    running, file = services(), Path(file_or_id)
    actor = running.actor(who(person), "application:submit")
    with running.store.reading() as connection:
        content = read_file(file) if file.is_file() else applications.load(connection, file_or_id).content
        standing = _standing(running, connection, content)
        scope.check_scope(connection, content, standing)  # before anything is kept
    subject = file_or_id
    if file.is_file():
        subject = applications.draft(running.store, actor, content, running.new_id)
    asked = applications.submit(running.store, actor, subject, standing)
    value = {"application": subject, "state": "provider_review", "providers": list(asked)}
    answer(value, as_json=as_json, text=f"{subject}: provider_review, waiting for {', '.join(asked)}")


@application_command.command("list")
@click.option("--state", help="Only those in this state.")
@with_json
def list_applications(state: str | None, as_json: bool) -> None:
    """Show applications, oldest first.

    \b
    Examples:
      sluice application list --state provider_review
    """
    from app.authorization import applications
    from app.bootstrap import services

    with services().store.reading() as connection:
        rows = [_application_row(a) for a in applications.listed(connection, state=state)]
    columns = ("id", "state", "operator", "scenario", "purpose", "datasets", "waiting_for")
    answer_rows(rows, columns, as_json=as_json, empty="There is no application.")


@application_command.command("show")
@click.argument("subject", metavar="ID")
@with_json
def show_application(subject: str, as_json: bool) -> None:
    """Show one application with the uses it asks for and the answers so far.

    \b
    Examples:
      sluice application show application-1f… --json
    """
    from app.authorization import applications
    from app.bootstrap import services

    with services().store.reading() as connection:
        found = applications.load(connection, subject)
    row = _application_row(found) | {
        "title": found.content.title,
        "reason": found.content.reason,
        "term_months": found.content.term_months,
        "products": list(found.content.products),
        "uses": [list(use) for use in found.content.uses],
        "reasons": dict(found.content.reasons),
        "consents": [
            {"provider": c.provider, "given": c.given, "by": c.by, "reason": c.reason} for c in found.consents
        ],
        "decided_by": found.decided_by,
        "decision_reason": found.decision_reason,
    }
    answer(row, as_json=as_json, text=_as_text(row))


@application_command.command("consent")
@click.argument("subject", metavar="ID")
@click.option("--refuse", is_flag=True, help="Do not consent; the application is then rejected.")
@click.option("--reason", required=True, help="Why; goes into the ledger.")
@acting
@with_json
def consent(subject: str, refuse: bool, reason: str, person: str | None, as_json: bool) -> None:
    """Consent, as a provider, to the use of your own tables.

    \b
    Examples:
      sluice application consent application-1f… --reason "statistics only" --as officer-highway
      sluice application consent application-1f… --refuse --reason "too fine" --as officer-highway
    """
    from app.authorization import applications
    from app.bootstrap import services

    running = services()
    actor = running.actor(who(person), "application:consent")
    state = applications.answer(running.store, actor, subject, given=not refuse, reason=reason)
    answer({"application": subject, "state": state}, as_json=as_json, text=f"{subject}: {state}")


@application_command.command("decide")
@click.argument("subject", metavar="ID")
@click.argument("choice", type=click.Choice(("approve", "return", "reject")))
@click.option("--reason", required=True, help="Why; goes into the ledger.")
@acting
@with_json
def decide(subject: str, choice: str, reason: str, person: str | None, as_json: bool) -> None:
    """Decide, as the regulator; an approval creates the authorization, which the operator then signs.

    \b
    Examples:
      sluice application decide application-1f… approve --reason "public benefit" --as regulator-zhao
      sluice application decide application-1f… return --reason "narrow the fields" --as regulator-zhao
    """
    from app.authorization import applications
    from app.bootstrap import services

    running = services()
    actor = running.actor(who(person), "application:decide")
    granted = applications.decide(running.store, actor, subject, choice=choice, reason=reason, new_id=running.new_id)
    text = f"{subject}: {choice}" + (f"\n{granted}: awaiting_signature" if granted else "")
    answer({"application": subject, "choice": choice, "authorization": granted}, as_json=as_json, text=text)


@application_command.command("withdraw")
@click.argument("subject", metavar="ID")
@click.option("--reason", required=True, help="Why; goes into the ledger.")
@acting
@with_json
def withdraw(subject: str, reason: str, person: str | None, as_json: bool) -> None:
    """Take an application back before it is decided.

    \b
    Examples:
      sluice application withdraw application-1f… --reason "no longer needed" --as applicant-rescue
    """
    from app.authorization import applications
    from app.bootstrap import services

    running = services()
    applications.withdraw(running.store, running.actor(who(person)), subject, reason=reason)
    answer({"application": subject, "state": "withdrawn"}, as_json=as_json, text=f"{subject}: withdrawn")


@click.group()
def authorization_command() -> None:
    """Authorizations: signed, suspended, resumed, ended.

    \b
    Examples:
      sluice authorization list
      sluice authorization sign authorization-7c… --agreement HZ-2026-001 --as applicant-rescue
      sluice authorization suspend authorization-7c… --reason "complaint" --as regulator-zhao
    """


@authorization_command.command("list")
@click.option("--state", help="Only those in this state.")
@click.option("--operator", help="Only those of this operator.")
@with_json
def list_authorizations(state: str | None, operator: str | None, as_json: bool) -> None:
    """Show authorizations, oldest first.

    \b
    Examples:
      sluice authorization list --state active --operator op-rescue
    """
    from app.authorization import grants
    from app.bootstrap import services

    with services().store.reading() as connection:
        rows = [_grant_row(a) for a in grants.listed(connection, operator=operator, state=state)]
    columns = ("id", "state", "operator", "scenario", "purpose", "products", "valid_until")
    answer_rows(rows, columns, as_json=as_json, empty="There is no authorization.")


@authorization_command.command("show")
@click.argument("subject", metavar="ID")
@with_json
def show_authorization(subject: str, as_json: bool) -> None:
    """Show one authorization with every use it grants.

    \b
    Examples:
      sluice authorization show authorization-7c… --json
    """
    from app.authorization import grants
    from app.bootstrap import services

    with services().store.reading() as connection:
        row = _grant_row(grants.load(connection, subject))
    answer(row, as_json=as_json, text=_as_text(row))


@authorization_command.command("sign")
@click.argument("subject", metavar="ID")
@click.option("--agreement", required=True, help="Number of the agreement that both sides signed.")
@acting
@with_json
def sign(subject: str, agreement: str, person: str | None, as_json: bool) -> None:
    """Sign, as the operator; the term begins now.

    \b
    Examples:
      sluice authorization sign authorization-7c… --agreement HZ-2026-001 --as applicant-rescue
    """
    from app.authorization import grants
    from app.bootstrap import services

    running = services()
    row = _grant_row(grants.sign(running.store, running.actor(who(person)), subject, agreement=agreement))
    answer(row, as_json=as_json, text=f"{subject}: {row['state']} until {row['valid_until']}")


def _step(event: str, example_person: str, words: str) -> click.Command:
    """The command that takes the step `event` of an authorization."""

    @click.argument("subject", metavar="ID")
    @click.option("--reason", required=True, help="Why; goes into the ledger.")
    @acting
    @with_json
    def step(subject: str, reason: str, person: str | None, as_json: bool) -> None:
        from app.authorization import grants
        from app.bootstrap import services

        running = services()
        state = grants.step(running.store, running.actor(who(person)), subject, event, reason=reason)
        answer({"authorization": subject, "state": state}, as_json=as_json, text=f"{subject}: {state}")

    example = f'sluice authorization {event} authorization-7c… --reason "complaint 17" --as {example_person}'
    return click.command(event, help=f"{words}\n\n\b\nExamples:\n  {example}")(step)


for _row in (
    ("suspend", "regulator-zhao", "Suspend an authorization: nothing runs or leaves until it is resumed."),
    ("resume", "regulator-zhao", "Let a suspended authorization act again."),
    ("terminate", "applicant-rescue", "End an authorization by agreement or on the operator's wish."),
    ("revoke", "regulator-zhao", "End an authorization because of a violation."),
    ("close", "sysadmin", "Begin to wind up an ended authorization."),
    ("destroy", "sysadmin", "State that the data of a closing authorization are erased."),
):
    authorization_command.add_command(_step(*_row))


def _standing(running: Services, connection: Connection, content: Content) -> Standing:
    """What the rules in force say about the data sets that are mounted."""
    from app.authorization.scope import catalog_facts
    from app.catalog.entries import current_dataset
    from app.policy.conditions import Context
    from app.policy.decision import denial
    from app.policy.grants import collect
    from app.policy.rules_files import load_model
    from app.policy.snapshot import snapshot
    from app.policy.versions import published, standing_of
    from app.policy.views import Viewer, restrict

    mounted = [e.name for e in catalog_facts(connection, content.datasets).values() if e.mounted]
    datasets = {name: current_dataset(connection, name) for name in mounted}
    rules = standing_of(connection, published(connection).id, load_model(running.config.policies))
    product = content.products[0] if len(content.products) == 1 else None
    context = Context(now=running.clock(), purpose=content.purpose, product=product)

    seen = restrict(rules, datasets.values(), Viewer(authorization=TRIAL, rows=False), context)
    datasets = {dataset.name: dataset for dataset in seen}
    policy = snapshot(rules, {TRIAL: collect(content.uses)}, seen)

    def denied(dataset: str, field: str, use: str) -> Finding | None:
        known = datasets.get(dataset)
        if known is None or known.field(field) is None:
            return None
        return denial(policy, TRIAL, dataset=known, field=field, use=use, context=context)

    return denied


def _draft(file: Path, revise: str | None, person: str | None) -> str:
    from app.authorization import applications
    from app.authorization.content import read_file
    from app.bootstrap import services

    running = services()
    actor, content = running.actor(who(person), "application:draft"), read_file(file)
    if revise is None:
        return applications.draft(running.store, actor, content, running.new_id)
    applications.revise(running.store, actor, revise, content)
    return revise


def _application_row(found: Application) -> dict[str, Any]:
    return {
        "id": found.id,
        "state": found.state,
        "operator": found.operator,
        "author": found.author,
        "revision": found.revision,
        "scenario": found.content.scenario,
        "purpose": found.content.purpose,
        "datasets": list(found.content.datasets),
        "waiting_for": list(found.waiting_for()),
    }


def _grant_row(found: Authorization) -> dict[str, Any]:
    return {
        "id": found.id,
        "state": found.state,
        "operator": found.operator,
        "scenario": found.scenario,
        "purpose": found.purpose,
        "products": list(found.products),
        "recipients": list(found.recipients),
        "regions": list(found.regions),
        "enterprise_tables": list(found.enterprise_tables),
        "uses": [list(use) for use in found.uses],
        "valid_from": found.valid_from.isoformat() if found.valid_from else None,
        "valid_until": found.valid_until.isoformat() if found.valid_until else None,
    }


def _as_text(row: dict[str, Any]) -> str:
    lines = []
    for name, value in row.items():
        rows = value if isinstance(value, list) and value and isinstance(value[0], list | dict) else None
        lines.append(f"{name}: {value if rows is None else ''}")
        lines += [f"  {' '.join(r) if isinstance(r, list) else r}" for r in rows or ()]
    return "\n".join(lines)
