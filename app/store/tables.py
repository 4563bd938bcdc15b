"""What does Sluice remember? Every table of the control database.

Identifiers are text with a prefix, moments are text as `app.domain.times.stamp` writes them, structured values are
JSON. The `state` column of a table named in `STATE_TABLES` is moved by `Change.move` alone.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, Row, Table, Text, UniqueConstraint

from app.ledger.tables import METADATA


def _id() -> Column[str]:
    return Column("id", Text, primary_key=True)


def _reference(name: str, target: str, *, optional: bool = False, index: bool = True) -> Column[str]:
    return Column(name, Text, ForeignKey(target), nullable=optional, index=index)


def _moment(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, Text, nullable=optional)


# ------------------------------------------------------------------ identity
organization = Table(
    "organization",
    METADATA,
    _id(),
    Column("kind", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("uscc", Text, nullable=True, unique=True),
    Column("active", Boolean, nullable=False, default=True),
    _moment("created_at"),
)

person = Table(
    "person",
    METADATA,
    _id(),
    _reference("organization_id", "organization.id"),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    _moment("created_at"),
)

role_membership = Table(
    "role_membership",
    METADATA,
    Column("person_id", Text, ForeignKey("person.id"), primary_key=True),
    Column("role", Text, primary_key=True),
    _moment("created_at"),
)

# ------------------------------------------------------------------ catalog
catalog_entry = Table(
    "catalog_entry",
    METADATA,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("code", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False, index=True),
    _reference("provider_id", "organization.id", optional=True),
    Column("kind", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("grade", Text, nullable=False),
    Column("operation_authorized", Boolean, nullable=False),
    Column("current_version", Text, nullable=True),
    Column("author", Text, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
)
"""One described data set (目录). `metadata` is the `[[dataset]]` table of catalog.toml as JSON, `current_version` the
hash of the dataset_version in use, None as long as nothing is mounted."""

dataset_version = Table(
    "dataset_version",
    METADATA,
    _id(),
    _reference("entry_id", "catalog_entry.id"),
    _reference("authorization_id", "authorization.id", optional=True),
    Column("version", Text, nullable=False, index=True),
    Column("dataset", JSON, nullable=False),
    Column("statistics", JSON, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("mounted_by", Text, nullable=False),
    _moment("created_at"),
    UniqueConstraint("entry_id", "authorization_id", "version"),
)
"""An immutable mounted version; `dataset` is the `Dataset` value as JSON. An operator's own table belongs to one
authorization, a public one to none."""

# ------------------------------------------------------------------ authorization
application = Table(
    "application",
    METADATA,
    _id(),
    Column("state", Text, nullable=False, index=True),
    _reference("operator_id", "organization.id"),
    Column("author", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    Column("decided_by", Text, nullable=True),
    Column("decision_reason", Text, nullable=True),
    _moment("created_at"),
    _moment("updated_at"),
)

consent = Table(
    "consent",
    METADATA,
    Column("application_id", Text, ForeignKey("application.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("provider_id", Text, ForeignKey("organization.id"), primary_key=True),
    Column("given", Boolean, nullable=True),
    Column("by", Text, nullable=True),
    Column("reason", Text, nullable=True),
    _moment("decided_at", optional=True),
)
"""What each provider concerned answers to one revision of an application; `given` None: not answered yet."""

authorization = Table(
    "authorization",
    METADATA,
    _id(),
    Column("state", Text, nullable=False, index=True),
    _reference("application_id", "application.id"),
    _reference("operator_id", "organization.id"),
    Column("scope", JSON, nullable=False),
    Column("term_months", Integer, nullable=False),
    _moment("valid_from", optional=True),
    _moment("valid_until", optional=True),
    _moment("created_at"),
    _moment("updated_at"),
)
"""A grant; `scope` is what `app.authorization.grants` writes there: scenario, purpose, uses, products, tables."""

authorization_version = Table(
    "authorization_version",
    METADATA,
    Column("authorization_id", Text, ForeignKey("authorization.id"), primary_key=True),
    Column("dataset", Text, primary_key=True),
    Column("version", Text, nullable=False),
    _moment("created_at"),
)
"""The version of each data set that an authorization began with, or was renewed to; it holds where a data set is
frozen."""

# ------------------------------------------------------------------ jobs
job = Table(
    "job",
    METADATA,
    _id(),
    Column("state", Text, nullable=False, index=True),
    _reference("authorization_id", "authorization.id"),
    _reference("operator_id", "organization.id"),
    Column("author", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("sql", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("product", Text, nullable=True),
    Column("revision", Integer, nullable=False, default=1),
    Column("revises", Text, ForeignKey("job.id"), nullable=True),
    Column("analysis", JSON, nullable=True),
    Column("decision", JSON, nullable=True),
    Column("policy_version", Text, nullable=True),
    Column("plan", JSON, nullable=True),
    Column("plan_hash", Text, nullable=True, index=True),
    Column("fence", Integer, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("result", JSON, nullable=True),
    Column("findings", JSON, nullable=True),
    Column("priority", Integer, nullable=False, default=0),
    _moment("submitted_at", optional=True),
    _moment("started_at", optional=True),
    _moment("finished_at", optional=True),
    _moment("created_at"),
    _moment("updated_at"),
)
Index("ix_job_queue", job.c.state, job.c.priority, job.c.submitted_at)

job_lease = Table(
    "job_lease",
    METADATA,
    Column("job_id", Text, ForeignKey("job.id"), primary_key=True),
    Column("worker", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    _moment("until"),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("progress", JSON, nullable=True),
)
"""Who runs a job now and until when; written by `Store.upkeep`, because a heartbeat changes no state."""

output = Table(
    "output",
    METADATA,
    _id(),
    Column("state", Text, nullable=False, index=True),
    _reference("job_id", "job.id"),
    _reference("authorization_id", "authorization.id"),
    _reference("operator_id", "organization.id"),
    Column("author", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("files", JSON, nullable=False),
    Column("report", JSON, nullable=False),
    Column("report_hash", Text, nullable=False),
    Column("reviewers_needed", Integer, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
)
"""A checked result in quarantine; `files` are file name → SHA-256 (hex), `report` the `CheckReport` as JSON."""

vote = Table(
    "vote",
    METADATA,
    Column("output_id", Text, ForeignKey("output.id"), primary_key=True),
    Column("reviewer", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organization.id"), nullable=False),
    Column("choice", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("report_hash", Text, nullable=False),
    _moment("at"),
)

release = Table(
    "release",
    METADATA,
    _id(),
    Column("output_id", Text, ForeignKey("output.id"), nullable=False, unique=True),
    _reference("authorization_id", "authorization.id"),
    _reference("operator_id", "organization.id"),
    Column("bundle", Text, nullable=False),
    Column("bundle_sha256", Text, nullable=False),
    Column("manifest", JSON, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("watermark", Text, nullable=True, unique=True),
    Column("released_by", Text, nullable=False),
    _moment("fetched_at", optional=True),
    _moment("created_at"),
    _moment("recalled_at", optional=True),
    Column("recall_reason", Text, nullable=True),
    _moment("acknowledged_at", optional=True),
)
"""An output that left, once: `output_id` is unique. Its recipient acknowledges a recall."""

release_link = Table(
    "release_link",
    METADATA,
    _id(),
    _reference("release_id", "release.id"),
    Column("token_sha256", Text, nullable=False, unique=True),
    Column("created_by", Text, nullable=False),
    _moment("created_at"),
    _moment("expires_at"),
    _moment("used_at", optional=True),
    _moment("void_at", optional=True),
)
"""A way to fetch a bundle once; of its token only the hash is kept."""

signing_key = Table(
    "signing_key",
    METADATA,
    _id(),
    Column("suite", Text, nullable=False),
    Column("public", Text, nullable=False),
    _moment("valid_from"),
    _moment("valid_until", optional=True),
    Column("created_by", Text, nullable=False),
)
"""The public halves (base64) of the keys that sign releases; the secrets are files."""

history_segment = Table(
    "history_segment",
    METADATA,
    _id(),
    Column("output_id", Text, ForeignKey("output.id"), nullable=False, unique=True),
    Column("path", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("cells", BigInteger, nullable=False),
    Column("status", Text, nullable=False, index=True),
    _moment("created_at"),
)
"""Fingerprints of the cells of a pending or released output; `status` is "pending", "released" or "dropped"."""

history_partition = Table(
    "history_partition",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _reference("output_id", "output.id"),
    *(Column(name, Text, nullable=False) for name in ("dataset", "unit", "field", "rows_sha256", "cells_sha256")),
    _moment("created_at"),
)
"""Classes of rows that released cells tell apart, for each comparison `key`, as the release with `number` left them."""

# ------------------------------------------------------------------ policy
policy = Table(
    "policy",
    METADATA,
    _id(),
    Column("state", Text, nullable=False, index=True),
    Column("content", JSON, nullable=False),
    Column("digest", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("author", Text, nullable=False),
    _reference("organization_id", "organization.id"),
    _reference("based_on", "policy.id", optional=True, index=False),
    Column("approved_by", Text, nullable=True),
    _moment("published_at", optional=True),
    _moment("created_at"),
    _moment("updated_at"),
)
"""A version of the standing rules; `content` holds rules and texts, `digest` is the SHA-256 (hex) of its canonical
JSON, `based_on` the version that was in force when it was drafted."""
Index(
    "uq_policy_published",
    policy.c.state,
    unique=True,
    sqlite_where=policy.c.state == "published",
    postgresql_where=policy.c.state == "published",
)

# ------------------------------------------------------------------ margins
suppression_pattern = Table(
    "suppression_pattern",
    METADATA,
    Column("output_id", Text, ForeignKey("output.id"), primary_key=True),
    Column("signature", Text, primary_key=True, index=True),
    Column("rows", JSON, nullable=False),
    _moment("created_at"),
)
"""Which rows of an aggregation an output left out beside its unsafe cells; `rows` are hashes of keys as hex. The same
aggregation in another output leaves out the same."""

# ------------------------------------------------------------------ noise
privacy_spending = Table(
    "privacy_spending",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _reference("authorization_id", "authorization.id"),
    Column("dataset", Text, nullable=False),
    _reference("job_id", "job.id"),
    Column("epsilon", Text, nullable=False),
    Column("delta", Text, nullable=False),
    _moment("created_at"),
)
"""What a run with noise has cost a data set under an authorization: exact decimals as text. Rows are only added."""

# ------------------------------------------------------------------ templates
template = Table(
    "template",
    METADATA,
    _id(),
    Column("state", Text, nullable=False, index=True),
    _reference("authorization_id", "authorization.id"),
    _reference("operator_id", "organization.id"),
    Column("author", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", JSON, nullable=False),
    Column("appraisal", JSON, nullable=True),
    Column("digest", Text, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
    UniqueConstraint("authorization_id", "name", "version"),
)
"""One version of a template; `content` is its text with its parameters, `appraisal` what it was found to use when it
was submitted, `digest` the SHA-256 (hex) of all that an approval binds."""

template_vote = Table(
    "template_vote",
    METADATA,
    Column("template_id", Text, ForeignKey("template.id"), primary_key=True),
    Column("reviewer", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organization.id"), nullable=False),
    Column("choice", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("digest", Text, nullable=False),
    _moment("at"),
)

STATE_TABLES: dict[str, Table] = {
    t.name: t for t in (catalog_entry, application, authorization, job, output, policy, template)
}
"""Lifecycle name → the table whose `state` column it moves."""

OPERATIONAL = frozenset({job_lease.name})
"""Tables that carry no state of the field and may be written without a ledger entry."""

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of any table."""

SCHEMA = METADATA
"""Every table of the product, the ledger's included."""
