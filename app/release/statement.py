"""What does a release claim about its files? The in-toto Statement v1 in a bundle's manifest.

Subjects are the bundle's other files by SHA-256; the predicate says where they come from, how they were checked, who
approved, and where the ledger says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from app.domain.errors import Invalid
from app.domain.proofs import Vote

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:sluice:release:v1"


@dataclass(frozen=True, kw_only=True)
class Claims:
    """The predicate of a release.

    `datasets` are (name, catalog code, version hash) of what was read. `checks` are the operator's view of the check
    report, `report_hash` the hash of the whole one. `execution` says how it ran: "engine", "reproducible", "threads",
    and the "walls" that stood around it. `template` names the template version that was run and the values of its
    parameters, None for a job of its own. `approval` proves the entry that records the approval, as
    `app.ledger.proof.prove_entry` writes it.
    """

    bundle: str
    output: str
    job: str
    authorization: str
    recipient: str
    created: str
    datasets: tuple[tuple[str, str, str], ...]
    plan_hash: str
    policy_version: str
    report_hash: str
    reproducible: bool
    execution: Mapping[str, object]
    template: Mapping[str, object] | None
    checks: Mapping[str, object]
    votes: tuple[Vote, ...]
    approval: Mapping[str, object]


def statement(claims: Claims, subjects: Mapping[str, str]) -> dict[str, object]:
    """The statement that the files `subjects` (name → SHA-256) are what `claims` says."""
    predicate = {**asdict(claims), "datasets": [_dataset(d) for d in claims.datasets]}
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }


def subjects_of(body: Mapping[str, object]) -> dict[str, str]:
    """Name → SHA-256 of every subject of a statement.

    Raises Invalid "manifest-malformed" when it is not a statement of ours or names a file twice.
    """
    if body.get("_type") != STATEMENT_TYPE or body.get("predicateType") != PREDICATE_TYPE:
        raise Invalid("manifest-malformed", what="not a release statement")
    found: dict[str, str] = {}
    subjects = body.get("subject")
    for subject in subjects if isinstance(subjects, list) else []:
        name, digest = _subject(subject)
        if name in found:
            raise Invalid("manifest-malformed", what="a subject occurs twice")
        found[name] = digest
    if not found:
        raise Invalid("manifest-malformed", what="no subjects")
    return found


def predicate_of(body: Mapping[str, object]) -> dict[str, object]:
    """The predicate of a statement.

    Raises Invalid "manifest-malformed" when there is none.
    """
    predicate = body.get("predicate")
    if not isinstance(predicate, dict):
        raise Invalid("manifest-malformed", what="no predicate")
    return predicate


def _dataset(parts: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("name", "code", "version"), parts, strict=True))


def _subject(subject: object) -> tuple[str, str]:
    try:
        name, digest = subject["name"], subject["digest"]["sha256"]  # type: ignore[index]
    except (TypeError, KeyError) as error:
        raise Invalid("manifest-malformed", what="a subject without name or hash") from error
    if not isinstance(name, str) or not isinstance(digest, str):
        raise Invalid("manifest-malformed", what="a subject without name or hash")
    return name, digest
