"""How people are known in Slack, and who is acting: identities, profiles, and the actor that every verb is given."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import clock
from core.db import Session, TenantRow
from core.people.erased import erasures
from core.people.house import ALL, NONE, Role, organization, role
from core.people.persons import User, by_email


class Identity(TenantRow):
    """How Slack knows a person: (organization, Slack user id), with the home workspace as an attribute.

    `user_id` is empty while nobody has said who this is; such a person may write, but not sign, approve or pay.
    """

    __tablename__ = "identities"
    REFERS: ClassVar[dict[str, str]] = {"user_id": "users"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "slack_user_id"),
        CheckConstraint("kind IN ('member', 'guest', 'external', 'bot')", name="kind_known"),
        Index("ix_identities_user_id", "organization_id", "user_id"),
    )
    slack_user_id: Mapped[str]
    slack_team_id: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    user_id: Mapped[uuid.UUID | None]
    name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    erased_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Actor:
    """Who is doing something: a person with a role, a stranger whom nobody has linked yet, or the system itself."""

    organization_id: uuid.UUID
    side: Literal["staff", "client", "stranger", "system"]
    name: str = "Throughline"
    user_id: uuid.UUID | None = None
    company_id: uuid.UUID | None = None
    levels: Mapping[str, int] = field(default_factory=dict)
    timezone: str = "UTC"
    locale: str = "en_US"
    slack_user_id: str | None = None
    slack_team_id: str | None = None

    def level(self, area: str) -> int:
        """The person's permission level in an area; the system may do everything."""
        return ALL if self.side == "system" else int(self.levels.get(area, NONE))


def system(organization_id: uuid.UUID) -> Actor:
    """The product itself, acting by its schedule or on a processor's word."""
    return Actor(organization_id, "system")


async def actor_of(
    session: Session, user: User, *, slack_user_id: str | None = None, slack_team_id: str | None = None
) -> Actor:
    """The user as an actor, with the levels of their role."""
    held = (await session.execute(select(Role).where(Role.id == user.role_id))).scalar_one()
    house = await organization(session, user.organization_id)
    return Actor(
        organization_id=user.organization_id,
        side="staff" if user.side == "staff" else "client",
        name=user.name,
        user_id=user.id,
        company_id=user.company_id,
        levels=held.permissions,
        timezone=user.timezone or house.timezone,
        locale=user.locale or house.locale,
        slack_user_id=slack_user_id,
        slack_team_id=slack_team_id,
    )


async def identity(session: Session, slack_user_id: str) -> Identity | None:
    """How this tenant knows the Slack account, if it does."""
    return (await session.execute(select(Identity).where(Identity.slack_user_id == slack_user_id))).scalar_one_or_none()


async def met(session: Session, slack_user_ids: Collection[str]) -> set[str]:
    """Those of these Slack accounts that this tenant knows."""
    if not slack_user_ids:
        return set()
    query = select(Identity.slack_user_id).where(Identity.slack_user_id.in_(slack_user_ids))
    return set((await session.execute(query)).scalars())


