"""`sluice rehearse`: what would an analysis give, on synthetic rows, at once and without any right?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.query import sentence, sql_text, table_file
from app.cli.template_options import filled, one_source, with_template_file
from app.cli.terminal import WIDTH, acting, who, with_json
from app.rehearsal import NOTICE, ROWS, SEED, Rehearsal, Rehearsed, rehearse
from sandbox.protocol import MAX_SYNTHETIC_ROWS

if TYPE_CHECKING:
    from app.catalog.values import Entry
    from app.policy.rules import Standing

SHOWN = 50
"""Rows of the page that people see; JSON has all of it."""
_LARGEST_SEED = 2**53 - 1


@click.command("rehearse")
@click.option(
    "--catalog", type=click.Path(path_type=Path), help="Folder with catalog.toml; else the published catalog."
)
@click.option("--sql", type=click.Path(path_type=Path), help="File with the analysis; - is stdin.")
@with_template_file
@click.option("--enterprise", multiple=True, callback=table_file, help="TABLE=FILE, a table of your own.")
@click.option(
    "--rows",
    type=click.IntRange(1, MAX_SYNTHETIC_ROWS),
    default=ROWS,
    show_default=True,
    help="Rows of each synthetic table.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, _LARGEST_SEED),
    default=SEED,
    show_default=True,
    help="The same seed gives the same rows.",
)
@acting
@with_json
def rehearse_command(
    *,
    catalog: Path | None,
    sql: Path | None,
    template: Path | None,
    given: dict[str, str],
    enterprise: tuple[tuple[str, Path], ...],
    rows: int,
    seed: int,
    person: str | None,
    as_json: bool,
) -> None:
    """Try an analysis at once on synthetic rows, made from what the catalog declares; no data and no right is needed.

    Below the rows stands what would happen for real. Within a deployment (no --catalog), the published catalog is
    meant. Exit codes: 0 shown, 1 bad input, 4 a text that is refused, 2 usage.

    \b
    Examples:
      sluice rehearse --catalog sample_data/s1_rescue --sql share.sql
      sluice rehearse --catalog sample_data/s1_rescue --sql q.sql --enterprise tow_station=stations.csv --rows 10000
      sluice rehearse --sql share.sql --as analyst-rescue
      sluice rehearse --catalog sample_data/s1_rescue --template share.toml --set period=day
    """
    from app import config
    from app.bootstrap import system_clock
    from app.catalog.mounting import described
    from app.engine import Engine
    from sandbox.launcher import Launcher

    settings = config.read()
    named, values = one_source(sql, template, given), None
    entries, rules = published_entries(person) if catalog is None else (described_entries(catalog), None)
    if template is None:
        text = sql_text(named)
    else:
        text, values = filled(template, given, map(described, entries))
    tried = Rehearsal(sql=text, entries=entries, enterprise=enterprise, rows=rows, seed=seed, values=values)
    places = settings.home / "places" if catalog is None else None
    with Launcher(places=places) as launcher:
        engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation, standing=rules)
        rehearsed = rehearse(engine, tried, system_clock)
    if as_json:
        click.echo(json.dumps(rehearsed.to_json(), ensure_ascii=False, indent=2))
    else:
        _show(rehearsed)


def described_entries(folder: Path) -> tuple[Entry, ...]:
    """The entries of a catalog folder."""
    from app.catalog.manifest import read_catalog

    return read_catalog(folder).entries


def published_entries(person: str | None) -> tuple[tuple[Entry, ...], Standing]:
    """The published entries of the deployment and its rules in force, for whoever is known in it."""
    from app.bootstrap import services
    from app.catalog.entries import listed
    from app.policy.rules_files import load_model
    from app.policy.versions import published, standing_of

    running = services()
    running.actor(who(person))
    with running.store.reading() as connection:
        entries = tuple(found.entry for found in listed(connection) if found.state == "published")
        return entries, standing_of(connection, published(connection).id, load_model(running.config.policies))


def _show(rehearsed: Rehearsed) -> None:
    """The rehearsal for people: that it is synthetic, the rows, and what would happen for real."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for line in NOTICE:
        console.print(Text(line, style="bold yellow"), highlight=False)
    made = (f"{name} {'own 自有' if rows is None else rows}" for name, rows in rehearsed.tables)
    console.print(Text(" · ".join(made), style="dim"), highlight=False)
    table = Table()
    for name, _ in rehearsed.columns:
        table.add_column(Text(name))
    for row in rehearsed.page[:SHOWN]:
        table.add_row(*(Text("NULL", style="dim") if cell is None else Text(cell) for cell in row))
    console.print(table)
    shown = min(SHOWN, len(rehearsed.page))
    console.print(f"{shown} of {rehearsed.total} synthetic rows · 合成结果 {rehearsed.total} 行，显示 {shown} 行")
    console.print()
    decision = Text(f"{rehearsed.decision.value} · level {rehearsed.level.value}", style="bold")
    console.print(Text("For real 真实运行: ").append_text(decision), highlight=False)
    for finding in rehearsed.findings:
        console.print(sentence(finding), markup=False, highlight=False)
    times = (f"{name} {rehearsed.timings[name]:.3f}s" for name in ("prepare", "sandbox"))
    console.print(Text("  ".join(times), style="dim"), highlight=False)
