"""The worker's part in proposals: before their end they are spoken of, and they expire by themselves."""

import uuid

from bot.worker.works import Works, handler
from core import people, proposals
from core.errors import NotFound
from core.jobs import Claimed


@handler("proposal.remind")
async def remind(works: Works, job: Claimed) -> None:
    """Say that a version ends soon, to whom it concerns; harmless at any other moment."""
    async with works.db.transaction(job.tenant) as session:
        version, days = uuid.UUID(job.payload["version"]), int(job.payload["days"])
        try:
            await proposals.reminding.speak(
                session, people.system(job.tenant), job.payload["proposal"], version, days=days
            )
        except NotFound:
            return  # it was erased meanwhile, so that nobody is left to remind


@handler("proposal.expire")
async def expire(works: Works, job: Claimed) -> None:
    """Mark a proposal as expired when its time has come and nobody has answered; harmless at any other moment."""
    async with works.db.transaction(job.tenant) as session:
        try:
            await proposals.expire(session, people.system(job.tenant), job.payload["proposal"])
        except NotFound:
            return  # it was erased meanwhile, so that nothing is left to expire
