"""The shared channels that we are in and that belong to no engagement yet: what can be linked, several at once."""

import uuid
from collections.abc import Mapping
from typing import ClassVar

from sqlalchemy import UniqueConstraint, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped
from sqlalchemy.schema import SchemaItem

from core import access, clock, jobs
from core.access import Can
from core.db import Session, TenantRow
from core.engagements.engagement import Engagement
from core.people import Actor


class SharedChannel(TenantRow):
    """A channel that is shared with another company and that we are in, as Slack last told."""

    __tablename__ = "shared_channels"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (UniqueConstraint("organization_id", "channel_id"),)
    channel_id: Mapped[str]
    name: Mapped[str]


async def look_around(session: Session, actor: Actor, account: str) -> None:
    """Have Slack asked which shared channels we are in; whoever asks, by that account, is then told what can be linked."""
    access.demand(actor, Can.ENGAGEMENT_OPEN)
    await jobs.enqueue(
        session,
        "channels.look",
        lane="channels",
        payload={"user": account},
        organization_id=actor.organization_id,
        dedupe=account,
    )


async def seen(session: Session, channels: Mapping[str, str]) -> None:
    """Note which shared channels we are in now: id and name; others are forgotten."""
    tenant: uuid.UUID = session.info["tenant"]
    await session.execute(delete(SharedChannel).where(SharedChannel.channel_id.not_in(channels)))
    for channel_id, name in channels.items():
        values = {"id": uuid.uuid4(), "organization_id": tenant, "created_at": clock.now(), "channel_id": channel_id}
        statement = insert(SharedChannel).values(**values, name=name)
        await session.execute(
            statement.on_conflict_do_update(index_elements=["organization_id", "channel_id"], set_={"name": name})
        )


async def adoptable(session: Session, actor: Actor) -> list[SharedChannel]:
    """The shared channels that belong to no engagement, by name; for those who may begin one."""
    access.demand(actor, Can.ENGAGEMENT_OPEN)
    ours = select(Engagement.id).where(
        or_(
            Engagement.channel_id == SharedChannel.channel_id,
            Engagement.staff_channel_id == SharedChannel.channel_id,
        )
    )
    query = select(SharedChannel).where(~ours.exists()).order_by(SharedChannel.name, SharedChannel.channel_id)
    return list((await session.execute(query)).scalars())
