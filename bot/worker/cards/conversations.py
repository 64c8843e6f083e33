"""The cards of conversations: the line that opens one, replies to the client, the control card and what stands under it."""

import uuid

from bot.blocks import conversations as blocks
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import conversations, jobs
from core.db import Session
from core.events import Kind
from core.posts import Post

OPENS = frozenset(
    {
        Kind.CONVERSATION_ASSIGNED,
        Kind.CONVERSATION_DUE,
        Kind.CONVERSATION_NOTED,
        Kind.CONVERSATION_TAKEN,
    }
)
"""What brings a conversation's control card into the staff channel; all else only changes one that stands."""


async def _threaded(session: Session, post: Post) -> None:
    if post.reference:
        await conversations.threaded(session, post.subject_id, post.reference)


@card("conversation.opening", posted=_threaded)
async def opening(sight: Sight) -> Card | None:
    """Nothing for a conversation that began with somebody's own message: its thread stands already, or a mail's begins with that."""
    told = await conversations.told(sight.session, sight.subject_id)
    if told.began_in_channel or (told.began_by_mail and not _comes_in(sight)):
        return None
    return blocks.opening(told.topic, told.opened_by, told.first_words, told.by_client)


def _comes_in(sight: Sight) -> bool:
    """Whether it is shown because the client is in the channel now, where nothing of it stands yet."""
    return sight.event is not None and sight.event.kind == Kind.ENGAGEMENT_CONNECTED


async def _stands(session: Session, post: Post) -> None:
    """What was said under it meanwhile is gathered, and where the client's thread is read is found out, once."""
    await conversations.gather(session, post)
    if not (await conversations.control(session, post.subject_id)).link:
        await jobs.enqueue(
            session,
            "conversation.link",
            lane=f"conversation:{post.subject_id}",
            payload={"conversation": str(post.subject_id)},
            organization_id=post.organization_id,
            dedupe=str(post.subject_id),
        )


@card("conversation.control", posted=_stands)
async def control(sight: Sight) -> Card | None:
    """The control card, once something has brought it or while it stands."""
    brought = sight.event is not None and sight.event.kind in OPENS and sight.event.subject_id == sight.subject_id
    if sight.event is not None and sight.event.kind == Kind.CONVERSATION_MAILED:  # else it stands in the channel
        shown = await conversations.shown_mail(sight.session, uuid.UUID(sight.event.facts["mail"]))
        brought = shown is not None and not shown.connected
    if not brought and not await conversations.standing(sight.session, sight.subject_id):
        return None
    seen = await conversations.control(sight.session, sight.subject_id)
    return blocks.control(
        blocks.Control(
            id=str(seen.id),
            agency=seen.agency,
            company=seen.company,
            topic=seen.topic,
            status=seen.status,
            since=seen.since,
            due=seen.due,
            first=seen.first,
            owner=seen.owner,
            channel_id=seen.channel_id,
            link=seen.link,
            client=seen.client,
            words=seen.words,
            part_of=seen.part_of,
        )
    )


@card("conversation.taken")
async def taken(sight: Sight) -> Card | None:
    """Who sees to it now; who was given it by somebody else is called."""
    seen = await conversations.control(sight.session, sight.subject_id)
    called = sight.event is not None and sight.event.kind == Kind.CONVERSATION_ASSIGNED
    return blocks.taken(seen.topic, seen.owner, seen.owner_ref if called else "") if seen.owner else None


@card("conversation.due")
async def due(sight: Sight) -> Card | None:
    """That a target comes near, to whoever sees to it; nothing any more once it was answered."""
    seen = await conversations.control(sight.session, sight.subject_id)
    return blocks.due(seen.topic, seen.owner_ref, seen.due, seen.first) if seen.due else None


async def _under_control(session: Session, subject_id: uuid.UUID, place: str) -> str | None:
    return await conversations.note_thread(session, subject_id, place)


@card("conversation.note", thread=_under_control)
async def note(sight: Sight) -> Card | None:
    """The note, under the control card, for the staff channel alone."""
    written = await conversations.noted(sight.session, sight.subject_id)
    return blocks.note(written.topic, written.who, written.words) if written else None


async def _in_their_thread(session: Session, subject_id: uuid.UUID, place: str) -> str | None:
    said = await conversations.replied(session, subject_id)
    return said.thread_ts if said else None


async def _arrived(session: Session, post: Post) -> None:
    if post.reference:
        await conversations.arrived(session, post.subject_id, post.place, post.reference)


@card("conversation.reply", posted=_arrived, thread=_in_their_thread)
async def reply(sight: Sight) -> Card | None:
    """What one of the agency says to the client, under their name."""
    said = await conversations.replied(sight.session, sight.subject_id)
    return blocks.reply(said.who, said.words) if said else None
