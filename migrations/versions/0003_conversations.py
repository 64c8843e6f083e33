"""Conversations: where one is read in Slack, and which messages staff have put where they are."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("link", sa.Text(), nullable=False, server_default=""))
    op.alter_column("conversations", "link", server_default=None)
    op.add_column("conversation_messages", sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True))
