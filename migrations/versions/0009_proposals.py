"""Proposals that sell, signatures that hold up: the catalog, options, schedules, papers, seals, what a signature begins."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PLATFORM = ["document_hashes", "signing_keys"]
TENANT = [
    "coupon_services",
    "coupons",
    "deliverables",
    "papers",
    "proposal_milestones",
    "proposal_payments",
    "sealed_heads",
    "service_folders",
    "service_tags",
    "special_prices",
    "subscriptions",
    "tags",
    "tasks",
    "terms",
]
APPEND_ONLY = ["document_hashes", "papers", "sealed_heads", "signing_keys", "terms"]
"""What the application's role may only read and add to, so that no bug of ours can rewrite it."""

CHECKS = (
    ("invoices", "waits_known", "waits_for IN ('', 'date', 'milestone', 'completion')"),
    ("proposals", "kind_known", "kind IN ('offer', 'scope')"),
    ("proposal_items", "setup", "setup_minor >= 0 AND trial_days >= 0"),
    (
        "proposal_items",
        "shares",
        "discount_percent BETWEEN 0 AND 100 AND discount_minor >= 0 AND tax_percent BETWEEN 0 AND 100",
    ),
    ("proposal_items", "period_known", "period IN ('', 'week', 'month', 'quarter', 'year')"),
    ("proposal_signers", "side_known", "side IN ('client', 'staff')"),
    ("services", "setup", "setup_minor >= 0 AND trial_days >= 0"),
    ("services", "tax", "tax_percent BETWEEN 0 AND 100"),
    ("services", "period_known", "period IN ('', 'week', 'month', 'quarter', 'year')"),
)

REPLACED = (("links", "purpose_known", "purpose IN ('enter', 'code', 'export', 'paper', 'reply', 'session', 'sign')"),)
"""Rules of old tables that take something more from now on."""

