"""`sluice template`: how does an analysis with parameters come to be approved once, to run many times?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.template_text import PARAMETER_COLUMNS, shown, table
from app.cli.terminal import acting, answer, answer_rows, who, with_json
from app.domain.lifecycles import TEMPLATE

if TYPE_CHECKING:
    from app.domain.people import Actor
    from app.templates.document import Template
    from app.templates.records import TemplateRecord

COLUMNS = ("id", "state", "name", "version", "operator", "level", "votes", "updated_at")


@click.group()
def template_command() -> None:
    """Templates 模板: analyses with typed parameters, approved once by review, run many times.

    \b
    Examples:
      sluice template check share.toml --catalog sample_data/s1_rescue
      sluice template propose share.toml --authorization authorization-1f… --as analyst-rescue
      sluice template submit template-4d… --as analyst-rescue
      sluice template approve template-4d… --as reviewer-wu
      sluice job submit --template template-4d… --set period=day --as analyst-rescue
    """


@template_command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--catalog", type=click.Path(path_type=Path), help="Folder with catalog.toml; else the published catalog."
)
@click.option("--uses", type=click.Path(path_type=Path), help="Field uses held, as a file; default: none.")
@click.option("--authorization", metavar="ID", help="Field uses held by this authorization.")
@acting
@with_json
def check(
    *,
    file: Path,
    catalog: Path | None,
    uses: Path | None,
    authorization: str | None,
    person: str | None,
    as_json: bool,
) -> None:
    """Look at the template in FILE with the ends of every range and each listed value; nothing runs, nothing is kept.

    Exit codes: as of sluice lint.

    \b
    Examples:
      sluice template check share.toml --catalog sample_data/s1_rescue
      sluice template check share.toml --authorization authorization-1f… --as analyst-rescue --json
    """
    from dataclasses import replace

    from app import config
    from app.cli.lint import draft_of, show_linted
    from app.cli.query import EXIT_CODES
    from app.domain.parameters import representatives
    from app.engine import Engine
    from app.lint import lint_template
    from app.templates.document import declared_of, read_file
    from sandbox.launcher import Launcher

    draft, rules = draft_of("", catalog, uses, authorization, None, person)
    content = read_file(file, declared_of(draft.datasets))
    sets = representatives(content.parameters)
    settings = config.read()
    with Launcher() as launcher:  # it starts nothing: there is nothing to run
        engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation, standing=rules)
        linted = lint_template(engine, replace(draft, sql=content.sql), sets)
    value = {"template": content.name, "parameters": _parameters(content), "analyses": len(sets), **linted.to_json()}
    if as_json:
        answer(value, as_json=True, text="")
    else:
        click.echo(f"{content.name}: looked at with {len(sets)} sets of values 以 {len(sets)} 组取值检查")
        click.echo(table(PARAMETER_COLUMNS, _parameters(content)))
        show_linted(linted)
    held = uses is not None or authorization is not None
    sys.exit(EXIT_CODES[linted.decision] or (4 if held and not linted.permitted else 0))


@template_command.command("propose")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--authorization", required=True, metavar="ID", help="The authorization that it works under.")
@acting
@with_json
def propose(file: Path, authorization: str, person: str | None, as_json: bool) -> None:
    """Keep the template in FILE as a draft; with a name that is there already, as its next version.

    \b
    Examples:
      sluice template propose share.toml --authorization authorization-1f… --as analyst-rescue
    """
    from app.bootstrap import services
    from app.cli.jobs import casework_of
    from app.templates import proposing
    from app.templates.document import read_file

    running = services()
    actor = running.actor(who(person), "template:propose")
    with casework_of(running) as casework:
        content = read_file(file, casework.declared(authorization))
    record = proposing.propose(running.store, actor, authorization, content, running.new_id)
    _tell(record, actor, as_json=as_json)


@template_command.command("submit")
@click.argument("template_id", metavar="TEMPLATE")
@acting
@with_json
def submit(template_id: str, person: str | None, as_json: bool) -> None:
    """Hand a draft to its reviewers. It is analysed for representative values and must do the same for all.

    \b
    Examples:
      sluice template submit template-4d… --as analyst-rescue
    """
    from app.bootstrap import services
    from app.cli.jobs import casework_of
    from app.templates import proposing

    running = services()
    actor = running.actor(who(person), "template:propose")
    with casework_of(running) as casework:
        record = proposing.submit(running.store, actor, template_id, casework.appraise)
    _tell(record, actor, as_json=as_json)


@template_command.command("list")
@click.option("--state", type=click.Choice([s.name for s in TEMPLATE.states]), help="Only those in this state.")
@click.option("--limit", default=100, show_default=True, help="At most so many.")
@acting
@with_json
def list_templates(state: str | None, limit: int, person: str | None, as_json: bool) -> None:
    """Show templates by name, the newest version first: to operators their own, to others all.

    \b
    Examples:
      sluice template list --as analyst-rescue
      sluice template list --state in_review --as reviewer-wu
    """
    from app.bootstrap import services
    from app.templates.records import listed

    running = services()
    actor = running.actor(who(person))
    own = actor.organization if actor.side == "use" else None
    with running.store.reading() as connection:
        rows = [_row(record, actor) for record in listed(connection, operator=own, state=state, limit=limit)]
    answer_rows(rows, COLUMNS, as_json=as_json, empty="There is no template. 没有模板。")


@template_command.command("show")
@click.argument("template_id", metavar="TEMPLATE")
@acting
@with_json
def show(template_id: str, person: str | None, as_json: bool) -> None:
    """Show TEMPLATE: its SQL, its parameters with their domains, and what an approval binds: uses, relations, reasons.

    \b
    Examples:
      sluice template show template-4d… --as reviewer-wu
      sluice template show template-4d… --json --as analyst-rescue
    """
    from app.bootstrap import services
    from app.templates.records import load, may_see

    running = services()
    actor = running.actor(who(person))
    with running.store.reading() as connection:
        record = load(connection, template_id)
    may_see(actor, record)
    value = _whole(record, actor)
    answer(value, as_json=as_json, text="" if as_json else shown(value))


def _vote(choice: str, needs_reason: bool, words: str) -> click.Command:
    """The command by which a reviewer says `choice`."""

    @click.argument("template_id", metavar="TEMPLATE")
    @click.option("--reason", default="", help="Why; required." if needs_reason else "Why; optional for an approval.")
    @acting
    @with_json
    def vote(template_id: str, reason: str, person: str | None, as_json: bool) -> None:
        from app.bootstrap import services
        from app.templates.voting import PERMISSION, Choice, cast

        running = services()
        actor = running.actor(who(person), PERMISSION)
        _tell(cast(running.store, actor, template_id, Choice(choice), reason), actor, as_json=as_json)

    said = ' --reason "days are too fine"' if needs_reason else ""
    example = f"sluice template {choice} template-4d…{said} --as reviewer-wu"
    return click.command(choice, help=f"{words}\n\n\b\nExamples:\n  {example}")(vote)


def _ending(name: str, words: str) -> click.Command:
    """The command by which a version ends for a reason."""

    @click.argument("template_id", metavar="TEMPLATE")
    @click.option("--reason", required=True, help="Why; goes into the ledger.")
    @acting
    @with_json
    def end(template_id: str, reason: str, person: str | None, as_json: bool) -> None:
        from app.bootstrap import services
        from app.templates import proposing

        running = services()
        actor = running.actor(who(person))
        steps = {"withdraw": proposing.withdraw, "retire": proposing.retire}
        _tell(steps[name](running.store, actor, template_id, reason=reason), actor, as_json=as_json)

    example = f'sluice template {name} template-4d… --reason "no longer needed" --as analyst-rescue'
    return click.command(name, help=f"{words}\n\n\b\nExamples:\n  {example}")(end)


for _command in (
    _vote("approve", False, "Vote that TEMPLATE may run with any values of its domains."),
    _vote("reject", True, "Vote that TEMPLATE may not run; one such vote decides."),
    _vote("return", True, "Vote that TEMPLATE should be changed; one such vote decides. A change is a new version."),
    _ending("withdraw", "Take a version back before it is decided."),
    _ending("retire", "Let an approved version run no more, as its operator or as the regulator."),
):
    template_command.add_command(_command)


def _tell(record: TemplateRecord, actor: Actor, *, as_json: bool) -> None:
    row = _row(record, actor)
    votes = f", votes {row['votes']}" if row["votes"] else ""
    text = f"{record.id}: {record.state}  ({record.name}, version {record.version}{votes})"
    answer(row, as_json=as_json, text=text)


def _row(record: TemplateRecord, actor: Actor) -> dict[str, Any]:
    from app.templates.records import votes_shown_to

    votes = len(votes_shown_to(actor, record))
    return {
        "id": record.id,
        "state": record.state,
        "name": record.name,
        "version": record.version,
        "title": {"zh": record.content.title.zh, "en": record.content.title.en},
        "authorization": record.authorization,
        "operator": record.operator,
        "author": record.author,
        "level": record.appraisal.footprint.level.value if record.appraisal else None,
        "votes": f"{votes}/{record.needed}" if record.appraisal else None,
        "digest": record.digest,
        "updated_at": record.updated_at,
    }


def _whole(record: TemplateRecord, actor: Actor) -> dict[str, Any]:
    """Everything about a version, as plain data."""
    from dataclasses import asdict

    from app.templates.records import votes_shown_to
    from app.templates.voting import may_review

    return {
        **_row(record, actor),
        "purpose": record.content.purpose,
        "parameters": _parameters(record.content),
        "sql": record.content.sql,
        "appraisal": record.appraisal.to_json() if record.appraisal else None,
        "reviews": [asdict(v) for v in votes_shown_to(actor, record)],
        "may_review": may_review(actor, record),
    }


def _parameters(content: Template) -> list[dict[str, Any]]:
    return [{**p.to_json(), "allowed": p.allowed()} for p in content.parameters]
