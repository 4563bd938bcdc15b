"""`sluice init`, `sluice organization`, `sluice person`: how does a deployment begin, and who takes part?"""

from __future__ import annotations

import click

from app.cli.terminal import acting, answer, answer_rows, who, with_json

HOME_FOLDERS = ("vault", "quarantine", "releases", "history", "scratch")
KINDS = ("provider", "operator", "regulator", "platform")


@click.command()
@click.option("--sample", is_flag=True, help="Enter the organizations and persons of the sample scenarios as well.")
@with_json
def init_command(sample: bool, as_json: bool) -> None:
    """Create home, keys and database, or bring an existing one up to date.

    Safe to repeat: what is there stays.

    \b
    Examples:
      sluice init
      SLUICE_HOME=/srv/sluice sluice init --sample
    """
    from app import bootstrap, config
    from app.identity.keys import create_keys
    from app.identity.people_file import found
    from app.identity.register import first_lawgiver
    from app.identity.signing_keys import first_key
    from app.policy.publishing import establish
    from app.policy.rules_files import load_standing

    settings = config.read()
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in HOME_FOLDERS:
        (settings.home / name).mkdir(mode=0o700, exist_ok=True)
    keys = create_keys(settings.keys)
    services = bootstrap.build(settings)
    services.store.migrate()
    entered = found(services.store, services.platform, sample=sample)
    keys += first_key(services.store, settings.keys)
    rules = load_standing(settings.policies)
    policy = establish(services.store, first_lawgiver(), rules, services.new_id)
    value = {"home": str(settings.home), "keys_created": list(keys), "entered": list(entered), "policy": policy}
    text = f"Ready: {settings.home} ({len(keys)} keys created, {len(entered)} organizations and persons entered)"
    answer(value, as_json=as_json, text=text)


@click.group()
def organization_command() -> None:
    """Parties of authorized operation: providers, operators, regulators, the platform.

    \b
    Examples:
      sluice organization list
      sluice organization add acme --kind operator --zh 甲公司 --en "Acme Ltd" --as secadmin
    """


@organization_command.command("list")
@with_json
def list_organizations(as_json: bool) -> None:
    """Show every organization.

    \b
    Examples:
      sluice organization list
      sluice organization list --json
    """
    from app.bootstrap import services
    from app.identity.register import organizations

    with services().store.reading() as connection:
        rows = [
            {"id": o.id, "kind": o.kind.value, "zh": o.name_zh, "en": o.name_en, "uscc": o.uscc, "active": o.active}
            for o in organizations(connection)
        ]
    columns = ("id", "kind", "zh", "en", "uscc", "active")
    answer_rows(rows, columns, as_json=as_json, empty="No organization is registered.")


@organization_command.command("add")
@click.argument("subject", metavar="ID")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the organization is.")
@click.option("--zh", required=True, help="Name in Chinese.")
@click.option("--en", required=True, help="Name in English.")
@click.option("--uscc", help="18-character unified social credit code.")
@acting
@with_json
def add_organization(
    subject: str, kind: str, zh: str, en: str, uscc: str | None, person: str | None, as_json: bool
) -> None:
    """Register the organization ID; takes the permission organization:manage.

    \b
    Examples:
      sluice organization add hz-traffic --kind provider --zh 交通局 --en "Traffic Bureau" --as secadmin
    """
    from app.bootstrap import services
    from app.domain.people import OrganizationKind
    from app.identity.register import Organization, register_organization

    running = services()
    new = Organization(id=subject, kind=OrganizationKind(kind), name_zh=zh, name_en=en, uscc=uscc)
    actor = running.actor(who(person), "organization:manage")
    with running.store.change("organization:registered", actor=actor, subject=subject) as change:
        register_organization(change, new)
    answer({"id": subject, "kind": kind}, as_json=as_json, text=f"Registered {kind} {subject}.")


