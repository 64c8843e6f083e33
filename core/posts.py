"""What we showed where: one row for each (subject, place, purpose), with the outside reference and how sure we are of it."""

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import clock
from core.db import Session, TenantRow
from core.lifecycle import Lifecycle

STATES = Lifecycle(
    "This post",
    {
        "waiting": ("attempted", "gone"),
        "attempted": ("sent", "unknown", "waiting", "gone"),
        "unknown": ("sent", "attempted", "gone"),
        "sent": ("sent", "gone"),
        "gone": ("waiting",),
    },
)


class Post(TenantRow):
    """A card, a note or a mail: what it is about, where it stands, what it is for, and what the place calls it."""

    __tablename__ = "posts"
    REFERS: ClassVar[dict[str, str]] = {"engagement_id": "engagements"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        STATES.check("state"),
        UniqueConstraint("organization_id", "subject_id", "place", "purpose"),
        Index("ix_posts_reference", "organization_id", "place", "reference"),
    )
    engagement_id: Mapped[uuid.UUID | None]
    subject: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    place: Mapped[str]
    purpose: Mapped[str]
    reference: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="waiting")
    attempted_at: Mapped[datetime | None]
    pinned_at: Mapped[datetime | None]
    shown: Mapped[str] = mapped_column(default="")
    """A hash of what stands there, so that an update that changes nothing is not sent."""


async def at(
    session: Session,
    *,
    subject: str,
    subject_id: uuid.UUID,
    place: str,
    purpose: str,
    engagement_id: uuid.UUID | None = None,
) -> Post:
    """The post for this subject, place and purpose, made if there is none; locked, so that one sender works on it at a time."""
    tenant: uuid.UUID = session.info["tenant"]
    await session.execute(
        insert(Post)
        .values(
            id=uuid.uuid4(),
            organization_id=tenant,
            engagement_id=engagement_id,
            subject=subject,
            subject_id=subject_id,
            place=place,
            purpose=purpose,
            state="waiting",
            shown="",
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["organization_id", "subject_id", "place", "purpose"])
    )
    return (
        await session.execute(
            select(Post)
            .where(Post.subject_id == subject_id, Post.place == place, Post.purpose == purpose)
            .with_for_update(key_share=True)
        )
    ).scalar_one()


async def once(session: Session, *, subject: str, key: str, place: str) -> bool:
    """Whether this is the first time, ever, that something is answered in a place; `key` says what, such as a message's ts.

    It is noted in the caller's transaction, so that what comes again later, by whatever way, is known.
    """
    tenant: uuid.UUID = session.info["tenant"]
    made = await session.execute(
        insert(Post)
        .values(
            id=uuid.uuid4(),
            organization_id=tenant,
            subject=subject,
            subject_id=uuid.uuid5(tenant, f"{place}/{key}"),
            place=place,
            purpose=subject,
            state="gone",
            shown="",
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["organization_id", "subject_id", "place", "purpose"])
        .returning(Post.id)
    )
    return made.scalar_one_or_none() is not None


async def get(session: Session, post_id: uuid.UUID) -> Post:
    """The post with this id, locked."""
    return (await session.execute(select(Post).where(Post.id == post_id).with_for_update(key_share=True))).scalar_one()


def attempt(post: Post) -> None:
    """Note, before sending, that an attempt begins: if the process dies now, its outcome is unknown and is looked for."""
    post.state = STATES.move(post.state, "attempted")
    post.attempted_at = clock.now()


def sent(post: Post, reference: str, shown: str) -> None:
    """Note that the place has it, under this reference."""
    post.state, post.reference, post.shown = STATES.move(post.state, "sent"), reference, shown


def lost(post: Post) -> None:
    """Note that the attempt may or may not have arrived."""
    post.state = STATES.move(post.state, "unknown")


def refused(post: Post) -> None:
    """Note that the attempt certainly did not arrive, so that it may simply be made again."""
    post.state = STATES.move(post.state, "waiting")


def gone(post: Post) -> None:
    """Note that what stood there is no more (deleted, or no longer to be changed), nor its pin; what comes next stands anew."""
    post.state, post.reference, post.pinned_at, post.shown = STATES.move(post.state, "gone"), None, None, ""


async def of(
    session: Session, subject_id: uuid.UUID, *, place: str | None = None, purpose: str | None = None
) -> list[Post]:
    """The posts about a subject, if asked only those in a place or for a purpose."""
    query = select(Post).where(Post.subject_id == subject_id)
    if place is not None:
        query = query.where(Post.place == place)
    if purpose is not None:
        query = query.where(Post.purpose == purpose)
    return list((await session.execute(query)).scalars())


async def by_reference(session: Session, place: str, reference: str) -> Post | None:
    """The post that stands in this place under this reference, if it is ours."""
    return (
        (await session.execute(select(Post).where(Post.place == place, Post.reference == reference))).scalars().first()
    )
