"""The papers on the client's page: each of them can be saved as often as they like, for ever."""

from bot.web.endpoint import Answer, Saved, Visit
from core import papers


async def save(visit: Visit) -> Answer:
    """A paper of an engagement of theirs, byte for byte as it is kept."""
    paper = await papers.of_reader(visit.session, visit.actor, visit.request.match_info["paper"])
    copy, title, _ = await papers.told(visit.session, paper)
    return Saved(paper.pdf, papers.name_of(title, copy.number, copy.kind))