@click.group()
def person_command() -> None:
    """Named persons and their roles.

    \b
    Examples:
      sluice person list
      sluice person add analyst-zhou --organization acme --name 周 --role analyst --as secadmin
    """


@person_command.command("list")
@with_json
def list_people(as_json: bool) -> None:
    """Show every person with their organization and roles.

    \b
    Examples:
      sluice person list
      sluice person list --json
    """
    from app.bootstrap import services
    from app.identity.register import people

    with services().store.reading() as connection:
        rows = [
            {"id": p.id, "organization": p.organization, "name": p.name, "roles": list(p.roles), "active": p.active}
            for p in people(connection)
        ]
    columns = ("id", "organization", "name", "roles", "active")
    answer_rows(rows, columns, as_json=as_json, empty="Nobody is registered.")


@person_command.command("add")
@click.argument("subject", metavar="ID")
@click.option("--organization", required=True, help="The organization the person belongs to.")
@click.option("--name", required=True, help="The person's name.")
@click.option("--role", "roles", multiple=True, required=True, help="A role; may be given several times.")
@acting
@with_json
def add_person(
    subject: str, organization: str, name: str, roles: tuple[str, ...], person: str | None, as_json: bool
) -> None:
    """Register the person ID; takes the permission person:manage.

    \b
    Examples:
      sluice person add reviewer-qian --organization bureau --name 钱 --role reviewer --as secadmin
    """
    from app.bootstrap import services
    from app.identity.register import Person, register_person

    running = services()
    actor = running.actor(who(person), "person:manage")
    with running.store.change("person:registered", actor=actor, subject=subject) as change:
        register_person(change, running.platform, Person(id=subject, organization=organization, name=name, roles=roles))
    answer(
        {"id": subject, "roles": list(roles)}, as_json=as_json, text=f"Registered {subject} with {', '.join(roles)}."
    )


@person_command.command("suspend")
@click.argument("subject", metavar="ID")
@acting
@with_json
def suspend_person(subject: str, person: str | None, as_json: bool) -> None:
    """Let the person ID act no longer, from this moment on.

    \b
    Examples:
      sluice person suspend analyst-zhou --as secadmin
    """
    _set_active("person", subject, person, active=False, as_json=as_json)


@person_command.command("reinstate")
@click.argument("subject", metavar="ID")
@acting
@with_json
def reinstate_person(subject: str, person: str | None, as_json: bool) -> None:
    """Let a suspended person act again.

    \b
    Examples:
      sluice person reinstate analyst-zhou --as secadmin
    """
    _set_active("person", subject, person, active=True, as_json=as_json)


@organization_command.command("suspend")
@click.argument("subject", metavar="ID")
@acting
@with_json
def suspend_organization(subject: str, person: str | None, as_json: bool) -> None:
    """Let nobody of the organization ID act any longer, from this moment on.

    \b
    Examples:
      sluice organization suspend acme --as secadmin
    """
    _set_active("organization", subject, person, active=False, as_json=as_json)


@organization_command.command("reinstate")
@click.argument("subject", metavar="ID")
@acting
@with_json
def reinstate_organization(subject: str, person: str | None, as_json: bool) -> None:
    """Let a suspended organization act again.

    \b
    Examples:
      sluice organization reinstate acme --as secadmin
    """
    _set_active("organization", subject, person, active=True, as_json=as_json)


def _set_active(kind: str, subject: str, person: str | None, *, active: bool, as_json: bool) -> None:
    from app.bootstrap import services
    from app.identity.register import set_active

    running = services()
    event = f"{kind}:{'reinstated' if active else 'suspended'}"
    with running.store.change(event, actor=running.actor(who(person)), subject=subject) as change:
        set_active(change, kind, subject, active=active)
    text = f"{'Reinstated' if active else 'Suspended'} {kind} {subject}."
    answer({"id": subject, "active": active}, as_json=as_json, text=text)
