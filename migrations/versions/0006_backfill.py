"""Backfill: searches for what is missing, until when channels are checked, gaps, the beat that shows outages; channels to link."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

POLICY = "organization_id = nullif(current_setting('app.organization', true), '')::uuid"
TENANT = ("backfills", "backfill_parts", "record_gaps", "channel_checks", "beats", "shared_channels")
REASONS = "reason IN ('asked', 'link', 'outage', 'schedule')"


def _table(name: str, *columns: sa.schema.SchemaItem, refers: dict[str, str] | None = None) -> None:
    """A tenant table, with the columns and keys that every one of them has."""
    op.create_table(
        name,
        *columns,
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f(f"fk_{name}_organization_id")),
        *(
            sa.ForeignKeyConstraint(
                ["organization_id", column],
                [f"{table}.organization_id", f"{table}.id"],
                name=op.f(f"fk_{name}_organization_id_{column}"),
            )
            for column, table in (refers or {}).items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("organization_id", "id", name=op.f(f"uq_{name}_organization_id_id")),
    )


def _moment(name: str, *, empty: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=empty)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    _table(
        "backfills",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        _text("reason"),
        _text("state"),
        _moment("since", empty=True),
        _moment("until"),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        _moment("back_to", empty=True),
        _text("trouble"),
        _moment("stepped_at"),
        _moment("finished_at", empty=True),
        sa.CheckConstraint("state IN ('running', 'done')", name=op.f("ck_backfills_state_known")),
        sa.CheckConstraint(REASONS, name=op.f("ck_backfills_reason_known")),
        refers={"engagement_id": "engagements"},
    )
    op.create_index("ix_backfills_engagement", "backfills", ["organization_id", "engagement_id", "created_at"])
    op.create_index(
        "uq_backfills_running",
        "backfills",
        ["organization_id", "engagement_id"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    _table(
        "backfill_parts",
        sa.Column("backfill_id", sa.Uuid(), nullable=False),
        _text("channel_id"),
        _text("thread_ts"),
        _text("oldest"),
        _text("cursor"),
        _moment("done_at", empty=True),
        _text("trouble"),
        sa.UniqueConstraint(
            "organization_id",
            "backfill_id",
            "channel_id",
            "thread_ts",
            name=op.f("uq_backfill_parts_organization_id_backfill_id_channel_id_thread_ts"),
        ),
        refers={"backfill_id": "backfills"},
    )
    _table(
        "record_gaps",
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("backfill_id", sa.Uuid(), nullable=False),
        _text("channel_id"),
        _moment("since", empty=True),
        _moment("until"),
        _text("reason"),
        _text("trouble"),
        sa.CheckConstraint(REASONS, name=op.f("ck_record_gaps_reason_known")),
        sa.UniqueConstraint(
            "organization_id",
            "backfill_id",
            "channel_id",
            name=op.f("uq_record_gaps_organization_id_backfill_id_channel_id"),
        ),
        refers={"engagement_id": "engagements", "backfill_id": "backfills"},
    )
    op.create_index("ix_record_gaps_engagement", "record_gaps", ["organization_id", "engagement_id", "until"])
    _table(
        "channel_checks",
        _text("channel_id"),
        _moment("checked_at"),
        sa.UniqueConstraint("organization_id", "channel_id", name=op.f("uq_channel_checks_organization_id_channel_id")),
    )
    _table(
        "beats",
        _text("name"),
        _moment("at"),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_beats_organization_id_name")),
    )
    _table(
        "shared_channels",
        _text("channel_id"),
        _text("name"),
        sa.UniqueConstraint(
            "organization_id", "channel_id", name=op.f("uq_shared_channels_organization_id_channel_id")
        ),
    )
    for table in TENANT:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({POLICY}) WITH CHECK ({POLICY})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO throughline_app")
