"""Statistics: the planner hears soon of a tenant that has just come, whose rows it would else take for a few."""

from alembic import op

revision = "0010"
down_revision = "0006"
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


def upgrade() -> None:
    for table in TABLES:
        op.execute(
            f"ALTER TABLE {table} SET (autovacuum_analyze_scale_factor = 0.005, autovacuum_analyze_threshold = 500)"
        )
