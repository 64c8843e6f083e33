"""The letters that invite to sign: each carries a personal link to the very version, for its signer alone."""

from bot.blocks import pages
from bot.blocks.kit import Card
from bot.blocks.mails import Letter
from bot.worker.cards import Sight, letter
from core import links, proposals
from core.people import User
from core.proposals import Offer


async def _asked(sight: Sight, to: User) -> Offer | None:
    """The proposal, if this version of it is theirs to sign now."""
    version = await proposals.version(sight.session, sight.subject_id)
    proposal = await proposals.find(sight.session, version.proposal_id) if version else None
    if version is None or proposal is None or not proposals.is_open(proposal):
        return None
    offer = await proposals.offer(sight.session, proposal)
    mine = any(party.user_id == to.id and party.side == "client" for party in offer.next)
    return offer if mine and offer.version_id == version.id else None


async def _link(sight: Sight, to: User, offer: Offer) -> str:
    token = await links.invite(
        sight.session,
        to,
        engagement_id=offer.engagement_id,
        version_id=sight.subject_id,
        until=offer.document.expires_at,
    )
    return pages.to_sign(sight.public_url, token)


@letter("proposal.card")
async def invitation(sight: Sight, to: User, _card: Card, replies: bool) -> Letter | None:
    """To whom it is to sign now: what came, and the way to read and sign it. All others get the card's own letter."""
    offer = await _asked(sight, to)
    return pages.invitation(offer, to.first_name, await _link(sight, to, offer), replies=replies) if offer else None


@letter("person.nudge")
async def reminder(sight: Sight, to: User, card: Card, replies: bool) -> Letter | None:
    """The reminder, with the same way."""
    offer = await _asked(sight, to)
    return pages.reminder(offer, card, to.first_name, await _link(sight, to, offer), replies=replies) if offer else None
