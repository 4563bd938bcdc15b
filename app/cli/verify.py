"""`sluice verify`: how does a recipient check a bundle, on a machine that knows nothing of the platform?"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.terminal import answer, with_json
from app.domain.errors import Invalid, SluiceError, Unavailable
from app.signing.suites import SUITES

if TYPE_CHECKING:
    from app.release.trust import Trusted
    from app.release.verify import Verified

READ = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("bundle", type=READ)
@click.option("--trust", type=READ, help="Trust file of the platform; default: the keys of this deployment.")
@click.option("--suite", "suites", multiple=True, type=click.Choice(sorted(SUITES)), help="Demand a signature of it.")
@click.option("--recalled", type=READ, help="Signed list of recalls: refuse a bundle that is on it.")
@with_json
def verify_command(
    bundle: Path, trust: Path | None, suites: tuple[str, ...], recalled: Path | None, as_json: bool
) -> None:
    """Verify BUNDLE offline: its shape, its signatures, every file, and the ledger's word. Nothing is unpacked.

    Exit codes: 0 all of it holds; 1 something does not, and it is said what; 4 it holds but was recalled. With --json
    the verdict, good or bad, is one object on standard output.

    \b
    Examples:
      sluice verify release-7e….zip --trust platform.trust.json
      sluice verify release-7e….zip --trust platform.trust.json --suite sm2-sm3 --json
      sluice verify release-7e….zip --trust platform.trust.json --recalled recalls.json
    """
    from app.release.recalls import read_list
    from app.release.verify import verify_bundle

    try:
        trusted = _trusted(trust)
        verified = verify_bundle(bundle, trusted, suites=suites)
        recalls = None if recalled is None else read_list(recalled, trusted)
        if recalls is not None:
            recalls.check(bundle, verified.claims["bundle"])
    except SluiceError as error:
        if not as_json:
            raise
        findings = [finding.to_json() for finding in error.findings]
        answer({"valid": False, "error": error.code, "findings": findings}, as_json=True, text="")
        sys.exit(error.exit_code)
    issued = None if recalls is None else recalls.issued
    answer({**_verdict(verified), "not_recalled_at": issued}, as_json=as_json, text=_told(verified, issued))


def _trusted(file: Path | None) -> Trusted:
    """The keys to hold a bundle against: those of `file`, else those of the deployment on this machine."""
    from app.release.trust import read_trust

    if file is not None:
        return read_trust(file)
    from app.bootstrap import services
    from app.cli.keys import trusted_here

    try:
        return trusted_here(services())
    except Unavailable as error:
        if error.code != "home-missing":
            raise
        raise Invalid("verify-trust-missing") from error


def _verdict(verified: Verified) -> dict[str, Any]:
    return {
        "valid": True,
        "claims": dict(verified.claims),
        "files": dict(verified.files),
        "signers": dict(verified.signers),
        "signed_at": verified.signed.at,
        "ledger_entries": {"signed": verified.signed.index, "approved": verified.approval.index},
    }


def _told(verified: Verified, issued: str | None) -> str:
    claims = verified.claims
    signers = ", ".join(f"{name[:16]} ({suite})" for name, suite in verified.signers.items())
    approvers = ", ".join(vote["organization"] for vote in claims["votes"])
    lines = [
        f"Valid: {claims['bundle']} for {claims['recipient']}, {len(verified.files)} files.",
        f"Signed at {verified.signed.at} by {signers}; ledger entry {verified.signed.index}.",
        f"Approved by {approvers}; ledger entry {verified.approval.index} of {verified.approval.at}.",
        _ran(claims["execution"]),
        f"Not recalled as of {issued}." if issued else "Whether it was recalled is not asked; give --recalled to ask.",
        *(f"Not in the bundle: {one['file']}: {one['message_en']}" for one in claims["omitted"]),
    ]
    return "\n".join(lines)


def _ran(execution: Mapping[str, Any]) -> str:
    """How the released result was computed, in a sentence."""
    if not execution:
        return "How it ran is not said."
    threads = execution["threads"]
    mode = "in reproducible mode" if execution["reproducible"] else "not in reproducible mode"
    return (
        f"Ran on {execution['engine']} {mode}, with {threads} thread{'' if threads == 1 else 's'}, "
        f"behind {len(execution['walls'])} walls: {', '.join(execution['walls'])}."
    )
