"""The catalog: services, templates of what the agency can do and what it costs; internal, not a shop."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, String, func, select, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from core import access, clock, events
from core.access import Can
from core.db import Session, TenantRow
from core.errors import Conflict, Invalid
from core.events import Kind
from core.money import Money
from core.people import Actor


class Service(TenantRow):
    """Something that the agency does, with its usual price: `work` becomes a project when it is sold, a `fee` does
    not."""

    __tablename__ = "services"
    RULES: ClassVar[tuple[SchemaItem, ...]] = (
        CheckConstraint("kind IN ('work', 'fee')", name="kind_known"),
        CheckConstraint("price_minor >= 0", name="price"),
        Index(
            "uq_services_name",
            "organization_id",
            func.lower(text("name")),
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
    )
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default="work")
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    retired_at: Mapped[datetime | None]

    @property
    def price(self) -> Money:
        """The usual price."""
        return Money(self.price_minor, self.currency)


async def new(
    session: Session, actor: Actor, *, name: str, price: Money, description: str = "", kind: str = "work"
) -> Service:
    """Put a service into the catalog. Its name is unique among those that are offered."""
    access.demand(actor, Can.SERVICE_MANAGE)
    wanted = await _name(session, name, besides=None)
    service = Service(
        organization_id=actor.organization_id,
        name=wanted,
        description=description.strip(),
        kind=kind,
        price_minor=price.minor,
        currency=price.currency,
    )
    session.add(service)
    await session.flush()
    await events.record(
        session, actor, Kind.SERVICE_MADE, "service", service.id, price_minor=price.minor, currency=price.currency
    )
    return service


async def edit(
    session: Session,
    actor: Actor,
    service_id: uuid.UUID | str,
    *,
    name: str,
    price: Money,
    description: str = "",
    kind: str = "work",
) -> Service:
    """Change a service. What was sold already keeps the name and price that it was sold with."""
    service = await access.fetch(session, actor, Can.SERVICE_MANAGE, Service, service_id, lock=True)
    if service.retired_at is not None:
        raise Conflict(f"“{service.name}” is retired. Make a new service with /tl service new.")
    wanted = await _name(session, name, besides=service.id)
    before = (service.name, service.description, service.kind, service.price)
    if before == (wanted, description.strip(), kind, price):
        return service
    service.name, service.description, service.kind = wanted, description.strip(), kind
    service.price_minor, service.currency = price.minor, price.currency
    await session.flush()
    await events.record(
        session, actor, Kind.SERVICE_EDITED, "service", service.id, price_minor=price.minor, currency=price.currency
    )
    return service


async def retire(session: Session, actor: Actor, service_id: uuid.UUID | str) -> Service:
    """Take a service out of the catalog; what was sold of it stays as it is. Twice is once."""
    service = await access.fetch(session, actor, Can.SERVICE_MANAGE, Service, service_id, lock=True)
    if service.retired_at is None:
        service.retired_at = clock.now()
        await session.flush()
        await events.record(session, actor, Kind.SERVICE_RETIRED, "service", service.id)
    return service


async def services(session: Session, actor: Actor) -> list[Service]:
    """The services that are offered, by name."""
    query = (
        access.visible(actor, Can.SERVICE_SEE, Service)
        .where(Service.retired_at.is_(None))
        .order_by(func.lower(Service.name))
    )
    return list((await session.execute(query)).scalars())


async def chosen(session: Session, actor: Actor, ids: Sequence[str]) -> list[Service]:
    """These services, in the order given; Invalid if one of them is not offered any more."""
    known = {str(service.id): service for service in await services(session, actor)}
    if any(each not in known for each in ids):
        raise Invalid("One of these services has been retired meanwhile. Please choose again.", field="services")
    return [known[each] for each in ids]


async def _name(session: Session, typed: str, *, besides: uuid.UUID | None) -> str:
    name = " ".join(typed.split())
    if not name:
        raise Invalid("What is the service called?", field="name")
    if len(name) > 75:
        raise Invalid("Please keep the name to 75 characters, so that it fits into Slack's menus.", field="name")
    taken = select(Service.id).where(
        func.lower(Service.name) == name.lower(), Service.retired_at.is_(None), Service.id != besides
    )
    if (await session.execute(taken)).first():
        raise Invalid(f"There is a service called “{name}” already. Change it with /tl service edit.", field="name")
    return name
