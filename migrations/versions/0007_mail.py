"""Mail: what came in by mail, reply addresses, conversations that are carried on by mail, addresses that bounce."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

POLICY = "organization_id = nullif(current_setting('app.organization', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("engagement_id", sa.Uuid(), nullable=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("state IN ('joined', 'refused', 'bounced', 'ignored')", name=op.f("ck_mails_state_known")),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_mails_organization_id_conversation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_mails_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_mails_organization_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_mails_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_mails_organization_id_id")),
        sa.UniqueConstraint("organization_id", "ref", name=op.f("uq_mails_organization_id_ref")),
    )
    op.create_index("ix_mails_user", "mails", ["organization_id", "user_id", "received_at"], unique=False)
    op.execute("ALTER TABLE mails ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON mails USING ({POLICY}) WITH CHECK ({POLICY})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON mails TO throughline_app")
    op.add_column("conversations", sa.Column("by_mail", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("conversations", "by_mail", server_default=None)
    op.add_column("users", sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("links", sa.Column("conversation_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_links_conversation",
        "links",
        ["conversation_id"],
        unique=False,
        postgresql_where=sa.text("purpose = 'reply'"),
    )
    op.drop_constraint(op.f("ck_links_purpose_known"), "links", type_="check")
    op.create_check_constraint(
        op.f("ck_links_purpose_known"), "links", "purpose IN ('enter', 'code', 'export', 'reply', 'session')"
    )
