"""Who was erased on request: the key by which they would come back, and since when, so that no replay brings their words again."""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped
from sqlalchemy.schema import SchemaItem

from core.db import Session, TenantRow

NAMELESS = "Erased person"
"""How somebody is called whose name was erased."""


class Erasure(TenantRow):
    """An account that was erased. `ref` is a Slack id, or the hash of an e-mail address: the address itself is not kept for this."""

    __tablename__ = "erasures"
    REFERS: ClassVar[dict[str, str]] = {"user_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "ref"),)
    ref: Mapped[str]
    user_id: Mapped[uuid.UUID | None]
    erased_at: Mapped[datetime]


def mail_ref(address: str) -> str:
    """The key of an e-mail address: its hash."""
    return f"mail:{hashlib.sha256(address.strip().lower().encode()).hexdigest()}"


async def erasures(session: Session) -> Mapping[str, datetime]:
    """Since when each erased account is erased, by its key; read once in a transaction, for the record asks at every message."""
    known: Mapping[str, datetime] | None = session.info.get("erasures")
    if known is None:
        rows = await session.execute(select(Erasure.ref, Erasure.erased_at))
        known = session.info["erasures"] = {row.ref: row.erased_at for row in rows}
    return known


async def erased_since(session: Session, ref: str) -> datetime | None:
    """Since when this account, or this e-mail address, is erased; None if it is not."""
    known = await erasures(session)
    return known.get(mail_ref(ref) if "@" in ref else ref)
