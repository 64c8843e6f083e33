"""First light: the tables of the whole story, row level security, and the application's role."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PLATFORM = ["deliveries", "installations", "jobs", "lanes", "links", "organizations"]
TENANT = [
    "chain_heads",
    "channel_members",
    "companies",
    "contracts",
    "conversation_messages",
    "conversations",
    "engagement_people",
    "engagements",
    "events",
    "identities",
    "invoice_counters",
    "invoice_lines",
    "invoices",
    "message_files",
    "message_reactions",
    "message_revisions",
    "order_lines",
    "orders",
    "payments",
    "posts",
    "project_moves",
    "projects",
    "proposal_answers",
    "proposal_items",
    "proposal_signers",
    "proposal_versions",
    "proposals",
    "roles",
    "services",
    "signatures",
    "users",
]
APPEND_ONLY = ["events", "signatures", "proposal_versions", "payments"]
"""What the application's role may only read and add to, so that no bug of ours can rewrite it."""

POLICY = "organization_id = nullif(current_setting('app.organization', true), '')::uuid"


def upgrade() -> None:
    op.execute(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'throughline_app') THEN"
        " CREATE ROLE throughline_app NOLOGIN; END IF; END $$"
    )
    op.execute("GRANT USAGE ON SCHEMA public TO throughline_app")
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('new', 'applied', 'aside')", name=op.f("ck_deliveries_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("source", "team", "external_id", name=op.f("uq_deliveries_source_team_external_id")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_vacuum_threshold": "1000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_index(
        "ix_deliveries_applied",
        "deliveries",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("state = 'applied'"),
    )
    op.create_index(
        "ix_deliveries_aside", "deliveries", ["next_try_at"], unique=False, postgresql_where=sa.text("state = 'aside'")
    )
    op.create_index("ix_deliveries_new", "deliveries", ["id"], unique=False, postgresql_where=sa.text("state = 'new'"))
    op.create_index(
        "ix_deliveries_new_lane",
        "deliveries",
        ["source", "team", "lane", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_table(
        "installations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("team_name", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("bot_id", sa.Text(), nullable=False),
        sa.Column("bot_user_id", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installations")),
        sa.UniqueConstraint("team_id", name=op.f("uq_installations_team_id")),
    )
    op.create_index("ix_installations_organization_id", "installations", ["organization_id"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("dedupe", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fresh", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lost", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_vacuum_threshold": "1000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_index("ix_jobs_dead", "jobs", ["dead_at"], unique=False, postgresql_where=sa.text("dead_at IS NOT NULL"))
    op.create_index("ix_jobs_fresh", "jobs", ["id"], unique=False, postgresql_where=sa.text("fresh"))
    op.create_index("ix_jobs_lane", "jobs", ["lane", "id"], unique=False, postgresql_where=sa.text("dead_at IS NULL"))
    op.create_index(
        "uq_jobs_dedupe",
        "jobs",
        ["organization_id", "kind", "dedupe"],
        unique=True,
        postgresql_where=sa.text("dedupe IS NOT NULL AND attempts = 0 AND dead_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "lanes",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_lanes")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_vacuum_threshold": "1000",
            "autovacuum_vacuum_cost_delay": "0",
            "fillfactor": "50",
        },
    )
    op.create_table(
        "links",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("engagement_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("asked_for", sa.LargeBinary(), nullable=True),
        sa.Column("asked_from", sa.LargeBinary(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("purpose = 'code' OR user_id IS NOT NULL", name=op.f("ck_links_somebodys")),
        sa.CheckConstraint("purpose IN ('enter', 'code', 'session')", name=op.f("ck_links_purpose_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
    )
    op.create_index(
        "ix_links_asked_for",
        "links",
        ["asked_for", "created_at"],
        unique=False,
        postgresql_where=sa.text("purpose = 'code'"),
    )
    op.create_index(
        "ix_links_asked_from",
        "links",
        ["asked_from", "created_at"],
        unique=False,
        postgresql_where=sa.text("purpose = 'code'"),
    )
    op.create_index("ix_links_expires_at", "links", ["expires_at"], unique=False)
    op.create_index("ix_links_user", "links", ["organization_id", "user_id", "purpose"], unique=False)
    op.create_index("uq_links_token_hash", "links", ["token_hash"], unique=True)
    op.create_table(
        "organizations",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
    )
    op.create_table(
        "chain_heads",
        sa.Column("chain", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_chain_heads_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_heads")),
        sa.UniqueConstraint("organization_id", "chain", name=op.f("uq_chain_heads_organization_id_chain")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_chain_heads_organization_id_id")),
    )
    op.create_table(
        "channel_members",
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("slack_user_id", sa.Text(), nullable=False),
        sa.Column("slack_team_id", sa.Text(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("changed_ts", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_channel_members_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_members")),
        sa.UniqueConstraint(
            "organization_id",
            "channel_id",
            "slack_user_id",
            name=op.f("uq_channel_members_organization_id_channel_id_slack_user_id"),
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_channel_members_organization_id_id")),
    )
    op.create_table(
        "companies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("stripe_customer_id", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_companies_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_companies_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_companies_organization_id_number")),
    )
    op.create_index(
        "uq_companies_name",
        "companies",
        ["organization_id", sa.literal_column("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "events",
        sa.Column("chain", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_events_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("organization_id", "chain", "seq", name=op.f("uq_events_organization_id_chain_seq")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_events_organization_id_id")),
    )
    op.create_index("ix_events_subject", "events", ["organization_id", "subject_id", "kind"], unique=False)
    op.create_table(
        "invoice_counters",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_invoice_counters_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_counters")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_invoice_counters_organization_id_id")),
        sa.UniqueConstraint("organization_id", "series", name=op.f("uq_invoice_counters_organization_id_series")),
    )
    op.create_table(
        "message_reactions",
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("author_ref", sa.Text(), nullable=False),
        sa.Column("emoji", sa.Text(), nullable=False),
        sa.Column("changed_ts", sa.Text(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_message_reactions_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_reactions")),
        sa.UniqueConstraint(
            "organization_id",
            "channel_id",
            "ts",
            "author_ref",
            "emoji",
            name=op.f("uq_message_reactions_organization_id_channel_id_ts_author_ref_emoji"),
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_message_reactions_organization_id_id")),
    )
    op.create_table(
        "roles",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("permissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("side IN ('staff', 'client')", name=op.f("ck_roles_side_known")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_roles_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_roles_organization_id_id")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_roles_organization_id_name")),
    )
    op.create_table(
        "services",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("kind IN ('work', 'fee')", name=op.f("ck_services_kind_known")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_services_price")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_services_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_services_organization_id_id")),
    )
    op.create_index(
        "uq_services_name",
        "services",
        ["organization_id", sa.literal_column("lower(name)")],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "users",
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("side IN ('staff', 'client')", name=op.f("ck_users_side_known")),
        sa.ForeignKeyConstraint(
            ["organization_id", "company_id"],
            ["companies.organization_id", "companies.id"],
            name=op.f("fk_users_organization_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "role_id"],
            ["roles.organization_id", "roles.id"],
            name=op.f("fk_users_organization_id_role_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_users_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_users_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_users_organization_id_number")),
    )
    op.create_index(
        "uq_users_email",
        "users",
        ["organization_id", sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("email <> '' AND deleted_at IS NULL"),
    )
    op.create_table(
        "engagements",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("approver_id", sa.Uuid(), nullable=True),
        sa.Column("billing_id", sa.Uuid(), nullable=True),
        sa.Column("show_amounts", sa.Boolean(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=True),
        sa.Column("channel_name", sa.Text(), nullable=False),
        sa.Column("channel_gone", sa.Text(), nullable=False),
        sa.Column("staff_channel_id", sa.Text(), nullable=True),
        sa.Column("staff_channel_name", sa.Text(), nullable=False),
        sa.Column("staff_channel_gone", sa.Text(), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bookmark_id", sa.Text(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("invite_id", sa.Text(), nullable=True),
        sa.Column("invite_url", sa.Text(), nullable=False),
        sa.Column("invite_email", sa.Text(), nullable=False),
        sa.Column("invite_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("exposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("channel_gone IN ('', 'archived', 'left')", name=op.f("ck_engagements_channel_gone_known")),
        sa.CheckConstraint(
            "connection IN ('none', 'invited', 'accepted', 'declined', 'connected', 'disconnected', 'mail')",
            name=op.f("ck_engagements_connection_known"),
        ),
        sa.CheckConstraint(
            "staff_channel_gone IN ('', 'archived', 'left')", name=op.f("ck_engagements_staff_channel_gone_known")
        ),
        sa.CheckConstraint(
            "stage IN ('draft', 'active', 'processing', 'confirmed', 'fulfilled', 'complete', 'cancelled')",
            name=op.f("ck_engagements_stage_known"),
        ),
        sa.CheckConstraint("status IN ('active', 'paused', 'closed')", name=op.f("ck_engagements_status_known")),
        sa.CheckConstraint("channel_id <> staff_channel_id", name=op.f("ck_engagements_two_channels")),
        sa.ForeignKeyConstraint(
            ["organization_id", "approver_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_engagements_organization_id_approver_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "billing_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_engagements_organization_id_billing_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "company_id"],
            ["companies.organization_id", "companies.id"],
            name=op.f("fk_engagements_organization_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "contact_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_engagements_organization_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "owner_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_engagements_organization_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_engagements_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engagements")),
        sa.UniqueConstraint("organization_id", "channel_id", name=op.f("uq_engagements_organization_id_channel_id")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_engagements_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "staff_channel_id", name=op.f("uq_engagements_organization_id_staff_channel_id")
        ),
    )
    op.create_index("ix_engagements_company_id", "engagements", ["organization_id", "company_id"], unique=False)
    op.create_table(
        "identities",
        sa.Column("slack_user_id", sa.Text(), nullable=False),
        sa.Column("slack_team_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("kind IN ('member', 'guest', 'external', 'bot')", name=op.f("ck_identities_kind_known")),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_identities_organization_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_identities_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_identities_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "slack_user_id", name=op.f("uq_identities_organization_id_slack_user_id")
        ),
    )
    op.create_index("ix_identities_user_id", "identities", ["organization_id", "user_id"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=True),
        sa.Column("thread_ts", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("opened_by_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'waiting_us', 'waiting_client', 'resolved')", name=op.f("ck_conversations_status_known")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_conversations_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "opened_by_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_conversations_organization_id_opened_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "owner_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_conversations_organization_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_conversations_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_conversations_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_conversations_organization_id_number")),
    )
    op.create_index(
        "ix_conversations_engagement", "conversations", ["organization_id", "engagement_id", "status"], unique=False
    )
    op.create_index(
        "uq_conversations_thread", "conversations", ["organization_id", "channel_id", "thread_ts"], unique=True
    )
    op.create_table(
        "engagement_people",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_engagement_people_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_engagement_people_organization_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_engagement_people_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engagement_people")),
        sa.UniqueConstraint(
            "organization_id",
            "engagement_id",
            "user_id",
            name=op.f("uq_engagement_people_organization_id_engagement_id_user_id"),
        ),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_engagement_people_organization_id_id")),
    )
    op.create_index("ix_engagement_people_user_id", "engagement_people", ["organization_id", "user_id"], unique=False)
    op.create_table(
        "posts",
        sa.Column("engagement_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'attempted', 'unknown', 'sent', 'gone')", name=op.f("ck_posts_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_posts_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_posts_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_posts_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "subject_id",
            "place",
            "purpose",
            name=op.f("uq_posts_organization_id_subject_id_place_purpose"),
        ),
    )
    op.create_index("ix_posts_reference", "posts", ["organization_id", "place", "reference"], unique=False)
    op.create_table(
        "proposals",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("copied_from_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=False),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'sent', 'viewed', 'signed', 'declined', 'expired', 'withdrawn')",
            name=op.f("ck_proposals_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "author_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_proposals_organization_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "copied_from_id"],
            ["proposals.organization_id", "proposals.id"],
            name=op.f("fk_proposals_organization_id_copied_from_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "ended_by_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_proposals_organization_id_ended_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_proposals_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_proposals_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_proposals_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_proposals_organization_id_number")),
    )
    op.create_index(
        "ix_proposals_engagement", "proposals", ["organization_id", "engagement_id", "status"], unique=False
    )
    op.create_table(
        "contracts",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("status IN ('active', 'ended')", name=op.f("ck_contracts_status_known")),
        sa.ForeignKeyConstraint(
            ["organization_id", "company_id"],
            ["companies.organization_id", "companies.id"],
            name=op.f("fk_contracts_organization_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_contracts_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "proposal_id"],
            ["proposals.organization_id", "proposals.id"],
            name=op.f("fk_contracts_organization_id_proposal_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_contracts_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_contracts_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_contracts_organization_id_number")),
        sa.UniqueConstraint("organization_id", "proposal_id", name=op.f("uq_contracts_organization_id_proposal_id")),
    )
    op.create_index("ix_contracts_company_id", "contracts", ["organization_id", "company_id"], unique=False)
    op.create_table(
        "conversation_messages",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("staff_only", sa.Boolean(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_ref", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("thread_ts", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("blocks", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_ts", sa.Text(), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "side IN ('staff', 'client', 'stranger', 'bot', 'system')", name=op.f("ck_conversation_messages_side_known")
        ),
        sa.CheckConstraint(
            "source IN ('slack', 'portal', 'mail', 'api', 'import')", name=op.f("ck_conversation_messages_source_known")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "author_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_conversation_messages_organization_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_conversation_messages_organization_id_conversation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_conversation_messages_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_conversation_messages_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_messages")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_conversation_messages_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "source",
            "source_ref",
            name=op.f("uq_conversation_messages_organization_id_source_source_ref"),
        ),
    )
    op.create_index(
        "ix_conversation_messages_conversation",
        "conversation_messages",
        ["organization_id", "conversation_id", "sent_at"],
        unique=False,
    )
    op.create_index(
        "ix_conversation_messages_engagement",
        "conversation_messages",
        ["organization_id", "engagement_id", "sent_at"],
        unique=False,
    )
    op.create_table(
        "orders",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "client_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_orders_organization_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "company_id"],
            ["companies.organization_id", "companies.id"],
            name=op.f("fk_orders_organization_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_orders_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "proposal_id"],
            ["proposals.organization_id", "proposals.id"],
            name=op.f("fk_orders_organization_id_proposal_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_orders_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_orders_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_orders_organization_id_number")),
        sa.UniqueConstraint("organization_id", "proposal_id", name=op.f("uq_orders_organization_id_proposal_id")),
    )
    op.create_index("ix_orders_engagement", "orders", ["organization_id", "engagement_id"], unique=False)
    op.create_table(
        "proposal_answers",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("kind IN ('changes', 'date')", name=op.f("ck_proposal_answers_kind_known")),
        sa.ForeignKeyConstraint(
            ["organization_id", "proposal_id"],
            ["proposals.organization_id", "proposals.id"],
            name=op.f("fk_proposal_answers_organization_id_proposal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_proposal_answers_organization_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_proposal_answers_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_answers")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_proposal_answers_organization_id_id")),
    )
    op.create_index(
        "ix_proposal_answers_proposal", "proposal_answers", ["organization_id", "proposal_id"], unique=False
    )
    op.create_table(
        "proposal_items",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("kind IN ('work', 'fee')", name=op.f("ck_proposal_items_kind_known")),
        sa.CheckConstraint("quantity > 0 AND unit_minor >= 0", name=op.f("ck_proposal_items_amounts")),
        sa.ForeignKeyConstraint(
            ["organization_id", "proposal_id"],
            ["proposals.organization_id", "proposals.id"],
            name=op.f("fk_proposal_items_organization_id_proposal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["services.organization_id", "services.id"],
            name=op.f("fk_proposal_items_organization_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_proposal_items_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_items")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_proposal_items_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "proposal_id",
            "position",
            name=op.f("uq_proposal_items_organization_id_proposal_id_position"),
        ),
    )
    op.create_table(
        "proposal_signers",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "proposal_id"],
            ["proposals.organization_id", "proposals.id"],
            name=op.f("fk_proposal_signers_organization_id_proposal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_proposal_signers_organization_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_proposal_signers_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_signers")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_proposal_signers_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "proposal_id",
            "position",
            name=op.f("uq_proposal_signers_organization_id_proposal_id_position"),
        ),
        sa.UniqueConstraint(
            "organization_id",
            "proposal_id",
            "user_id",
            name=op.f("uq_proposal_signers_organization_id_proposal_id_user_id"),
        ),
    )
    op.create_table(
        "proposal_versions",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "author_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_proposal_versions_organization_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "proposal_id"],
            ["proposals.organization_id", "proposals.id"],
            name=op.f("fk_proposal_versions_organization_id_proposal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_proposal_versions_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_versions")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_proposal_versions_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "proposal_id",
            "number",
            name=op.f("uq_proposal_versions_organization_id_proposal_id_number"),
        ),
    )
    op.create_table(
        "invoices",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("processor_ref", sa.Text(), nullable=True),
        sa.Column("hosted_url", sa.Text(), nullable=False),
        sa.Column("pdf_url", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("viewed_by_id", sa.Uuid(), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_ref", sa.Text(), nullable=False),
        sa.Column("void_reason", sa.Text(), nullable=False),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("serial IS NOT NULL OR status IN ('draft', 'void')", name=op.f("ck_invoices_numbered")),
        sa.CheckConstraint(
            "status IN ('draft', 'sending', 'stuck', 'open', 'uncollectible', 'paid', 'void')",
            name=op.f("ck_invoices_status_known"),
        ),
        sa.CheckConstraint("total_minor >= 0 AND paid_minor >= 0", name=op.f("ck_invoices_amounts")),
        sa.ForeignKeyConstraint(
            ["organization_id", "client_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_invoices_organization_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "company_id"],
            ["companies.organization_id", "companies.id"],
            name=op.f("fk_invoices_organization_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_invoices_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_invoices_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "viewed_by_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_invoices_organization_id_viewed_by_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_invoices_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_invoices_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_invoices_organization_id_number")),
        sa.UniqueConstraint("organization_id", "processor_ref", name=op.f("uq_invoices_organization_id_processor_ref")),
        sa.UniqueConstraint("organization_id", "serial", name=op.f("uq_invoices_organization_id_serial")),
    )
    op.create_index("ix_invoices_engagement", "invoices", ["organization_id", "engagement_id", "status"], unique=False)
    op.create_index("ix_invoices_order", "invoices", ["organization_id", "order_id"], unique=False)
    op.create_table(
        "message_files",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("file_ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mimetype", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "message_id"],
            ["conversation_messages.organization_id", "conversation_messages.id"],
            name=op.f("fk_message_files_organization_id_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_message_files_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_files")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_message_files_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "message_id",
            "file_ref",
            name=op.f("uq_message_files_organization_id_message_id_file_ref"),
        ),
    )
    op.create_table(
        "message_revisions",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("edited_ts", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("blocks", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "message_id"],
            ["conversation_messages.organization_id", "conversation_messages.id"],
            name=op.f("fk_message_revisions_organization_id_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_message_revisions_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_revisions")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_message_revisions_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "message_id",
            "edited_ts",
            name=op.f("uq_message_revisions_organization_id_message_id_edited_ts"),
        ),
    )
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_order_lines_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["services.organization_id", "services.id"],
            name=op.f("fk_order_lines_organization_id_service_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_order_lines_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_order_lines_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "order_id", "position", name=op.f("uq_order_lines_organization_id_order_id_position")
        ),
    )
    op.create_table(
        "signatures",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("document_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("typed_name", sa.Text(), nullable=False),
        sa.Column("typed_title", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("slack_team_id", sa.Text(), nullable=False),
        sa.Column("slack_user_id", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("evidence_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "proposal_id"],
            ["proposals.organization_id", "proposals.id"],
            name=op.f("fk_signatures_organization_id_proposal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_signatures_organization_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "version_id"],
            ["proposal_versions.organization_id", "proposal_versions.id"],
            name=op.f("fk_signatures_organization_id_version_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_signatures_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_signatures_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "version_id", "user_id", name=op.f("uq_signatures_organization_id_version_id_user_id")
        ),
    )
    op.create_table(
        "invoice_lines",
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "invoice_id"],
            ["invoices.organization_id", "invoices.id"],
            name=op.f("fk_invoice_lines_organization_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_line_id"],
            ["order_lines.organization_id", "order_lines.id"],
            name=op.f("fk_invoice_lines_organization_id_order_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_invoice_lines_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_lines")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_invoice_lines_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "invoice_id",
            "position",
            name=op.f("uq_invoice_lines_organization_id_invoice_id_position"),
        ),
    )
    op.create_table(
        "payments",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("noted_by_id", sa.Uuid(), nullable=True),
        sa.Column("processor", sa.Text(), nullable=False),
        sa.Column("processor_ref", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("processor IN ('stripe', 'manual')", name=op.f("ck_payments_processor_known")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payments_amount")),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_payments_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "invoice_id"],
            ["invoices.organization_id", "invoices.id"],
            name=op.f("fk_payments_organization_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "noted_by_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_payments_organization_id_noted_by_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_payments_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_payments_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "processor",
            "processor_ref",
            name=op.f("uq_payments_organization_id_processor_processor_ref"),
        ),
    )
    op.create_table(
        "projects",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("phase_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.String(length=8), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "phase IN ('kickoff', 'setup', 'build', 'testing', 'deployment', 'handoff')",
            name=op.f("ck_projects_phase_known"),
        ),
        sa.CheckConstraint(
            "status IN ('active', 'paused', 'completed', 'cancelled')", name=op.f("ck_projects_status_known")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_projects_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_line_id"],
            ["order_lines.organization_id", "order_lines.id"],
            name=op.f("fk_projects_organization_id_order_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "owner_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_projects_organization_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_projects_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_projects_organization_id_id")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_projects_organization_id_number")),
    )
    op.create_index("ix_projects_engagement", "projects", ["organization_id", "engagement_id", "status"], unique=False)
    op.create_index("uq_projects_order_line", "projects", ["organization_id", "order_line_id"], unique=True)
    op.create_table(
        "project_moves",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("next_what", sa.Text(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("needed", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("release_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("state IN ('held', 'done', 'undone')", name=op.f("ck_project_moves_state_known")),
        sa.ForeignKeyConstraint(
            ["organization_id", "by_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_project_moves_organization_id_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_project_moves_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "project_id"],
            ["projects.organization_id", "projects.id"],
            name=op.f("fk_project_moves_organization_id_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_project_moves_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_moves")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_project_moves_organization_id_id")),
    )
    op.create_index(
        "uq_project_moves_held",
        "project_moves",
        ["organization_id", "project_id"],
        unique=True,
        postgresql_where=sa.text("state = 'held'"),
    )
    for table in TENANT:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({POLICY}) WITH CHECK ({POLICY})")
    for table in PLATFORM + TENANT:
        rights = "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
        op.execute(f"GRANT {rights} ON {table} TO throughline_app")
    op.execute("REVOKE DELETE ON chain_heads FROM throughline_app")
    op.execute("GRANT SELECT ON alembic_version TO throughline_app")
