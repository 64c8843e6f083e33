"""Linking several channels at once: `/engagement link several`, or **Link several** in the first steps."""

import uuid

from bot.blocks.engagements import several as blocks
from bot.slack.engagements.beginning import team_of
from bot.slack.listener import Heard, button, form
from bot.slack.replies import Open, Reply, Update
from core import access, engagements
from core.access import Can
from core.errors import Conflict, Invalid


@button("engagement.choose")
async def choose(heard: Heard) -> Reply:
    """Tick from the shared channels that belong to no engagement."""
    found = [(one.channel_id, one.name) for one in await engagements.adoptable(heard.session, heard.actor)]
    if not found:
        raise Conflict(
            "All shared channels that I am in are linked. Bring me into another with `/invite @throughline`."
        )
    return Open(blocks.choose(found, private=str(uuid.uuid4()), presser=heard.user))


@form("engagement.choose")
async def chosen(heard: Heard) -> Reply:
    """Ask, for each that was ticked, with whom it is shared."""
    found = {one.channel_id: one.name for one in await engagements.adoptable(heard.session, heard.actor)}
    groups = [f"channels{number}" for number in range(blocks.LISTED // 10)]
    ticked = [channel for group in groups for channel in heard.form.chosen(group) if channel in found]
    if not ticked:
        raise Invalid("Tick at least one.", field="channels0")
    if len(ticked) > blocks.AT_ONCE:
        raise Invalid(f"At most {blocks.AT_ONCE} at once, please; then the next.", field="channels0")
    await team_of(heard)  # refused here, while it can still be changed
    private = " ".join([heard.value, ",".join(ticked), ",".join(heard.form.chosen("team"))])
    return Update(blocks.who([(channel, found[channel]) for channel in ticked], private=private))


@form("engagement.several")
async def link(heard: Heard) -> Reply:
    """Link them, all or none; submitted twice, each is linked once."""
    access.demand(heard.actor, Can.ENGAGEMENT_OPEN)
    key, channels, accounts = [*heard.value.split(" "), "", ""][:3]
    team, newcomers = await engagements.colleagues(heard.session, [one for one in accounts.split(",") if one])
    titles = []
    for number, channel in enumerate(one for one in channels.split(",") if one):
        try:
            engagement = await engagements.link(
                heard.session,
                heard.actor,
                channel_id=channel,
                company=heard.form.text(f"company{number}"),
                contact=heard.form.text(f"contact{number}"),
                email=heard.form.text(f"email{number}"),
                team=[user.id for user in team],
                newcomers=newcomers,
                key=uuid.uuid5(uuid.NAMESPACE_OID, f"{key} {channel}"),
            )
        except Invalid as wrong:
            field = f"{wrong.field}{number}" if wrong.field in ("company", "contact", "email") else None
            raise Invalid(wrong.sentence, field=field) from wrong
        titles.append(engagement.title)
    return Update(blocks.linked(titles))
