"""`sluice key`: which keys sign releases, until when, and how does a new one take over?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from app.cli.terminal import acting, answer, answer_rows, who, with_json
from app.signing.suites import DEFAULT, SUITES

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.release.trust import Trusted
    from app.signing.dated import DatedKey

COLUMNS = ("id", "suite", "from", "until", "state")
MAX_OVERLAP_DAYS = 366


@click.group()
def key_command() -> None:
    """Keys that sign releases. Secrets are files of the home, never in the database.

    \b
    Examples:
      sluice key list
      sluice key create --suite sm2-sm3 --as secadmin
      sluice key rotate 3f9a01c2 --overlap-days 30 --as secadmin
      sluice key trust > platform.trust.json
    """


@key_command.command("list")
@with_json
def list_keys(as_json: bool) -> None:
    """Show every key that signs or signed releases, with its suite and period.

    \b
    Examples:
      sluice key list
      sluice key list --json
    """
    from app.bootstrap import services

    running = services()
    rows = [_row(running, key) for key in trusted_here(running).release]
    shown = rows if as_json else [{**row, "id": row["id"][:16]} for row in rows]
    answer_rows(shown, COLUMNS, as_json=as_json, empty="No key signs releases: sluice key create.")


@key_command.command("create")
@click.option("--suite", type=click.Choice(sorted(SUITES)), default=DEFAULT, show_default=True, help="Algorithms.")
@acting
@with_json
def create_key(suite: str, person: str | None, as_json: bool) -> None:
    """Create a key that signs releases from now on, beside those that are there; takes key:manage.

    \b
    Examples:
      sluice key create --suite sm2-sm3 --as secadmin
    """
    from app.bootstrap import services
    from app.identity.signing_keys import create

    running = services()
    _tell(running, create(running.store, running.actor(who(person)), running.keys, suite), as_json=as_json)


@key_command.command("rotate")
@click.argument("key_id", metavar="KEY")
@click.option(
    "--overlap-days",
    type=click.IntRange(0, MAX_OVERLAP_DAYS),
    default=30,
    show_default=True,
    help="How long both sign; 0 ends KEY at once.",
)
@acting
@with_json
def rotate_key(key_id: str, overlap_days: int, person: str | None, as_json: bool) -> None:
    """Create the successor of KEY (its id, or its beginning); both sign while they overlap; takes key:manage.

    \b
    Examples:
      sluice key rotate 3f9a01c2 --overlap-days 30 --as secadmin
    """
    from app.bootstrap import services
    from app.identity.signing_keys import rotate

    running = services()
    actor, overlap = running.actor(who(person)), timedelta(days=overlap_days)
    _tell(running, rotate(running.store, actor, running.keys, key_id, overlap=overlap), as_json=as_json)


@key_command.command("retire")
@click.argument("key_id", metavar="KEY")
@acting
@with_json
def retire_key(key_id: str, person: str | None, as_json: bool) -> None:
    """End KEY now; what it signed before still verifies; takes key:manage.

    \b
    Examples:
      sluice key retire 3f9a01c2 --as secadmin
    """
    from app.bootstrap import services
    from app.identity.signing_keys import retire

    running = services()
    _tell(running, retire(running.store, running.actor(who(person)), key_id), as_json=as_json)


@key_command.command("trust")
@with_json
def show_trust(as_json: bool) -> None:
    """Print the trust file of this platform, for whoever verifies its bundles; publish it where readers trust you.

    \b
    Examples:
      sluice key trust > platform.trust.json
    """
    import json

    from app.bootstrap import services
    from app.release.trust import trust_json

    value = trust_json(trusted_here(services()))
    answer(value, as_json=as_json, text=json.dumps(value, ensure_ascii=False, indent=2))


def trusted_here(running: Services) -> Trusted:
    """The keys of this deployment, as its trust file says them."""
    from app.identity.signing_keys import listed
    from app.release.trust import Trusted

    with running.store.reading() as connection:
        return Trusted(release=listed(connection), ledger=(running.ledger_verifier(),))


def _row(running: Services, key: DatedKey) -> dict[str, Any]:
    from app.domain.times import stamp
    from app.release.trust import key_json

    signs = key.in_force(stamp(running.clock()))
    return {**key_json(key), "state": "signs" if signs else "ended"}


def _tell(running: Services, key: DatedKey, *, as_json: bool) -> None:
    row = _row(running, key)
    until = f" until {row['until']}" if row["until"] else ""
    text = f"{row['id']}: {row['suite']}, {row['state']}{until}\nPublish the new trust file: sluice key trust"
    answer(row, as_json=as_json, text=text)
