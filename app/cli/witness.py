"""`sluice ledger witness`: who outside the platform vouches for the ledger? Signing there, and taking signatures in."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.terminal import acting, answer, who, with_json

FOLDER = click.Path(file_okay=False, path_type=Path)
READ = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("witness")
def witness_commands() -> None:
    """A witness: a key of its own, on a machine of its own, that signs what it has seen of a ledger.

    \b
    Examples:
      sluice ledger witness init watch --name bureau.example/witness --log-key sluice/ledger+…
      sluice ledger witness sign watch ledger.jsonl --out signed.txt
      sluice ledger witness show watch
    """


@witness_commands.command("init")
@click.argument("folder", type=FOLDER)
@click.option("--name", required=True, help="The name that stands before its signatures.")
@click.option("--log-key", required=True, help="The verifier key of the ledger that it watches.")
@with_json
def init(folder: Path, name: str, log_key: str, as_json: bool) -> None:
    """Make a witness in FOLDER and print its verifier key; needs no deployment.

    \b
    Examples:
      sluice ledger witness init watch --name bureau.example/witness --log-key sluice/ledger+…
    """
    from app.ledger.watch import create

    key = create(folder, name, log_key)
    answer({"folder": str(folder), "key": key}, as_json=as_json, text=f"key: {key}")


@witness_commands.command("sign")
@click.argument("folder", type=FOLDER)
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the signed checkpoint to a file.")
@with_json
def sign(folder: Path, place: Path, out: Path | None, as_json: bool) -> None:
    """Check that PLACE continues what was seen, and sign its checkpoint; needs no deployment.

    PLACE is an export (each entry is hashed again), a folder of tiles, or a request (hashes only, no entry).

    \b
    Examples:
      sluice ledger witness sign watch ledger.jsonl --out signed.txt
    """
    from app.bootstrap import system_clock
    from app.ledger.watch import sign as signed

    note = signed(folder, place, int(system_clock().timestamp()))
    if out is not None:
        out.write_text(note, encoding="utf-8")
    answer({"checkpoint": note}, as_json=as_json, text=note.rstrip("\n"))


@witness_commands.command("show")
@click.argument("folder", type=FOLDER)
@with_json
def show(folder: Path, as_json: bool) -> None:
    """Show a witness: its key, the ledger's key, and the checkpoint it signed last.

    \b
    Examples:
      sluice ledger witness show watch
    """
    from app.ledger.watch import load
    from app.ledger.witness import witness_key

    found = load(folder)
    key = witness_key(found.key, found.name)
    value = {"name": found.name, "key": key, "log_key": found.log, "entries": found.size, "seen": found.seen}
    text = f"key: {key}\nlog: {found.log}\nsigned last: {found.size} entries\n\n{found.seen or ''}".rstrip("\n")
    answer(value, as_json=as_json, text=text)


@click.command("request")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--since", type=click.IntRange(min=0), default=0, show_default=True, help="Entries the witness signed last."
)
@acting
@with_json
def request_cosignature(file: Path, since: int, person: str | None, as_json: bool) -> None:
    """Write a request for a witness to FILE: a checkpoint and its consistency proof, no entry (C2SP tlog-witness).

    \b
    Examples:
      sluice ledger request ask.txt --since 1200 --as auditor
    """
    from app.bootstrap import services
    from app.ledger.proof import continuation
    from app.ledger.request import Request, written

    running = services()
    running.actor(who(person), "ledger:read")
    note = running.checkpoint()
    with running.store.reading() as connection:
        proof = continuation(connection, since, note)
    file.write_text(written(Request(old=since, proof=proof, note=note)), encoding="utf-8")
    answer(
        {"file": str(file), "since": since, "hashes": len(proof)}, as_json=as_json, text=f"{len(proof)} hashes → {file}"
    )


@click.command("cosign")
@click.argument("file", type=READ)
@click.option("--witness", required=True, help="The verifier key of the witness that signed.")
@acting
@with_json
def cosign(file: Path, witness: str, person: str | None, as_json: bool) -> None:
    """Take in FILE, a checkpoint of this ledger that a witness signed; takes the permission ledger:checkpoint.

    \b
    Examples:
      sluice ledger cosign signed.txt --witness bureau.example/witness+… --as sysadmin
    """
    from app.bootstrap import services
    from app.ledger.cosigning import take

    running = services()
    actor = running.actor(who(person), "ledger:checkpoint")
    note = file.read_text(encoding="utf-8", errors="replace")
    with running.store.change("ledger:cosigned", actor=actor, subject="ledger", details={"witness": witness}) as change:
        size = take(change.connection, note, verifier=running.ledger_verifier(), witness=witness, at=change.at)
        change.record("ledger:cosigned", subject="ledger", details={"size": size})
    answer({"entries": size, "witness": witness}, as_json=as_json, text=f"{size} entries are vouched for by {witness}")
