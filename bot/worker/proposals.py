"""The worker's part in proposals: they expire by themselves."""

from bot.worker.works import Works, handler
from core import people, proposals
from core.errors import NotFound
from core.jobs import Claimed


@handler("proposal.expire")
async def expire(works: Works, job: Claimed) -> None:
    """Mark a proposal as expired when its time has come and nobody has answered; harmless at any other moment."""
    async with works.db.transaction(job.tenant) as session:
        try:
            await proposals.expire(session, people.system(job.tenant), job.payload["proposal"])
        except NotFound:
            return  # it was erased meanwhile, so that nothing is left to expire
