"""The team: who of the agency may do what, and how a guest of its workspace becomes one of them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from core import access, conversations, events, people
from core.access import Can
from core.db import Session
from core.errors import Conflict, Invalid, NotAllowed, NotFound, Way
from core.events import Kind
from core.house.choosing import choose
from core.people import ALL, Actor, Identity, Organization, Role, User


@dataclass(frozen=True)
class Colleague:
    """Somebody of the agency, with their role and their Slack account."""

    user_id: uuid.UUID
    name: str
    role: str
    slack_user_id: str
    owner: bool
    sends: bool
    """Whether they may send proposals."""
    bills: bool
    """Whether they may move money."""


@dataclass(frozen=True)
class Guest:
    """A guest of the agency's workspace, who is nothing here until staff say."""

    slack_user_id: str
    name: str


async def team(session: Session, actor: Actor) -> list[Colleague]:
    """The people of the agency with their roles, owners first; nobody for whoever is not one of them."""
    there = (User.side == "staff", User.deleted_at.is_(None), User.left_at.is_(None))
    seen = access.visible(actor, Can.ENGAGEMENT_SEE, User).where(*there)
    account = select(func.min(Identity.slack_user_id)).where(Identity.user_id == User.id).scalar_subquery()
    rows = await session.execute(
        seen.join(Role, Role.id == User.role_id).add_columns(Role, account).order_by(User.name)
    )
    found = [
        Colleague(
            user.id,
            user.name,
            role.name,
            slack or "",
            owner=_owns(role),
            sends=_may(role, Can.PROPOSAL_SEND),
            bills=_may(role, Can.INVOICE_SEND),
        )
        for user, role, slack in rows
    ]
    return sorted(found, key=lambda each: not each.owner)


async def guests(session: Session, actor: Actor) -> list[Guest]:
    """The guests of the workspace whom nobody has made staff yet, for those who may; nobody for others."""
    query = access.visible(actor, Can.TEAM_MANAGE, Identity).where(Identity.kind == "guest", Identity.user_id.is_(None))
    found = (await session.execute(query.order_by(Identity.name))).scalars()
    return [Guest(each.slack_user_id, each.name) for each in found]


async def roles(session: Session) -> list[Role]:
    """The roles that staff can have, the widest first."""
    found = (await session.execute(select(Role).where(Role.side == "staff").order_by(Role.name))).scalars()
    return sorted(found, key=lambda role: -sum(int(level) for level in role.permissions.values()))


def _owns(role: Role) -> bool:
    return int(role.permissions.get("team", 0)) >= ALL and int(role.permissions.get("settings", 0)) >= ALL


def _may(role: Role, can: Can) -> bool:
    grant = access.GRANTS[can]
    return grant.area is not None and int(role.permissions.get(grant.area, 0)) >= grant.level


async def give_role(session: Session, actor: Actor, user_id: uuid.UUID | str, role: str) -> User:
    """Give somebody of the team another role; the one that they have changes nothing. The last owner stays one."""
    house = await access.house(session, actor, Can.TEAM_MANAGE)
    user = await access.fetch(session, actor, Can.TEAM_MANAGE, User, user_id, lock=True)
    if user.side != "staff":
        raise NotAllowed(f"{user.name} is a client's person, and roles are for your own team.")
    held = await _role(session, house, role)
    if user.role_id != held.id:
        if not _owns(held):
            await _keep_an_owner(session, user)
        user.role_id = held.id
        await session.flush()
        await events.record(session, actor, Kind.ROLE_GIVEN, "user", user.id, role=str(held.id))
    await choose(session, actor, house, {}, "people")
    return user


async def welcome(session: Session, actor: Actor, slack_user_id: str, role: str) -> User:
    """Make a guest of the workspace one of the team, because staff say so; whoever is one already gets the role."""
    house = await access.house(session, actor, Can.TEAM_MANAGE)
    known = await _account(session, slack_user_id)
    if known.kind not in ("guest", "member"):
        raise NotAllowed("Only people of your own workspace can be on the team, and this account is from elsewhere.")
    if known.user_id is not None:
        return await give_role(session, actor, known.user_id, role)
    held = await _role(session, house, role)
    taken = await people.by_email(session, known.email) if known.email else None
    if taken is not None and taken.side == "staff":
        known.user_id, taken.left_at = taken.id, None
        await session.flush()
        await conversations.attribute(session, slack_user_id, taken)
        return await give_role(session, actor, taken.id, role)
    user = User(organization_id=house.id, side="staff", role_id=held.id, name=known.name or "A guest")
    user.email = "" if taken else known.email
    session.add(user)
    await session.flush()
    known.user_id = user.id
    await session.flush()
    await conversations.attribute(session, slack_user_id, user)
    await events.record(session, actor, Kind.ROLE_GIVEN, "user", user.id, role=str(held.id), guest=True)
    await choose(session, actor, house, {}, "people")
    return user


async def of_account(session: Session, actor: Actor, slack_user_id: str) -> User:
    """Which of the team a Slack account is, for those who give roles; a guest is pointed to `/tl team new`."""
    access.demand(actor, Can.TEAM_MANAGE)
    known = await _account(session, slack_user_id)
    if known.user_id is None and known.kind == "guest":
        way = Way("Add to the team", "team.new", slack_user_id)
        raise Conflict(f"{known.name} is a guest of your workspace and not on the team yet.", way=way)
    if known.user_id is None:
        raise NotAllowed(f"{known.name or 'This account'} is not of your workspace, and roles are for your own team.")
    return await access.fetch(session, actor, Can.TEAM_MANAGE, User, known.user_id)


async def _account(session: Session, slack_user_id: str) -> Identity:
    known = await people.identity(session, slack_user_id)
    if known is None:
        raise NotFound("Throughline has not met this person yet. Once they have opened its Home tab, try again.")
    return known


async def _role(session: Session, house: Organization, name: str) -> Role:
    held = await people.role(session, house.id, name)
    if held.side != "staff":
        offered = [each.name for each in await roles(session)]
        raise Invalid(f"{held.name} is the role of clients. Choose {_either(offered)}.", field="role")
    return held


def _either(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


async def _keep_an_owner(session: Session, user: User) -> None:
    """Refuse to take the role from the only owner. The house is locked, so that two cannot lose it at once."""
    owning = [role.id for role in await roles(session) if _owns(role)]
    if user.role_id not in owning:
        return
    others = (
        select(func.count())
        .select_from(User)
        .where(
            User.role_id.in_(owning),
            User.id != user.id,
            User.side == "staff",
            User.deleted_at.is_(None),
            User.left_at.is_(None),
        )
    )
    if (await session.execute(others)).scalar_one() == 0:
        raise Conflict(f"{user.name} is the only owner. Make somebody else an owner first.")