async def identities_of(session: Session, user_ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The Slack ids of these users, for those who have one."""
    rows = await session.execute(select(Identity.user_id, Identity.slack_user_id).where(Identity.user_id.in_(user_ids)))
    return {user_id: slack_id for user_id, slack_id in rows if user_id is not None}


async def recognise(session: Session, slack_user_id: str, slack_team_id: str = "") -> Actor:
    """Who pressed, typed or wrote: the linked user as an actor; a stranger if the account is not linked, or its person has left."""
    tenant: uuid.UUID = session.info["tenant"]
    known = await identity(session, slack_user_id)
    if known is not None and known.user_id is not None:
        user = (await session.execute(select(User).where(User.id == known.user_id))).scalar_one()
        if user.deleted_at is None and user.left_at is None:
            return await actor_of(
                session, user, slack_user_id=slack_user_id, slack_team_id=known.slack_team_id or slack_team_id
            )
    house = await organization(session, tenant)
    return Actor(
        tenant,
        "stranger",
        name=(known.name if known else "") or "Somebody",
        timezone=house.timezone,
        locale=house.locale,
        slack_user_id=slack_user_id,
        slack_team_id=(known.slack_team_id if known else "") or slack_team_id,
    )


@dataclass(frozen=True)
class Profile:
    """What Slack tells of an account: its ids, its home, its name, and its e-mail where it may be seen."""

    slack_user_id: str
    slack_team_id: str
    name: str
    email: str = ""
    bot: bool = False
    guest: bool = False
    admin: bool = False
    timezone: str = ""
    deactivated: bool = False


async def meet(session: Session, profile: Profile, *, home_team_id: str) -> Identity:
    """Record what Slack tells of an account, and link it where the rules allow.

    Full members of the agency's workspace are staff (its owners and admins are Owners), guests are nothing until staff say, and an
    outsider becomes a contact by an exact e-mail match, unless that contact has another account already, or has left: then staff
    are asked. A link once made is changed here only where a member is made a guest: who they
    are is then for staff to say again. A deactivated account's person has left.
    """
    tenant: uuid.UUID = session.info["tenant"]
    kind = (
        "bot"
        if profile.bot
        else "external"
        if profile.slack_team_id != home_team_id
        else "guest"
        if profile.guest
        else "member"
    )
    # An account is often met twice at the same moment: by what it does, and by an event that tells of it.
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:account, 7263003))"),
        {"account": f"{tenant}/{profile.slack_user_id}"},
    )
    known = await identity(session, profile.slack_user_id)
    if known is None:
        known = Identity(organization_id=tenant, slack_user_id=profile.slack_user_id, kind=kind)
        session.add(known)
    if known.kind == "member" and kind == "guest" and known.user_id is not None:
        demoted = (await session.execute(select(User).where(User.id == known.user_id))).scalar_one()
        demoted.left_at, known.user_id = clock.now(), None
    known.slack_team_id, known.kind, known.seen_at = profile.slack_team_id, kind, clock.now()
    if known.erased_at is not None or profile.slack_user_id in await erasures(session):
        await session.flush()
        return known  # a name that was erased on request does not come back with the next profile
    known.name, known.email = profile.name or known.name, profile.email or known.email
    if known.user_id is None and not profile.deactivated:
        if kind == "member":
            known.user_id = (await _staff_member(session, tenant, profile)).id
        elif kind == "external" and known.email:
            contact = await by_email(session, known.email)
            if contact is not None and await _unclaimed(session, contact):
                known.user_id = contact.id
    if known.user_id is not None and kind in ("member", "guest"):
        user = (await session.execute(select(User).where(User.id == known.user_id))).scalar_one()
        user.left_at = (user.left_at or clock.now()) if profile.deactivated else None
        user.timezone = user.timezone or profile.timezone
    await session.flush()
    return known


async def _unclaimed(session: Session, contact: User) -> bool:
    """Whether an address alone may say that an account is this contact."""
    if contact.side != "client" or contact.left_at is not None:
        return False
    return not await identities_of(session, [contact.id])


async def _staff_member(session: Session, tenant: uuid.UUID, profile: Profile) -> User:
    existing = await by_email(session, profile.email) if profile.email else None
    if existing is not None and existing.side == "staff":
        return existing
    held = await role(session, tenant, "Owner" if profile.admin else "Member")
    user = User(
        organization_id=tenant,
        side="staff",
        role_id=held.id,
        name=profile.name,
        email="" if existing else profile.email,
        timezone=profile.timezone,
    )
    session.add(user)
    await session.flush()
    return user


async def link(session: Session, slack_user_id: str, user: User) -> Identity:
    """Say that a Slack account is this contact: because they accepted our invitation, or because staff say so."""
    known = await identity(session, slack_user_id)
    if known is None:
        known = Identity(
            organization_id=user.organization_id, slack_user_id=slack_user_id, kind="external", name=user.name
        )
        session.add(known)
    known.user_id = user.id
    await session.flush()
    return known


async def owners(session: Session) -> list[str]:
    """The Slack accounts of the organization's owners."""
    rows = await session.execute(
        select(Identity.slack_user_id)
        .join(User, User.id == Identity.user_id)
        .join(Role, Role.id == User.role_id)
        .where(Role.name == "Owner", User.left_at.is_(None), User.deleted_at.is_(None))
        .order_by(Identity.slack_user_id)
    )
    return list(rows.scalars())


async def owning(session: Session) -> list[User]:
    """The organization's owners who are there, by name."""
    rows = await session.execute(
        select(User)
        .join(Role, Role.id == User.role_id)
        .where(Role.name == "Owner", User.side == "staff", User.left_at.is_(None), User.deleted_at.is_(None))
        .order_by(User.name)
    )
    return list(rows.scalars())
