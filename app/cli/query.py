"""Commands about SQL: what would it use, and what would leave."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from app import config
from app.bootstrap import system_clock
from app.catalog.manifest import read_catalog
from app.catalog.mounting import described
from app.cli.report_text import restriction_line
from app.cli.template_options import filled, one_source, with_template_file
from app.domain.errors import Finding, Invalid
from app.domain.parameters import Values
from app.domain.report_words import repair_sentences
from app.domain.values import REPAIRS, Decision
from app.engine import Engine
from app.trial import Outcome, Trial, run_trial
from sandbox.launcher import Launcher

EXIT_CODES = {Decision.CHECKED: 0, Decision.REVIEW: 3, Decision.REFUSED: 4}


def table_file(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, Path], ...]:
    """The tables and files of TABLE=FILE options; for click."""
    found = []
    for value in values:
        table, separator, file = value.partition("=")
        if not separator or not table or not file:
            raise click.BadParameter(f"{value!r} is not TABLE=FILE")
        found.append((table, Path(file)))
    return tuple(found)


@click.command("try")
@click.option("--catalog", "catalog", type=click.Path(path_type=Path), required=True, help="Folder with catalog.toml.")
@click.option("--sql", "sql", type=click.Path(path_type=Path), help="File with the analysis; - is stdin.")
@with_template_file
@click.option(
    "--uses", type=click.Path(path_type=Path), help="Field uses held; default: all that no standing rule denies."
)
@click.option("--enterprise", multiple=True, callback=table_file, help="TABLE=FILE, a table of the operator's own.")
@click.option("--history", type=click.Path(path_type=Path), help="Folder in which accepted outputs count as released.")
@click.option("--reproducible", is_flag=True, help="The same bytes every time, at some cost.")
@click.option("--repair", type=click.Choice(REPAIRS), help="What to do to the numbers, where the policy allows it.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def try_command(
    *,
    catalog: Path,
    sql: Path | None,
    template: Path | None,
    given: dict[str, str],
    uses: Path | None,
    enterprise: tuple[tuple[str, Path], ...],
    history: Path | None,
    reproducible: bool,
    repair: str | None,
    as_json: bool,
) -> None:
    """Show what would leave if an operator asked this: the engine without the people.

    Exit codes: 0 checked, 3 review, 4 refused, 1 bad input, 2 usage.

    \b
    Examples:
      sluice try --catalog sample_data/flights --sql query.sql
      sluice try --catalog sample_data/s1_rescue --sql q.sql --enterprise tow_station=stations.csv --json
      sluice try --catalog sample_data/s1_rescue --template share.toml --set period=day
      sluice try --catalog DIR --sql second.sql --history /tmp/h     # after first.sql in the same history
    """
    settings = config.read()
    text, values = _analysis(catalog, sql, template, given)
    trial = Trial(
        catalog=catalog,
        sql=text,
        values=values,
        uses=uses,
        enterprise=enterprise,
        history=history,
        reproducible=reproducible,
        repair=repair,
    )
    console = Console(stderr=True)
    with Launcher() as launcher, console.status("…") as status:
        engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation)
        outcome = run_trial(engine, trial, system_clock, progress=status.update)
    if as_json:
        click.echo(json.dumps(outcome.to_json(), ensure_ascii=False, indent=2, default=str))
    else:
        _show(outcome)
    sys.exit(EXIT_CODES[outcome.decision])


def _analysis(
    catalog: Path, sql: Path | None, template: Path | None, given: dict[str, str]
) -> tuple[str, Values | None]:
    """The text to try, with the values of its parameters when it is that of a template."""
    named = one_source(sql, template, given)
    if template is None:
        return sql_text(named), None
    return filled(template, given, map(described, read_catalog(catalog).entries))


def sql_text(sql: Path) -> str:
    """The text of a file, or of stdin for "-"; raises Invalid("sql-unreadable")."""
    try:
        return sys.stdin.read() if str(sql) == "-" else sql.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise Invalid("sql-unreadable", file=sql) from None


def _show(outcome: Outcome) -> None:
    """The outcome for people: findings as sentences, rows as a table, counts, times."""
    console = Console()
    console.print(f"[bold]{outcome.decision.value}[/bold]")
    for finding in (*outcome.refusals, *(outcome.report.reasons if outcome.report else ())):
        console.print(sentence(finding), markup=False, highlight=False)
    if outcome.rows:
        table = Table(*(name for name, _ in outcome.columns))
        for row in outcome.rows[:50]:
            table.add_row(*(str(row[name]) for name, _ in outcome.columns))
        console.print(table)
    if outcome.report is not None:
        report = outcome.report
        console.print(
            f"{report.rows} rows · {report.suppressed} suppressed · "
            f"{report.stopped_by_firewall} stopped by the firewall · level {report.level.value}"
        )
        shown = outcome.to_json()
        for restriction in shown["restrictions"]:
            console.print(f"  {restriction_line(restriction)}", markup=False, highlight=False)
        for texts in repair_sentences(shown):
            console.print(f"  {' '.join(texts)}", markup=False, highlight=False)
    console.print("  ".join(f"{name} {seconds:.3f}s" for name, seconds in outcome.timings.items()), style="dim")


def sentence(finding: Finding) -> str:
    """A finding for people: place, code, field, use and rule, then the sentences of both languages."""
    where = f"{finding.position.line}:{finding.position.column} " if finding.position else ""
    what = " ".join(p for p in (finding.dataset and f"{finding.dataset}.{finding.field}", finding.use) if p)
    rule = f" [rule {finding.rule}]" if finding.rule else ""
    message, remedy = finding.message(), finding.remedy()
    return f"  {where}{finding.code} {what}{rule}\n    {message.en} {remedy.en}\n    {message.zh}{remedy.zh}"
