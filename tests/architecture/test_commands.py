"""Is every command of `sluice` complete: help with examples, JSON for machines?"""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from app.cli.main import GROUPS, sluice

WITHOUT_JSON: dict[str, str] = {
    "serve": "runs until it is stopped; its log is its output",
}
"""Commands that print no data, each with the reason."""


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    with click.Context(command) as context:
        children = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    for name, child in children:
        if child is not None:
            yield from _commands(child, (*path, name))


def _named(name: str) -> list[tuple[tuple[str, ...], click.Command]]:
    with click.Context(sluice) as context:
        command = sluice.get_command(context, name)
    assert command is not None, f"{GROUPS[name]} defines no {name}_command"
    return list(_commands(command, (name,)))


@pytest.mark.parametrize("name", list(GROUPS))
def test_every_command_shows_examples(name: str) -> None:
    lacking = []
    for path, _ in _named(name):
        shown = CliRunner().invoke(sluice, [*path, "--help"], prog_name="sluice")
        if shown.exit_code != 0 or "Examples:" not in shown.output or f"sluice {' '.join(path)}" not in shown.output:
            lacking.append(" ".join(path))
    assert not lacking


@pytest.mark.parametrize("name", [n for n in GROUPS if n not in WITHOUT_JSON])
def test_every_command_can_answer_as_json(name: str) -> None:
    lacking = [" ".join(path) for path, command in _named(name) if not any("--json" in p.opts for p in command.params)]
    assert not lacking


def test_every_command_without_json_exists() -> None:
    assert set(WITHOUT_JSON) <= set(GROUPS)
