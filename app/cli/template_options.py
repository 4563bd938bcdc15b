"""How does a command take a template and the values of its parameters? `--template FILE --set NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.domain.errors import Invalid

if TYPE_CHECKING:
    from app.domain.parameters import Values
    from app.domain.values import Dataset

Command = TypeVar("Command", bound=Callable[..., Any])


def with_values(command: Command) -> Command:
    """Add `--set NAME=VALUE`, passed as `given`: parameter → value as it was written."""
    option = click.option(
        "--set", "given", multiple=True, callback=_given, metavar="NAME=VALUE", help="The value of a parameter."
    )
    return option(command)


def with_template_file(command: Command) -> Command:
    """Add `--template FILE` and `--set`, passed as `template` and `given`."""
    option = click.option("--template", type=click.Path(path_type=Path), help="A template's file in place of SQL.")
    return option(with_values(command))


def one_source(sql: Path | None, template: Path | None, given: Mapping[str, str]) -> Path:
    """The one file that was named; UsageError for both, none, or values without a template."""
    if (sql is None) == (template is None) or (given and template is None):
        raise click.UsageError("Name one file with SQL, or a template with --template and its values with --set.")
    return sql or template or Path()


def filled(template: Path, given: Mapping[str, str], datasets: Iterable[Dataset]) -> tuple[str, Values]:
    """The SQL of a template's file and a value for each of its parameters; raises what reading and binding raise."""
    from app.domain.parameters import bind
    from app.templates.document import declared_of, read_file

    content = read_file(template, declared_of(datasets))
    return content.sql, bind(content.parameters, given)


def _given(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        name, separator, text = value.partition("=")
        if not (separator and name) or name in found:
            raise Invalid("parameter-option", value=value[:80])
        found[name] = text
    return found
