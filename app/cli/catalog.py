"""`sluice catalog`, `sluice sample`: how do data sets get in, and where do data to try it with come from?"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.terminal import acting, answer, answer_rows, who, with_json

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.catalog.entries import Listed
    from app.catalog.mounting import Mounted, Progress
    from app.catalog.values import Entry
    from app.domain.values import Field

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
COLUMNS = ("name", "code", "provider", "kind", "level", "state", "version")


@click.group()
def catalog_command() -> None:
    """Data sets: described in a catalog.toml, checked, mounted inside the sandbox, published.

    \b
    Examples:
      sluice catalog check sample_data/s1_rescue
      sluice catalog add sample_data/s1_rescue --as steward-highway
      sluice catalog publish hw_incident --as officer-highway
    """


@catalog_command.command("check")
@click.argument("folder", type=FOLDER)
@with_json
def check(folder: Path, as_json: bool) -> None:
    """Check the catalog.toml of FOLDER without opening any data; every problem is shown at once.

    \b
    Examples:
      sluice catalog check sample_data/flights
    """
    from app.catalog.manifest import read_catalog

    rows = [_described(e) for e in read_catalog(folder).entries]
    answer_rows(rows, ("name", "code", "provider", "kind", "level", "fields", "units"), as_json=as_json, empty="")


@catalog_command.command("add")
@click.argument("folder", type=FOLDER)
@acting
@with_json
def add(folder: Path, person: str | None, as_json: bool) -> None:
    """Describe and mount the data sets of FOLDER that belong to your organization, all or none.

    Each file is checked and rewritten inside the sandbox; problems name file, line and column, and then nothing is
    mounted. Data sets of other providers in the same folder are left to their own stewards.

    \b
    Examples:
      sluice catalog add sample_data/s1_rescue --as steward-highway
      sluice catalog add sample_data/flights --as steward-highway --json
    """
    from app.bootstrap import services
    from app.catalog import entries
    from app.catalog.manifest import read_catalog

    running = services()
    actor = running.actor(who(person), "dataset:mount")
    catalog = read_catalog(folder)
    own = entries.owned(actor, catalog.entries)
    mounted = _mount(running, own, quiet=as_json)
    found = entries.add(running.store, actor, own, mounted, running.new_id)
    others = [{"name": e.name, "provider": e.provider} for e in catalog.entries if e not in own]
    rows = [_row(f) for f in found]
    if as_json:
        answer({"added": rows, "left_to_others": others}, as_json=True, text="")
        return
    answer_rows(rows, COLUMNS, as_json=False, empty="")
    for other in others:
        click.echo(f"Left to a steward of {other['provider']}: {other['name']}")


@catalog_command.command("publish")
@click.argument("names", nargs=-1, required=True)
@acting
@with_json
def publish(names: tuple[str, ...], person: str | None, as_json: bool) -> None:
    """Approve the entries NAMES of your organization, so that they can be applied for; not by their own author.

    \b
    Examples:
      sluice catalog publish hw_incident tow_station --as officer-highway
    """
    from app.bootstrap import services
    from app.catalog import entries

    running = services()
    actor = running.actor(who(person), "catalog_entry:approve")
    rows = [{"name": name, "state": entries.publish(running.store, actor, name)} for name in names]
    answer_rows(rows, ("name", "state"), as_json=as_json, empty="")


@catalog_command.command("renew")
@click.argument("authorization")
@click.argument("names", nargs=-1, required=True)
@acting
@with_json
def renew(authorization: str, names: tuple[str, ...], person: str | None, as_json: bool) -> None:
    """Let AUTHORIZATION go on with the version in use of your organization's frozen data sets NAMES.

    A frozen data set keeps, for each authorization, the version in use when that was signed.

    \b
    Examples:
      sluice catalog renew authorization-1 hw_incident --as officer-highway
    """
    from app.authorization.pinned import renew as renewed
    from app.bootstrap import services

    running = services()
    actor = running.actor(who(person), "catalog_entry:approve")
    rows = [{"name": name, "version": renewed(running.store, actor, authorization, name)[:12]} for name in names]
    answer_rows(rows, ("name", "version"), as_json=as_json, empty="")


@catalog_command.command("list")
@with_json
def list_entries(as_json: bool) -> None:
    """Show every data set of the catalog.

    \b
    Examples:
      sluice catalog list
    """
    from app.bootstrap import services
    from app.catalog import entries

    with services().store.reading() as connection:
        rows = [_row(found) for found in entries.listed(connection)]
    answer_rows(rows, COLUMNS, as_json=as_json, empty="The catalog is empty: see `sluice catalog add --help`.")


@catalog_command.command("show")
@click.argument("name")
@with_json
def show(name: str, as_json: bool) -> None:
    """Show the data set NAME with its fields.

    \b
    Examples:
      sluice catalog show hw_incident
    """
    from app.bootstrap import services
    from app.catalog import entries
    from app.catalog.metadata import entry_to_json

    with services().store.reading() as connection:
        found = entries.show(connection, name)
    if as_json:
        answer(_row(found) | {"entry": entry_to_json(found.entry)}, as_json=True, text="")
        return
    answer_rows([_row(found)], COLUMNS, as_json=False, empty="")
    declared = [("refresh", found.entry.refresh), ("keys", found.entry.keys), ("hierarchies", found.entry.hierarchies)]
    for what, said in declared:
        click.echo(f"{what}: {said if isinstance(said, str) else '; '.join(' > '.join(g) for g in said) or '-'}")
    fields = [
        {"field": f.name, "type": f.type, "level": f.level.value, "identifier": f.identifier, "label": f.label.zh}
        | {"bands": "; ".join(", ".join(b) for b in f.bands) or None, "ends": _ends(f)}
        for f in found.entry.fields
    ]
    answer_rows(fields, ("field", "type", "level", "identifier", "label", "bands", "ends"), as_json=False, empty="")


@catalog_command.command("schema")
@click.option("--json", "_as_json", is_flag=True, help="The schema is JSON anyway.")
def schema(_as_json: bool) -> None:
    """Print the JSON Schema of catalog.toml, for editors.

    \b
    Examples:
      sluice catalog schema > catalog.schema.json
    """
    from app.catalog import syntax

    click.echo(json.dumps(syntax.schema(), ensure_ascii=False, indent=2))


@click.group()
def sample_command() -> None:
    """Sample scenarios: synthetic data in any size, and real flights.

    \b
    Examples:
      sluice sample list
      sluice sample generate s1_rescue --rows 2000000 --out big_rescue
    """


@sample_command.command("list")
@with_json
def list_samples(as_json: bool) -> None:
    """Show the scenarios that come with Sluice.

    \b
    Examples:
      sluice sample list
    """
    from sample_data.generate import FOLDER as SAMPLES
    from sample_data.generate import GENERATORS, REAL

    rows = [
        {"scenario": n, "data": "synthetic", "rows": r, "folder": str(SAMPLES / n)}
        for n, (_, r, _) in GENERATORS.items()
    ]
    rows += [{"scenario": n, "data": "real", "rows": None, "folder": str(SAMPLES / n)} for n in REAL]
    answer_rows(rows, ("scenario", "data", "rows", "folder"), as_json=as_json, empty="")


@sample_command.command("generate")
@click.argument("scenario")
@click.option("--rows", type=click.IntRange(min=100), help="Rows of the main table; default: as in the samples.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="A new or empty folder.")
@with_json
def generate(scenario: str, rows: int | None, out: Path, as_json: bool) -> None:
    """Write SCENARIO with ROWS rows into a folder: catalog.toml, data, analyses. The same size gives the same values.

    \b
    Examples:
      sluice sample generate s1_rescue --rows 2000000 --out big_rescue
    """
    from app.domain.errors import Invalid
    from sample_data.generate import GENERATORS, REAL
    from sample_data.generate import generate as write

    if scenario not in GENERATORS:
        raise Invalid(
            "sample-real" if scenario in REAL else "sample-unknown", scenario=scenario, known=", ".join(GENERATORS)
        )
    most = GENERATORS[scenario][2]
    if rows is not None and rows > most:
        raise Invalid("sample-too-large", scenario=scenario, rows=rows, most=most)
    if out.exists() and any(out.iterdir()):
        raise Invalid("sample-folder-used", out=out)
    with _status(f"Writing {scenario} …", quiet=as_json):
        write(scenario, out, rows)
    files = {str(f.relative_to(out)): f.stat().st_size for f in sorted(out.rglob("*")) if f.is_file()}
    text = f"Wrote {len(files)} files, {sum(files.values()):,} bytes, to {out}."
    answer({"scenario": scenario, "out": str(out), "files": files}, as_json=as_json, text=text)


def _mount(running: Services, own: tuple[Entry, ...], *, quiet: bool) -> tuple[Mounted, ...]:
    """Mount the public ones of `own` into the home's vault, showing which file is at work."""
    from app.catalog.mounting import mount_entries
    from app.engine import Engine
    from sandbox.launcher import Launcher

    settings, home = running.config, running.config.home
    scratch = home / "scratch" / f"mount-{secrets.token_hex(6)}"
    try:
        with Launcher(places=home / "places") as launcher, _progress(quiet=quiet) as progress:
            engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation)
            return mount_entries(own, home / "vault", scratch, engine.mount, progress=progress)
    finally:
        if scratch.is_dir():
            scratch.rmdir()


STEPS = {"hash": "reading {}", "mount": "mounting {}", "reused": "{} is mounted already", "done": "{} checked"}


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress]:
    with _status("Starting the sandbox …", quiet=quiet) as status:
        yield lambda dataset, step: status.update(STEPS[step].format(dataset))


@contextmanager
def _status(text: str, *, quiet: bool) -> Iterator[Any]:
    """A moving line on the terminal's error stream while long work runs; none when the output is not for people."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet)
    with console.status(text) as status:
        yield status


def _ends(field: Field) -> str | None:
    """The declared ends of top and bottom coding."""
    ends = (field.bottom_code, field.top_code)
    return None if ends == (None, None) else " … ".join(end or "" for end in ends)


def _described(entry: Entry) -> dict[str, Any]:
    from app.domain.values import Level

    return {
        "name": entry.name,
        "code": entry.code,
        "provider": entry.provider,
        "kind": entry.kind.value,
        "level": Level.strictest([f.level for f in entry.fields]).value,
        "fields": len(entry.fields),
        "units": list(entry.units) or (["row"] if entry.needs_row_unit else []),
    }


def _row(found: Listed) -> dict[str, Any]:
    version = found.current_version
    return _described(found.entry) | {"state": found.state, "version": version[:12] if version else None}
