"""“Open the PDF”: answers whoever may see the proposal, in a modal, with a personal link to the paper of that version."""

import uuid

from bot.blocks import papers as blocks
from bot.slack.listener import Heard, button
from bot.slack.replies import Done, Open, Reply
from core import access, papers, proposals
from core.access import Can
from core.errors import NotFound
from core.proposals import Proposal


@button("proposal.pdf")
async def open_paper(heard: Heard) -> Reply:
    """A single-use link to the signed copy of a version, if there is one, else to what was sent."""
    version_id = _id(heard.value)
    version = await proposals.version(heard.session, version_id) if version_id else None
    if version is None:
        raise NotFound("This document is not to be found here. It may belong to somebody else.")
    await access.fetch(heard.session, heard.actor, Can.PROPOSAL_SEE, Proposal, version.proposal_id)
    paper = await papers.signed_of(heard.session, version.id) or await papers.offer_of(heard.session, version.id)
    if paper is None:
        return Open(blocks.preparing())
    paper, token = await papers.hand(heard.session, heard.actor, paper.id)
    _, title, _ = await papers.told(heard.session, paper)
    minutes = int(papers.LINK.total_seconds()) // 60
    url = blocks.address(heard.public_url, token)
    return Open(blocks.link(title, url, minutes, signed=paper.kind == "signed"))


@button("proposal.pdf_entered")
async def entered(heard: Heard) -> Reply:
    """Slack also tells us of a press on a link; the browser has it."""
    return Done(all=False)


def _id(value: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(value or "")
    except ValueError:
        return None
