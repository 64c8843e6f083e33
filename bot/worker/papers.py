"""The worker's part in papers: the PDF of what was sent, the signed copy with its certificate, and the letters that bring it."""

import asyncio
import uuid

import structlog

from bot import paper as press
from bot.blocks import pages
from bot.blocks import papers as blocks
from bot.gateways.failures import Permanent
from bot.gateways.mail import Attachment
from bot.worker.works import Works, chore, handler
from core import certificates, papers, people, posts, proposals
from core.errors import Conflict, Invalid
from core.jobs import Claimed

log = structlog.get_logger(__name__)

CHANGED = "Nothing is made of it. `python -m bot audit verify` says more."


@handler("proposal.paper")
async def make(works: Works, job: Claimed) -> None:
    """Set the PDF of a version that was sent, once; nothing can be signed before it is there."""
    version_id = uuid.UUID(job.payload["version"])
    async with works.db.transaction(job.tenant) as session:
        version = await proposals.version(session, version_id)
        if version is None or await papers.offer_of(session, version_id) is not None:
            return
        document, sha256, sent_at = proposals.parse(version.body), version.sha256.hex(), version.sent_at
        locale = (await people.organization(session, job.tenant)).locale
    try:
        rendered = await asyncio.to_thread(press.render, document, sha256, locale, at=sent_at)
    except Invalid as refusal:
        raise Permanent("paper", "unsettable", f"The PDF of “{document.title}” cannot be set. {refusal}") from refusal
    async with works.db.transaction(job.tenant) as session:
        try:
            await papers.keep(session, version_id, "offer", rendered)
        except papers.Changed as change:
            raise Permanent("paper", "changed", f"{change} {CHANGED}") from change


@handler("proposal.certify")
async def certify(works: Works, job: Claimed) -> None:
    """Append the certificate to the pages that everybody has signed, and send everyone their copy."""
    version_id = uuid.UUID(job.payload["version"])
    try:
        async with works.db.transaction(job.tenant) as session:
            if await papers.signed_of(session, version_id) is not None:
                return
            certificate = await certificates.gather(session, version_id)
            locale = (await people.organization(session, job.tenant)).locale
        rendered = await asyncio.to_thread(press.render_signed, certificate, locale)
        async with works.db.transaction(job.tenant) as session:
            await papers.certify(session, version_id, rendered)
    except Conflict as conflict:
        raise Permanent("paper", "incomplete", conflict.sentence) from conflict
    except papers.Changed as change:
        raise Permanent("paper", "changed", f"{change} {CHANGED}") from change


@chore("paper.catch_up")
async def catch_up(works: Works) -> None:
    """Have the papers made that are wanting: of what was sent before there were any, or while nothing could set them."""
    async with works.db.platform() as session:
        houses = await people.houses(session)
    for house in houses:
        async with works.db.transaction(house.id) as session:
            asked = await papers.catch_up(session)
        if asked:
            log.info("papers asked for", organization=str(house.id), papers=asked)


@handler("paper.mail")
async def mail(works: Works, job: Claimed) -> None:
    """Send one party their signed copy, once."""
    if works.mail is None:
        log.warning("signed copy not mailed", reason="SMTP_URL is not set", paper=job.payload["paper"])
        return
    user_id, paper_id = uuid.UUID(job.payload["user"]), uuid.UUID(job.payload["paper"])
    async with works.db.transaction(job.tenant) as session:
        post = await posts.at(
            session, subject="mail", subject_id=paper_id, place=f"mail:{user_id}", purpose="paper.signed"
        )
        if post.state == "sent":
            return
        if post.state == "waiting":
            posts.attempt(post)
        paper = await papers.by_id(session, paper_id)
        copy, title, agency = await papers.told(session, paper)
        to = (await people.get(session, [user_id])).get(user_id)
        message_id = f"<{post.id}@throughline>"
    if to is None or not to.email or to.left_at is not None or to.deleted_at is not None:
        return
    page = pages.address(works.settings.public_url, job.tenant) if to.side == "client" else ""
    letter = blocks.letter(title, agency, to.first_name, page, blocks.address_of_check(works.settings.public_url))
    await works.mail.send(
        to.email,
        letter.subject,
        letter.text,
        letter.html,
        message_id=message_id,
        to_name=to.name,
        from_name=agency,
        attachments=[Attachment(papers.name_of(title, copy.number, copy.kind), "application/pdf", paper.pdf)],
    )
    async with works.db.transaction(job.tenant) as session:
        posts.sent(await posts.get(session, post.id), message_id, "")
