"""The files of the record: where the bytes of each are kept, and why not, where they are not."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message_files", sa.Column("sha256", sa.Text(), nullable=True))
    op.add_column("message_files", sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("message_files", sa.Column("trouble", sa.Text(), nullable=False, server_default=""))
    op.alter_column("message_files", "trouble", server_default=None)
    # Files of 2 GiB and more.
    op.alter_column("message_files", "size", type_=sa.BigInteger(), existing_type=sa.Integer())
