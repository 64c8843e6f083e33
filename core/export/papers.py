"""The papers of an export: every PDF that was sent or signed in the engagement, as far as the reader may see its proposal."""

from collections.abc import AsyncIterator

from core import access, papers
from core.access import Can
from core.db import Database
from core.export.scope import Scope
from core.proposals import Proposal


async def papers_of(db: Database, scope: Scope) -> AsyncIterator[tuple[str, bytes]]:
    """Each paper as the name of its file and its bytes, one at a time; two proposals of the same title are told apart."""
    async with db.transaction(scope.actor.organization_id) as session:
        query = access.visible(scope.eyes, Can.PROPOSAL_SEE, Proposal).where(
            Proposal.engagement_id == scope.engagement_id
        )
        offered = {proposal.id: proposal for proposal in (await session.execute(query)).scalars()}
        copies = await papers.listed(session, list(offered))
    for proposal_id, listed in copies.items():
        proposal = offered[proposal_id]
        for copy in listed:
            async with db.transaction(scope.actor.organization_id) as session:
                paper = await papers.by_id(session, copy.id)
            yield f"{proposal.number.lower()}-{papers.name_of(proposal.title, copy.number, copy.kind)}", paper.pdf
