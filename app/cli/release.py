"""`sluice release`: how does an approved output leave?"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.terminal import acting, answer, answer_rows, who, with_json

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.release.making import Desk
    from app.release.receipt import Notary
    from app.release.records import ReleaseRecord

COLUMNS = ("id", "state", "output", "operator", "recipient", "sha256", "created_at")


@click.group()
def release_command() -> None:
    """Releases: an approved output leaves once, as a signed bundle.

    \b
    Examples:
      sluice release make output-5c… --to . --as release-officer-gu
      sluice release list --as release-officer-gu
    """


@release_command.command("make")
@click.argument("output_id", metavar="OUTPUT")
@click.option("--recipient", help="Who gets it; default: the operator.")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Also copy the bundle into this folder.")
@acting
@with_json
def make(output_id: str, recipient: str | None, to: Path | None, person: str | None, as_json: bool) -> None:
    """Release the approved OUTPUT as a signed bundle, once.

    \b
    Examples:
      sluice release make output-5c… --as release-officer-gu
    """
    from app.bootstrap import services
    from app.release.making import make_release
    from app.release.records import bundle_file, load
    from app.review.voting import approval

    running = services()
    actor = running.actor(who(person), "output:release")
    proof = approval(running.store, output_id)
    release_id = _at_desk(running, lambda desk: make_release(desk, actor, proof, recipient=recipient))
    with running.store.reading() as connection:
        record = load(connection, release_id)
    bundle = bundle_file(record, running.config.home / "releases")
    if to is not None:
        to.mkdir(parents=True, exist_ok=True)
        bundle = Path(shutil.copy2(bundle, to))
    value = {**_row(record), "bundle": str(bundle)}
    answer(value, as_json=as_json, text=f"{release_id}: {bundle}")


@release_command.command("list")
@acting
@with_json
def list_releases(person: str | None, as_json: bool) -> None:
    """Show releases, the newest first; an operator sees its own.

    \b
    Examples:
      sluice release list --as release-officer-gu
    """
    from app.bootstrap import services
    from app.release.records import listed

    running = services()
    actor = running.actor(who(person))
    with running.store.reading() as connection:
        found = listed(connection, operator=actor.organization if actor.side == "use" else None)
    answer_rows([_row(r) for r in found], COLUMNS, as_json=as_json, empty="Nothing has been released.")


@release_command.command("show")
@click.argument("release_id", metavar="RELEASE")
@acting
@with_json
def show(release_id: str, person: str | None, as_json: bool) -> None:
    """Show what RELEASE was, for whom, and where its bundle lies.

    \b
    Examples:
      sluice release show release-7e… --as release-officer-gu
    """
    from app.bootstrap import services
    from app.domain.errors import Refusal
    from app.release.records import bundle_file, load

    running = services()
    actor = running.actor(who(person))
    with running.store.reading() as connection:
        record = load(connection, release_id)
    if actor.side == "use" and actor.organization != record.operator:
        raise Refusal("release-unknown", release=release_id)
    value = {**_row(record), "bundle": str(bundle_file(record, running.config.home / "releases"))}
    answer(value, as_json=as_json, text="\n".join(f"{k}: {v}" for k, v in value.items()))


def _at_desk(running: Services, act: Callable[[Desk], str]) -> str:
    """What `act` answers at the release desk of this deployment."""
    from app.cli.jobs import casework_of
    from app.domain.times import stamp
    from app.identity.signing_keys import signers
    from app.release.making import Desk

    with running.store.reading() as connection:
        keys = signers(connection, running.keys, stamp(running.clock()))
    with casework_of(running) as casework:
        casework.look_up()
        desk = Desk(
            store=running.store,
            new_id=running.new_id,
            quarantine=running.config.home / "quarantine",
            releases=running.config.home / "releases",
            keys=keys,
            notary=notary(running),
            admit=casework.admit,
        )
        return act(desk)


def notary(running: Services) -> Notary:
    """Who puts on this deployment's ledger that something was signed."""
    from app.release.receipt import Notary

    return Notary(store=running.store, checkpoint=running.checkpoint, verifier=running.ledger_verifier())


def _row(record: ReleaseRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "state": record.state,
        "output": record.output,
        "authorization": record.authorization,
        "operator": record.operator,
        "recipient": record.recipient,
        "watermark": record.watermark,
        "sha256": record.sha256,
        "released_by": record.released_by,
        "created_at": record.created_at,
    }
