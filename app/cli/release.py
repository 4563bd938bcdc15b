"""`sluice release`, `sluice verify`: how does an approved output leave, and how does its recipient check it?"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.terminal import acting, answer, answer_rows, who, with_json

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.release.making import Desk
    from app.release.records import ReleaseRecord

COLUMNS = ("id", "state", "output", "operator", "recipient", "sha256", "created_at")
READ = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def release_command() -> None:
    """Releases: an approved output leaves once, as a signed bundle.

    \b
    Examples:
      sluice release make output-5c… --to . --as release-officer-gu
      sluice release list --as release-officer-gu
      sluice release keys > platform.keys
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


@release_command.command("keys")
@with_json
def show_keys(as_json: bool) -> None:
    """Print the public keys of this platform, for whoever verifies its bundles.

    \b
    Examples:
      sluice release keys > platform.keys
    """
    from app.bootstrap import services

    lines = _key_lines(services())
    answer({"keys": lines.split()}, as_json=as_json, text=lines.rstrip())


@click.command()
@click.argument("bundle", type=READ)
@click.option("--key", "keys", type=READ, help="Key file of the platform; default: the keys of this deployment.")
@with_json
def verify_command(bundle: Path, keys: Path | None, as_json: bool) -> None:
    """Verify BUNDLE offline: its shape, its signature, every file, and the ledger's word. Nothing is unpacked.

    Exit codes: 0 all of it holds; 1 something does not, and it is said what.

    \b
    Examples:
      sluice verify release-7e….zip --key platform.keys
      sluice verify release-7e….zip --json
    """
    from app.release.trust import parse_keys, read_keys
    from app.release.verify import verify_bundle

    if keys is not None:
        trusted = read_keys(keys)
    else:
        from app.bootstrap import services

        trusted = parse_keys(_key_lines(services()))
    verified = verify_bundle(bundle, trusted)
    claims = verified.claims
    value = {"valid": True, "claims": dict(claims), "files": dict(verified.files)}
    text = (
        f"Valid: {claims['bundle']} for {claims['recipient']}, {len(verified.files)} files.\n"
        f"Approved by {', '.join(v['organization'] for v in claims['votes'])}; "
        f"ledger entry {verified.approval.index} of {verified.approval.at}.\n"
        f"{_ran(claims.get('execution') or {})}"
    )
    answer(value, as_json=as_json, text=text)


def _ran(execution: Mapping[str, Any]) -> str:
    """How the released result was computed, in a sentence; bundles of old did not say."""
    if not execution:
        return "How it ran is not said."
    threads = execution["threads"]
    mode = "in reproducible mode" if execution["reproducible"] else "not in reproducible mode"
    return (
        f"Ran on {execution['engine']} {mode}, with {threads} thread{'' if threads == 1 else 's'}, "
        f"behind {len(execution['walls'])} walls: {', '.join(execution['walls'])}."
    )


def _key_lines(running: Services) -> str:
    from app.identity.keys import signing_key
    from app.release.trust import key_lines

    return key_lines(signing_key(running.keys, "release"), signing_key(running.keys, "ledger"))


def _at_desk(running: Services, act: Callable[[Desk], str]) -> str:
    """What `act` answers at the release desk of this deployment."""
    from app.casework import Casework
    from app.engine import Engine
    from app.identity.keys import signing_key
    from app.release.making import Desk
    from sandbox.launcher import Launcher

    settings = running.config
    with Launcher(places=settings.home / "places") as launcher:
        engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation)
        casework = Casework(store=running.store, engine=engine, home=settings.home, clock=running.clock)
        casework.look_up()
        desk = Desk(
            store=running.store,
            new_id=running.new_id,
            quarantine=settings.home / "quarantine",
            releases=settings.home / "releases",
            key=signing_key(running.keys, "release"),
            checkpoint=running.checkpoint,
            verifier=running.ledger_verifier(),
            admit=casework.admit,
        )
        return act(desk)


def _row(record: ReleaseRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "state": record.state,
        "output": record.output,
        "authorization": record.authorization,
        "operator": record.operator,
        "recipient": record.recipient,
        "sha256": record.sha256,
        "released_by": record.released_by,
        "created_at": record.created_at,
    }
