"""Whom an erasure means, what it would remove, and what is kept and why."""

import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, func, literal, or_, select

from core.conversations import Attachment, Message, Reaction, Revision
from core.db import Session
from core.engagements import Engagement, EngagementPerson
from core.errors import NotFound
from core.invoices import Invoice
from core.people import Identity, User
from core.proposals import Answer, Signer
from core.signatures import Signature


@dataclass(frozen=True)
class Person:
    """Somebody who is to be erased, by all that we know them by."""

    organization_id: uuid.UUID
    user_id: uuid.UUID | None
    side: str
    accounts: tuple[str, ...]
    emails: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """How the command line calls them."""
        return self.names[0] if self.names else self.emails[0] if self.emails else ", ".join(self.accounts)

    def wrote(self) -> ColumnElement[bool]:
        """The condition that a message is theirs."""
        refs = [*self.accounts, *self.emails]
        return or_(Message.author_ref.in_(refs), Message.author_id == self.user_id if self.user_id else false())


@dataclass(frozen=True)
class Kept:
    """What stays, how much of it, and why."""

    what: str
    count: int
    why: str


@dataclass(frozen=True)
class Plan:
    """What an erasure would remove, and what it would keep."""

    person: Person
    messages: int
    revisions: int
    files: int
    answers: int
    deliveries: int
    kept: tuple[Kept, ...]
    parts: tuple[str, ...]
    """The engagements in which they still play a part that somebody else should be given."""


async def find(session: Session, who: str) -> Person:
    """The person with this e-mail address or Slack id, with every account and address of theirs. NotFound if there is nobody."""
    tenant: uuid.UUID = session.info["tenant"]
    asked = who.strip()
    same = or_(Identity.slack_user_id == asked, func.lower(Identity.email) == asked.lower())
    identities = list((await session.execute(select(Identity).where(same, literal(bool(asked))))).scalars())
    users = {identity.user_id for identity in identities if identity.user_id}
    by_mail = select(User).where(func.lower(User.email) == asked.lower(), User.email != "")
    found = list((await session.execute(by_mail)).scalars())
    users |= {user.id for user in found}
    if len(users) > 1:
        raise NotFound(f"{asked} is known as several people. Erase them one by one, by their Slack ids.")
    user = None
    if users:
        user = (await session.execute(select(User).where(User.id == users.pop()))).scalar_one()
        theirs = await session.execute(select(Identity).where(Identity.user_id == user.id))
        identities = list({one.id: one for one in [*identities, *theirs.scalars()]}.values())
    accounts = {identity.slack_user_id for identity in identities}
    if not accounts and user is None:
        written = select(Message.author_ref).where(func.lower(Message.author_ref) == asked.lower()).limit(1)
        ref = (await session.execute(written)).scalar_one_or_none() if asked else None
        if ref is None:
            raise NotFound(
                f"Nobody here is known as {asked or 'that'}. Give an e-mail address or a Slack id, such as U012ABCDEF."
            )
        if "@" not in ref:
            accounts = {ref}
    emails = {one.email for one in identities if one.email} | ({user.email} if user and user.email else set())
    emails |= {asked} if "@" in asked else set()
    names = [user.name] if user and user.erased_at is None else []
    names += [one.name for one in identities if one.name and one.erased_at is None]
    said = (
        select(Message.author_name)
        .where(Message.author_ref.in_(accounts), Message.author_name != "")
        .distinct()
        .limit(20)
    )
    names += list((await session.execute(said)).scalars())
    return Person(
        tenant,
        user.id if user else None,
        user.side if user else "stranger",
        tuple(sorted(accounts)),
        tuple(sorted(emails)),
        tuple(dict.fromkeys(names)),
    )


async def plan(session: Session, person: Person, *, deliveries: int = 0) -> Plan:
    """What would go and what would stay. Nothing is changed."""

    async def count(
        query: ColumnElement[bool],
        kind: type[Message] | type[Signature] | type[Invoice] | type[Answer] | type[Signer] | type[Reaction],
    ) -> int:
        return int((await session.execute(select(func.count()).select_from(kind).where(query))).scalar_one())

    theirs = select(Message.id).where(person.wrote())
    revisions = select(func.count()).select_from(Revision).where(Revision.message_id.in_(theirs))
    files = select(func.count()).select_from(Attachment).where(Attachment.message_id.in_(theirs))
    mentions = (
        or_(*(Message.text.contains(f"<@{account}", autoescape=True) for account in person.accounts))
        if person.accounts
        else None
    )
    user = person.user_id
    kept = [
        Kept(
            "signatures",
            await count(Signature.user_id == user, Signature),
            "evidence of what was agreed; the database refuses to change it",
        )
        if user
        else None,
        Kept(
            "proposals that were sent to them",
            await count(Signer.user_id == user, Signer),
            "business letters, which are kept for years by law, with the PDFs that name them",
        )
        if user
        else None,
        Kept(
            "invoices",
            await count(Invoice.client_id == user, Invoice),
            "tax law; the customer at Stripe is for you to delete there",
        )
        if user
        else None,
        Kept(
            "reactions",
            await count(Reaction.author_ref.in_(person.accounts), Reaction),
            "they hold the account's key alone, no name and no word",
        ),
        Kept(
            "messages of others that mention them",
            await count(mentions & ~person.wrote(), Message) if mentions is not None else 0,
            "others' words; the mention is the account's key, and shows no name any more",
        ),
    ]
    return Plan(
        person=person,
        messages=await count(person.wrote() & (Message.erased_at.is_(None)), Message),
        revisions=int((await session.execute(revisions.where(Revision.text != ""))).scalar_one()),
        files=int((await session.execute(files.where(Attachment.name != ""))).scalar_one()),
        answers=await count((Answer.user_id == user) & (Answer.words != ""), Answer) if user else 0,
        deliveries=deliveries,
        kept=tuple(one for one in kept if one is not None and one.count),
        parts=tuple(await _parts(session, person)),
    )


async def _parts(session: Session, person: Person) -> list[str]:
    if person.user_id is None:
        return []
    parts = [Engagement.contact_id, Engagement.approver_id, Engagement.billing_id, Engagement.owner_id]
    query = select(Engagement.title).where(
        or_(*(part == person.user_id for part in parts)), Engagement.status != "closed"
    )
    return list((await session.execute(query.order_by(Engagement.title))).scalars())


async def engagements_of(session: Session, person: Person) -> list[uuid.UUID]:
    """The engagements in which they wrote, or which they were in."""
    said = select(Message.engagement_id).where(person.wrote()).distinct()
    inside = select(EngagementPerson.engagement_id).where(EngagementPerson.user_id == person.user_id)
    return list({*(await session.execute(said)).scalars(), *(await session.execute(inside)).scalars()})
