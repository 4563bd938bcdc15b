"""`sluice lint`: may this analysis run, and what would have to be applied for?"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.query import EXIT_CODES, sentence, sql_text
from app.cli.rehearse import described_entries, published_entries
from app.cli.template_options import filled, one_source, with_template_file
from app.cli.terminal import WIDTH, acting, answer, who, with_json
from app.domain.authorizations import PURPOSES
from app.domain.errors import Invalid, Refusal
from app.lint import Draft, Head, Linted, application, lint
from app.policy.conditions import PRODUCTS
from app.policy.decision import TRIAL

if TYPE_CHECKING:
    from app.policy.grants import Uses
    from app.policy.rules import Standing

_KINDS = {"public": "公开 public", "unit": "每行一个主体 rows of units", "safe": "已检查的单元格 checked cells"}


@click.command("lint")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@with_template_file
@click.option(
    "--catalog", type=click.Path(path_type=Path), help="Folder with catalog.toml; else the published catalog."
)
@click.option("--uses", type=click.Path(path_type=Path), help="Field uses held, as a file; default: none.")
@click.option("--authorization", metavar="ID", help="Field uses held by this authorization.")
@click.option("--purpose", type=click.Choice(sorted(PURPOSES)), help="Purpose to ask for; default: that of the uses.")
@click.option(
    "--apply", "target", type=click.Path(path_type=Path), help="Write the smallest application here; - is stdout."
)
@acting
@with_json
def lint_command(
    *,
    file: Path | None,
    template: Path | None,
    given: dict[str, str],
    catalog: Path | None,
    uses: Path | None,
    authorization: str | None,
    purpose: str | None,
    target: Path | None,
    person: str | None,
    as_json: bool,
) -> None:
    """Say of the SELECT in FILE (- is stdin) or of a template what it uses and what to apply for; nothing runs.

    Exit codes: 0 could run, perhaps after the application shown; 3 people would have to judge it; 4 refused, or more
    than the uses given by --uses or --authorization; 1 bad input, 2 usage.

    \b
    Examples:
      sluice lint share.sql --catalog sample_data/s1_rescue
      sluice lint share.sql --catalog sample_data/s1_rescue --apply application.toml --purpose public_service
      sluice lint share.sql --authorization authorization-1f… --as analyst-rescue --json
      sluice lint --template share.toml --set period=day --catalog sample_data/s1_rescue
    """
    from app import config
    from app.engine import Engine
    from sandbox.launcher import Launcher

    named = one_source(file, template, given)
    sql = sql_text(named) if template is None else ""
    draft, rules = draft_of(sql, catalog, uses, authorization, purpose, person)
    if template is not None:
        sql, values = filled(template, given, draft.datasets)
        draft = replace(draft, sql=sql, values=values)
    settings = config.read()
    with Launcher() as launcher:  # it starts nothing: there is nothing to run
        engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation, standing=rules)
        linted = lint(engine, draft)
    if target is not None:
        _write(linted, target, named.stem, draft)
    if target is None or str(target) != "-":
        answer(linted.to_json(), as_json=True, text="") if as_json else show_linted(linted)
    held = uses is not None or authorization is not None
    sys.exit(EXIT_CODES[linted.decision] or (4 if held and not linted.permitted else 0))


def draft_of(
    sql: str,
    catalog: Path | None,
    uses: Path | None,
    authorization: str | None,
    purpose: str | None,
    person: str | None,
) -> tuple[Draft, Standing | None]:
    """What to look at, and the rules in force where there is a deployment."""
    from app.bootstrap import system_clock
    from app.catalog.mounting import described
    from app.policy.conditions import Context
    from app.policy.grants import collect
    from app.policy.uses_file import load_uses

    entries, rules = published_entries(person) if catalog is None else (described_entries(catalog), None)
    datasets = tuple(described(entry) for entry in entries)
    held = collect(())
    if authorization is not None:
        held = _held_by(authorization, person)
    elif uses is not None:
        held = load_uses(uses, datasets)
    context = Context(now=system_clock(), purpose=purpose or held.purpose)
    who_looks = authorization or TRIAL
    return Draft(sql=sql, datasets=datasets, held=held, context=context, authorization=who_looks), rules


def _held_by(authorization: str, person: str | None) -> Uses:
    """What an authorization permits, for people of its operator or of the sides that supervise it."""
    from app.authorization.grants import active_authorization
    from app.bootstrap import services
    from app.policy.grants import collect

    running = services()
    actor = running.actor(who(person))
    with running.store.reading() as connection:
        found = active_authorization(connection, authorization, running.clock())
    if actor.side == "use" and actor.organization != found.operator:
        raise Refusal("job-foreign-authorization", authorization=authorization)
    return collect(found.uses, purpose=found.purpose)


def _write(linted: Linted, target: Path, name: str, draft: Draft) -> None:
    """The smallest application, as a file or on the standard output."""
    if not linted.missing.fields:
        click.echo("Nothing has to be applied for. 无需申请。", err=True)
        return
    head = Head(
        title=name,
        scenario=f"s-{re.sub(r'[^a-z0-9]+', '-', name.casefold()).strip('-')[:58] or 'analysis'}",
        purpose=draft.context.purpose or "statistics",
        products=PRODUCTS[-1:],
        reason=f"The analysis {name} needs it. 分析 {name} 需要。",
    )
    text = application(linted, head)
    if str(target) == "-":
        click.echo(text, nl=False)
        return
    try:
        target.write_text(text, encoding="utf-8")
    except OSError:
        raise Invalid("lint-unwritable", file=target) from None
    click.echo(f"{target}: read it through, then: sluice application submit {target}", err=True)


def show_linted(linted: Linted) -> None:
    """The answer for people: decision, findings, uses at their places, relations, and what is missing."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    needs = "" if linted.permitted or not linted.missing.fields else " · needs an application 需先申请"
    level = f" · level {linted.level.value}" if linted.level else ""
    console.print(Text(f"{linted.decision.value}{level}{needs}", style="bold"), highlight=False)
    for finding in linted.findings:
        console.print(sentence(finding), markup=False, highlight=False)
    uses = Table("", "line", "column", "field", "use", "rule", box=None, pad_edge=False, header_style="bold")
    for judged in linted.uses:
        where = judged.use.position
        place = (str(where.line), str(where.column)) if where else ("", "")
        mark = "[green]✓[/green]" if judged.allowed else "[red]✗[/red]"
        named = Text(f"{judged.use.dataset}.{judged.use.field}")
        uses.add_row(mark, *place, named, judged.use.use, Text(", ".join(judged.rules)))
    if linted.uses:
        console.print(uses)
    for what, kind, units in linted.relations:
        of = f" ({', '.join(units)})" if units else ""
        console.print(Text(f"{what}: {_KINDS[kind]}{of}"), highlight=False)
    if linted.missing.fields:
        console.print(Text("\nSmallest application 最小申请 (--apply FILE writes it):", style="bold"), highlight=False)
        console.print(linted.missing.to_toml().rstrip(), markup=False, highlight=False)
    console.print(Text(f"{1000 * linted.seconds:.1f} ms", style="dim"), highlight=False)
