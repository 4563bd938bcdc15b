"""`sluice ledger`: what happened, and does the record still hold? Listing, exports, proofs, verification."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.terminal import acting, answer, answer_rows, who, with_json
from app.cli.witness import cosign, request_cosignature, witness_commands
from app.domain.errors import Invalid, Refusal

if TYPE_CHECKING:
    from app.ledger.replay import Trust, Verdict

READ = click.Path(exists=True, dir_okay=False, path_type=Path)
PLACE = click.Path(exists=True, path_type=Path)


@click.group()
def ledger_command() -> None:
    """The ledger 一本账: who did what when, as a Merkle tree with signed checkpoints.

    \b
    Examples:
      sluice ledger list --subject job-1f… --as auditor
      sluice ledger export ledger.jsonl --as auditor
      sluice ledger verify
      sluice ledger verify ledger.jsonl --key sluice/ledger+…
      sluice ledger witness sign watch ledger.jsonl --out signed.txt
    """


ledger_command.add_command(witness_commands)
ledger_command.add_command(request_cosignature)
ledger_command.add_command(cosign)


@ledger_command.command("list")
@click.option("--subject", help="Only entries about this subject.")
@click.option("--event", help="Only entries of this event.")
@click.option("--start", default=0, show_default=True, help="First entry.")
@click.option("--limit", default=100, show_default=True, help="At most so many; -1 for all.")
@acting
@with_json
def list_entries(
    subject: str | None, event: str | None, start: int, limit: int, person: str | None, as_json: bool
) -> None:
    """Show entries in order; takes the permission ledger:read.

    \b
    Examples:
      sluice ledger list --subject job-1f… --as auditor
      sluice ledger list --event authorization:signed --json --as auditor
    """
    from app.bootstrap import services
    from app.ledger import journal

    running = services()
    running.actor(who(person), "ledger:read")
    with running.store.reading() as connection:
        found = journal.entries(connection, subject=subject, event=event, start=start, limit=limit)
        rows = [json.loads(entry.body()) for entry in found]
    columns = ("index", "at", "event", "actor", "subject")
    answer_rows(rows, columns, as_json=as_json, empty="No entry.")


@ledger_command.command("account")
@click.option("--language", type=click.Choice(["zh", "en"]), help="The language of the table (or SLUICE_LANGUAGE).")
@acting
@with_json
def account(language: str | None, person: str | None, as_json: bool) -> None:
    """Show the account 一本账: resources, uses, parties and counts; takes the permission ledger:read.

    \b
    Examples:
      sluice ledger account --language zh --as auditor
      sluice ledger account --json --as regulator
    """
    from app.bootstrap import services
    from app.store.account import account as drawn

    running = services()
    running.actor(who(person), "ledger:read")
    with running.store.reading() as connection:
        parts = drawn(connection)
    if as_json:
        answer([part.to_json() for part in parts], as_json=True, text="")
        return
    words = language or running.config.language
    rows = [
        {"part": part.label.in_language(words), "what": row.label.in_language(words), "count": row.count}
        for part in parts
        for row in part.rows
        if row.count
    ]
    answer_rows(rows, ("part", "what", "count"), as_json=False, empty="Nothing to count.")


@ledger_command.command("checkpoint")
@acting
@with_json
def checkpoint(person: str | None, as_json: bool) -> None:
    """Sign the ledger as it stands; keep the note to prove later that nothing before it was changed.

    \b
    Examples:
      sluice ledger checkpoint --as sysadmin
    """
    from app.bootstrap import services

    running = services()
    running.actor(who(person), "ledger:checkpoint")
    note = running.checkpoint()
    answer({"checkpoint": note, "key": running.ledger_verifier()}, as_json=as_json, text=note.rstrip("\n"))


@ledger_command.command("export")
@click.argument("place", type=click.Path(path_type=Path))
@click.option("--tiles", "as_tiles", is_flag=True, help="A folder of C2SP tlog-tiles instead of one file.")
@acting
@with_json
def export(place: Path, as_tiles: bool, person: str | None, as_json: bool) -> None:
    """Write the whole ledger to PLACE, under a fresh checkpoint; takes the permission ledger:export.

    \b
    Examples:
      sluice ledger export ledger.jsonl --as auditor
      sluice ledger export site --tiles --as auditor
    """
    from app.bootstrap import services
    from app.ledger import tile_folder
    from app.ledger.export import write_export

    running = services()
    actor = running.actor(who(person), "ledger:export")
    with running.store.change("ledger:exported", actor=actor, subject="ledger", details={"file": place.name}):
        pass  # the export itself is the event
    running.checkpoint()
    write = tile_folder.write if as_tiles else write_export
    with running.store.reading() as connection:
        count = write(connection, place, running.ledger_verifier())
    value = {"file": str(place), "entries": count, "key": running.ledger_verifier()}
    answer(value, as_json=as_json, text=f"{count} entries → {place}\nkey: {running.ledger_verifier()}")


@ledger_command.command("verify")
@click.argument("place", type=PLACE, required=False)
@click.option("--key", help="The verifier key you trust; without it an export is only held against itself.")
@click.option("--witness", help="A witness's verifier key: some checkpoint must carry that witness's signature.")
@click.option("--checkpoint", "kept", type=READ, multiple=True, help="A checkpoint you kept: the ledger continues it.")
@click.option("--against", type=PLACE, help="An export you kept: every entry of it must stand unchanged.")
@with_json
def verify(
    place: Path | None,
    key: str | None,
    witness: str | None,
    kept: tuple[Path, ...],
    against: Path | None,
    as_json: bool,
) -> None:
    """Verify an export offline, or the ledger of this deployment; exit 1 names the first bad entry.

    \b
    Examples:
      sluice ledger verify
      sluice ledger verify ledger.jsonl --key sluice/ledger+… --checkpoint last-year.txt
      sluice ledger verify site --key sluice/ledger+… --witness bureau.example/w+…
    """
    from app.ledger.replay import FAULTS

    notes = tuple(file.read_text(encoding="utf-8") for file in kept)
    verdict = (
        _verify_own(witness, notes, against) if place is None else _verify_place(place, key, witness, notes, against)
    )
    fault = verdict.fault
    if fault is not None:
        why_zh, why_en = FAULTS[fault.why]
        raise Invalid("ledger-broken", first=fault.first, last=fault.last, why_zh=why_zh, why_en=why_en)
    trusted = place is None or key is not None
    answer(_told(verdict, trusted=trusted), as_json=as_json, text=_text(verdict, trusted=trusted))


def _told(verdict: Verdict, *, trusted: bool) -> dict[str, Any]:
    return {
        "valid": True,
        "entries": verdict.size,
        "signed": verdict.signed,
        "checkpoints": verdict.checkpoints,
        "witnessed": verdict.witnessed,
        "witnessed_at": verdict.witnessed_at,
        "root": verdict.root.hex(),
        "key_trusted": trusted,
    }


def _text(verdict: Verdict, *, trusted: bool) -> str:
    text = f"Valid: {verdict.size} entries, {verdict.signed} of them under {verdict.checkpoints} signed checkpoints."
    if verdict.witnessed_at is not None:
        at = datetime.fromtimestamp(verdict.witnessed_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        text += f"\nThe witness signed {verdict.witnessed} of them, at {at}."
    if not trusted:
        text += "\nHeld against the key in the file only; give --key to hold it against a key you trust."
    return text


@ledger_command.command("proof")
@click.argument("index", type=click.IntRange(min=0))
@acting
@with_json
def proof(index: int, person: str | None, as_json: bool) -> None:
    """Prove that entry INDEX stands in the ledger: JSON with the entry, its path and a signed checkpoint.

    \b
    Examples:
      sluice ledger proof 42 --as auditor
    """
    from app.bootstrap import services
    from app.ledger.proof import prove_entry

    running = services()
    running.actor(who(person), "ledger:read")
    note = running.checkpoint()
    with running.store.reading() as connection:
        found = prove_entry(connection, index, note, running.ledger_verifier())
    answer(found, as_json=as_json, text=json.dumps(found, ensure_ascii=False, indent=2))


def _verify_own(witness: str | None, notes: tuple[str, ...], against: Path | None) -> Verdict:
    """The ledger of this deployment, the triggers that protect it, and the states that its tables hold."""
    from app.bootstrap import services
    from app.ledger.export import verify_database
    from app.ledger.tables import PROTECTED
    from app.store.migrations.append_only import unprotected
    from app.store.retelling import require_same_states

    running = services()
    trust = _trust(running.ledger_verifier(), witness, notes, against)
    with running.store.reading() as connection:
        verdict = verify_database(connection, trust)
        if verdict.fault is None:
            if missing := unprotected(connection, PROTECTED):
                raise Refusal("ledger-unprotected", triggers=", ".join(missing))
            require_same_states(connection)
    return verdict


def _verify_place(
    place: Path, key: str | None, witness: str | None, notes: tuple[str, ...], against: Path | None
) -> Verdict:
    from app.ledger.checkpoint import check_verifier
    from app.ledger.export import read_export, verify_export

    if key is not None:
        try:
            check_verifier(key)
        except ValueError:
            raise Invalid("ledger-key-malformed", key=key) from None
    return verify_export(place, _trust(key or read_export(place).key, witness, notes, against))


def _trust(key: str, witness: str | None, notes: tuple[str, ...], against: Path | None) -> Trust:
    from app.ledger.export import leaves
    from app.ledger.replay import Trust
    from app.ledger.witness import check_witness

    if witness is not None:
        try:
            check_witness(witness)
        except ValueError:
            raise Invalid("witness-key-malformed", key=witness) from None
    return Trust(verifier=key, witness=witness, notes=notes, leaves=leaves(against) if against else ())
