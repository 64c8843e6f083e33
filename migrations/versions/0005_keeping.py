"""Keeping and taking away: copies of the record, erasures, and the end of a record's time."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

POLICY = "organization_id = nullif(current_setting('app.organization', true), '')::uuid"
TENANT = ("erasures", "exports")


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_erasures_organization_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_erasures_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_erasures_organization_id_id")),
        sa.UniqueConstraint("organization_id", "ref", name=op.f("uq_erasures_organization_id_ref")),
    )
    op.create_table(
        "exports",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'making', 'ready', 'failed', 'gone')", name=op.f("ck_exports_state_known")
        ),
        sa.CheckConstraint("audience IN ('staff', 'client')", name=op.f("ck_exports_audience_known")),
        sa.ForeignKeyConstraint(
            ["organization_id", "asked_by_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_exports_organization_id_asked_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "engagement_id"],
            ["engagements.organization_id", "engagements.id"],
            name=op.f("fk_exports_organization_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_exports_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_exports_organization_id_id")),
    )
    op.create_index(
        "ix_exports_engagement", "exports", ["organization_id", "engagement_id", "created_at"], unique=False
    )
    op.add_column("conversation_messages", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("engagements", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("identities", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("links", sa.Column("export_id", sa.Uuid(), nullable=True))
    op.drop_constraint(op.f("ck_links_purpose_known"), "links", type_="check")
    op.create_check_constraint(
        op.f("ck_links_purpose_known"), "links", "purpose IN ('enter', 'code', 'export', 'session')"
    )
    for table in TENANT:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({POLICY}) WITH CHECK ({POLICY})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO throughline_app")
