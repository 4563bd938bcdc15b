"""`sluice ledger`: what happened, and does the record still hold? Listing, exports, proofs, verification."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.terminal import acting, answer, answer_rows, who, with_json
from app.domain.errors import Invalid

if TYPE_CHECKING:
    from app.ledger.replay import Verdict

READ = click.Path(exists=True, dir_okay=False, path_type=Path)

FAULTS = {
    "missing": ("条目缺失或被截断", "entries are missing or cut off"),
    "unreadable": ("条目不是规范的 JSON", "it is not canonical JSON"),
    "order": ("条目顺序被改变", "the order was changed"),
    "changed": ("内容与其哈希不符", "its content does not match its hash"),
    "columns": ("检索列与条目内容不符", "the search columns do not match the entry"),
    "node": ("与已存的树节点不符", "a stored node of the tree does not match"),
    "root": ("与已签名的检查点不符", "a signed checkpoint does not match"),
    "signature": ("检查点没有有效签名", "a checkpoint has no valid signature"),
}
"""What a replay can find, in both languages."""


@click.group()
def ledger_command() -> None:
    """The ledger 一本账: who did what when, as a Merkle tree with signed checkpoints.

    \b
    Examples:
      sluice ledger list --subject job-1f… --as auditor
      sluice ledger export ledger.jsonl --as auditor
      sluice ledger verify
      sluice ledger verify ledger.jsonl --key sluice/ledger+…
    """


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
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@acting
@with_json
def export(file: Path, person: str | None, as_json: bool) -> None:
    """Write the whole ledger to FILE, under a fresh checkpoint; takes the permission ledger:export.

    \b
    Examples:
      sluice ledger export ledger.jsonl --as auditor
    """
    from app.bootstrap import services
    from app.ledger.export import write_export

    running = services()
    actor = running.actor(who(person), "ledger:export")
    with running.store.change("ledger:exported", actor=actor, subject="ledger", details={"file": file.name}):
        pass  # the export itself is the event
    running.checkpoint()
    with running.store.reading() as connection:
        count = write_export(connection, file, running.ledger_verifier())
    value = {"file": str(file), "entries": count, "key": running.ledger_verifier()}
    answer(value, as_json=as_json, text=f"{count} entries → {file}\nkey: {running.ledger_verifier()}")


@ledger_command.command("verify")
@click.argument("file", type=READ, required=False)
@click.option("--key", help="The verifier key you trust; without it an export is only held against itself.")
@click.option("--checkpoint", "kept", type=READ, help="A checkpoint you kept: the ledger must continue it.")
@with_json
def verify(file: Path | None, key: str | None, kept: Path | None, as_json: bool) -> None:
    """Verify an export offline, or the ledger of this deployment; exit 1 names the first bad entry.

    \b
    Examples:
      sluice ledger verify
      sluice ledger verify ledger.jsonl --key sluice/ledger+… --checkpoint last-year.txt
    """
    earlier = kept.read_text(encoding="utf-8") if kept else None
    verdict = _verify_own(earlier) if file is None else _verify_file(file, key, earlier)
    fault = verdict.fault
    if fault is not None:
        why_zh, why_en = FAULTS[fault.why]
        raise Invalid("ledger-broken", first=fault.first, last=fault.last, why_zh=why_zh, why_en=why_en)
    value: dict[str, Any] = {
        "valid": True,
        "entries": verdict.size,
        "signed": verdict.signed,
        "checkpoints": verdict.checkpoints,
        "root": verdict.root.hex(),
        "key_trusted": file is None or key is not None,
    }
    text = f"Valid: {verdict.size} entries, {verdict.signed} of them under {verdict.checkpoints} signed checkpoints."
    if not value["key_trusted"]:
        text += "\nHeld against the key in the file only; give --key to hold it against a key you trust."
    answer(value, as_json=as_json, text=text)


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


def _verify_own(earlier: str | None) -> Verdict:
    from app.bootstrap import services
    from app.ledger.export import verify_database

    running = services()
    with running.store.reading() as connection:
        return verify_database(connection, running.ledger_verifier(), earlier=earlier)


def _verify_file(file: Path, key: str | None, earlier: str | None) -> Verdict:
    from app.ledger.checkpoint import check_verifier
    from app.ledger.export import verify_export

    if key is not None:
        try:
            check_verifier(key)
        except ValueError:
            raise Invalid("ledger-key-malformed", key=key) from None
    return verify_export(file, key, earlier)
