"""Prices special to a client or a company: what a service costs them instead of its usual price."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert

from core import access, clock, events
from core.access import Can
from core.catalog.tables import Service, SpecialPrice
from core.db import Session
from core.errors import Invalid
from core.events import Kind
from core.money import Money
from core.people import Actor, Company, User


@dataclass(frozen=True)
class Special:
    """A special price, with whose it is in words."""

    id: uuid.UUID
    service: str
    whose: str
    price: Money


async def special(
    session: Session,
    actor: Actor,
    service_id: uuid.UUID | str,
    price: Money | None,
    *,
    company_id: uuid.UUID | None = None,
    client_id: uuid.UUID | None = None,
) -> Service:
    """Give a service a price of their own for a company or for one client; None takes it away again.

    Proposals that are drafted from then on begin with it; what was sent or sold stays as it is.
    """
    service = await access.fetch(session, actor, Can.SERVICE_MANAGE, Service, service_id, lock=True)
    if (company_id is None) == (client_id is None):
        raise Invalid("For whom is the price? Choose a company, or one person of a client's.", field="whose")
    if price is not None and price.currency != service.currency:
        raise Invalid(f"“{service.name}” is priced in {service.currency}.", field="price")
    query = select(Company.id).where(Company.id == company_id, Company.deleted_at.is_(None))
    if client_id is not None:
        query = select(User.id).where(User.id == client_id, User.side == "client", User.left_at.is_(None))
    if (await session.execute(query)).scalar_one_or_none() is None:
        raise Invalid("They are not among your clients any more.", field="whose")
    if price is None:
        await session.execute(
            delete(SpecialPrice).where(
                SpecialPrice.service_id == service.id,
                SpecialPrice.company_id.is_not_distinct_from(company_id),
                SpecialPrice.client_id.is_not_distinct_from(client_id),
            )
        )
    else:
        row = insert(SpecialPrice).values(
            id=uuid.uuid4(),
            organization_id=actor.organization_id,
            created_at=clock.now(),
            service_id=service.id,
            company_id=company_id,
            client_id=client_id,
            price_minor=price.minor,
            currency=price.currency,
        )
        await session.execute(
            row.on_conflict_do_update(
                index_elements=["organization_id", "service_id", "company_id", "client_id"],
                set_={"price_minor": price.minor, "currency": price.currency},
            )
        )
    await events.record(
        session,
        actor,
        Kind.SERVICE_PRICED,
        "service",
        service.id,
        company=str(company_id) if company_id else None,
        client=str(client_id) if client_id else None,
        price_minor=price.minor if price else None,
        currency=service.currency,
    )
    return service


async def prices_for(
    session: Session, services: Sequence[Service], *, company_id: uuid.UUID, client_id: uuid.UUID | None = None
) -> dict[uuid.UUID, Money]:
    """What each of these costs this client: their own price, else their company's, else the usual one."""
    prices = {service.id: service.price for service in services}
    rows = await session.execute(
        select(SpecialPrice)
        .where(
            SpecialPrice.service_id.in_(prices),
            (SpecialPrice.client_id == client_id)
            | (SpecialPrice.client_id.is_(None) & (SpecialPrice.company_id == company_id)),
        )
        .order_by(case((SpecialPrice.client_id.is_(None), 0), else_=1))
    )
    for row in rows.scalars():
        if row.currency == prices[row.service_id].currency:
            prices[row.service_id] = Money(row.price_minor, row.currency)
    return prices


async def specials(session: Session, actor: Actor) -> list[Special]:
    """All special prices of services that are offered, by service."""
    access.demand(actor, Can.SERVICE_MANAGE)
    rows = await session.execute(
        select(SpecialPrice, Service.name, Company.name, User.name)
        .join(Service, Service.id == SpecialPrice.service_id)
        .outerjoin(Company, Company.id == SpecialPrice.company_id)
        .outerjoin(User, User.id == SpecialPrice.client_id)
        .where(Service.retired_at.is_(None))
        .order_by(Service.name, Company.name, User.name)
    )
    return [
        Special(row.id, service, company or person or "", Money(row.price_minor, row.currency))
        for row, service, company, person in rows
    ]
