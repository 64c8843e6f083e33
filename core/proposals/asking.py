"""Proposals that begin with the client's words: a quote they ask for, a change of scope that answers their message."""

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import func, select

from core import access, events
from core.access import Can
from core.conversations import Message
from core.db import Session
from core.engagements import Engagement
from core.errors import Conflict, Invalid, NotFound, Way
from core.events import Kind
from core.orders import Order
from core.people import Actor, Organization, User
from core.proposals.content import Content, fill
from core.proposals.documents import end_of
from core.proposals.tables import Item, Proposal
from core.proposals.terms import newest
from core.proposals.wishes import default_day, possible_signers

MOST_QUOTES = 5
"""How many quotes of an engagement may wait to be written at once."""


@dataclass(frozen=True)
class Wanted:
    """What a client asked for, in their words, and where they said it: in a form, or in a message with its place."""

    by: str
    words: str
    channel_id: str = ""
    ts: str = ""
    thread_ts: str | None = None


async def ask_quote(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID | str,
    words: str,
    by_when: str = "",
    budget: str = "",
    key: uuid.UUID | None = None,
) -> Proposal:
    """A client asks for a quote: it becomes a draft with their words, which only staff see and without items until they
    write it. `key` is the form's: submitted twice, it asks once. Five wait at most.
    """
    engagement = await access.fetch(session, actor, Can.PROPOSAL_ANSWER, Engagement, engagement_id, lock=True)
    if key and (known := await _known(session, key)):
        return known
    if engagement.status == "closed":
        raise Conflict(
            "This engagement has ended. Write in the channel to take it up again.",
            way=Way("Open my page", "page.open", str(engagement.id)),
        )
    asked = words.strip()[:3000]
    if not asked:
        raise Invalid("What do you need? A few words are enough.", field="words")
    waiting = await session.execute(
        select(func.count()).where(
            Proposal.engagement_id == engagement.id, Proposal.status == "draft", Proposal.asked_by_id.is_not(None)
        )
    )
    if waiting.scalar_one() >= MOST_QUOTES:
        owner = (await session.execute(select(User).where(User.id == engagement.owner_id))).scalar_one()
        raise Conflict(
            f"{owner.first_name} has {MOST_QUOTES} quotes for you on the desk already; they come here one by one. To add"
            " to one of them, write in the channel."
        )
    more = [("By when", by_when), ("Budget", budget)]
    asked = "\n".join([asked, *(f"{name}: {' '.join(said.split())[:200]}" for name, said in more if said.strip())])
    proposal = await _begun(session, actor, engagement, key, _title(words), kind="offer", asked=asked)
    await events.record(session, actor, Kind.PROPOSAL_QUOTE_ASKED, "proposal", proposal.id, engagement_id=engagement.id)
    return proposal


async def change_scope(
    session: Session,
    actor: Actor,
    *,
    engagement_id: uuid.UUID | str,
    message_id: uuid.UUID | str | None = None,
    key: uuid.UUID | None = None,
) -> Proposal:
    """Begin a change of scope in an engagement in which something was signed, if wished from the client's message.

    It is a draft without items until staff write it. While that waits, the same message, or none again, leads to it.
    """
    engagement = await access.fetch(session, actor, Can.PROPOSAL_DRAFT, Engagement, engagement_id, lock=True)
    if engagement.status == "closed":
        raise Conflict(f"{engagement.title} is closed. Resume it with /engagement resume, then change its scope.")
    if not await has_agreed(session, engagement.id):
        raise Conflict(
            "Nothing is signed in this engagement yet, so there is no scope to change. A proposal begins it.",
            way=Way("Write a proposal", "proposal.new", str(engagement.id)),
        )
    message = await access.fetch(session, actor, Can.CONVERSATION_SEE, Message, message_id) if message_id else None
    if message is not None and (message.engagement_id != engagement.id or message.staff_only):
        raise NotFound("That message is not one of the client's channel, so nothing can be begun from it.")
    if key and (known := await _known(session, key)):
        return known
    drafts = select(Proposal).where(
        Proposal.engagement_id == engagement.id, Proposal.kind == "scope", Proposal.status == "draft"
    )
    if message is not None:
        drafts = drafts.where(Proposal.from_message_id == message.id)
    else:
        written = select(Item.id).where(Item.proposal_id == Proposal.id).exists()
        drafts = drafts.where(Proposal.from_message_id.is_(None), ~written)
    if same := (await session.execute(drafts.limit(1))).scalar_one_or_none():
        return same
    title = f"Change: {_title(message.text)}" if message and message.text.strip() else "Change of scope"
    proposal = await _begun(session, actor, engagement, key, title, kind="scope", message=message)
    await events.record(session, actor, Kind.PROPOSAL_DRAFTED, "proposal", proposal.id, engagement_id=engagement.id)
    return proposal


async def has_agreed(session: Session, engagement_id: uuid.UUID) -> bool:
    """Whether something was signed in an engagement, so that its scope can be changed."""
    query = select(Order.id).where(Order.engagement_id == engagement_id, Order.deleted_at.is_(None))
    return (await session.execute(query.limit(1))).first() is not None


async def wanted(session: Session, proposal: Proposal) -> Wanted | None:
    """What the client asked for, if the proposal answers that; for staff alone."""
    if proposal.from_message_id:
        message = (
            await session.execute(select(Message).where(Message.id == proposal.from_message_id))
        ).scalar_one_or_none()
        if message is not None:
            return Wanted(message.author_name, message.text, message.channel_id, message.ts, message.thread_ts)
    if proposal.asked_by_id:
        user = (await session.execute(select(User).where(User.id == proposal.asked_by_id))).scalar_one()
        return Wanted(user.first_name, proposal.asked_words)
    return None


async def _begun(
    session: Session,
    actor: Actor,
    engagement: Engagement,
    key: uuid.UUID | None,
    title: str,
    *,
    kind: str,
    asked: str = "",
    message: Message | None = None,
) -> Proposal:
    """A draft without items: it can be written, and cannot be sent before."""
    house = (await session.execute(select(Organization).where(Organization.id == actor.organization_id))).scalar_one()
    possible = {user.id for user in await possible_signers(session, engagement)}
    asker = actor.user_id if asked else message.author_id if message else None
    until = end_of(default_day(house), house.timezone)
    proposal = Proposal(
        id=key or uuid.uuid4(),
        organization_id=actor.organization_id,
        engagement_id=engagement.id,
        author_id=actor.user_id if actor.side == "staff" else None,
        asked_by_id=actor.user_id if asked else None,
        asked_words=asked,
        from_message_id=message.id if message else None,
        kind=kind,
        title=title,
        currency=house.currency,
        status="draft",
        expires_at=until,
    )
    session.add(proposal)
    await session.flush()
    signer = asker if asker in possible else engagement.contact_id
    kept = await newest(session)
    content = Content(title, (), until, (signer or engagement.contact_id,))
    if kept is not None:
        content = replace(content, terms=kept.body, terms_id=kept.id)
    await fill(session, proposal, content)
    return proposal


async def _known(session: Session, key: uuid.UUID) -> Proposal | None:
    return (await session.execute(select(Proposal).where(Proposal.id == key))).scalar_one_or_none()


def _title(words: str) -> str:
    """A title from the first line of what somebody wrote; staff write a better one."""
    line = " ".join(next((each for each in words.splitlines() if each.strip()), "").split()).rstrip(".!… ")
    return line if len(line) <= 80 else line[:79].rstrip() + "…"
