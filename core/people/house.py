"""The agency itself: the organization (the tenant), where it is installed, and the roles that it gives."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import clock
from core.db import Row, Session, TenantRow
from core.errors import Invalid

NONE, OWN, GROUP, ALL = 0, 1, 2, 3
"""SPP's permission levels: nothing, one's own engagements, those of one's clients, all."""

AREAS = (
    "clients",
    "coupons",
    "invoice_access",
    "invoice_management",
    "messaging",
    "order_access",
    "order_management",
    "services",
    "settings",
    "team",
)
"""The areas of permission, named as SPP's roles name them (spp-and-peers.md, A3) where SPP has one."""

ROLES: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "Owner": ("staff", dict.fromkeys(AREAS, ALL)),
    "Manager": ("staff", {**dict.fromkeys(AREAS, ALL), "settings": NONE, "team": NONE}),
    "Member": (
        "staff",
        {
            "clients": ALL,
            "messaging": ALL,
            "order_access": ALL,
            "order_management": ALL,
            "services": OWN,
            "invoice_access": ALL,
        },
    ),
    "Client": ("client", {"messaging": OWN, "order_access": OWN, "invoice_access": OWN}),
}
"""The roles that a new organization starts with: who may send (order_management), who may move money (invoice_management)."""


class Organization(Row):
    """The tenant: one agency. `settings` holds the choices of `/tl settings`; DEFAULTS fills what was not chosen."""

    __tablename__ = "organizations"
    name: Mapped[str]
    currency: Mapped[str] = mapped_column(default="USD")
    timezone: Mapped[str] = mapped_column(default="UTC")
    locale: Mapped[str] = mapped_column(default="en_US")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "opens": "09:00",
        "closes": "18:00",
        "workdays": [0, 1, 2, 3, 4],
        "hold_seconds": 60,
        "grouping_seconds": 120,
        "first_response_minutes": 240,
        "waiting_minutes": 480,
        "post_only_clients": False,
        "due_days": 14,
        "bank_details": "",
        "record_period": 0,
        "steps_done": [],
    }

    def setting(self, name: str) -> Any:
        """The chosen value, or the default."""
        return self.settings.get(name, self.DEFAULTS[name])


class Installation(Row):
    """Where the app is installed: the Slack workspace that stands for the organization; its token is kept sealed."""

    __tablename__ = "installations"
    __table_args__ = (UniqueConstraint("team_id"), Index("ix_installations_organization_id", "organization_id"))
    organization_id: Mapped[uuid.UUID]
    team_id: Mapped[str]
    team_name: Mapped[str] = mapped_column(default="")
    app_id: Mapped[str] = mapped_column(default="")
    bot_id: Mapped[str] = mapped_column(default="")
    bot_user_id: Mapped[str] = mapped_column(default="")
    token: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[str] = mapped_column(default="")
    installed_at: Mapped[datetime] = mapped_column(default=clock.now)
    revoked_at: Mapped[datetime | None]


class Role(TenantRow):
    """What a kind of person may do: an area of work and a level from 0 to 3."""

    __tablename__ = "roles"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        UniqueConstraint("organization_id", "name"),
        CheckConstraint("side IN ('staff', 'client')", name="side_known"),
    )
    name: Mapped[str]
    side: Mapped[str]
    permissions: Mapped[dict[str, Any]] = mapped_column(default=dict)


async def start(session: Session, organization: Organization) -> None:
    """Give a new organization the roles that it starts with. The session's tenant is the organization."""
    for name, (side, permissions) in ROLES.items():
        session.add(Role(organization_id=organization.id, name=name, side=side, permissions=dict(permissions)))
    await session.flush()


async def organization(session: Session, organization_id: uuid.UUID) -> Organization:
    """The organization of this tenant."""
    return (await session.execute(select(Organization).where(Organization.id == organization_id))).scalar_one()


async def role(session: Session, organization_id: uuid.UUID, name: str) -> Role:
    """The role of that name; Invalid if the organization has none."""
    found = (
        await session.execute(
            select(Role).where(Role.organization_id == organization_id, func.lower(Role.name) == name.strip().lower())
        )
    ).scalar_one_or_none()
    if found is None:
        raise Invalid(f"There is no role called “{name.strip()}”. Choose Owner, Manager or Member.", field="role")
    return found


async def installation(
    session: Session, *, team_id: str | None = None, organization_id: uuid.UUID | None = None
) -> Installation | None:
    """The living installation in a workspace, or of an organization. Over the platform's door."""
    query = select(Installation).where(Installation.revoked_at.is_(None))
    query = (
        query.where(Installation.team_id == team_id)
        if team_id
        else query.where(Installation.organization_id == organization_id)
    )
    return (await session.execute(query.order_by(Installation.installed_at.desc()).limit(1))).scalar_one_or_none()


async def install(session: Session, installation: Installation) -> Installation:
    """Keep an installation, in the place of an earlier one in the same workspace. Over the platform's door."""
    known = (
        await session.execute(
            select(Installation).where(Installation.team_id == installation.team_id).with_for_update()
        )
    ).scalar_one_or_none()
    if known is None:
        session.add(installation)
        await session.flush()
        return installation
    for name in ("team_name", "app_id", "bot_id", "bot_user_id", "token", "scopes"):
        setattr(known, name, getattr(installation, name) or getattr(known, name))
    known.installed_at, known.revoked_at = clock.now(), None
    return known


async def begin(session: Session, organization_id: uuid.UUID) -> bool:
    """Give the organization the roles that it starts with, unless it has them; whether it was new."""
    house = (
        await session.execute(select(Organization).where(Organization.id == organization_id).with_for_update())
    ).scalar_one()
    if (await session.execute(select(Role.id).limit(1))).scalar_one_or_none() is not None:
        return False
    await start(session, house)
    return True


async def any_installation(session: Session) -> Installation | None:
    """The oldest living installation. Over the platform's door."""
    query = select(Installation).where(Installation.revoked_at.is_(None)).order_by(Installation.installed_at).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def houses(session: Session) -> list[Organization]:
    """Every organization, for the command line and for the chores that come round in each. Over the platform's door."""
    return list((await session.execute(select(Organization).order_by(Organization.created_at))).scalars())
