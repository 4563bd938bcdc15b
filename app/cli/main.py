"""The `sluice` command: which groups of commands are there?"""

from __future__ import annotations

import importlib
import json
import sys

import click

from app.domain.errors import SluiceError

GROUPS = {
    "init": "app.cli.setup",
    "person": "app.cli.setup",
    "organization": "app.cli.setup",
    "catalog": "app.cli.catalog",
    "sample": "app.cli.catalog",
    "application": "app.cli.authorization",
    "authorization": "app.cli.authorization",
    "policy": "app.cli.policy",
    "try": "app.cli.query",
    "rehearse": "app.cli.rehearse",
    "lint": "app.cli.lint",
    "template": "app.cli.templates",
    "job": "app.cli.jobs",
    "worker": "app.cli.jobs",
    "budget": "app.cli.budget",
    "review": "app.cli.review",
    "history": "app.cli.history",
    "release": "app.cli.release",
    "recall": "app.cli.recalls",
    "key": "app.cli.keys",
    "verify": "app.cli.verify",
    "ledger": "app.cli.ledger",
    "doctor": "app.cli.doctor",
    "serve": "app.cli.serve",
}
"""Command → module that defines it, under the command's name with `_command` appended."""


class _Groups(click.Group):
    """Loads a command's module only when the command is asked for, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = GROUPS.get(cmd_name)
        if module is None:
            return None
        command = getattr(importlib.import_module(module), f"{cmd_name}_command")
        return command if isinstance(command, click.Command) else None


@click.command(cls=_Groups, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sluice-sandbox")
def sluice() -> None:
    """Sluice 数闸: governed analysis of public data; only proved, reviewed, signed outputs leave.

    \b
    Examples:
      sluice try --catalog sample_data/flights --sql query.sql
      sluice rehearse --catalog sample_data/flights --sql query.sql
      sluice catalog add sample_data/s1_rescue --as steward-highway
      sluice verify release.zip --trust platform.trust.json
    """


def main() -> None:
    """Run the command; an error of ours becomes its sentence in both languages and its exit code."""
    try:
        sluice(standalone_mode=True)
    except SluiceError as error:
        report(error)
        sys.exit(error.exit_code)


def report(error: SluiceError) -> None:
    """Print every finding of `error` on stderr: as JSON when the command line asks for it, else as sentences."""
    if "--json" in sys.argv:
        body = {"error": error.code, "findings": [f.to_json() for f in error.findings]}
        click.echo(json.dumps(body, ensure_ascii=False, indent=2), err=True)
        return
    for finding in error.findings:
        what, remedy = finding.message(), finding.remedy()
        place = f" (line {finding.position.line}, column {finding.position.column})" if finding.position else ""
        click.echo(f"{finding.code}{place}: {what.en} {remedy.en}\n  {what.zh}{remedy.zh}", err=True)


if __name__ == "__main__":
    main()
