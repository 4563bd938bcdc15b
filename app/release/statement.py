"""What does a release claim about its files? The in-toto Statement v1 in a bundle's manifest.

Subjects are the bundle's other files by SHA-256; the predicate says where they come from, how they were checked, who
approved, and who gets them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.domain.errors import Invalid
from app.domain.proofs import Vote

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:sluice:release:v2"


@dataclass(frozen=True, kw_only=True)
class Claims:
    """The predicate of a release.

    `datasets` are (name, catalog code, version hash) of what was read. `checks` are the operator's view of the check
    report, `report_hash` the hash of the whole one. `execution` says how it ran: "engine", "reproducible", "threads",
    and the "walls" that stood around it. `template` names the template version that was run and the values of its
    parameters, None for a job of its own. `omitted` are files that could not be made, each with the reason.
    """

    bundle: str
    output: str
    job: str
    authorization: str
    operator: str
    recipient: str
    watermark: str
    created: str
    datasets: tuple[tuple[str, str, str], ...]
    plan_hash: str
    policy_version: str
    report_hash: str
    reproducible: bool
    execution: Mapping[str, object]
    template: Mapping[str, object] | None
    checks: Mapping[str, object]
    omitted: tuple[Mapping[str, str], ...]
    votes: tuple[Vote, ...]


def statement(claims: Claims, subjects: Mapping[str, str]) -> dict[str, Any]:
    """The statement that the files `subjects` (name → SHA-256) are what `claims` says."""
    return statement_of(
        PREDICATE_TYPE, subjects, {**asdict(claims), "datasets": [_dataset(d) for d in claims.datasets]}
    )


def statement_of(kind: str, subjects: Mapping[str, str], predicate: Mapping[str, object]) -> dict[str, Any]:
    """An in-toto statement of the predicate type `kind` about `subjects` (name → SHA-256)."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())],
        "predicateType": kind,
        "predicate": dict(predicate),
    }


def subjects_of(body: Mapping[str, object], kind: str = PREDICATE_TYPE) -> dict[str, str]:
    """Name → SHA-256 of every subject of a statement of the predicate type `kind`.

    Raises Invalid "manifest-malformed" when it is not such a statement or names a file twice.
    """
    if body.get("_type") != STATEMENT_TYPE or body.get("predicateType") != kind:
        raise Invalid("manifest-malformed", what="not a statement of the expected kind")
    found: dict[str, str] = {}
    subjects = body.get("subject")
    if not isinstance(subjects, list):
        raise Invalid("manifest-malformed", what="no subjects")
    for subject in subjects:
        name, digest = _subject(subject)
        if name in found:
            raise Invalid("manifest-malformed", what="a subject occurs twice")
        found[name] = digest
    return found


def predicate_of(body: Mapping[str, object]) -> dict[str, Any]:
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
