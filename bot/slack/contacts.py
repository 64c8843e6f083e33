"""Staff say that a client's person has left, or is back, and name who takes over what rested on them."""

import uuid

from bot.blocks import contacts as blocks
from bot.blocks import kit
from bot.slack.engagements.looking import for_staff
from bot.slack.listener import Heard, button, form
from bot.slack.replies import Done, Errors, Open, Reply, Say, Update
from core import access, contacts, engagements
from core.access import Can
from core.engagements import Engagement
from core.errors import Conflict, NotFound
from core.people import User


@button("contact.leaving")
async def leaving(heard: Heard) -> Reply:
    """Ask who has left, with what follows from it."""
    engagement, chosen = await _engagement(heard)
    there = await engagements.contacts(heard.session, engagement.company_id)
    if not there:
        raise Conflict("Nobody of the client's is there any more.")
    return Open(blocks.leaving(str(engagement.id), _named(there), chosen=_among(chosen, there)))


@form("contact.left")
async def left(heard: Heard) -> Reply:
    """They have left."""
    engagement, _ = await _engagement(heard)
    user = await contacts.leave(heard.session, heard.actor, await _contact(heard, engagement))
    said = kit.md("{name} has left. The staff channel says what rested on them.", name=user.name)
    return Update(kit.notice("Somebody has left", said))


@button("contact.back")
async def returning(heard: Heard) -> Reply:
    """Ask who is back, with what follows from it."""
    engagement, chosen = await _engagement(heard)
    gone = await contacts.gone(heard.session, engagement.company_id)
    if not gone or (chosen and not _among(chosen, gone)):
        return Say("They are back already.", title="Somebody is back")
    return Open(blocks.returning(str(engagement.id), _named(gone), chosen=_among(chosen, gone)))


@form("contact.back")
async def back(heard: Heard) -> Reply:
    """They are back."""
    engagement, _ = await _engagement(heard)
    user = await contacts.come_back(heard.session, heard.actor, await _contact(heard, engagement))
    return Update(kit.notice("Somebody is back", kit.md("{name} is back.", name=user.name)))


@button("contact.successor")
async def successor(heard: Heard) -> Reply:
    """Ask who takes over what rested on them."""
    engagement, user_id = await _engagement(heard)
    thing = await contacts.resting(heard.session, engagement.id, _id(user_id))
    if not thing.left or not thing.roles:
        return Say(kit.md("Nothing rests on {name} here any more.", name=thing.first_name), title="Name someone else")
    there = await engagements.contacts(heard.session, engagement.company_id)
    return Open(blocks.successor(thing, _named(there)))


@form("contact.successor")
async def succeeded(heard: Heard) -> Reply:
    """Give the parts to those who were named."""
    engagement, user_id = await _engagement(heard)
    named = {role: _id(heard.form.text(role)) for role in contacts.ROLES if heard.form.text(role)}
    name, email = heard.form.text("name"), heard.form.text("email")
    if not named and not email:
        return Errors({"email": "Whom shall it be?"})
    await contacts.succeed(heard.session, heard.actor, engagement.id, user_id, named, name=name, email=email)
    return Done()


async def _engagement(heard: Heard) -> tuple[Engagement, str]:
    """The engagement that a button or a form means, and the person, if it names one; for staff alone."""
    engagement_id, _, user_id = heard.value.partition(" ")
    for_staff(heard.actor, heard.house.name, engagement_id)
    engagement = await access.fetch(heard.session, heard.actor, Can.ENGAGEMENT_MANAGE, Engagement, engagement_id)
    return engagement, user_id


async def _contact(heard: Heard, engagement: Engagement) -> uuid.UUID:
    """The person whom the form names, if they are of this client."""
    user = await access.fetch(heard.session, heard.actor, Can.ENGAGEMENT_MANAGE, User, heard.form.text("who"))
    if user.side != "client" or user.company_id != engagement.company_id:
        raise NotFound("This contact is not to be found among the client's people.")
    return user.id


def _named(users: list[User]) -> list[tuple[str, str]]:
    return [(str(user.id), f"{user.name} · {user.email}" if user.email else user.name) for user in users]


def _among(chosen: str, users: list[User]) -> str:
    return chosen if any(str(user.id) == chosen for user in users) else ""


def _id(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        raise NotFound("There is nobody with this id here.") from None