POLICY = "organization_id = nullif(current_setting('app.organization', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "document_hashes",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("kind IN ('offer', 'signed')", name=op.f("ck_document_hashes_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_hashes")),
    )
    op.create_index("uq_document_hashes_sha256", "document_hashes", ["sha256"], unique=True)
    op.create_table(
        "signing_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
    )
    op.create_index("uq_signing_keys_key_id", "signing_keys", ["key_id"], unique=True)
    op.create_table(
        "coupons",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("minimum_minor", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("client_limit", sa.Integer(), nullable=True),
        sa.Column("new_only", sa.Boolean(), nullable=False),
        sa.Column("duration", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("duration IN ('first', 'forever')", name=op.f("ck_coupons_duration_known")),
        sa.CheckConstraint("kind IN ('percent', 'amount')", name=op.f("ck_coupons_kind_known")),
        sa.CheckConstraint(
            "percent BETWEEN 0 AND 100 AND amount_minor >= 0 AND minimum_minor >= 0", name=op.f("ck_coupons_amounts")
        ),
        sa.CheckConstraint("usage_limit > 0 AND client_limit > 0", name=op.f("ck_coupons_limits")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_coupons_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_coupons_organization_id_id")),
    )
    op.create_index(
        "uq_coupons_code",
        "coupons",
        ["organization_id", sa.literal_column("lower(code)")],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "sealed_heads",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_sealed_heads_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_heads")),
        sa.UniqueConstraint("organization_id", "day", name=op.f("uq_sealed_heads_organization_id_day")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_sealed_heads_organization_id_id")),
    )
    op.create_table(
        "service_folders",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_service_folders_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_folders")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_service_folders_organization_id_id")),
    )
    op.create_index(
        "uq_service_folders_name", "service_folders", ["organization_id", sa.literal_column("lower(name)")], unique=True
    )
    op.create_table(
        "tags",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_tags_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_tags_organization_id_id")),
    )
    op.create_index("uq_tags_name", "tags", ["organization_id", sa.literal_column("lower(name)")], unique=True)
    op.create_table(
        "terms",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_terms_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_terms_organization_id_id")),
        sa.UniqueConstraint("organization_id", "name", "version", name=op.f("uq_terms_organization_id_name_version")),
    )
    op.create_table(
        "coupon_services",
        sa.Column("coupon_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "coupon_id"],
            ["coupons.organization_id", "coupons.id"],
            name=op.f("fk_coupon_services_organization_id_coupon_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["services.organization_id", "services.id"],
            name=op.f("fk_coupon_services_organization_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_coupon_services_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_services")),
        sa.UniqueConstraint(
            "organization_id",
            "coupon_id",
            "service_id",
            name=op.f("uq_coupon_services_organization_id_coupon_id_service_id"),
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_coupon_services_organization_id_id")),
    )
    op.create_table(
        "service_tags",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["services.organization_id", "services.id"],
            name=op.f("fk_service_tags_organization_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "tag_id"],
            ["tags.organization_id", "tags.id"],
            name=op.f("fk_service_tags_organization_id_tag_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_service_tags_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_tags")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_service_tags_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "service_id", "tag_id", name=op.f("uq_service_tags_organization_id_service_id_tag_id")
        ),
    )
    op.create_table(
        "special_prices",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(company_id, client_id) > 0", name=op.f("ck_special_prices_whose")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_special_prices_price")),
        sa.ForeignKeyConstraint(
            ["organization_id", "client_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_special_prices_organization_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "company_id"],
            ["companies.organization_id", "companies.id"],
            name=op.f("fk_special_prices_organization_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["services.organization_id", "services.id"],
            name=op.f("fk_special_prices_organization_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_special_prices_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_prices")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_special_prices_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "service_id",
            "company_id",
            "client_id",
            name=op.f("uq_special_prices_organization_id_service_id_company_id_client_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "proposal_milestones",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("item_position", sa.Integer(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "proposal_id"],
            ["proposals.organization_id", "proposals.id"],
            name=op.f("fk_proposal_milestones_organization_id_proposal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_proposal_milestones_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_milestones")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_proposal_milestones_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "proposal_id",
            "position",
            name=op.f("uq_proposal_milestones_organization_id_proposal_id_position"),
        ),
    )
    op.create_table(
        "proposal_payments",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("share", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("milestone", sa.Integer(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("(due = 'date') = (due_on IS NOT NULL)", name=op.f("ck_proposal_payments_due_date")),
        sa.CheckConstraint(
            "(due = 'milestone') = (milestone IS NOT NULL)", name=op.f("ck_proposal_payments_due_milestone")
        ),
        sa.CheckConstraint(
            "due IN ('signing', 'date', 'milestone', 'completion')", name=op.f("ck_proposal_payments_due_known")
        ),
        sa.CheckConstraint("share IN ('percent', 'amount', 'rest')", name=op.f("ck_proposal_payments_share_known")),
        sa.CheckConstraint(
            "percent BETWEEN 0 AND 100 AND amount_minor >= 0", name=op.f("ck_proposal_payments_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "proposal_id"],
            ["proposals.organization_id", "proposals.id"],
            name=op.f("fk_proposal_payments_organization_id_proposal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_proposal_payments_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_payments")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_proposal_payments_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "proposal_id",
            "position",
            name=op.f("uq_proposal_payments_organization_id_proposal_id_position"),
        ),
    )
    op.create_table(
        "papers",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("pdf_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("renderer", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("kind IN ('offer', 'signed')", name=op.f("ck_papers_kind_known")),
        sa.ForeignKeyConstraint(
            ["organization_id", "version_id"],
            ["proposal_versions.organization_id", "proposal_versions.id"],
            name=op.f("fk_papers_organization_id_version_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_papers_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_papers")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_papers_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "version_id", "kind", name=op.f("uq_papers_organization_id_version_id_kind")
        ),
    )
    op.create_table(
        "subscriptions",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("first_amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_percent", sa.Numeric(precision=6, scale=3), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("first_tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("periods_billed", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "period IN ('week', 'month', 'quarter', 'year')", name=op.f("ck_subscriptions_period_known")
        ),
        sa.CheckConstraint("status IN ('active', 'paused', 'ended')", name=op.f("ck_subscriptions_status_known")),
        sa.CheckConstraint(
            "quantity > 0 AND amount_minor >= 0 AND tax_minor >= 0", name=op.f("ck_subscriptions_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "client_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_subscriptions_organization_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "company_id"],
            ["companies.organization_id", "companies.id"],
            name=op.f("fk_subscriptions_organization_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_subscriptions_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_line_id"],
            ["order_lines.organization_id", "order_lines.id"],
            name=op.f("fk_subscriptions_organization_id_order_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["services.organization_id", "services.id"],
            name=op.f("fk_subscriptions_organization_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_subscriptions_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_subscriptions_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_subscriptions_organization_id_number")),
        sa.UniqueConstraint(
            "organization_id", "order_line_id", name=op.f("uq_subscriptions_organization_id_order_line_id")
        ),
    )
    op.create_index(
        "ix_subscriptions_engagement", "subscriptions", ["organization_id", "engagement_id", "status"], unique=False
    )
    op.create_table(
        "deliverables",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("milestone", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'in_progress', 'blocked', 'submitted', 'changes_requested', 'completed')",
            name=op.f("ck_deliverables_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_deliverables_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "project_id"],
            ["projects.organization_id", "projects.id"],
            name=op.f("fk_deliverables_organization_id_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_deliverables_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliverables")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_deliverables_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_deliverables_organization_id_number")),
    )
    op.create_index(
        "ix_deliverables_engagement", "deliverables", ["organization_id", "engagement_id", "status"], unique=False
    )
    op.create_index(
        "ix_deliverables_project", "deliverables", ["organization_id", "project_id", "position"], unique=False
    )
    op.create_table(
        "tasks",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "phase IN ('kickoff', 'setup', 'build', 'testing', 'deployment', 'handoff')",
            name=op.f("ck_tasks_phase_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "assignee_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_tasks_organization_id_assignee_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "done_by_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_tasks_organization_id_done_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_tasks_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "project_id"],
            ["projects.organization_id", "projects.id"],
            name=op.f("fk_tasks_organization_id_project_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_tasks_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_tasks_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_tasks_organization_id_number")),
        sa.UniqueConstraint(
            "organization_id",
            "project_id",
            "phase",
            "position",
            name=op.f("uq_tasks_organization_id_project_id_phase_position"),
        ),
    )
    op.add_column("invoices", sa.Column("part", sa.Integer(), nullable=True))
    op.add_column("invoices", sa.Column("waits_for", sa.Text(), nullable=False, server_default=""))
    op.alter_column("invoices", "waits_for", server_default=None)
    op.add_column("invoices", sa.Column("planned_on", sa.Date(), nullable=True))
    op.add_column("invoices", sa.Column("deliverable_id", sa.Uuid(), nullable=True))
    op.add_column("invoices", sa.Column("subscription_id", sa.Uuid(), nullable=True))
    op.add_column("invoices", sa.Column("period_start", sa.Date(), nullable=True))
    op.create_unique_constraint(
        op.f("uq_invoices_organization_id_order_id_part"), "invoices", ["organization_id", "order_id", "part"]
    )
    op.create_unique_constraint(
        op.f("uq_invoices_organization_id_subscription_id_period_start"),
        "invoices",
        ["organization_id", "subscription_id", "period_start"],
    )
    op.create_foreign_key(
        op.f("fk_invoices_organization_id_deliverable_id"),
        "invoices",
        "deliverables",
        ["organization_id", "deliverable_id"],
        ["organization_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_invoices_organization_id_subscription_id"),
        "invoices",
        "subscriptions",
        ["organization_id", "subscription_id"],
        ["organization_id", "id"],
    )
    op.add_column("links", sa.Column("paper_id", sa.Uuid(), nullable=True))
    op.add_column("links", sa.Column("version_id", sa.Uuid(), nullable=True))
    op.add_column("links", sa.Column("origin_id", sa.Uuid(), nullable=True))
    op.add_column("links", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("order_lines", sa.Column("discount_minor", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("order_lines", "discount_minor", server_default=None)
    op.add_column(
        "order_lines", sa.Column("tax_percent", sa.Numeric(precision=6, scale=3), nullable=False, server_default="0")
    )
    op.alter_column("order_lines", "tax_percent", server_default=None)
    op.add_column("order_lines", sa.Column("tax_minor", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("order_lines", "tax_minor", server_default=None)
    op.add_column("order_lines", sa.Column("period", sa.Text(), nullable=False, server_default=""))
    op.alter_column("order_lines", "period", server_default=None)
    op.add_column(
        "projects",
        sa.Column("phase_names", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}"),
    )
    op.alter_column("projects", "phase_names", server_default=None)
    op.add_column("proposal_items", sa.Column("optional", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("proposal_items", "optional", server_default=None)
    op.add_column(
        "proposal_items",
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), nullable=False, server_default="0"),
    )
    op.alter_column("proposal_items", "discount_percent", server_default=None)
    op.add_column("proposal_items", sa.Column("discount_minor", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("proposal_items", "discount_minor", server_default=None)
    op.add_column(
        "proposal_items", sa.Column("tax_percent", sa.Numeric(precision=6, scale=3), nullable=False, server_default="0")
    )
    op.alter_column("proposal_items", "tax_percent", server_default=None)
    op.add_column("proposal_items", sa.Column("period", sa.Text(), nullable=False, server_default=""))
    op.alter_column("proposal_items", "period", server_default=None)
    op.add_column("proposal_items", sa.Column("trial_days", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("proposal_items", "trial_days", server_default=None)
    op.add_column("proposal_items", sa.Column("setup_minor", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("proposal_items", "setup_minor", server_default=None)
    op.add_column(
        "proposal_items",
        sa.Column("template", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}"),
    )
    op.alter_column("proposal_items", "template", server_default=None)
    op.add_column("proposal_signers", sa.Column("side", sa.Text(), nullable=False, server_default="client"))
    op.alter_column("proposal_signers", "side", server_default=None)
    op.add_column("proposals", sa.Column("asked_by_id", sa.Uuid(), nullable=True))
    op.add_column("proposals", sa.Column("asked_words", sa.Text(), nullable=False, server_default=""))
    op.alter_column("proposals", "asked_words", server_default=None)
    op.add_column("proposals", sa.Column("from_message_id", sa.Uuid(), nullable=True))
    op.add_column("proposals", sa.Column("terms_id", sa.Uuid(), nullable=True))
    op.add_column("proposals", sa.Column("coupon_id", sa.Uuid(), nullable=True))
    op.add_column("proposals", sa.Column("kind", sa.Text(), nullable=False, server_default="offer"))
    op.alter_column("proposals", "kind", server_default=None)
    op.add_column("proposals", sa.Column("in_order", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("proposals", "in_order", server_default=None)
    op.add_column("proposals", sa.Column("revising", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("proposals", "revising", server_default=None)
    op.add_column("proposals", sa.Column("revision", sa.Text(), nullable=False, server_default=""))
    op.alter_column("proposals", "revision", server_default=None)
    op.create_foreign_key(
        op.f("fk_proposals_organization_id_asked_by_id"),
        "proposals",
        "users",
        ["organization_id", "asked_by_id"],
        ["organization_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_proposals_organization_id_from_message_id"),
        "proposals",
        "conversation_messages",
        ["organization_id", "from_message_id"],
        ["organization_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_proposals_organization_id_terms_id"),
        "proposals",
        "terms",
        ["organization_id", "terms_id"],
        ["organization_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_proposals_organization_id_coupon_id"),
        "proposals",
        "coupons",
        ["organization_id", "coupon_id"],
        ["organization_id", "id"],
    )
    op.add_column("services", sa.Column("folder_id", sa.Uuid(), nullable=True))
    op.add_column("services", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.add_column("services", sa.Column("period", sa.Text(), nullable=False, server_default=""))
    op.alter_column("services", "period", server_default=None)
    op.add_column("services", sa.Column("trial_days", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("services", "trial_days", server_default=None)
    op.add_column("services", sa.Column("setup_minor", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("services", "setup_minor", server_default=None)
    op.add_column(
        "services", sa.Column("tax_percent", sa.Numeric(precision=6, scale=3), nullable=False, server_default="0")
    )
    op.alter_column("services", "tax_percent", server_default=None)
    op.add_column(
        "services", sa.Column("phases", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}")
    )
    op.alter_column("services", "phases", server_default=None)
    op.add_column(
        "services", sa.Column("checklist", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.alter_column("services", "checklist", server_default=None)
    op.add_column(
        "services",
        sa.Column("deliverables", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]"),
    )
    op.alter_column("services", "deliverables", server_default=None)
    op.create_foreign_key(
        op.f("fk_services_organization_id_folder_id"),
        "services",
        "service_folders",
        ["organization_id", "folder_id"],
        ["organization_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_services_organization_id_owner_id"),
        "services",
        "users",
        ["organization_id", "owner_id"],
        ["organization_id", "id"],
    )
    op.add_column(
        "signatures", sa.Column("pdf_sha256", sa.LargeBinary(), nullable=False, server_default=sa.text("''::bytea"))
    )
    op.alter_column("signatures", "pdf_sha256", server_default=None)
    op.add_column(
        "signatures", sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.alter_column("signatures", "options", server_default=None)
    op.add_column("signatures", sa.Column("key_id", sa.Text(), nullable=False, server_default=""))
    op.alter_column("signatures", "key_id", server_default=None)
    op.add_column(
        "signatures", sa.Column("seal", sa.LargeBinary(), nullable=False, server_default=sa.text("''::bytea"))
    )
    op.alter_column("signatures", "seal", server_default=None)
    op.add_column(
        "signatures", sa.Column("request_body", sa.LargeBinary(), nullable=False, server_default=sa.text("''::bytea"))
    )
    op.alter_column("signatures", "request_body", server_default=None)
    op.add_column("signatures", sa.Column("request_headers", sa.Text(), nullable=False, server_default=""))
    op.alter_column("signatures", "request_headers", server_default=None)
    for table, name, rule in REPLACED:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)
    for table, name, rule in CHECKS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)
    for table in TENANT:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({POLICY}) WITH CHECK ({POLICY})")
    for table in PLATFORM + TENANT:
        rights = "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
        op.execute(f"GRANT {rights} ON {table} TO throughline_app")
    # The client's card is about a version from now on, so that each version has one of its own.
    op.execute(
        "UPDATE posts SET subject_id = newest.id FROM (SELECT DISTINCT ON (proposal_id) id, proposal_id"
        " FROM proposal_versions ORDER BY proposal_id, number DESC) newest"
        " WHERE posts.purpose = 'proposal.card' AND posts.subject_id = newest.proposal_id"
    )
    # How a session began is evidence from now on, and of those that stand nobody knows it any more: they enter again.
    op.execute("UPDATE links SET revoked_at = now() WHERE purpose = 'session' AND revoked_at IS NULL")
