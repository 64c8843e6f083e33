"""Projects and their moves as plain values, with the names that belong to them: what cards and lists are made from."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core import access, clock, people
from core.db import Session
from core.engagements import Engagement, by_id
from core.people import Actor
from core.projects.course import COMPLETED, PHASES, PLAIN, Move, Project
from core.projects.steering import listing


@dataclass(frozen=True)
class Held:
    """A move that waits for its undo time to be over."""

    move_id: str
    to: str
    at: datetime


@dataclass(frozen=True)
class Summary:
    """A project, where it stands, and whose it is."""

    id: str
    title: str
    status: str
    phase: str
    since: datetime
    engagement_id: str = ""
    client: str = ""
    owner_id: str = ""
    owner: str = ""
    owner_slack_id: str = ""
    due_on: date | None = None
    late: bool = False
    held: Held | None = None
    names: Mapping[str, str] = field(default_factory=lambda: PLAIN)
    """What its phases are called, where that is not their own names."""

    @property
    def step(self) -> int:
        """Which step of six it is in."""
        return PHASES.index(self.phase) + 1

    @property
    def next_phase(self) -> str:
        """Where an advance leads: the next phase, or COMPLETED."""
        return PHASES[self.step] if self.step < len(PHASES) else COMPLETED


async def summaries(session: Session, projects: Sequence[Project]) -> list[Summary]:
    """These projects as plain values; the same number of queries however many they are."""
    if not projects:
        return []
    house = await people.organization(session, projects[0].organization_id)
    today = clock.now().astimezone(ZoneInfo(house.timezone)).date()
    ids = [project.id for project in projects]
    moves = select(Move).where(Move.project_id.in_(ids), Move.state == "held")
    held = {move.project_id: move for move in (await session.execute(moves)).scalars()}
    owner_ids = [project.owner_id for project in projects if project.owner_id]
    owners, accounts = await people.get(session, owner_ids), await people.identities_of(session, owner_ids)
    clients = select(Engagement.id, Engagement.title).where(
        Engagement.id.in_({project.engagement_id for project in projects})
    )
    titles = {each.id: each.title for each in await session.execute(clients)}

    def one(project: Project) -> Summary:
        move, owner = held.get(project.id), project.owner_id
        return Summary(
            id=str(project.id),
            title=project.title,
            status=project.status,
            phase=project.phase,
            since=project.phase_since,
            engagement_id=str(project.engagement_id),
            client=titles[project.engagement_id],
            owner_id=str(owner) if owner else "",
            owner=owners[owner].first_name if owner else "",
            owner_slack_id=accounts.get(owner, "") if owner else "",
            due_on=project.due_on,
            late=project.status == "active" and project.due_on is not None and project.due_on < today,
            held=Held(str(move.id), move.after, move.release_at) if move else None,
            names=project.phase_names,
        )

    return [one(project) for project in projects]


async def summary(session: Session, project: Project) -> Summary:
    """This project as plain values."""
    return (await summaries(session, [project]))[0]


async def overview(session: Session, actor: Actor, engagement_id: uuid.UUID | None = None) -> list[Summary]:
    """The projects that the actor may see, of one engagement or of all."""
    return await summaries(session, [project for project, _ in await listing(session, actor, engagement_id)])


async def look(session: Session, actor: Actor, project_id: uuid.UUID | str) -> Summary:
    """One project, for somebody who may see it."""
    return await summary(session, await access.fetch(session, actor, access.Can.PROJECT_SEE, Project, project_id))


@dataclass(frozen=True)
class Telling:
    """A change of phase, with all that the client reads of it."""

    project_id: str
    engagement_id: str
    agency: str
    title: str
    before: str
    after: str
    sentence: str = ""
    next_what: str = ""
    next_on: date | None = None
    needed: str = ""
    at: datetime | None = None
    names: Mapping[str, str] = field(default_factory=lambda: PLAIN)

    @property
    def back(self) -> bool:
        """Whether it went to an earlier phase."""
        return self.after in PHASES and (
            self.before not in PHASES or PHASES.index(self.after) < PHASES.index(self.before)
        )


async def telling(session: Session, project: Project, move: Move) -> Telling:
    """What the client reads of this move, which need not be saved: a preview is made from one that is not."""
    house = await people.organization(session, project.organization_id)
    engagement = await by_id(session, project.engagement_id)
    return Telling(
        project_id=str(project.id),
        engagement_id=str(engagement.id),
        agency=house.name,
        title=project.title,
        before=move.before,
        after=move.after,
        sentence=move.sentence or "",
        next_what=move.next_what or "",
        next_on=move.next_on,
        needed=move.needed or "",
        at=move.done_at,
        names=project.phase_names,
    )
