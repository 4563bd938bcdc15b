"""Is this bundle what a platform released? Checked offline: shape, signatures, every file, and the ledger's word.

Nothing is unpacked, and nothing of the bundle is believed before its manifest's signature has held.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import Finding, Invalid
from app.ledger.entries import Entry
from app.release.archive import read_entries, read_entry
from app.release.envelope import Opened, canonical, open_sealed
from app.release.receipt import SIGNED, check_in_force, check_signed, proved
from app.release.statement import predicate_of, subjects_of
from app.release.trust import Trusted

MANIFEST = "manifest.json"
RECEIPT = "receipt.json"
UNSIGNED = frozenset({MANIFEST, RECEIPT})
"""The files that the statement cannot name: the one it stands in, and the one about its signing."""

MAX_MANIFEST_BYTES = 16 << 20
MAX_RECEIPT_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A bundle that holds.

    The claims of its manifest, its files (name → size), its trusted signers (id → suite), the ledger entries of its
    approval and of its signing.
    """

    claims: Mapping[str, Any]
    files: Mapping[str, int]
    signers: Mapping[str, str]
    approval: Entry
    signed: Entry


def verify_bundle(bundle: Path, trusted: Trusted, *, suites: Iterable[str] = ()) -> Verified:
    """What the bundle at `bundle` says, when all of it holds under the `trusted` keys.

    Every one of `suites` must be that of a trusted key that signed. Raises Invalid with one finding for every file that
    is altered, missing or too many; for the rest with the first thing that is wrong: "bundle-unreadable",
    "bundle-shape", "bundle-too-large", "bundle-file-altered", "manifest-suite-missing", "bundle-ledger-proof",
    "manifest-key-not-in-force", and what `open_sealed` raises.
    """
    entries = read_entries(bundle)
    opened = open_sealed(read_entry(bundle, MANIFEST, MAX_MANIFEST_BYTES), trusted.release)
    claims = predicate_of(opened.body)
    found = {name: entry.sha256 for name, entry in entries.items() if name not in UNSIGNED}
    findings = _differences(subjects_of(opened.body), found)
    if findings:
        raise Invalid(findings[0], *findings[1:])
    signers = {key.public.id: key.public.suite for key in opened.signers}
    for suite in suites:
        if suite not in signers.values():
            raise Invalid("manifest-suite-missing", suite=suite)
    signed, approval = _receipt(bundle, opened, claims, trusted.ledger)
    files = {name: entry.size for name, entry in entries.items()}
    return Verified(claims=claims, files=files, signers=signers, approval=approval, signed=signed)


def _differences(claimed: Mapping[str, str], found: Mapping[str, str]) -> list[Finding]:
    """One finding for each file that is not as claimed."""
    codes = {
        "bundle-file-missing": claimed.keys() - found.keys(),
        "bundle-file-unexpected": found.keys() - claimed.keys(),
        "bundle-file-altered": {n for n in claimed.keys() & found.keys() if claimed[n] != found[n]},
    }
    return [Finding(code=code, params=(("file", name),)) for code, names in codes.items() for name in sorted(names)]


def _receipt(
    bundle: Path, opened: Opened, claims: Mapping[str, Any], verifiers: tuple[str, ...]
) -> tuple[Entry, Entry]:
    """The entries of the signing and of the approval, when the bundle's receipt proves both of this bundle."""
    check_in_force(opened, str(claims.get("created")))
    content, proofs = read_entry(bundle, RECEIPT, MAX_RECEIPT_BYTES), {}
    try:
        body = json.loads(content)
        proofs = {name: proved(body[name], verifiers) for name in ("signed", "approval")}
        same = content == canonical({name: body[name] for name in proofs})
    except (ValueError, RecursionError, KeyError, TypeError):
        same = False
    if not same:
        raise Invalid("bundle-file-altered", file=RECEIPT)
    signed, approval = proofs["signed"], proofs["approval"]
    check_signed(signed, opened, SIGNED, claims.get("bundle"))
    approves = approval.event == "output:approved" and approval.subject == claims.get("output")
    if not approves or approval.details.get("report_hash") != claims.get("report_hash"):
        raise Invalid("bundle-ledger-proof", what="the entry does not approve this output")
    return signed, approval
