"""A copy that was asked for: who asked, how far it is, where it lies, and the personal link by which it is fetched."""

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import access, clock, events, jobs, people
from core.access import Can
from core.db import Session, TenantRow
from core.engagements import Engagement
from core.errors import Conflict, NotAllowed, NotFound
from core.events import Kind
from core.export.scope import cover, scope
from core.lifecycle import Lifecycle
from core.links.link import Link, digest, find, sweep
from core.people import Actor, Company, Organization, User

KEPT = timedelta(days=7)
"""How long a copy lies ready to be fetched."""

LINK = timedelta(hours=1)
"""How long a personal link to it works: a download may break off and be begun again."""

STATE = Lifecycle(
    "This copy",
    {
        "asked": ("making", "failed", "gone"),
        "making": ("making", "ready", "failed", "gone"),
        "ready": ("gone",),
        "failed": ("making", "gone"),
        "gone": (),
    },
)


class Export(TenantRow):
    """One copy of an engagement's record, made for the person who asked; `total` and `done` count messages."""

    __tablename__ = "exports"
    REFERS: ClassVar[dict[str, str]] = {"engagement_id": "engagements", "asked_by_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        STATE.check("state"),
        CheckConstraint("audience IN ('staff', 'client')", name="audience_known"),
        Index("ix_exports_engagement", "organization_id", "engagement_id", "created_at"),
    )
    engagement_id: Mapped[uuid.UUID]
    asked_by_id: Mapped[uuid.UUID]
    audience: Mapped[str]
    state: Mapped[str] = mapped_column(default="asked")
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    @property
    def file(self) -> str:
        """The name of its file in the folder of copies."""
        return f"{self.id}.zip"


async def ask(
    session: Session,
    actor: Actor,
    engagement_id: uuid.UUID | str,
    *,
    for_client: bool = False,
    key: uuid.UUID | None = None,
) -> Export:
    """Ask for a copy. While one for the same readers is being made for the same person, that one is meant. `key` is the form's."""
    wanted = await scope(session, actor, engagement_id, for_client=for_client)
    if actor.user_id is None:
        raise NotAllowed("A copy is made for a person. On the command line there is `python -m bot export`.")
    standing = select(Export).where(
        Export.engagement_id == wanted.engagement_id,
        Export.asked_by_id == actor.user_id,
        Export.audience == wanted.audience,
        Export.state.in_(("asked", "making")),
    )
    if key is not None:
        standing = select(Export).where(Export.id == key)
    if (known := (await session.execute(standing)).scalars().first()) is not None:
        return known
    export = Export(
        id=key or uuid.uuid4(),
        organization_id=actor.organization_id,
        engagement_id=wanted.engagement_id,
        asked_by_id=actor.user_id,
        audience=wanted.audience,
        total=(await cover(session, wanted)).messages,
    )
    session.add(export)
    await session.flush()
    await jobs.enqueue(
        session,
        "export.make",
        lane=f"export:{actor.organization_id}",
        payload={"export": str(export.id)},
        organization_id=actor.organization_id,
    )
    await events.record(
        session,
        actor,
        Kind.EXPORT_ASKED,
        "export",
        export.id,
        engagement_id=export.engagement_id,
        audience=export.audience,
        messages=export.total,
    )
    return export


async def by_id(session: Session, export_id: uuid.UUID) -> Export | None:
    """The copy with this id, for the worker."""
    return (await session.execute(select(Export).where(Export.id == export_id))).scalar_one_or_none()


async def lying(session: Session, actor: Actor, engagement_id: uuid.UUID) -> Export | None:
    """The newest copy of an engagement that lies ready, for whoever may take one away."""
    query = access.visible(actor, Can.ENGAGEMENT_EXPORT, Export).where(
        Export.engagement_id == engagement_id, Export.state == "ready", Export.expires_at > clock.now()
    )
    return (await session.execute(query.order_by(Export.created_at.desc()).limit(1))).scalars().first()


async def told(session: Session, export: Export) -> dict[str, Any]:
    """A copy as cards and pages tell it."""
    query = (
        select(
            Engagement.title, Company.name.label("company"), Organization.name.label("agency"), User.name.label("who")
        )
        .join(Company, Company.id == Engagement.company_id)
        .join(Organization, Organization.id == Engagement.organization_id)
        .join(User, User.id == export.asked_by_id)
        .where(Engagement.id == export.engagement_id)
    )
    row = (await session.execute(query)).one()
    return {
        "id": str(export.id),
        "engagement_id": str(export.engagement_id),
        "title": row.title,
        "agency": row.agency,
        "company": row.company,
        "who": row.who.split()[0] if row.who.split() else row.who,
        "client": export.audience == "client",
        "state": export.state,
        "total": export.total,
        "done": export.done,
        "size": export.size,
        "expires_at": export.expires_at,
    }


async def making(session: Session, export_id: uuid.UUID) -> tuple[Export, Actor] | None:
    """Begin to make it: the copy and who asked, with the rights that they have now; None if it is made already, or not wanted any more."""
    export = (await session.execute(select(Export).where(Export.id == export_id).with_for_update())).scalar_one()
    asker = (await people.get(session, [export.asked_by_id]))[export.asked_by_id]
    if export.state in ("ready", "gone") or asker.left_at is not None or asker.deleted_at is not None:
        return None
    export.state, export.done = STATE.move(export.state, "making"), 0
    return export, await people.actor_of(session, asker)


