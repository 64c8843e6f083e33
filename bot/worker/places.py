"""Where a card goes, and about what: the channel it may stand in, and who gets it by mail instead."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core import conversations, engagements, invoices, orders, people, proposals
from core.db import Session
from core.engagements import Engagement, Place
from core.events import Event
from core.people import User

Where = Literal["client", "staff"]


@dataclass(frozen=True)
class Show:
    """One card in one place. A standing card is updated in place; `news` posts anew, under `under` where that card stands there.

    `about` says what it is about: empty is the event's own subject, "engagement" its engagement, "version" the version of a proposal that
    it concerns, else one of LISTS or the name of the fact that holds the subject's id (without that fact, nothing). `mail` names whom it
    concerns: those of them who are not in Slack get it by mail; "by mail" are those who take part in the conversation of a message that
    way, else the contact. `pin` pins the card when it is first posted.
    """

    card: str
    where: Where
    news: bool = False
    under: str = ""
    about: str = ""
    mail: Literal["", "contact", "signers", "turn", "named", "billing", "by mail"] = ""
    """`signers` are the client's who are asked to sign, `turn` those of them whose turn it is, `named` those in the fact `people`."""
    pin: bool = False


async def _open_proposals(session: Session, engagement_id: uuid.UUID) -> Sequence[uuid.UUID]:
    open_ones = dict.fromkeys(waiting.proposal_id for waiting in await proposals.waiting(session, engagement_id))
    newest = await proposals.latest(session, list(open_ones))
    return [newest[each].id for each in open_ones if each in newest]


async def _open_invoices(session: Session, engagement_id: uuid.UUID) -> Sequence[uuid.UUID]:
    return [invoice.id for invoice in await invoices.of_engagement(session, engagement_id) if invoice.status == "open"]


async def _open_conversations(session: Session, engagement_id: uuid.UUID) -> Sequence[uuid.UUID]:
    return await conversations.unthreaded(session, engagement_id)


LISTS: Mapping[str, Callable[[Session, uuid.UUID], Awaitable[Sequence[uuid.UUID]]]] = {
    "open conversations": _open_conversations,
    "open proposals": _open_proposals,
    "open invoices": _open_invoices,
}


async def subjects(session: Session, event: Event, show: Show) -> Sequence[uuid.UUID]:
    """What the card is about."""
    if not show.about:
        return [event.subject_id]
    if show.about == "engagement":
        return [event.chain]
    if show.about == "version":
        return await _version(session, event)
    if show.about in LISTS:
        return await LISTS[show.about](session, event.chain)
    fact = event.facts.get(show.about)
    return [uuid.UUID(fact)] if isinstance(fact, str) else []


async def _version(session: Session, event: Event) -> Sequence[uuid.UUID]:
    """The version that the event names, else the latest one of its proposal, or of the proposal that its invoice is for."""
    if isinstance(named := event.facts.get("version"), str):
        return [uuid.UUID(named)]
    proposal_id: uuid.UUID | None = event.subject_id
    if event.subject == "invoice":
        invoice = await invoices.find(session, event.subject_id)
        order = await orders.find(session, invoice.order_id) if invoice and invoice.order_id else None
        proposal_id = order.proposal_id if order else None
    newest = await proposals.latest(session, [proposal_id]) if proposal_id else {}
    return [version.id for version in newest.values()]


def may_stand(engagement: Engagement, place: Place) -> bool:
    """Whether anything may be posted there: not where the channel is gone, nor in a staff channel that outsiders can read."""
    if place == "staff":
        return engagement.exposed_at is None and not engagement.staff_channel_gone
    return not engagement.channel_gone


async def places(session: Session, engagement: Engagement, show: Show, subject: uuid.UUID, event: Event) -> list[str]:
    """The channel, and `mail:` with a person's id for each whom it concerns and who is not there; never both to one person."""
    if show.where == "staff":
        here = engagement.staff_channel_id
        return [here] if here and may_stand(engagement, "staff") else []
    connected = engagement.connection == "connected" and bool(engagement.channel_id) and may_stand(engagement, "client")
    found = [engagement.channel_id] if connected and engagement.channel_id else []
    concerned = await _concerned(session, engagement, show, subject, event)
    there = await _there(session, engagement.channel_id or "", concerned) if connected else set()
    for user in concerned:
        if user.email and user.id not in there and user.deleted_at is None and user.left_at is None:
            found.append(f"mail:{user.id}")
    return found


async def _there(session: Session, channel_id: str, concerned: Sequence[User]) -> set[uuid.UUID]:
    """Who of them is in the channel: having a Slack account somewhere is not enough to have read it."""
    accounts = await people.identities_of(session, [user.id for user in concerned])
    return {user_id for user_id, account in accounts.items() if await engagements.is_in(session, channel_id, account)}


async def _concerned(
    session: Session, engagement: Engagement, show: Show, subject: uuid.UUID, event: Event
) -> list[User]:
    if not show.mail:
        return []
    if show.mail == "named":
        named = [uuid.UUID(each) for each in event.facts.get("people", ())]
        return list((await people.get(session, named)).values())
    if show.mail in ("signers", "turn"):
        version = await proposals.version(session, subject)
        proposal = await proposals.find(session, version.proposal_id if version else subject)
        if proposal is None:
            return []
        asked = await (proposals.turn if show.mail == "turn" else proposals.asked)(session, proposal)
        return [user for signer, user in asked if signer.side == "client"]
    if show.mail == "by mail" and (theirs := await conversations.by_mail_of_message(session, subject)):
        return theirs
    wanted = (engagement.billing_id if show.mail == "billing" else None) or engagement.contact_id
    return list((await people.get(session, [wanted])).values())
