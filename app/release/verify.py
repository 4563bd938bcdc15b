"""Is this bundle what a platform released? Checked offline: shape, signature, every file, and the ledger's word.

Nothing is unpacked, and nothing of the bundle is believed before its manifest's signature has held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import Finding, Invalid
from app.ledger.entries import Entry
from app.ledger.proof import check_entry
from app.release.archive import read_entries, read_entry
from app.release.envelope import open_sealed
from app.release.statement import predicate_of, subjects_of
from app.release.trust import Trusted

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 16 << 20


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A bundle that holds: the claims of its manifest, its files (name → size), the ledger entry of its approval."""

    claims: Mapping[str, Any]
    files: Mapping[str, int]
    approval: Entry


def verify_bundle(bundle: Path, trusted: Trusted) -> Verified:
    """What the bundle at `bundle` says, when all of it holds under the `trusted` keys.

    Raises Invalid with one finding for every file that is altered, missing or too many; for the rest with the first
    thing that is wrong: "bundle-unreadable", "bundle-shape", "bundle-too-large", "bundle-file-altered",
    "manifest-malformed", "manifest-unknown-key", "manifest-bad-signature", "bundle-ledger-proof".
    """
    entries = read_entries(bundle)
    if MANIFEST not in entries:
        raise Invalid("bundle-file-missing", file=MANIFEST)
    body = open_sealed(read_entry(bundle, MANIFEST, MAX_MANIFEST_BYTES), trusted.release)
    claims = predicate_of(body)
    found = {name: entry.sha256 for name, entry in entries.items() if name != MANIFEST}
    findings = _differences(subjects_of(body), found)
    if findings:
        raise Invalid(findings[0], *findings[1:])
    return Verified(
        claims=claims,
        files={name: entry.size for name, entry in entries.items()},
        approval=_proved(claims, trusted.ledger),
    )


def _differences(claimed: Mapping[str, str], found: Mapping[str, str]) -> list[Finding]:
    """One finding for each file that is not as claimed."""
    codes = {
        "bundle-file-missing": claimed.keys() - found.keys(),
        "bundle-file-unexpected": found.keys() - claimed.keys(),
        "bundle-file-altered": {n for n in claimed.keys() & found.keys() if claimed[n] != found[n]},
    }
    return [Finding(code=code, params=(("file", name),)) for code, names in codes.items() for name in sorted(names)]


def _proved(claims: Mapping[str, Any], verifiers: tuple[str, ...]) -> Entry:
    proof, why = claims.get("approval"), "not a proof"
    if not isinstance(proof, dict):
        raise Invalid("bundle-ledger-proof", what=why)
    for verifier in verifiers:
        try:
            entry = check_entry(proof, verifier)
        except (ValueError, KeyError, TypeError) as error:
            why = str(error) if isinstance(error, ValueError) else why
            continue
        _check_says_so(entry, claims)
        return entry
    raise Invalid("bundle-ledger-proof", what=why)


def _check_says_so(entry: Entry, claims: Mapping[str, Any]) -> None:
    """The proved entry must be the approval of this very output and report."""
    approves = entry.event == "output:approved" and entry.subject == claims.get("output")
    if not approves or entry.details.get("report_hash") != claims.get("report_hash"):
        raise Invalid("bundle-ledger-proof", what="the entry does not approve this output")
