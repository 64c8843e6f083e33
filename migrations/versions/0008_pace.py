"""The pace of keeping: the planner hears soon of a tenant that has just come, and the search index is brought up to date in small steps."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Where statistics know nothing of a tenant, Postgres takes it to have one row, and reads all that it has in the place of looking
# up the few that are asked for. The usual tenth of a table is too much to wait for: at a million messages, a hundred thousand.
TABLES = (
    "conversation_messages",
    "conversations",
    "message_revisions",
    "message_reactions",
    "message_files",
    "events",
    "chain_heads",
    "engagements",
    "identities",
    "users",
)


# The list in which new messages wait for the index is emptied by the one whose message fills it: the shorter, the shorter that takes.
PENDING = "ALTER INDEX ix_conversation_messages_lexemes SET (gin_pending_list_limit = 128)"


def upgrade() -> None:
    op.execute(PENDING)
    for table in TABLES:
        op.execute(
            f"ALTER TABLE {table} SET (autovacuum_analyze_scale_factor = 0.005, autovacuum_analyze_threshold = 500)"
        )
