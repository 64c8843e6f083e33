"""Staff say who somebody is that came into a client channel: yes, this contact; or somebody else."""

import uuid

from bot.blocks import people as blocks
from bot.slack.engagements.looking import for_staff
from bot.slack.listener import Heard, button, form
from bot.slack.replies import Done, Open, Reply, Say
from core import access, engagements
from core.access import Can
from core.engagements import Engagement, Newcomer
from core.errors import Conflict, Invalid, NotFound
from core.people import Identity


@button("person.same")
async def same(heard: Heard) -> Reply:
    """Yes: it is the contact that the card names."""
    identity_id, engagement_id, user_id = _ids(heard.value, 3)
    for_staff(heard.actor, heard.house.name, engagement_id)
    known = await engagements.identify(heard.session, heard.actor, engagement_id, identity_id, user_id=user_id)
    return Say(_done(known), title="Who is it?")


@button("person.other")
async def other(heard: Heard) -> Reply:
    """Somebody else: ask who."""
    identity_id, engagement_id = _ids(heard.value, 2)
    for_staff(heard.actor, heard.house.name, engagement_id)
    engagement = await access.fetch(heard.session, heard.actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id)
    thing = await _newcomer(heard, identity_id, engagement.id)
    found = await engagements.contacts(heard.session, engagement.company_id, unlinked=True)
    return Open(blocks.identify(thing, [(str(user.id), f"{user.name} · {user.email}") for user in found]))


@form("person.identify")
async def identify(heard: Heard) -> Reply:
    """Take the answer: one of the contacts, or a new one by name and e-mail."""
    identity_id, engagement_id = _ids(heard.value, 2)
    chosen = heard.form.text("user")
    if not chosen and not heard.form.text("email"):
        raise Invalid("Choose somebody above, or give the e-mail address of somebody new.", field="email")
    await engagements.identify(
        heard.session,
        heard.actor,
        engagement_id,
        identity_id,
        user_id=chosen or None,
        name=heard.form.text("name"),
        email=heard.form.text("email"),
    )
    return Done()


async def _newcomer(heard: Heard, identity_id: uuid.UUID, engagement_id: uuid.UUID) -> Newcomer:
    thing = await engagements.newcomer(heard.session, identity_id, engagement_id)
    if thing is None:
        raise NotFound("This account is not known here any more.")
    if thing.known_as:
        raise Conflict(f"{thing.name or 'This account'} is known as {thing.known_as} already.")
    return thing


def _done(known: Identity) -> str:
    return f"Thank you. {known.name or 'They'} can sign, approve and pay from now on."


def _ids(value: str, count: int) -> list[uuid.UUID]:
    try:
        found = [uuid.UUID(one) for one in value.split()]
    except ValueError:
        found = []
    if len(found) != count:
        raise NotFound("This card is from an older version. The next time somebody joins, it is asked anew.")
    return found
