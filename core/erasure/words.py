"""The words themselves: emptied where they are kept, and kept empty when they arrive again."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from core import jobs, people
from core.conversations import ERASED, Attachment, Conversation, Message, Revision, retell
from core.db import Database, Session
from core.engagements import Engagement
from core.erasure.finding import Person
from core.events import Event, Kind
from core.links import revoke
from core.mails import Mail
from core.people import Erasure, Identity, User
from core.proposals import Answer, Proposal

BATCH = 1_000


async def begin(session: Session, person: Person, at: datetime) -> bool:
    """Note the keys, from now on honoured, and empty name and address; whether they were not erased before."""
    refs = list(dict.fromkeys([*person.accounts, *(people.mail_ref(address) for address in person.emails)]))
    known = set((await session.execute(select(Erasure.ref).where(Erasure.ref.in_(refs)))).scalars())
    for ref in refs:
        if ref in known:
            await session.execute(update(Erasure).where(Erasure.ref == ref).values(erased_at=at))
        else:
            session.add(Erasure(organization_id=person.organization_id, ref=ref, user_id=person.user_id, erased_at=at))
    await session.flush()
    session.info.pop("erasures", None)
    gone = {"name": "", "email": "", "erased_at": at}
    await session.execute(update(Identity).where(Identity.slack_user_id.in_(person.accounts)).values(gone))
    for address in person.emails:
        blank = {"invite_email": "", "invite_url": ""}
        await session.execute(
            update(Engagement).where(func.lower(Engagement.invite_email) == address.lower()).values(blank)
        )
    by_mail = func.lower(Mail.sender).in_([address.lower() for address in person.emails])
    theirs = or_(by_mail, Mail.user_id == person.user_id) if person.user_id else by_mail
    await session.execute(update(Mail).where(theirs).values(sender="", subject="", words=""))
    if person.user_id is not None:
        nobody = {"name": people.NAMELESS, "email": "", "timezone": "", "locale": "", "left_at": at, "erased_at": at}
        nobody["bounced_at"] = None
        await session.execute(update(User).where(User.id == person.user_id).values(nobody))
        await revoke(session, person.user_id)
        await session.execute(update(Answer).where(Answer.user_id == person.user_id).values(words=""))
        asked = Proposal.asked_by_id == person.user_id
        await session.execute(update(Proposal).where(asked).values(asked_words=""))
        unsent = Proposal.sent_at.is_(None)  # its title was made of their words
        await session.execute(update(Proposal).where(asked & unsent).values(title="A quote"))
        said = Proposal.from_message_id.in_(select(Message.id).where(person.wrote()))
        await session.execute(update(Proposal).where(said & unsent).values(title="Change of scope"))
        declined = (Proposal.ended_by_id == person.user_id) & (Proposal.status == "declined")
        await session.execute(update(Proposal).where(declined).values(ended_reason=""))
    return not set(refs) <= known


async def empty(
    session: Session, person: Person, at: datetime, after: uuid.UUID | None
) -> tuple[uuid.UUID | None, int, list[str]]:
    """Empty the next messages of theirs, with earlier texts and files.

    The last one's id (None: there are no more), how many, and the keys of contents that no file has any more.
    """
    query = select(Message.id).where(person.wrote(), Message.erased_at.is_(None), Message.sent_at <= at)
    if after is not None:
        query = query.where(Message.id > after)
    ids = list((await session.execute(query.order_by(Message.id).limit(BATCH))).scalars())
    if not ids:
        return None, 0, []
    blank = {"text": "", "blocks": None, "raw": None, "author_name": "", "erased_at": at}
    await session.execute(update(Message).where(Message.id.in_(ids)).values(blank))
    for address in person.emails:  # a mail's author is known by the address: its hash takes the place
        theirs = update(Message).where(Message.id.in_(ids), Message.author_ref == address)
        await session.execute(theirs.values(author_ref=people.mail_ref(address)))
    await session.execute(update(Revision).where(Revision.message_id.in_(ids)).values(text="", blocks=None))
    kept = select(Attachment.sha256).where(Attachment.message_id.in_(ids), Attachment.sha256.is_not(None)).distinct()
    contents = list((await session.execute(kept)).scalars())
    nothing = {"name": "", "mimetype": "", "size": None, "url": "", "sha256": None, "trouble": "erased"}
    await session.execute(update(Attachment).where(Attachment.message_id.in_(ids)).values(nothing))
    return ids[-1], len(ids), await given_up(session, contents)


async def given_up(session: Session, keys: Sequence[str | None]) -> list[str]:
    """Those of the contents' keys that no file of this organization has now; a job removes them, should whoever asks fail over that."""
    gone = await unused(session, keys)
    if gone:
        tenant: uuid.UUID = session.info["tenant"]
        payload = {"keys": gone}
        await jobs.enqueue(session, "file.remove", lane=f"remove:{tenant}", payload=payload, organization_id=tenant)
    return gone


async def unused(session: Session, keys: Sequence[str | None]) -> list[str]:
    """Those of the contents' keys that no file of this organization has: what is kept under them can go."""
    wanted = {key for key in keys if key}
    if not wanted:
        return []
    used = await session.execute(select(Attachment.sha256).where(Attachment.sha256.in_(wanted)).distinct())
    return sorted(wanted - {key for key in used.scalars() if key})


async def removable(db: Database, keys: Sequence[str]) -> list[str]:
    """Those of the contents' keys that no file of any organization has: the same file is kept once for all of them."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    async with db.platform() as session:
        tenants = [house.id for house in await people.houses(session)]
    for tenant in tenants:
        async with db.transaction(tenant) as session:
            wanted = await unused(session, wanted)
    return wanted


async def untitle(session: Session, person: Person) -> int:
    """Take away the topics that were made of their words; what staff called a conversation stays."""
    theirs = select(Message.conversation_id).where(person.wrote(), Message.erased_at.is_not(None)).distinct()
    met = [key for key in (await session.execute(theirs)).scalars() if key is not None]
    followed = await retell(session, met)
    first = (
        select(Message.conversation_id, Message.erased_at)
        .ext(distinct_on(Message.conversation_id))
        .where(Message.conversation_id.in_(theirs), Message.side != "bot")
        .order_by(Message.conversation_id, Message.sent_at, Message.ts)
        .subquery()
    )
    renamed = select(Event.subject_id).where(Event.kind == Kind.CONVERSATION_RENAMED)
    begun = select(first.c.conversation_id).where(first.c.erased_at.is_not(None))
    made = update(Conversation).where(
        Conversation.id.in_(begun), Conversation.id.not_in(renamed), Conversation.topic != ERASED
    )
    made = made.values(topic=ERASED).execution_options(synchronize_session=False)
    return len(followed) + len((await session.execute(made.returning(Conversation.id))).all())
