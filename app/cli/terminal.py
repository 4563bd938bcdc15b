"""How does a command learn who acts, and how does it show its answer? Options and tables shared by the commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from app.domain.errors import Invalid

WIDTH = 200
"""Columns of a table that goes to a file or another program."""

Command = TypeVar("Command", bound=Callable[..., Any])


def acting(command: Command) -> Command:
    """Add `--as PERSON` (or SLUICE_AS), passed as `person`; see `who`."""
    option = click.option("--as", "person", envvar="SLUICE_AS", metavar="PERSON", help="Who acts (or SLUICE_AS).")
    return option(command)


def with_json(command: Command) -> Command:
    """Add `--json`, passed as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")(command)


def who(person: str | None) -> str:
    """The person named by `--as` or SLUICE_AS; Invalid("person-missing") when nobody is."""
    if not person:
        raise Invalid("person-missing")
    return person


def answer(value: object, *, as_json: bool, text: str) -> None:
    """Print `value` as JSON when asked for, else `text`."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2) if as_json else text)


def answer_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Print `rows` as JSON when asked for, else the named columns as a table, or `empty` when there is none."""
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not rows:
        click.echo(empty)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value)
    return "-" if value is None else str(value)
