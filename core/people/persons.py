"""The people, staff and clients, and the companies that clients work for."""

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import CheckConstraint, Index, func, select, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core.db import Numbered, Session, TenantRow, numbered
from core.errors import Invalid
from core.people.house import role


class Company(Numbered, TenantRow):
    """A client's company."""

    __tablename__ = "companies"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        numbered(),
        Index(
            "uq_companies_name",
            "organization_id",
            func.lower(text("name")),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
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
        Index(
            "uq_users_email",
            "organization_id",
            func.lower(text("email")),
            unique=True,
            postgresql_where=text("email <> '' AND deleted_at IS NULL"),
        ),
    )
    side: Mapped[str]
    role_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID | None]
    name: Mapped[str]
    email: Mapped[str] = mapped_column(default="")
    timezone: Mapped[str] = mapped_column(default="")
    locale: Mapped[str] = mapped_column(default="")
    left_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    """Since when mail to them comes back; empty again once they have written."""
    erased_at: Mapped[datetime | None]
    """When name and address were erased on request; the key stays, for what the law makes one keep."""
    deleted_at: Mapped[datetime | None]

    @property
    def first_name(self) -> str:
        """How a colleague would call them."""
        return self.name.split()[0] if self.name.split() else self.email


async def by_email(session: Session, email: str) -> User | None:
    """The living user with this e-mail, whatever its capitals."""
    return (
        await session.execute(
            select(User).where(
                func.lower(User.email) == email.strip().lower(), User.email != "", User.deleted_at.is_(None)
            )
        )
    ).scalar_one_or_none()


def email_address(typed: str, *, field_name: str = "email") -> str:
    """A plausible e-mail address, trimmed; Invalid with a sentence otherwise."""
    address = typed.strip()
    name, _, host = address.rpartition("@")
    if not name or "." not in host or any(c.isspace() or c in '<>,;:"()' for c in address) or len(address) > 254:
        raise Invalid(f"“{address}” does not look like an e-mail address.", field=field_name)
    return address


async def company(session: Session, tenant: uuid.UUID, name: str) -> Company:
    """The company of that name, made if there is none."""
    wanted = " ".join(name.split())
    if not wanted:
        raise Invalid("Which company is it? Please give its name.", field="company")
    found = (
        await session.execute(
            select(Company).where(func.lower(Company.name) == wanted.lower(), Company.deleted_at.is_(None))
        )
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
        if found.left_at is not None:
            raise Invalid(f"{found.name} had left. If they are back, say so first: /engagement people.", field="email")
        found.company_id = company.id
        return found
    if not name.strip():
        raise Invalid("What is the contact's name?", field="contact")
    held = await role(session, tenant, "Client")
    found = User(
        organization_id=tenant,
        side="client",
        role_id=held.id,
        company_id=company.id,
        name=" ".join(name.split()),
        email=address,
    )
    session.add(found)
    await session.flush()
    return found


async def staff(session: Session) -> list[User]:
    """The people of the agency who are there, by name."""
    return list(
        (
            await session.execute(
                select(User)
                .where(User.side == "staff", User.deleted_at.is_(None), User.left_at.is_(None))
                .order_by(User.name)
            )
        ).scalars()
    )


async def clients(session: Session) -> list[tuple[User, str]]:
    """The clients' people who are there, by name, each with their company's name."""
    rows = await session.execute(
        select(User, func.coalesce(Company.name, ""))
        .outerjoin(Company, Company.id == User.company_id)
        .where(User.side == "client", User.deleted_at.is_(None), User.left_at.is_(None), User.email != "")
        .order_by(func.lower(User.name))
    )
    return [(user, company) for user, company in rows]


async def get(session: Session, user_ids: list[uuid.UUID]) -> dict[uuid.UUID, User]:
    """These users by id."""
    return {user.id: user for user in (await session.execute(select(User).where(User.id.in_(user_ids)))).scalars()}
