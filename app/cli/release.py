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
    from app.signing.suites import PrivateKey

COLUMNS = ("id", "state", "output", "operator", "recipient", "sha256", "created_at")


@click.group()
def release_command() -> None:
    """Releases: an approved output leaves once, as a signed bundle.

    \b
    Examples:
      sluice release make output-5c… --to . --as release-officer-gu
      sluice release list --as release-officer-gu
      sluice release link release-7e… --hours 72 --as release-officer-gu
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


@release_command.command("link")
@click.argument("release_id", metavar="RELEASE")
@click.option("--hours", type=click.IntRange(1, 336), default=72, show_default=True, help="How long it works.")
@click.option("--base", default="http://127.0.0.1:8340", show_default=True, help="Where the recipient reaches us.")
@acting
@with_json
def link(release_id: str, hours: int, base: str, person: str | None, as_json: bool) -> None:
    """Make a link by which the recipient fetches RELEASE once. It is shown now and never again; earlier ones end.

    Looking at the link does not use it up. Over the API: POST /api/v1/releases/fetch with {"token": …}.

    \b
    Examples:
      sluice release link release-7e… --hours 72 --as release-officer-gu
    """
    import secrets

    from app.bootstrap import services
    from app.release.links import make_link

    running = services()
    made = make_link(
        running.store,
        running.actor(who(person)),
        release_id,
        hours=hours,
        new_id=running.new_id,
        new_token=secrets.token_urlsafe,
    )
    url = f"{base.rstrip('/')}/fetch/{made.token}"
    value = {
        "link": made.id,
        "release": made.release,
        "recipient": made.recipient,
        "token": made.token,
        "url": url,
        "expires_at": made.expires_at,
    }
    answer(value, as_json=as_json, text=f"{url}\nFor {made.recipient}, once, until {made.expires_at}.")


@release_command.command("trace")
@click.argument("watermark")
@acting
@with_json
def trace(watermark: str, person: str | None, as_json: bool) -> None:
    """Show for whom the file was made that bears WATERMARK.

    \b
    Examples:
      sluice release trace mark-1f… --as release-officer-gu
    """
    from app.bootstrap import services
    from app.release.records import marked

    running = services()
    running.actor(who(person), "output:release")
    with running.store.reading() as connection:
        row = _row(marked(connection, watermark))
    answer(row, as_json=as_json, text="\n".join(f"{k}: {v}" for k, v in row.items()))


def _at_desk(running: Services, act: Callable[[Desk], str]) -> str:
    """What `act` answers at the release desk of this deployment."""
    from app.cli.jobs import casework_of
    from app.release.making import Desk

    with casework_of(running) as casework:
        casework.look_up()
        desk = Desk(
            store=running.store,
            new_id=running.new_id,
            quarantine=running.config.home / "quarantine",
            releases=running.config.home / "releases",
            keys=signers_now(running),
            notary=notary(running),
            admit=casework.admit,
            prepare=casework.prepare,
        )
        return act(desk)


def signers_now(running: Services) -> tuple[PrivateKey, ...]:
    """The keys with which this deployment signs now."""
    from app.domain.times import stamp
    from app.identity.signing_keys import signers

    with running.store.reading() as connection:
        return signers(connection, running.keys, stamp(running.clock()))


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
        "fetched_at": record.fetched_at,
        "recalled_at": record.recalled_at,
    }
