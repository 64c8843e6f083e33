"""The cards of projects: the staff's twin, and what a client channel reads of a change of phase."""

from bot.blocks import projects as blocks
from bot.blocks.kit import Card
from bot.worker.cards import Sight, card
from core import projects


@card("project.twin")
async def twin(sight: Sight) -> Card | None:
    """The project as staff see it, with their buttons."""
    project = await projects.get(sight.session, sight.subject_id)
    return None if project.deleted_at else blocks.twin(await projects.summary(sight.session, project))


@card("project.moved")
async def moved(sight: Sight) -> Card | None:
    """A change of phase, as the client reads it; nothing while it is held, or once it was undone."""
    move = await projects.get_move(sight.session, sight.subject_id)
    if move.state != "done":
        return None
    project = await projects.get(sight.session, move.project_id)
    return blocks.moved_card(await projects.telling(sight.session, project, move))
