"""The cards of mail: what a client wrote by mail, shown to the others; and to staff what came and did not join, or came back."""

import uuid

from bot.blocks import mails as blocks
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import conversations, events, mails
from core.db import Session
from core.posts import Post


def _message(facts: dict[str, object]) -> uuid.UUID:
    return uuid.UUID(str(facts["mail"]))


async def _mirrored(session: Session, post: Post) -> None:
    """Their post's purpose names the event that brought the mail."""
    event = await events.get(session, uuid.UUID(post.purpose.rpartition(":")[2]))
    if post.reference:
        await conversations.mirrored(session, _message(event.facts), post.place, post.reference)


async def _in_its_thread(session: Session, subject_id: uuid.UUID, place: str) -> str | None:
    return await conversations.thread_in(session, subject_id, place)


@card("conversation.mail", posted=_mirrored, thread=_in_its_thread)
async def mirror(sight: Sight) -> Card | None:
    """What somebody wrote by mail, in the conversation's thread in the channel."""
    shown = await conversations.shown_mail(sight.session, _message(sight.facts))
    return blocks.mirror(shown.who, shown.words, shown.files) if shown and shown.connected else None


@card("conversation.mail_alone")
async def alone(sight: Sight) -> Card | None:
    """The same for staff alone, while the client is in no channel: under the control card, through which it is answered."""
    shown = await conversations.shown_mail(sight.session, _message(sight.facts))
    return blocks.mirror(shown.who, shown.words, shown.files) if shown and not shown.connected else None


@card("mail.refused")
async def refused(sight: Sight) -> Card | None:
    """To staff: a mail came to somebody's address and did not join, and why."""
    told = await mails.told(sight.session, sight.subject_id)
    return blocks.refused(told.person, told.sender, told.subject, told.words, told.reason) if told else None


@card("mail.bounced")
async def bounced(sight: Sight) -> Card | None:
    """To staff: mail to somebody comes back."""
    told = await mails.told(sight.session, sight.subject_id)
    return blocks.bounced(told.person, told.email) if told else None
