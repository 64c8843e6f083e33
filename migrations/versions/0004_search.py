"""Search: the stems of each message beside it, their index, and the one function that looks through them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# One language for all: English stems English, and does no harm to others, whose words are stemmed alike on both sides. The
# language of each organization would have to stand in every row, for what Postgres derives from a row it derives from nothing else.
# Accents go (core only, no extension). So do the signs that make Slack's <link|label> look like a tag, which the parser skips, and
# all signs beyond ASCII that are no letters, which it takes for letters where the database's locale is C. A text is looked through
# as far as 40,000 characters, all that Slack allows: more might not fit into a tsvector, and the row be refused.
PLAIN = r"""
CREATE FUNCTION search_plain(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN octet_length(said) = char_length(said) THEN translate(left(said, 40000), '<>|', '   ')
  ELSE lower(regexp_replace(
    regexp_replace(normalize(left(said, 40000), NFD), '[\u0300-\u036f]', '', 'g'),
    '[<>|\u00a0-\u00bf\u00d7\u00f7\u2000-\u206f\u2190-\u2bff\u3000-\u303f\ufe00-\ufe0f\uff01-\uff0f\uff1a-\uff20\U0001f000-\U0001faff]',
    ' ', 'g'
  )) END
"""

STEMS = """
CREATE FUNCTION search_stems(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_tsvector('pg_catalog.english'::regconfig, search_plain(said))
"""

# A file's name is one word to the parser: its parts are what one remembers.
NAMED = """
CREATE FUNCTION search_named(name text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN search_stems(translate(name, '._-/', '    '))
"""

# Marks are lexemes that no text contains, as they begin with "=": the tenant, its week, the engagement, the author. They stand in
# the same index as the words, so that one look finds the invoices of this tenant in these weeks, without an extension. They
# may collide, being short: the columns themselves are compared as well.
MARK = """
CREATE FUNCTION search_mark(kind text, value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '=' || kind || left(md5(value), 8)
"""

WEEK = """
CREATE FUNCTION search_week(tenant uuid, at timestamptz, back int) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '=w' || left(tenant::text, 8) || '.' || (floor(extract(epoch FROM at AT TIME ZONE 'UTC') / 604800)::int - back)
"""

# What people say weighs A, what bots say D. Notices of the channel (somebody joined) are not found.
VECTOR = """
CREATE FUNCTION search_vector(
  kind text, side text, said text, tenant uuid, engagement uuid, author text, at timestamptz
) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN kind ~ '^(channel|group)_|^bot_(add|remove)$' THEN NULL ELSE
  setweight(search_stems(said), (CASE side WHEN 'bot' THEN 'D' ELSE 'A' END)::"char") || array_to_tsvector(ARRAY[
    '=o' || left(tenant::text, 8), '=e' || left(engagement::text, 8), search_mark('a', author), search_week(tenant, at, 0)
  ]) END
"""

DERIVED = (
    "search_vector(kind, side, text, organization_id, engagement_id, coalesce(author_id::text, author_ref), sent_at)"
)

# One function, because row level security keeps `@@` from the index: it is not leakproof. It acts as its owner, so it takes the
# tenant from the setting itself, trusts no search_path, and returns ids alone, which are then read as the application's role.
#
# A common word is in a hundred thousand messages. So that they need not all be fetched and sorted, the newest fortnight is looked
# through first, then thirteen weeks, then everything, until 300 are found; of those the newest 1,000 are ranked. The rank is how
# closely the words stand together, in short texts more, halved by each year of age: among many hits the recent one is meant.
# Compiling (jit) would take longer than the search. Our own cards are left out: they repeat what was said, or what has a place of its own.
SEARCH = """
CREATE FUNCTION search_messages(
  asked tsquery, at timestamptz, wanted int, engagements uuid[], authors text[], since timestamptz, until timestamptz,
  channel text, files boolean, internal boolean, deleted boolean
) RETURNS TABLE (id uuid, found int, whole boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $body$
DECLARE
  tenant uuid := nullif(current_setting('app.organization', true), '')::uuid;
  marks tsquery;
  place tsquery;
  ours text[];
  named uuid[];
  ids uuid[];
  weeks int;
BEGIN
  IF tenant IS NULL THEN RETURN; END IF;
  IF cardinality(engagements) BETWEEN 1 AND 200 THEN
    marks := (SELECT string_agg(quote_literal('=e' || left(one::text, 8)), '|') FROM unnest(engagements) one)::tsquery;
  END IF;
  IF cardinality(authors) BETWEEN 1 AND 200 THEN
    place := (SELECT string_agg(quote_literal(public.search_mark('a', one)), '|') FROM unnest(authors) one)::tsquery;
    marks := coalesce(marks && place, place);
  END IF;
  ours := ARRAY(
    SELECT unnest(ARRAY[i.bot_user_id, i.bot_id]) FROM public.installations i WHERE i.organization_id = tenant
  );
  IF asked IS NOT NULL THEN
    named := ARRAY(
      SELECT f.message_id FROM public.message_files f
      WHERE f.organization_id = tenant AND public.search_named(f.name) @@ asked ORDER BY f.created_at DESC LIMIT 200
    );
  END IF;
  FOREACH weeks IN ARRAY ARRAY[2, 13, 0] LOOP
    place := CASE weeks WHEN 0 THEN quote_literal('=o' || left(tenant::text, 8)) ELSE (
      SELECT string_agg(quote_literal(public.search_week(tenant, least(until, at), back)), '|') FROM generate_series(-1, weeks - 1) back
    ) END::tsquery;
    place := coalesce(marks && place, place);
    EXECUTE $query$
      SELECT array_agg(r.id ORDER BY r.rank DESC, r.sent_at DESC) FROM (
        SELECT n.id, n.sent_at,
          greatest(ts_rank_cd(n.lexemes, $3, 1), CASE WHEN n.id = ANY ($13) THEN 0.3 ELSE 0.001 END)
          * power(2::float8, -greatest(extract(epoch FROM $4 - n.sent_at)::float8, 0) / 31557600) AS rank
        FROM (
          SELECT m.id, m.lexemes, m.sent_at FROM public.conversation_messages m
          WHERE m.organization_id = $1 AND (m.lexemes @@ $2 OR m.id = ANY ($13))
            AND ($5 IS NULL OR m.engagement_id = ANY ($5))
            AND ($6 IS NULL OR coalesce(m.author_id::text, m.author_ref) = ANY ($6))
            AND ($7 IS NULL OR m.sent_at >= $7) AND ($8 IS NULL OR m.sent_at < $8)
            AND ($9 IS NULL OR m.channel_id = $9)
            AND NOT (m.side = 'bot' AND m.author_ref = ANY ($14))
            AND ($11 OR NOT m.staff_only) AND ($12 OR m.deleted_at IS NULL)
            AND (NOT $10 OR EXISTS (
              SELECT FROM public.message_files f WHERE f.organization_id = m.organization_id AND f.message_id = m.id
            ))
          ORDER BY m.sent_at DESC LIMIT 1000
        ) n
      ) r
    $query$ INTO ids USING tenant, coalesce(asked && place, place), asked, at, engagements, authors, since, until, channel,
      files, internal, deleted, coalesce(named, '{}'), ours;
    EXIT WHEN cardinality(ids) >= 300;
  END LOOP;
  RETURN QUERY SELECT one, cardinality(ids), weeks = 0 AND cardinality(ids) < 1000
    FROM unnest(ids[1:wanted]) WITH ORDINALITY AS hit(one, nth) ORDER BY nth;
END $body$
"""

ARGUMENTS = "tsquery, timestamptz, int, uuid[], text[], timestamptz, timestamptz, text, boolean, boolean, boolean"


def upgrade() -> None:
    for function in (PLAIN, STEMS, NAMED, MARK, WEEK, VECTOR):
        op.execute(function)
    op.add_column(
        "conversation_messages",
        sa.Column("lexemes", postgresql.TSVECTOR(), sa.Computed(DERIVED, persisted=True), nullable=True),
    )
    op.create_index(
        "ix_conversation_messages_lexemes",
        "conversation_messages",
        ["lexemes"],
        postgresql_using="gin",
        # New messages wait in a list that each search reads through: kept short, neither that nor its emptying is felt.
        postgresql_with={"gin_pending_list_limit": "1024"},
    )
    op.create_index("ix_message_files_named", "message_files", [sa.text("search_named(name)")], postgresql_using="gin")
    op.execute(SEARCH)
    op.execute(f"REVOKE ALL ON FUNCTION search_messages({ARGUMENTS}) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION search_messages({ARGUMENTS}) TO throughline_app")
