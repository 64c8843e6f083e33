"""Mails the six-digit code that somebody asked for at the clients' permanent address."""

import uuid

from bot.blocks import pages
from bot.gateways.failures import Permanent
from bot.worker.works import Works, handler
from core import links, people
from core.jobs import Claimed


@handler("link.code")
async def mail_code(works: Works, job: Claimed) -> None:
    """Draw the code and send it, if the e-mail is a client's and it has not expired meanwhile; each try draws anew."""
    async with works.db.transaction(job.tenant) as session:
        drawn = await links.draw(session, uuid.UUID(job.payload["link"]))
        house = await people.organization(session, job.tenant)
    if drawn is None:
        return
    if works.mail is None:
        raise Permanent(
            "mail", "not_set", "A client asked for a code by mail, and SMTP_URL is not set, so none can be sent."
        )
    digits, user = drawn
    letter = pages.code(house.name, user.first_name, digits, int(links.CODE.total_seconds()) // 60)
    await works.mail.send(user.email, letter.subject, letter.text, letter.html, to_name=user.name, from_name=house.name)