async def mark(session: Session, export_id: uuid.UUID, done: int) -> None:
    """Note how many messages are in it by now."""
    export = (await session.execute(select(Export).where(Export.id == export_id).with_for_update())).scalar_one()
    export.done = done


async def ready(session: Session, export_id: uuid.UUID, *, messages: int, size: int, sha256: bytes) -> Export | None:
    """It lies ready, for KEPT; None if it was withdrawn while it was made: then it may not lie there."""
    export = (await session.execute(select(Export).where(Export.id == export_id).with_for_update())).scalar_one()
    if export.state == "gone":
        return None
    if export.state == "ready":
        return export
    export.state = STATE.move(export.state, "ready")
    export.total = export.done = messages
    export.size, export.sha256 = size, sha256
    export.finished_at = clock.now()
    export.expires_at = export.finished_at + KEPT
    await session.flush()
    await events.record(
        session,
        people.system(export.organization_id),
        Kind.EXPORT_READY,
        "export",
        export.id,
        engagement_id=export.engagement_id,
        messages=messages,
        size=size,
        sha256=sha256.hex(),
    )
    return export


async def failed(session: Session, export_id: uuid.UUID) -> None:
    """It could not be made, and whoever asked is to hear of it."""
    export = (await session.execute(select(Export).where(Export.id == export_id).with_for_update())).scalar_one()
    if export.state in ("failed", "ready", "gone"):
        return
    export.state, export.finished_at = STATE.move(export.state, "failed"), clock.now()
    await session.flush()
    system = people.system(export.organization_id)
    await events.record(session, system, Kind.EXPORT_FAILED, "export", export.id, engagement_id=export.engagement_id)


async def hand(session: Session, actor: Actor, export_id: uuid.UUID | str) -> tuple[Export, str]:
    """A personal link to a copy, for whoever may take one away themselves: its token. Conflict while there is nothing to fetch."""
    export = await access.fetch(session, actor, Can.ENGAGEMENT_EXPORT, Export, export_id)
    if actor.user_id is None:
        raise NotAllowed("A link is made for a person.")
    if export.state == "gone" or (export.expires_at is not None and export.expires_at <= clock.now()):
        raise Conflict("This copy is no longer kept. Make a new one with `/engagement export`.")
    if export.state != "ready" or export.expires_at is None:
        raise Conflict("This copy is not ready yet. I say so here as soon as it is.")
    now, token = clock.now(), secrets.token_urlsafe(32)
    await sweep(session)
    session.add(
        Link(
            organization_id=actor.organization_id,
            engagement_id=export.engagement_id,
            user_id=actor.user_id,
            export_id=export.id,
            purpose="export",
            token_hash=digest(token),
            created_at=now,
            expires_at=min(now + LINK, export.expires_at),
        )
    )
    await session.flush()
    return export, token


async def opened(session: Session, token: str) -> Link:
    """The link of a copy, through the platform's door; NotFound or Conflict if it opens nothing (any more)."""
    link = await find(session, token, "export")
    if link is None:
        raise NotFound("This link leads nowhere. Perhaps a part of it was lost on the way.")
    if link.state != "live":
        raise Conflict("This link has expired. Press “Get the copy” in Slack for a new one.")
    return link


async def collect(session: Session, link: Link, *, fetched: bool = False) -> tuple[Export, Actor]:
    """The copy that a live link leads to, if its bearer may still have it; with `fetched`, it is recorded that they took it."""
    user = (await session.execute(select(User).where(User.id == link.user_id))).scalar_one()
    if user.left_at is not None or user.deleted_at is not None or user.side != "staff" or link.export_id is None:
        raise NotFound("This link leads nowhere any more.")
    actor = await people.actor_of(session, user)
    export = await access.fetch(session, actor, Can.ENGAGEMENT_EXPORT, Export, link.export_id)
    if export.state != "ready" or export.expires_at is None or export.expires_at <= clock.now():
        raise Conflict("This copy is no longer kept. Make a new one with `/engagement export`.")
    if fetched:
        await events.record(
            session, actor, Kind.EXPORT_FETCHED, "export", export.id, engagement_id=export.engagement_id
        )
    return export, actor


async def expire(session: Session) -> list[Export]:
    """The copies whose time is over, from now on gone; their files are to be removed after the commit."""
    query = (
        select(Export)
        .where(Export.state == "ready", Export.expires_at <= clock.now())
        .with_for_update(skip_locked=True)
    )
    over = list((await session.execute(query.limit(100))).scalars())
    return await _gone(session, over)


async def withdraw(session: Session, engagement_ids: list[uuid.UUID]) -> list[Export]:
    """Copies of these engagements hold what is to be no more: they are gone, whatever their state; their files are to be removed."""
    query = select(Export).where(Export.engagement_id.in_(engagement_ids), Export.state != "gone").with_for_update()
    return await _gone(session, list((await session.execute(query)).scalars()))


async def _gone(session: Session, exports: list[Export]) -> list[Export]:
    """They are no more, and a job sees to it that their files are not either, should whoever asks for it fail over that."""
    for export in exports:
        export.state = STATE.move(export.state, "gone")
    await session.flush()
    if exports:
        tenant = exports[0].organization_id
        files = {"files": [export.file for export in exports]}
        await jobs.enqueue(session, "export.remove", lane=f"remove:{tenant}", payload=files, organization_id=tenant)
    return exports
