"""“Open my page”: answers whoever presses it, in a modal, with a personal link to their own page."""

from bot.blocks import pages
from bot.blocks.pages import Way
from bot.slack.listener import Heard, button
from bot.slack.replies import Done, Open, Reply
from core import access, links, people
from core.access import Can
from core.engagements import Engagement
from core.errors import NotFound

MINUTES = 15


@button("page.open")
async def open_page(heard: Heard) -> Reply:
    """A single-use link for the client who pressed; staff are told what it does, strangers that they are not known."""
    wanted = heard.value or (heard.engagement.id if heard.engagement else None)
    if wanted is None:
        raise NotFound("This channel belongs to no engagement, so there is no page to open from here.")
    engagement = await access.fetch(heard.session, heard.actor, Can.ENGAGEMENT_SEE, Engagement, wanted)
    if heard.actor.side != "client" or heard.actor.user_id is None:
        contact = (await people.get(heard.session, [engagement.contact_id])).get(engagement.contact_id)
        return Open(pages.preview(heard.house.name, contact.first_name if contact else ""))
    token = await links.mint(
        heard.session, heard.actor, user_id=heard.actor.user_id, engagement_id=engagement.id, minutes=MINUTES
    )
    return Open(
        pages.modal(
            Way(
                first_name=heard.actor.name.split()[0],
                agency=heard.house.name,
                url=pages.personal(heard.public_url, token),
                minutes=MINUTES,
            )
        )
    )


@button("page.enter")
async def entered(heard: Heard) -> Reply:
    """Slack also tells us of a press on a link; the browser has it."""
    return Done(all=False)
