"""Mails that came in: whose they are, what became of each and why; good ones join a conversation, the others are told to staff."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import conversations, events, links, people
from core.conversations import Letter
from core.db import Session, TenantRow, save
from core.errors import Refusal
from core.events import Kind
from core.links import Link
from core.people import Identity, User

State = Literal["joined", "refused", "bounced", "ignored"]

TOLD_AGAIN = timedelta(days=1)
"""How long staff are not told again that the same stranger writes to the same address."""

EXCERPT = 2_000


class Mail(TenantRow):
    """A mail that came in. `ref` is its Message-ID, or a hash where it has none; of one that did not join, with the delivery's number:
    whoever knows an id cannot keep the mail out that bears it by right. `reason` says in a word why it did not join.

    `message_id` is what it became in the record. Its raw text is in the inbox (`delivery_id`) for as long as that keeps it.
    """

    __tablename__ = "mails"
    REFERS: ClassVar[dict[str, str]] = {
        "engagement_id": "engagements",
        "conversation_id": "conversations",
        "user_id": "users",
    }
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "ref"),
        CheckConstraint("state IN ('joined', 'refused', 'bounced', 'ignored')", name="state_known"),
        Index("ix_mails_user", "organization_id", "user_id", "received_at"),
    )
    engagement_id: Mapped[uuid.UUID | None]
    conversation_id: Mapped[uuid.UUID | None]
    user_id: Mapped[uuid.UUID | None]
    """Whose address it was sent to."""
    message_id: Mapped[uuid.UUID | None]
    ref: Mapped[str]
    delivery_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    sender: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    """How it begins, of those that staff are told about and that did not join."""
    received_at: Mapped[datetime]


@dataclass(frozen=True)
class Arrived:
    """A mail as it was read: plain values, fit for the database."""

    ref: str
    tokens: Sequence[str]
    sender: str
    subject: str
    said: str
    whole: str
    received_at: datetime
    delivery_id: int
    references: Sequence[str] = ()
    automatic: str = ""
    """Why no person wrote it, in a word; "" if one did."""
    bounced: bool = False
    """It reports that a letter could not be delivered, for good."""
    files: Sequence[dict[str, Any]] = ()


async def arrive(session: Session, mail: Arrived) -> Mail:
    """Take a mail in. Whatever it is, it is kept with what became of it; arriving twice, it is taken in once."""
    known = (await session.execute(select(Mail).where(Mail.ref.in_([mail.ref, _aside(mail)])))).scalars().first()
    if known is not None:
        return known
    found = await links.reply_link(session, list(mail.tokens), mail.received_at)
    if found is None:
        return await _kept(session, mail, "refused", "unknown_address")
    link, stood = found
    user = (await session.execute(select(User).where(User.id == link.user_id))).scalar_one()
    if mail.bounced:
        return await _bounced(session, mail, link, user)
    if mail.automatic:
        return await _kept(session, mail, "ignored", mail.automatic, link)
    if user.left_at is not None or user.deleted_at is not None or user.erased_at is not None:
        return await _refused(session, mail, "left", link)
    if stood != "live":
        return await _refused(session, mail, stood, link)
    if not await _wrote(session, mail.sender, user):
        return await _refused(session, mail, "other_sender", link)
    if not mail.said.strip() and not mail.files:
        return await _kept(session, mail, "ignored", "empty", link)
    letter = Letter(
        ref=mail.ref,
        address=user.email,
        said=mail.said,
        subject=mail.subject,
        whole=mail.whole,
        sent_at=mail.received_at,
        references=mail.references,
        files=mail.files,
    )
    if link.engagement_id is None:
        raise LookupError("This reply address belongs to no engagement.")
    actor = await people.actor_of(session, user)
    try:
        message = await conversations.mailed(session, actor, link.engagement_id, link.conversation_id, letter)
    except Refusal:
        return await _refused(session, mail, "not_in_engagement", link)
    if message is None or message.conversation_id is None:
        return await _kept(session, mail, "ignored", "forgotten", link)
    if link.conversation_id != message.conversation_id:
        await links.bind(session, link, message.conversation_id)
    user.bounced_at = None
    return await _kept(session, mail, "joined", "", link, message_id=message.id)


async def unreadable(session: Session, ref: str, delivery_id: int, received_at: datetime) -> None:
    """Note that a letter came that nobody could read; its bytes stay in the inbox for their time."""
    empty = Arrived(ref, (), "", "", "", "", received_at, delivery_id)
    if (await session.execute(select(Mail.id).where(Mail.ref == _aside(empty)))).first() is None:
        await _kept(session, empty, "refused", "unreadable")


def _aside(mail: Arrived) -> str:
    return f"{mail.ref} ({mail.delivery_id})"


async def _wrote(session: Session, sender: str, user: User) -> bool:
    """Whether the sender's address is the person's: the one that we write to, or one that Slack knows of theirs."""
    theirs = select(func.lower(Identity.email)).where(Identity.user_id == user.id, Identity.email != "")
    return sender.lower() in {user.email.lower(), *(await session.execute(theirs)).scalars()} - {""}


async def _kept(
    session: Session,
    mail: Arrived,
    state: State,
    reason: str,
    link: Link | None = None,
    *,
    words: str = "",
    message_id: uuid.UUID | None = None,
) -> Mail:
    # Of mail to nobody, and of who was erased on request, nothing is written down but that it came.
    unnamed = link is None or await people.erased_since(session, mail.sender or "@") is not None
    kept = Mail(
        organization_id=session.info["tenant"],
        engagement_id=link.engagement_id if link else None,
        conversation_id=link.conversation_id if link else None,
        user_id=link.user_id if link else None,
        message_id=message_id,
        ref=mail.ref if state == "joined" else _aside(mail),
        delivery_id=mail.delivery_id,
        state=state,
        reason=reason,
        sender="" if unnamed else mail.sender,
        subject="" if unnamed else mail.subject,
        words="" if unnamed else words,
        received_at=mail.received_at,
    )
    await save(session, kept)
    return kept


async def _refused(session: Session, mail: Arrived, reason: str, link: Link) -> Mail:
    """Keep it out of the record, and tell staff who wrote; of the same sender once a day."""
    lately = select(Mail.id).where(
        Mail.user_id == link.user_id,
        Mail.engagement_id == link.engagement_id,
        Mail.state == "refused",
        Mail.sender == mail.sender,
        Mail.received_at > mail.received_at - TOLD_AGAIN,
    )
    told = (await session.execute(lately.limit(1))).first() is not None
    kept = await _kept(session, mail, "refused", reason, link, words=mail.said[:EXCERPT])
    if not told:
        await _tell(session, Kind.MAIL_REFUSED, kept)
    return kept


async def _bounced(session: Session, mail: Arrived, link: Link, user: User) -> Mail:
    """Mark the address, and tell staff the first time."""
    kept = await _kept(session, mail, "bounced", "returned", link, words=mail.said[:EXCERPT])
    if user.bounced_at is None and user.left_at is None:
        user.bounced_at = mail.received_at
        await _tell(session, Kind.MAIL_BOUNCED, kept)
    return kept


async def undeliverable(session: Session, user_id: uuid.UUID, engagement_id: uuid.UUID, ref: str, at: datetime) -> None:
    """A letter to somebody was refused for good as it was handed over: as if it had come back."""
    letter = Arrived(ref, (), "", "", "", "", at, 0)
    if (await session.execute(select(Mail.id).where(Mail.ref == _aside(letter)))).first() is not None:
        return
    user = (await session.execute(select(User).where(User.id == user_id))).scalar_one()
    # Not to be stored: it only says whose letter it was, and where staff are told.
    link = Link(organization_id=session.info["tenant"], user_id=user_id, engagement_id=engagement_id)
    await _bounced(session, letter, link, user)


async def _tell(session: Session, kind: Kind, mail: Mail) -> None:
    await events.record(
        session,
        people.system(mail.organization_id),
        kind,
        "mail",
        mail.id,
        engagement_id=mail.engagement_id,
        reason=mail.reason,
    )


@dataclass(frozen=True)
class Told:
    """A mail as staff are told of it."""

    person: str
    email: str
    sender: str
    subject: str
    words: str
    reason: str


async def told(session: Session, mail_id: uuid.UUID) -> Told | None:
    """A mail that did not join, for the worker; None once what staff would read was erased."""
    row = (
        await session.execute(
            select(Mail, User.name, User.email).join(User, User.id == Mail.user_id).where(Mail.id == mail_id)
        )
    ).one_or_none()
    if row is None or (not row.Mail.sender and row.Mail.state == "refused"):
        return None
    return Told(row.name, row.email, row.Mail.sender, row.Mail.subject, row.Mail.words, row.Mail.reason)
