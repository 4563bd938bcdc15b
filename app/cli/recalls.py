"""`sluice recall`: how is a release taken back, and how do its recipients learn of it?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.terminal import acting, answer, answer_rows, who, with_json

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.domain.people import Actor
    from app.release.records import ReleaseRecord

COLUMNS = ("release", "recipient", "recalled_at", "reason", "acknowledged_at")


@click.group()
def recall_command() -> None:
    """Recalls: a release is taken back, and its recipient has a notice of it.

    \b
    Examples:
      sluice recall make release-7e… --reason "wrong table 数据有误" --as release-officer
      sluice recall notices --as analyst-zhou
      sluice recall export --as release-officer > recalls.json
    """


@recall_command.command("make")
@click.argument("release_id", metavar="RELEASE")
@click.option("--reason", required=True, help="Why; the recipient reads it, and so does whoever reads the list.")
@acting
@with_json
def make(release_id: str, reason: str, person: str | None, as_json: bool) -> None:
    """Recall RELEASE: from now on no link works, its recipient has a notice, and the signed list names it.

    \b
    Examples:
      sluice recall make release-7e… --reason "wrong table 数据有误" --as release-officer
    """
    from app.bootstrap import services
    from app.release.recalls import recall

    running = services()
    actor = running.actor(who(person), "output:recall")
    record = recall(running.store, actor, release_id, reason)
    _export(running, actor)
    row = _row(record)
    text = f"Recalled {record.id}. {record.recipient} has a notice; send it the list: sluice recall export"
    answer(row, as_json=as_json, text=text)


@recall_command.command("notices")
@acting
@with_json
def show_notices(person: str | None, as_json: bool) -> None:
    """Show the recalls that your organization has not acknowledged.

    \b
    Examples:
      sluice recall notices --as analyst-zhou
    """
    from app.bootstrap import services
    from app.release.recalls import notices

    running = services()
    actor = running.actor(who(person))
    with running.store.reading() as connection:
        rows = [_row(record) for record in notices(connection, actor.organization)]
    answer_rows(rows, COLUMNS, as_json=as_json, empty="There is no notice of a recall.")


@recall_command.command("acknowledge")
@click.argument("release_id", metavar="RELEASE")
@acting
@with_json
def acknowledge_recall(release_id: str, person: str | None, as_json: bool) -> None:
    """Say for your organization that the recall of RELEASE is known, and that copies are deleted.

    \b
    Examples:
      sluice recall acknowledge release-7e… --as analyst-zhou
    """
    from app.bootstrap import services
    from app.release.recalls import acknowledge

    running = services()
    record = acknowledge(running.store, running.actor(who(person)), release_id)
    answer(_row(record), as_json=as_json, text=f"Acknowledged: {record.id}.")


@recall_command.command("list")
@acting
@with_json
def list_recalls(person: str | None, as_json: bool) -> None:
    """Show every recall, and which of them was acknowledged; an operator sees its own.

    \b
    Examples:
      sluice recall list --as release-officer
    """
    from app.bootstrap import services
    from app.release.records import recalled

    running = services()
    actor = running.actor(who(person))
    with running.store.reading() as connection:
        rows = [
            _row(r)
            for r in recalled(connection)
            if actor.side != "use" or actor.organization in {r.operator, r.recipient}
        ]
    answer_rows(rows, COLUMNS, as_json=as_json, empty="Nothing was recalled.")


@recall_command.command("export")
@acting
@with_json
def export(person: str | None, as_json: bool) -> None:
    """Print the signed list of everything that is recalled now, for `sluice verify --recalled`.

    \b
    Examples:
      sluice recall export --as release-officer > recalls.json
    """
    import json

    from app.bootstrap import services

    running = services()
    text = _export(running, running.actor(who(person), "output:recall")).decode()
    answer(json.loads(text), as_json=as_json, text=text)


def _export(running: Services, actor: Actor) -> bytes:
    """Sign the list anew and put it where the server shows it."""
    from app.cli.release import notary, signers_now
    from app.release.recalls import LIST_FILE, sign_list

    content = sign_list(notary(running), actor, signers_now(running))
    target: Path = running.config.home / "releases" / LIST_FILE
    target.parent.mkdir(mode=0o700, exist_ok=True)
    aside = target.with_suffix(".new")
    aside.write_bytes(content)
    aside.replace(target)
    return content


def _row(record: ReleaseRecord) -> dict[str, Any]:
    return {
        "release": record.id,
        "output": record.output,
        "recipient": record.recipient,
        "sha256": record.sha256,
        "recalled_at": record.recalled_at,
        "reason": record.recall_reason,
        "acknowledged_at": record.acknowledged_at,
    }
