"""Jobs of projects: a held move is carried out once its undo time is over."""

import uuid

from bot.worker.works import Works, handler
from core import people, projects
from core.jobs import Claimed


@handler("project.release")
async def release(works: Works, job: Claimed) -> None:
    """Carry out a move that was held; one that was undone meanwhile stays undone."""
    async with works.db.transaction(job.tenant) as session:
        await projects.release(session, people.system(job.tenant), uuid.UUID(job.payload["move"]))
