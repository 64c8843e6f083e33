"""`/engagement export`: a copy of everything, made in the background, fetched by a personal link."""

from bot.blocks import exports as blocks
from bot.blocks.exports import Copy
from bot.slack.engagements.looking import fetched, for_staff, here
from bot.slack.listener import Heard, button, command, form
from bot.slack.replies import Done, Open, Reply, Update
from core import export
from core.access import Can
from core.errors import Invalid

PER_MINUTE = 60_000
"""Messages that are written in a minute, about."""
MINUTES = 60


@command("engagement", "export", "Take a copy of everything: words, files, the business", which=here)
@button("export.again")
async def ask(heard: Heard) -> Reply:
    """Show what would be in it, and for whom it could be; a copy that lies ready is offered first."""
    for_staff(heard.actor, heard.house.name, heard.value)
    engagement = await fetched(heard, Can.ENGAGEMENT_EXPORT)
    cover = await export.cover(heard.session, await export.scope(heard.session, heard.actor, engagement.id))
    standing = await export.lying(heard.session, heard.actor, engagement.id)
    return Open(
        blocks.form(
            engagement_id=str(engagement.id),
            title=engagement.title,
            agency=cover.agency,
            company=cover.company,
            messages=cover.messages,
            standing=Copy(**await export.told(heard.session, standing)) if standing else None,
        )
    )


@form("engagement.export")
async def make(heard: Heard) -> Reply:
    """Have it made."""
    audience = heard.form.text("audience") or "staff"
    if audience not in ("staff", "client"):
        raise Invalid("Who will read it?", field="audience")
    made = await export.ask(heard.session, heard.actor, heard.value, for_client=audience == "client", key=heard.key)
    return Update(blocks.making(made.total, round(made.total / PER_MINUTE)))


@button("export.get")
async def get(heard: Heard) -> Reply:
    """A personal link for whoever presses, if they may take a copy away."""
    made, token = await export.hand(heard.session, heard.actor, heard.value)
    told = Copy(**await export.told(heard.session, made))
    return Open(blocks.link(told, blocks.address(heard.public_url, token), MINUTES))


@button("export.enter")
async def entered(heard: Heard) -> Reply:
    """Slack also tells us of a press on a link; the browser has it."""
    return Done(all=False)
