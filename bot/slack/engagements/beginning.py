"""Beginning an engagement: `/engagement new` makes channels of its own for it, `/engagement link` adopts one."""

import uuid
from collections.abc import Sequence

from bot.blocks.engagements import forms
from bot.slack.listener import Heard, button, command, form
from bot.slack.replies import Open, Reply, Say, Update
from core import access, engagements
from core.access import Can
from core.errors import Conflict, Invalid
from core.people import User

LOOKING = (
    "I am looking which shared channels I am in. What can be linked comes to you in a direct message, in a moment."
)


@command("engagement", "new", "Begin an engagement with a client", hint="[company]")
async def new(heard: Heard) -> Reply:
    """Open the form; its key makes a form that is submitted twice begin one engagement."""
    access.demand(heard.actor, Can.ENGAGEMENT_OPEN)
    return Open(forms.new(private=str(uuid.uuid4()), presser=heard.user, company=heard.words))


@form("engagement.new")
async def begin(heard: Heard) -> Reply:
    """Begin it, and say what happens next."""
    values = heard.form
    team, newcomers = await team_of(heard)
    engagement = await engagements.open(
        heard.session,
        heard.actor,
        company=values.text("company"),
        contact=values.text("contact"),
        email=values.text("email"),
        team=[user.id for user in team],
        newcomers=newcomers,
        title=values.text("title"),
        channel=values.text("channel"),
        show_amounts=bool(values.chosen("amounts")),
        key=_key(heard.value),
    )
    company = " ".join(values.text("company").split())
    return Update(forms.begun(engagement.title, company, values.text("email"), engagement.channel_name))


@command("engagement", "link", "Adopt this channel for an engagement, or several", hint="[company | several]")
async def link(heard: Heard) -> Reply:
    """Open the form, if this channel can be adopted."""
    access.demand(heard.actor, Can.ENGAGEMENT_OPEN)
    if heard.words.strip().lower() == "several" or heard.channel.startswith("D"):
        return await look_around(heard)
    if heard.engagement is not None:
        raise Conflict(f"This channel belongs to the engagement “{heard.engagement.title}”. `/engagement` shows it.")
    if not heard.channel.startswith(("C", "G")):
        raise Conflict(
            "A direct message cannot be an engagement's channel. Type it in the channel that you share with the client."
        )
    return Open(forms.link(private=f"{uuid.uuid4()} {heard.channel}", presser=heard.user, company=heard.words))


@button("engagement.look_around")
async def look_around(heard: Heard) -> Reply:
    """Have Slack asked which shared channels we are in; the answer comes as a direct message, from which one goes on."""
    await engagements.look_around(heard.session, heard.actor, heard.user)
    return Say(LOOKING, title="Link several")


@form("engagement.link")
async def adopt(heard: Heard) -> Reply:
    """Adopt the channel in which the form was opened."""
    values = heard.form
    key, _, channel = heard.value.partition(" ")
    team, newcomers = await team_of(heard)
    engagement = await engagements.link(
        heard.session,
        heard.actor,
        channel_id=channel,
        company=values.text("company"),
        contact=values.text("contact"),
        email=values.text("email"),
        team=[user.id for user in team],
        newcomers=newcomers,
        title=values.text("title"),
        show_amounts=bool(values.chosen("amounts")),
        key=_key(key),
    )
    return Update(forms.linked(engagement.title, " ".join(values.text("company").split())))


async def team_of(heard: Heard) -> tuple[Sequence[User], Sequence[str]]:
    """The colleagues whom the form names: those we know, and the accounts of those whom we have not met."""
    return await engagements.colleagues(heard.session, heard.form.chosen("team"))


def _key(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        raise Invalid("This form is from an older version. Please open it anew with `/engagement new`.") from None
