"""The agency and its people: organizations (tenants), users by role, companies, how each is known in Slack, and actors."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import clock
from core.db import Numbered, Row, Session, TenantRow, numbered
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
        {"clients": ALL, "messaging": ALL, "order_access": ALL, "order_management": ALL, "services": OWN, "invoice_access": ALL},
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
        "post_only_clients": False,
        "due_days": 14,
        "bank_details": "",
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


class Company(Numbered, TenantRow):
    """A client's company."""

    __tablename__ = "companies"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        Index("uq_companies_name", "organization_id", func.lower(text("name")), unique=True, postgresql_where=text("deleted_at IS NULL")),
    )
    name: Mapped[str]
    stripe_customer_id: Mapped[str | None]
    deleted_at: Mapped[datetime | None]


class User(Numbered, TenantRow):
    """A person: staff of the agency, or a client (a contact), told apart by `side`, what they may do by their role."""

    __tablename__ = "users"
    REFERS: ClassVar[dict[str, str]] = {"role_id": "roles", "company_id": "companies"}
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        CheckConstraint("side IN ('staff', 'client')", name="side_known"),
        Index("uq_users_email", "organization_id", func.lower(text("email")), unique=True, postgresql_where=text("email <> '' AND deleted_at IS NULL")),
    )
    side: Mapped[str]
    role_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID | None]
    name: Mapped[str]
    email: Mapped[str] = mapped_column(default="")
    timezone: Mapped[str] = mapped_column(default="")
    locale: Mapped[str] = mapped_column(default="")
    left_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    @property
    def first_name(self) -> str:
        """How a colleague would call them."""
        return self.name.split()[0] if self.name.split() else self.email


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
        await session.execute(select(Role).where(Role.organization_id == organization_id, func.lower(Role.name) == name.strip().lower()))
    ).scalar_one_or_none()
    if found is None:
        raise Invalid(f"There is no role called “{name.strip()}”. Choose Owner, Manager or Member.", field="role")
    return found


async def actor_of(session: Session, user: User, *, slack_user_id: str | None = None, slack_team_id: str | None = None) -> Actor:
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
            return await actor_of(session, user, slack_user_id=slack_user_id, slack_team_id=known.slack_team_id or slack_team_id)
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
    outsider becomes a contact by an exact e-mail match. A link once made is never changed here; a deactivated account's person has left.
    """
    tenant: uuid.UUID = session.info["tenant"]
    kind = "bot" if profile.bot else "external" if profile.slack_team_id != home_team_id else "guest" if profile.guest else "member"
    known = await identity(session, profile.slack_user_id)
    if known is None:
        known = Identity(organization_id=tenant, slack_user_id=profile.slack_user_id, kind=kind)
        session.add(known)
    known.slack_team_id, known.kind, known.seen_at = profile.slack_team_id, kind, clock.now()
    known.name, known.email = profile.name or known.name, profile.email or known.email
    if known.user_id is None and not profile.deactivated:
        if kind == "member":
            known.user_id = (await _staff_member(session, tenant, profile)).id
        elif kind == "external" and known.email:
            contact = await by_email(session, known.email)
            if contact is not None and contact.side == "client":
                known.user_id = contact.id
    if known.user_id is not None and kind == "member":
        user = (await session.execute(select(User).where(User.id == known.user_id))).scalar_one()
        user.left_at = (user.left_at or clock.now()) if profile.deactivated else None
        user.timezone = user.timezone or profile.timezone
    await session.flush()
    return known


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
        known = Identity(organization_id=user.organization_id, slack_user_id=slack_user_id, kind="external", name=user.name)
        session.add(known)
    known.user_id = user.id
    await session.flush()
    return known


async def by_email(session: Session, email: str) -> User | None:
    """The living user with this e-mail, whatever its capitals."""
    return (
        await session.execute(select(User).where(func.lower(User.email) == email.strip().lower(), User.email != "", User.deleted_at.is_(None)))
    ).scalar_one_or_none()


def email_address(typed: str, *, field_name: str = "email") -> str:
    """A plausible e-mail address, trimmed; Invalid with a sentence otherwise."""
    address = typed.strip()
    name, _, host = address.rpartition("@")
    if not name or "." not in host or any(c.isspace() or c in "<>,;:\"()" for c in address) or len(address) > 254:
        raise Invalid(f"“{address}” does not look like an e-mail address.", field=field_name)
    return address


async def company(session: Session, tenant: uuid.UUID, name: str) -> Company:
    """The company of that name, made if there is none."""
    wanted = " ".join(name.split())
    if not wanted:
        raise Invalid("Which company is it? Please give its name.", field="company")
    found = (
        await session.execute(select(Company).where(func.lower(Company.name) == wanted.lower(), Company.deleted_at.is_(None)))
    ).scalar_one_or_none()
    if found is None:
        found = Company(organization_id=tenant, name=wanted)
        session.add(found)
        await session.flush()
    return found


async def contact(session: Session, tenant: uuid.UUID, *, name: str, email: str, company: Company) -> User:
    """The contact with this e-mail, made if there is none; an e-mail that belongs to staff or to another company is refused."""
    address = email_address(email)
    found = await by_email(session, address)
    if found is not None:
        if found.side == "staff":
            raise Invalid(f"{address} belongs to {found.name}, who is on your own team.", field="email")
        if found.company_id not in (None, company.id):
            raise Invalid(f"{address} is already a contact of another company.", field="email")
        found.company_id = company.id
        return found
    if not name.strip():
        raise Invalid("What is the contact's name?", field="contact")
    held = await role(session, tenant, "Client")
    found = User(organization_id=tenant, side="client", role_id=held.id, company_id=company.id, name=" ".join(name.split()), email=address)
    session.add(found)
    await session.flush()
    return found


async def staff(session: Session) -> list[User]:
    """The people of the agency who are there, by name."""
    return list(
        (
            await session.execute(
                select(User).where(User.side == "staff", User.deleted_at.is_(None), User.left_at.is_(None)).order_by(User.name)
            )
        ).scalars()
    )


async def get(session: Session, user_ids: list[uuid.UUID]) -> dict[uuid.UUID, User]:
    """These users by id."""
    return {user.id: user for user in (await session.execute(select(User).where(User.id.in_(user_ids)))).scalars()}


async def installation(
    session: Session, *, team_id: str | None = None, organization_id: uuid.UUID | None = None
) -> Installation | None:
    """The living installation in a workspace, or of an organization. Over the platform's door."""
    query = select(Installation).where(Installation.revoked_at.is_(None))
    query = query.where(Installation.team_id == team_id) if team_id else query.where(Installation.organization_id == organization_id)
    return (await session.execute(query.order_by(Installation.installed_at.desc()).limit(1))).scalar_one_or_none()


async def install(session: Session, installation: Installation) -> Installation:
    """Keep an installation, in the place of an earlier one in the same workspace. Over the platform's door."""
    known = (
        await session.execute(select(Installation).where(Installation.team_id == installation.team_id).with_for_update())
    ).scalar_one_or_none()
    if known is None:
        session.add(installation)
        await session.flush()
        return installation
    for name in ("team_name", "app_id", "bot_id", "bot_user_id", "token", "scopes"):
        setattr(known, name, getattr(installation, name) or getattr(known, name))
    known.revoked_at = None
    return known
