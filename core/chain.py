"""How events hang together: the form in which they are hashed, each with the hash before it, and how they are appended."""

import hashlib
import json
import uuid
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text

GENESIS = bytes(32)
"""What the first event of a chain has in the place of the previous hash."""


def canonical(value: dict[str, Any]) -> str:
    """JSON with sorted keys and no spaces: the one text of a value, whose bytes are hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def link_hash(prev_hash: bytes, body: str) -> bytes:
    """SHA-256 over the previous hash and the body's UTF-8 bytes."""
    return hashlib.sha256(prev_hash + body.encode()).digest()


class Link(NamedTuple):
    """An event as it is written."""

    id: uuid.UUID
    organization_id: uuid.UUID
    created_at: datetime
    chain: uuid.UUID
    seq: int
    kind: str
    actor_id: uuid.UUID | None
    subject: str
    subject_id: uuid.UUID
    at: datetime
    body: str
    prev_hash: bytes
    hash: bytes


HEADS_MADE = text(
    "INSERT INTO chain_heads (id, organization_id, chain, seq, hash, created_at)"
    " SELECT gen_random_uuid(), :tenant, chain, 0, :genesis, :now FROM unnest(CAST(:chains AS uuid[])) chain"
    " ON CONFLICT (organization_id, chain) DO NOTHING"
)
HEADS_LOCKED = text(
    "SELECT chain, seq, hash FROM chain_heads WHERE chain = ANY(CAST(:chains AS uuid[])) ORDER BY chain FOR NO KEY UPDATE"
)
HEADS_MOVED = text(
    "UPDATE chain_heads h SET seq = t.seq, hash = t.hash FROM unnest(CAST(:chains AS uuid[]), CAST(:seqs AS bigint[]),"
    " CAST(:hashes AS bytea[])) AS t(chain, seq, hash) WHERE h.chain = t.chain"
)
APPEND = text(
    "INSERT INTO events (id, organization_id, created_at, chain, seq, kind, actor_id, subject, subject_id, at, body,"
    " prev_hash, hash) SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:organization_id AS uuid[]),"
    " CAST(:created_at AS timestamptz[]), CAST(:chain AS uuid[]), CAST(:seq AS bigint[]), CAST(:kind AS text[]),"
    " CAST(:actor_id AS uuid[]), CAST(:subject AS text[]), CAST(:subject_id AS uuid[]), CAST(:at AS timestamptz[]),"
    " CAST(:body AS text[]), CAST(:prev_hash AS bytea[]), CAST(:hash AS bytea[]))"
)
