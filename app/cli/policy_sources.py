"""Which policy is meant? Names of policies on the command line: files, versions of a deployment, and their catalog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from app.domain.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.bootstrap import Services
    from app.domain.values import Bilingual, Dataset
    from app.policy.rules import Standing

PUBLISHED, FILES, VERSION = "published", "files", "policy-"
"""Names of policies: the version in force, the files of the program, and how the id of a version begins."""
SOURCE = f"a folder with standing.csv and rules.toml, a CSV file, {FILES!r}, {PUBLISHED!r}, or the id of a version"

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Named:
    """A policy that was named: its rules, and where each stands ("standing.csv:12", or the version)."""

    standing: Standing
    places: Mapping[str, str]


def policy_named(source: str) -> Named:
    """The policy that `source` names, see `SOURCE`; what is a path is read as files."""
    from app import config
    from app.bootstrap import services
    from app.policy.rules_files import load_model, read_rules
    from app.policy.versions import published, standing_of

    policies = config.read().policies
    model, path = load_model(policies), policies / "use" if source == FILES else Path(source)
    if source == FILES or path.exists():
        read = read_rules(path, model)
        return Named(standing=replace(read.standing, id=source), places=read.places)
    if source != PUBLISHED and not source.startswith(VERSION):
        raise Invalid("policy-unknown-source", source=source, known=SOURCE)
    with services().store.reading() as connection:
        name = published(connection).id if source == PUBLISHED else source
        found = standing_of(connection, name, model)
    return Named(standing=found, places=dict.fromkeys(found.ids, name))


def deployment() -> Services | None:
    """The services of the deployment that the environment names; None when there is none."""
    from app.bootstrap import services

    try:
        return services()
    except Unavailable:
        return None


def datasets_of(catalog: Path | None) -> tuple[Dataset, ...] | None:
    """The data sets of a catalog folder, else those described in the deployment; None when there is neither."""
    from app.catalog.entries import listed
    from app.catalog.manifest import read_catalog
    from app.catalog.mounting import described

    if catalog is not None:
        return tuple(described(entry) for entry in read_catalog(catalog).entries)
    running = deployment()
    if running is None:
        return None
    with running.store.reading() as connection:
        return tuple(described(found.entry) for found in listed(connection))


def with_catalog(command: Command) -> Command:
    """Add `--catalog FOLDER`, passed as `catalog`; see `datasets_of`."""
    words = "Folder with catalog.toml; else the catalog of the deployment, if there is one."
    return click.option("--catalog", type=click.Path(path_type=Path), help=words)(command)


def spoken(text: Bilingual) -> str:
    """`text` in the language of the configuration (SLUICE_LANGUAGE)."""
    from app import config

    return text.in_language(config.read().language)


def moment_of(text: str | None) -> datetime:
    """The moment that `text` names with its zone; None: now. Raises Invalid("policy-moment-malformed")."""
    from app.bootstrap import system_clock

    if text is None:
        running = deployment()
        return running.clock() if running else system_clock()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("policy-moment-malformed", value=text) from None
    if found.tzinfo is None:
        raise Invalid("policy-moment-malformed", value=text)
    return found
