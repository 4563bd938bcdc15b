"""The tables of the first version, and the triggers that keep the ledger append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.store.migrations.append_only import functions, protection

revision = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _ledger_checkpoint()
    _ledger_entry()
    _ledger_node()
    _organization()
    _policy_version()
    _application()
    _catalog_entry()
    _person()
    _authorization()
    _consent()
    _role_membership()
    _dataset_version()
    _job()
    _job_lease()
    _output()
    _history_segment()
    _release()
    _vote()
    dialect = op.get_bind().dialect.name
    for statement in (*functions(dialect), *protection(dialect)):
        op.execute(statement)


def downgrade() -> None:
    raise ValueError("the first tables hold the ledger, which is not undone: restore a backup instead")


def _ledger_checkpoint() -> None:
    op.create_table(
        "ledger_checkpoint",
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_ledger_checkpoint")),
    )


def _ledger_entry() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("leaf_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_ledger_entry")),
    )
    op.create_index(op.f("ix_ledger_entry_actor"), "ledger_entry", ["actor"], unique=False)
    op.create_index(op.f("ix_ledger_entry_event"), "ledger_entry", ["event"], unique=False)
    op.create_index(op.f("ix_ledger_entry_subject"), "ledger_entry", ["subject"], unique=False)


def _ledger_node() -> None:
    op.create_table(
        "ledger_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_ledger_node")),
    )


def _organization() -> None:
    op.create_table(
        "organization",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("uscc", name=op.f("uq_organization_uscc")),
    )


def _policy_version() -> None:
    op.create_table(
        "policy_version",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
    )


def _application() -> None:
    op.create_table(
        "application",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["organization.id"], name=op.f("fk_application_operator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
    )
    op.create_index(op.f("ix_application_operator_id"), "application", ["operator_id"], unique=False)
    op.create_index(op.f("ix_application_state"), "application", ["state"], unique=False)


def _catalog_entry() -> None:
    op.create_table(
        "catalog_entry",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("operation_authorized", sa.Boolean(), nullable=False),
        sa.Column("current_version", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["provider_id"], ["organization.id"], name=op.f("fk_catalog_entry_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_entry")),
        sa.UniqueConstraint("code", name=op.f("uq_catalog_entry_code")),
        sa.UniqueConstraint("name", name=op.f("uq_catalog_entry_name")),
    )
    op.create_index(op.f("ix_catalog_entry_provider_id"), "catalog_entry", ["provider_id"], unique=False)
    op.create_index(op.f("ix_catalog_entry_state"), "catalog_entry", ["state"], unique=False)


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_person_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index(op.f("ix_person_organization_id"), "person", ["organization_id"], unique=False)


def _authorization() -> None:
    op.create_table(
        "authorization",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("term_months", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_until", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_authorization_application_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["organization.id"], name=op.f("fk_authorization_operator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorization")),
    )
    op.create_index(op.f("ix_authorization_application_id"), "authorization", ["application_id"], unique=False)
    op.create_index(op.f("ix_authorization_operator_id"), "authorization", ["operator_id"], unique=False)
    op.create_index(op.f("ix_authorization_state"), "authorization", ["state"], unique=False)


def _consent() -> None:
    op.create_table(
        "consent",
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_consent_application_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["organization.id"], name=op.f("fk_consent_provider_id")),
        sa.PrimaryKeyConstraint("application_id", "revision", "provider_id", name=op.f("pk_consent")),
    )


def _role_membership() -> None:
    op.create_table(
        "role_membership",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_role_membership_person_id")),
        sa.PrimaryKeyConstraint("person_id", "role", name=op.f("pk_role_membership")),
    )


def _dataset_version() -> None:
    op.create_table(
        "dataset_version",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("dataset", sa.JSON(), nullable=False),
        sa.Column("statistics", sa.JSON(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("mounted_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authorization_id"], ["authorization.id"], name=op.f("fk_dataset_version_authorization_id")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["catalog_entry.id"], name=op.f("fk_dataset_version_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_version")),
        sa.UniqueConstraint(
            "entry_id", "authorization_id", "version", name=op.f("uq_dataset_version_entry_id_authorization_id_version")
        ),
    )
    op.create_index(op.f("ix_dataset_version_authorization_id"), "dataset_version", ["authorization_id"], unique=False)
    op.create_index(op.f("ix_dataset_version_entry_id"), "dataset_version", ["entry_id"], unique=False)
    op.create_index(op.f("ix_dataset_version_version"), "dataset_version", ["version"], unique=False)


def _job() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sql", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("revises", sa.Text(), nullable=True),
        sa.Column("analysis", sa.JSON(), nullable=True),
        sa.Column("decision", sa.JSON(), nullable=True),
        sa.Column("policy_version", sa.Text(), nullable=True),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.Column("plan_hash", sa.Text(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.Text(), nullable=True),
        sa.Column("started_at", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["authorization_id"], ["authorization.id"], name=op.f("fk_job_authorization_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["organization.id"], name=op.f("fk_job_operator_id")),
        sa.ForeignKeyConstraint(["revises"], ["job.id"], name=op.f("fk_job_revises")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_authorization_id"), "job", ["authorization_id"], unique=False)
    op.create_index(op.f("ix_job_operator_id"), "job", ["operator_id"], unique=False)
    op.create_index(op.f("ix_job_plan_hash"), "job", ["plan_hash"], unique=False)
    op.create_index("ix_job_queue", "job", ["state", "priority", "submitted_at"], unique=False)
    op.create_index(op.f("ix_job_state"), "job", ["state"], unique=False)


def _job_lease() -> None:
    op.create_table(
        "job_lease",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_lease_job_id")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_lease")),
    )


def _output() -> None:
    op.create_table(
        "output",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("report_hash", sa.Text(), nullable=False),
        sa.Column("reviewers_needed", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["authorization_id"], ["authorization.id"], name=op.f("fk_output_authorization_id")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_output_job_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["organization.id"], name=op.f("fk_output_operator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_output")),
    )
    op.create_index(op.f("ix_output_authorization_id"), "output", ["authorization_id"], unique=False)
    op.create_index(op.f("ix_output_job_id"), "output", ["job_id"], unique=False)
    op.create_index(op.f("ix_output_operator_id"), "output", ["operator_id"], unique=False)
    op.create_index(op.f("ix_output_state"), "output", ["state"], unique=False)


def _history_segment() -> None:
    op.create_table(
        "history_segment",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("output_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("cells", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["output_id"], ["output.id"], name=op.f("fk_history_segment_output_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history_segment")),
        sa.UniqueConstraint("output_id", name=op.f("uq_history_segment_output_id")),
    )
    op.create_index(op.f("ix_history_segment_status"), "history_segment", ["status"], unique=False)


def _release() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("output_id", sa.Text(), nullable=False),
        sa.Column("authorization_id", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("bundle_sha256", sa.Text(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["authorization_id"], ["authorization.id"], name=op.f("fk_release_authorization_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["organization.id"], name=op.f("fk_release_operator_id")),
        sa.ForeignKeyConstraint(["output_id"], ["output.id"], name=op.f("fk_release_output_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("output_id", name=op.f("uq_release_output_id")),
    )
    op.create_index(op.f("ix_release_authorization_id"), "release", ["authorization_id"], unique=False)
    op.create_index(op.f("ix_release_operator_id"), "release", ["operator_id"], unique=False)


def _vote() -> None:
    op.create_table(
        "vote",
        sa.Column("output_id", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("report_hash", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_vote_organization_id")),
        sa.ForeignKeyConstraint(["output_id"], ["output.id"], name=op.f("fk_vote_output_id")),
        sa.PrimaryKeyConstraint("output_id", "reviewer", name=op.f("pk_vote")),
    )
