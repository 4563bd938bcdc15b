"""When was this signed, and who says so beside the signer? Ledger entries, proved under a signed checkpoint.

A signature carries no time that its signer cannot choose. So what was signed, with which keys, stands in the ledger
before a bundle is complete, and the proof goes along: whoever holds a key that has ended cannot sign into the past
without the key of the ledger.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import Invalid, Refusal
from app.domain.people import Actor
from app.ledger import journal
from app.ledger.entries import Entry
from app.ledger.proof import check_entry, prove_entry
from app.release.envelope import Opened, payload_hash
from app.signing.suites import PrivateKey
from app.store.sessions import Store

SIGNED = "release:signed"


@dataclass(frozen=True, kw_only=True)
class Notary:
    """Who puts on the ledger that something is signed: `checkpoint` signs the ledger as it stands.

    `verifier` is the public half of the key that does.
    """

    store: Store
    checkpoint: Callable[[], str]
    verifier: str

    def record(self, actor: Actor, envelope: bytes, keys: tuple[PrivateKey, ...], event: str, subject: str) -> int:
        """Enter that `envelope` was signed with `keys`; answers the index of the entry."""
        details = {"payload_sha256": payload_hash(envelope), "keys": sorted(key.public.id for key in keys)}
        with self.store.change(event, actor=actor, subject=subject, details=details) as change:
            pass
        return change.appended[0].index

    def prove(self, *indexes: int) -> list[dict[str, Any]]:
        """The proofs of the entries at `indexes`, all under one checkpoint of now."""
        note = self.checkpoint()
        with self.store.reading() as connection:
            return [prove_entry(connection, index, note, self.verifier) for index in indexes]

    def approval(self, output_id: str) -> int:
        """The index of the entry that approves the output; Refusal("release-approval-unrecorded") without one."""
        with self.store.reading() as connection:
            entries = list(journal.entries(connection, subject=output_id, event="output:approved"))
        if not entries:
            raise Refusal("release-approval-unrecorded", output=output_id)
        return entries[-1].index


def proved(proof: object, verifiers: tuple[str, ...]) -> Entry:
    """The entry that `proof` proves under one of the ledger's keys.

    Raises Invalid("bundle-ledger-proof").
    """
    why = "not a proof"
    for verifier in verifiers if isinstance(proof, Mapping) else ():
        try:
            entry = check_entry(proof, verifier)  # type: ignore[arg-type]  # a mapping: the loop is for nothing else
            _check_form(proof, entry)  # type: ignore[arg-type]
            return entry
        except (ValueError, KeyError, TypeError) as error:
            why = str(error) if isinstance(error, ValueError) else why
    raise Invalid("bundle-ledger-proof", what=why)


def _check_form(proof: Mapping[str, Any], entry: Entry) -> None:
    """A proof has one form to the byte, so that nothing in it can be changed; ValueError for another one."""
    text, _, line = str(proof["checkpoint"]).partition("\n\n")
    words, encoded = line.rstrip("\n").rpartition(" ")[::2]
    again = base64.b64encode(base64.b64decode(encoded)).decode()
    note = f"{text}\n\n{words} {again}\n"
    path = [bytes.fromhex(step).hex() for step in proof["path"]]
    if line.count("\n") != 1 or proof != {
        "entry": entry.body(),
        "index": entry.index,
        "path": path,
        "checkpoint": note,
    }:
        raise ValueError("a proof in another form")


def check_signed(entry: Entry, opened: Opened, event: str, subject: object) -> None:
    """The proved `entry` must say that this very statement was signed, with these keys, each of them in force.

    Raises Invalid: "bundle-ledger-proof", "manifest-key-not-in-force".
    """
    says = (entry.event, entry.subject, entry.details.get("payload_sha256"), entry.details.get("keys"))
    if says != (event, subject, opened.payload_sha256, list(opened.named)):
        raise Invalid("bundle-ledger-proof", what="the entry does not say that this was signed")
    check_in_force(opened, entry.at)


def check_in_force(opened: Opened, at: str) -> None:
    """Every trusted key that signed must have been in force at the moment `at`.

    Raises Invalid("manifest-key-not-in-force").
    """
    for key in opened.signers:
        if not key.in_force(at):
            period = {"begin": key.valid_from, "end": key.valid_until or "-"}
            raise Invalid("manifest-key-not-in-force", key=key.public.id, at=at, **period)
